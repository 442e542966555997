"""What was asked: its kind, the part that asks, its parts, its limits, and the conversation before it."""
