"""PDF: pages into text in reading order."""
