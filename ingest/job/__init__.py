"""One run of ingestion: new and changed files in, vanished ones out, bad ones named, the rest untouched.

Files are compared and parsed in threads and processes of their own, several at a time, while this thread embeds and
writes: small documents together, so that the embedding model gets full batches. What has been written is complete
document by document, so a run may end anywhere.

`run` begins and ends it. `reading` compares and parses a file in a worker's thread; `update` carries out in the library
what that finds, in `batch`es; `progress` keeps the account, which becomes events, the history and the `report`.
"""

from ingest.job.report import IngestEvent, IngestReport, Outcome
from ingest.job.run import ingest, ingest_bytes

__all__ = ["IngestEvent", "IngestReport", "Outcome", "ingest", "ingest_bytes"]
