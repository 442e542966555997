"""Large files in parts, each a document of its own."""
