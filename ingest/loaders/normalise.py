"""What is done to every text before it is stored, and so before any offset is taken."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def normalise(text: str) -> str:
    r"""Return `text` with `\n` line ends and without NULs and lone surrogates; all else stays as it was written."""
    return _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).removeprefix("\ufeff")
