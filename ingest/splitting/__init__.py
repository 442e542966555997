"""Documents into chunks: at sentence ends, stable over edits, each under its headings."""
