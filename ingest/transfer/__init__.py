"""A whole collection as one file, to keep or to take to another computer.

It is a ZIP archive of three entries: `manifest.json` (version, fingerprint, the hash of each other entry),
`documents.jsonl` (one document a line: its record, paths, text and chunks), `vectors.f32` (a row of little-endian
float32 for each chunk, in that order); nothing of it is ever executed, unpickled or unpacked to the disk.

What is read is not trusted: entries are found by these names only, hashes are checked before anything is written, and
each document is checked as if it were our own. Paths are names of sources, nothing is opened by them.
"""

from ingest.transfer.archive_format import TransferError, TransferReport
from ingest.transfer.exporter import export_library
from ingest.transfer.importer import import_library

__all__ = ["TransferError", "TransferReport", "export_library", "import_library"]
