"""Where files come from: folders with their ignore rules, the web, uploads; and what they are called."""
