"""The GPT: network, tokenizer, checkpoints, generation, training and evaluation.

Needs only torch, numpy, platformdirs and the Hugging Face libraries; knows nothing of LangChain, of documents or of the
other two packages. `gpt.py` is the network, `copy_head.py` its pointer into the prompt, `generate.py` and
`grounded.py` the two ways of decoding, `training/` everything that makes weights. Importing this package
imports nothing heavy.
"""
