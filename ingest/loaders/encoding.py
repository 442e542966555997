"""Bytes of unknown encoding to text: by byte order mark, UTF-8, the likeliest of GB18030, Big5, cp1252, a detector.

Most byte strings in GB18030 also decode as Big5, and the reverse, into rare characters that nobody writes. So each
strict decoding is scored by the share of its non-ASCII characters that are very common ones. Where none is plausible
(Russian, Japanese, Korean, ...), charset-normalizer is asked. The computer's own locale never matters.
"""

import codecs
import re

from ingest.loaders.errors import FailureKind, LoadError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这這中大来來上个個国國到说說们們为為子和你地出道也时時年得就那要下以生会會自着著去之过過家"
    "学學对對可她里裡后後小么麼心多天而能好都然没沒日于於起还還发發成事只作当當想看文无無开開手十用主行方又如前所"
    "本见見经經头頭面公同三已老从從动動两兩长長知民样樣现現分将將外但身些与與高意进進把法此实實回二理美点點月明"
    "其种種声聲全工己话話儿兒者向情部正名定女问問力机機给給等几幾很业業最间間新什打便位因重被走电電四第门門相次"
    "东東政海口使教西再平真听聽世气氣信北少关關并並内內加化由却卻代军軍产產入先山五太水万萬市眼体體别別处處总總"
    "才场場师師书書比住员員九笑性通目华華报報立马馬命张張活难難神数數件安表原车車白应應路期叫死常提感金何更反合"
    "放做系系计計或司利受光王果亲親界及今京务務制解各任至清物台臺象记記边邊共风風战戰干接它许許八特觉覺望直服毛"
    "林题題建南度统統色字请請交爱愛让讓认認算论論百吃义義科怎元社术術结結六功指思非流每青管夫连連远遠资資队隊跟"
    "带帶花快条條院变變联聯言权權往展该該领領传傳近留红紅治决決周保达達办辦运運武半候七必城父强強步完革深区區即"
    "求品士转轉量空甚众眾技轻輕程告江语語英基派满滿式李息写寫呢识識极極令黄黃德收脸臉钱錢党黨倒未持取设設始版双雙"
    "，。、：；！？“”‘’「」『』（）《》【】—…　·０１２３４５６７８９"
)
_COMMON_LATIN = frozenset("àáâäãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÁÂÄÅÇÈÉÊËÎÏÑÓÔÖØÙÚÜ’‘“”–—…«»°§€£¿¡·")
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f\ufffd]")
_LETTER = re.compile(r"[\w\s]")
_MIN_USUAL = 0.5  # of UTF-16 text without a mark: the other byte order gives rare characters
_MIN_LETTERS = 0.7  # of a detected text: rubbish decodes into signs
_SAMPLE = 200_000  # characters: enough to judge by
_MIN_SCORE = 0.15
_MAX_CONTROL = 0.01
_MAX_ACCENTS = 0.25


def decode(data: bytes) -> str:
    """Return `data` as text.

    Raises:
        LoadError: for binary content and for an encoding that is not recognised.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = _strictly(data, encoding)
            if text is None:
                raise LoadError(
                    f"it says it is {encoding.removesuffix('-sig').upper()} but is not; the file is damaged",
                    FailureKind.ENCODING,
                )
            return _reject_binary(text)
    if b"\x00" in data:
        return _reject_binary(_without_mark(data))
    text = _strictly(data, "utf-8")
    if text is None:
        text = _likeliest(data)
    if text is None:
        text = _detected(data)
    return _reject_binary(text)


def is_plain_text(start: bytes) -> bool:
    """Say whether the first bytes of a file are UTF-8 text, or marked as UTF-16."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # a character may be cut off at the end
    except UnicodeDecodeError:
        return False
    return "\x00" not in text and len(_CONTROL.findall(text)) <= _MAX_CONTROL * len(text)


def decode_as(data: bytes, encoding: str) -> str | None:
    """Return `data` decoded by a declared encoding, or None where the name is unknown or the bytes do not fit."""
    # GB18030 contains GB2312 and GBK, by which name pages that use all of it are declared.
    name = "gb18030" if encoding.strip().lower() in {"gb2312", "gbk", "gb_2312-80", "x-gbk"} else encoding.strip()
    try:
        # A few codecs (base64, rot13) are not of text; they answer LookupError.
        return data.decode(name)
    except (LookupError, UnicodeError, ValueError):
        return None


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _without_mark(data: bytes) -> str:
    """Return UTF-16 text that lacks its byte order mark, or raise LoadError: zeros are else a sign of binary data."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _strictly(data, encoding)
        if text is None or "\x00" in text:
            continue
        sample = text[:_SAMPLE]
        usual = sum(c.isascii() or c in _COMMON_CHINESE or c in _COMMON_LATIN for c in sample)
        if usual >= _MIN_USUAL * len(sample) and any(c in sample for c in " \n，。"):
            return text
    raise LoadError("it contains binary data, not text", FailureKind.BINARY)


def _detected(data: bytes) -> str:
    """Return the text in the encoding that charset-normalizer finds."""
    from charset_normalizer import from_bytes

    # At a line's end, so that the sample cuts no character in two.
    sample = data if len(data) <= _SAMPLE else data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[:_SAMPLE]
    best = from_bytes(sample, threshold=0.15, preemptive_behaviour=False, enable_fallback=False).best()
    text = None if best is None else _strictly(data, best.encoding)
    if text is None or (len(_LETTER.findall(text[:_SAMPLE])) < _MIN_LETTERS * len(text[:_SAMPLE])):
        raise LoadError("its text encoding was not recognised; save it as UTF-8", FailureKind.ENCODING)
    return text


def _likeliest(data: bytes) -> str | None:
    """Return the most plausible of the older encodings, or None; GB18030 wins a tie."""
    best_text, best_score = "", 0.0
    for encoding, common in (
        ("gb18030", _COMMON_CHINESE),
        ("big5hkscs", _COMMON_CHINESE),
        ("cp1252", _COMMON_LATIN),
    ):
        text = _strictly(data, encoding)
        if text is None or (encoding == "cp1252" and not _is_mostly_ascii(text)):
            continue
        if (score := _plausibility(text, common)) > best_score:
            best_text, best_score = text, score
    return best_text if best_score >= _MIN_SCORE else None


def _is_mostly_ascii(text: str) -> bool:
    """Say whether accents are as rare as in western European languages: any bytes at all decode as cp1252."""
    sample = text[:_SAMPLE]
    return len(_NON_ASCII.findall(sample)) <= _MAX_ACCENTS * len(sample)


def _plausibility(text: str, common: frozenset[str]) -> float:
    """Return the share of non-ASCII characters that are common ones, 0 to 1."""
    characters = _NON_ASCII.findall(text[:_SAMPLE])
    return sum(character in common for character in characters) / max(1, len(characters))


def _reject_binary(text: str) -> str:
    sample = text[:_SAMPLE]
    if len(_CONTROL.findall(sample)) > _MAX_CONTROL * len(sample):
        raise LoadError("it contains binary data, not text", FailureKind.BINARY)
    return text
