"""Words in pictures by RapidOCR (PP-OCR models for English and Chinese, which its package carries): an extra.

Nothing is fetched: a model that is not in the package would be an error, not a download.
"""

import threading
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.normalise import normalise
from ingest.loaders.pdf.line_wraps import rejoin_lines
from ingest.loaders.pdf.reading_order import Box, in_reading_order

INSTALL_HINT = "install the OCR packages (pip install rapidocr onnxruntime) and ingest it again"
INSTALL_HINTS = (INSTALL_HINT, "pip install 'quoted-rag[ocr]'")  # the second stands in libraries of version 0.1
_MIN_SCORE = 0.5  # of a line, 0 to 1: what is less sure is noise in a picture
_LARGEST_SIDE = 2400  # pixels: a larger picture is made smaller
_LOCK = threading.Lock()  # one picture at a time: the engine keeps buffers


class OcrMissingError(LoadError):
    """The OCR extra is not installed."""

    kind = FailureKind.NEEDS_OCR


@dataclass(slots=True)
class _Engine:
    recognise: Any = None


_engine = _Engine()


def is_installed() -> bool:
    """Say whether the OCR extra is there; nothing is loaded."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_picture(pixels: NDArray[np.uint8]) -> str:
    """Return the words in a picture, lines in reading order; empty where there are none.

    Args:
        pixels: shape `(height, width, 3)`, blue, green, red.

    Raises:
        OcrMissingError: when the extra is not installed.
    """
    with _LOCK:
        found = _recognise()(pixels)
    if found.txts is None or found.boxes is None:
        return ""
    boxes = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        if score >= _MIN_SCORE and text.strip():
            (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
            boxes.append(Box(left, top, right, bottom, normalise(text).strip()))
    return rejoin_lines("\n".join(in_reading_order(boxes))).strip()


def _recognise() -> Any:
    if _engine.recognise is None:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise OcrMissingError(f"its words are in pictures; {INSTALL_HINT}") from error
        _engine.recognise = RapidOCR(params={"Global.log_level": "error", "Global.max_side_len": _LARGEST_SIDE})
    return _engine.recognise
