"""The text of HTML and XML: by the encoding that it declares, unless its bytes contradict."""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

from idvtools.evidence.text.encodings import Decoded, decode

_NAME = rb"""\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})"""
_DECLARED = re.compile(rb"(?:<\?xml[^>]{0,200}?encoding|<meta[^>]{0,300}?charset)" + _NAME, re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,500}\?>")
#: Names under which people declare what is in truth the larger set.
_LARGER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "iso-8859-1": "cp1252",
    "unicode": "utf-16",
}
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def declared_text(data: bytes) -> Decoded:
    """Decode, and leave out the XML declaration, which is of no use to text.

    Examples
    --------
    >>> declared_text('<?xml version="1.0" encoding="GB2312"?><a>镕</a>'.encode("gbk")).text
    '<a>镕</a>'
    """
    decoded = _decode(data)
    return replace(decoded, text=_DECLARATION.sub("", decoded.text.lstrip("\ufeff"), count=1))


def _decode(data: bytes) -> Decoded:
    match = _DECLARED.search(data[:8192])
    guessed = decode(data)
    if match is None or data.startswith(_BOMS) or b"\x00" in data[:64]:
        return guessed
    name = match[1].decode("ascii").lower()
    if name in ("utf-8", "utf8") and guessed.encoding == "utf-8":
        sure = tuple(w for w in guessed.warnings if "not certain" not in w)  # the declaration decides
        return replace(guessed, warnings=sure)
    doubt = f"it declares another encoding ({name}) than its bytes are in ({guessed.encoding})"
    try:
        text = data.decode(_LARGER.get(name, name))
    except (LookupError, UnicodeDecodeError, ValueError):
        return guessed if guessed.text.isascii() else replace(guessed, warnings=(*guessed.warnings, doubt))
    if guessed.encoding == "utf-8" and not data.isascii():
        return replace(guessed, warnings=(*guessed.warnings, doubt))
    if text == guessed.text:
        return replace(guessed, runner_up=None, warnings=())
    return Decoded(text, _LARGER.get(name, name), guessed.encoding)
