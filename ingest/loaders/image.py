"""Pictures of text: PNG, JPEG, TIFF (each frame a page), BMP, GIF and WebP, by OCR."""

import io
import struct
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingest.documents import LoadedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.errors import FailureKind, LoadError
from ingest.loaders.ocr import read_picture
from ingest.loaders.package import STUMBLES

_MAX_PIXELS = 100_000_000  # of one frame: an A4 page at 900 dpi
_MAX_FRAMES = 500
_SMALLEST_SIDE = 20  # pixels: a smaller picture is an icon


def load_image(data: bytes, stem: str) -> LoadedDocument:
    """Read the words in a picture.

    Raises:
        OcrMissingError: when the OCR extra is not installed.
        LoadError: for a damaged or enormous picture, and for one without words.
    """
    builder = DocumentBuilder()
    for number, pixels in enumerate(_frames(data), start=1):
        builder.begin_page(number)
        builder.paragraph(read_picture(pixels))
    document = builder.build("", stem)
    if not document.text:
        raise LoadError("no words were found in the picture", FailureKind.NO_TEXT)
    return document


def _frames(data: bytes) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a still picture or a TIFF as blue, green, red; of an animation the first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are checked here
            with Image.open(io.BytesIO(data)) as picture:
                still = picture.format != "TIFF"
                for number, frame in enumerate(ImageSequence.Iterator(picture)):
                    if number >= (1 if still else _MAX_FRAMES):
                        return
                    if frame.width * frame.height > _MAX_PIXELS:
                        raise LoadError(
                            f"it has more than {_MAX_PIXELS // 10**6} million pixels; make it smaller",
                            FailureKind.TOO_LARGE,
                        )
                    if min(frame.size) >= _SMALLEST_SIDE:
                        yield _pixels(frame)
    except Image.DecompressionBombError as error:
        raise LoadError("the picture has far too many pixels; make it smaller", FailureKind.TOO_LARGE) from error
    except (UnidentifiedImageError, struct.error, *STUMBLES) as error:
        raise LoadError(f"the picture is damaged and cannot be opened ({error})", FailureKind.DAMAGED) from error


def _pixels(frame: Image.Image) -> NDArray[np.uint8]:
    upright = ImageOps.exif_transpose(frame) or frame
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        rgba = upright.convert("RGBA")  # what shows through is paper
        paper = Image.new("RGB", rgba.size, "white")
        paper.paste(rgba, mask=rgba.getchannel("A"))
        upright = paper
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"))[:, :, ::-1])
