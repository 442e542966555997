"""What both languages need: which one a text is in, Chinese characters, and where sentences end."""
