"""The source of truth of a library: documents, paths, chunks, keywords and vectors in one SQLite file.

`database` opens the file and runs transactions; `schema` has the tables and brings those of earlier versions up to
date. One module a table reads it, and has the statements of which a transaction over several tables is made (they take
its connection); `catalogue` has these transactions: what happens to a document. Nothing here embeds anything.
"""

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.source_table import Source

__all__ = ["Catalogue", "Source"]
