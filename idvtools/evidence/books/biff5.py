"""Text of Excel 5 workbooks: bytes in a code page, which calamine reads as if it had two bytes a character."""

from __future__ import annotations

import codecs
import struct

from idvtools.evidence.books.biff import records
from idvtools.evidence.books.sheetfacts import Place
from idvtools.evidence.limits import Budget
from idvtools.evidence.text.encodings import decode

_CODEPAGE, _BOUNDSHEET, _LABEL, _RSTRING, _FORMULA, _STRING = 0x42, 0x85, 0x204, 0xD6, 0x06, 0x207
#: Code pages whose number Python does not know by ``cp`` and the number, or of which the larger set is meant.
_CODECS = {367: "ascii", 936: "gb18030", 950: "big5hkscs", 10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252"}


def texts(stream: bytes, starts: list[int], budget: Budget) -> tuple[list[str], list[dict[Place, str]], str]:
    """Names of the sheets, texts of each sheet by row and column (from 0), and the codec.

    Programs in China wrote the code page of Western Europe over Chinese text; where that is what is declared, or
    nothing, the likeliest encoding of all the text is taken.
    """
    names: list[bytes] = []
    page = 1252
    for record, at, size in records(stream, 0):
        if record == _CODEPAGE and size >= 2:
            page = struct.unpack_from("<H", stream, at)[0]
        elif record == _BOUNDSHEET and size > 7:
            names.append(stream[at + 7 : at + 7 + stream[at + 6]])
    sheets = [_labels(stream, start, budget) for start in starts]
    codec = _codec(page, [*names, *(text for sheet in sheets for text in sheet.values())])
    decoded = [{place: raw.decode(codec, "replace") for place, raw in sheet.items()} for sheet in sheets]
    return [name.decode(codec, "replace") for name in names], decoded, codec


def _labels(stream: bytes, start: int, budget: Budget) -> dict[Place, bytes]:
    found: dict[Place, bytes] = {}
    formula = (0, 0)
    for count, (record, at, size) in enumerate(records(stream, start)):
        if not count & 0xFFFF:
            budget.tick()
        if record in (_LABEL, _RSTRING) and size >= 8:
            row, column, _, length = struct.unpack_from("<HHHH", stream, at)
            found[row, column] = stream[at + 8 : at + min(8 + length, size)]
        elif record == _FORMULA and size >= 4:
            formula = struct.unpack_from("<HH", stream, at)
        elif record == _STRING and size >= 2:
            length = struct.unpack_from("<H", stream, at)[0]
            found[formula] = stream[at + 2 : at + min(2 + length, size)]
    return found


def _codec(page: int, raw: list[bytes]) -> str:
    everything = b"\n".join(raw)
    name = _CODECS.get(page, f"cp{page}")
    if everything.isascii():
        return "ascii"
    try:
        codecs.lookup(name)
        everything.decode(name)
    except (LookupError, UnicodeDecodeError):
        name = "cp1252"
    return decode(everything).encoding if name in ("cp1252", "ascii") else name


def in_code_page_1252(stream: bytes) -> bytes:
    """The records with a code page that calamine knows; the texts are replaced afterwards.

    Examples
    --------
    >>> in_code_page_1252(bytes.fromhex("09080400000505004200020000a8"))[-2:]
    b'\\xe4\\x04'
    """
    changed = bytearray(stream)
    for record, at, size in records(stream, 0):
        if record == _CODEPAGE and size >= 2:
            struct.pack_into("<H", changed, at, 1252)
    return bytes(changed)
