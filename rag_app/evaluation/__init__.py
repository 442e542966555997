"""Measure the product as it runs: answers end to end or by the reader alone, and retrieval, without any judge model."""
