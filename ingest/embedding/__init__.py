"""Texts into vectors: the embedders that a library can use."""
