"""Measurements against other software; not installed with the package."""
