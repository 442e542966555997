"""Files in, a searchable library out.

Who lives here, in the order in which a file meets them: `discovery` finds files, `loaders` read them into
text, `splitter` (with `sentences`) cuts the text into chunks, `embedding` turns chunks into vectors, and
`library` stores the whole in one folder: `catalogue` (SQLite, the source of truth), `keywords` (the words of
its FTS5 index) and `vectors` (Chroma). `job` runs a whole ingestion, `verify` proves that the three parts agree.

Imports point inward only: nothing here knows of `rag_app` or LangChain; of `model` only which number format is fast.
"""
