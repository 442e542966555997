"""The GPT as a reader: prompts and windows in, quotes with a confidence out."""
