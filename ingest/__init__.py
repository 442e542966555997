"""Files in, a searchable library out.

The rooms in the order in which a file meets them: `sources` finds files, `parser` reads them in a process of its own by
the `loaders`, `splitting` cuts their text into chunks, `embedding` turns chunks into vectors, and `library` stores the
whole in one folder: `catalogue` (SQLite, the source of truth), `keywords` (the words of its full-text index) and
`vectors` (kept in SQLite, indexed by Chroma). `job` runs a whole ingestion on an engine of `engines`; `upkeep` keeps a
library sound; `transfer` takes one to another computer.

Imports point inward only: nothing here knows of `rag_app` or LangChain; of `model` it uses the network and
the rules for both languages.
"""
