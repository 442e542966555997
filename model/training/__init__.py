"""Everything that makes weights: data files to examples, vocabulary extension, mixture, loop, curves.

The product never imports this package to answer a question.
"""
