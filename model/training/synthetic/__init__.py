"""Questions that programs make, and what is done to people's: windows, conversations, near misses, typing."""
