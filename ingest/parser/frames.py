"""Messages between this process and a parser's: JSON and then, where there is one, a text. Nothing is ever unpickled.

A frame is two lengths (8 bytes each, big-endian), the JSON object and the text, both in UTF-8.
"""

import json
import struct
from typing import Any, Protocol

LENGTHS = struct.Struct(">QQ")


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> None: ...


def write_frame(stream: _Writable, message: dict[str, Any], text: str = "") -> None:
    """Write one message. Lone surrogates of file names pass as JSON escapes."""
    head, body = json.dumps(message).encode(), text.encode("utf-8", "replace")
    stream.write(LENGTHS.pack(len(head), len(body)))
    stream.write(head)
    stream.write(body)
    stream.flush()
