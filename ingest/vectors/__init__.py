"""Vectors by the hash of their text: where they are kept, and how the nearest are found."""
