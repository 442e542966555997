"""Weights of other projects in, and ours out: Hugging Face folders, e5, sentence-transformers."""
