"""This side of the process in which files are parsed: ask it, wait no longer than allowed, start it anew when it died.

One process serves many files, so that its start is paid once. A parser that hangs, grows or crashes costs its file
only. The time limit is wall-clock time for one document (each member of an archive has its own). The other side is
`ingest.parser.process`.
"""

from ingest.parser.connection import COMMAND
from ingest.parser.limits import MAX_BYTES, ParserLimits
from ingest.parser.parser import Parser
from ingest.parser.replies import ParsedEnd, ParsedPart

__all__ = ["COMMAND", "MAX_BYTES", "ParsedEnd", "ParsedPart", "Parser", "ParserLimits"]
