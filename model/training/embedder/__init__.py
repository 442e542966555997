"""Training of the embedder: pairs of texts, tasks, the loss and the loop."""
