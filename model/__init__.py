"""The GPT: network, tokenizer, checkpoints, generation, training and evaluation.

`network` is the GPT itself, `reader` makes it quote from passages, `convert` takes weights from and to other projects,
`training` makes weights, `text` holds the rules for English and Chinese. Knows nothing of LangChain, of documents or of
the other two packages. Importing this package imports nothing heavy.
"""
