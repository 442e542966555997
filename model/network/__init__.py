"""The GPT itself: blocks, cache and heads, in plain torch."""
