"""Makes what no editor can write into this folder: packed, in other encodings, damaged, very deep.

`python tests/callback_logs/make.py` writes those files anew. `python tests/callback_logs/make.py sign < body` prints
the headers that the synthetic platform would send with a body, for a new log made by hand.
"""

from __future__ import annotations

import codecs
import json
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from idvtools.crypto.rsa import load_private_key, sign_sha256
from idvtools.vendors.dec import decshash

FOLDER = Path(__file__).parent
APP = "zd1uahd8"
APP_KEY = (FOLDER / "keys/app-key-zd1uahd8.txt").read_text().strip()
SITE = "chrome-chiyubank-jyj"
#: The moment of the first operation's id, 2026-10-01 07:55 in Shanghai, as the ids count.
_FIRST = 1790812500000 - 1288834974657


def da_id(number: int) -> str:
    """Make the id of an operation that began some minutes after 07:55."""
    return f"{APP}{(_FIRST + 60_000 * number) << 22 | number}"


def notification(number: int, status: Any = 10, **data: Any) -> dict[str, Any]:
    """Make a notification; `data` adds fields to its data."""
    func = {10: "daFileParsed", 9: "daUserAuthorized"}.get(status, "daFailed")
    about = {"bizAppId": APP, "daId": da_id(number), "bizNo": f"B{number:04}", "site": SITE, "daStatus": status}
    return {"v": "2.0.0", "func": func, "auth": {"nonce": f"nonce{number:027}"}, "data": {**about, **data}}


def dump(value: object) -> str:
    """Write JSON as the platform does."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def signed(body: str) -> dict[str, str]:
    """Make the two headers of a body."""
    hashed = decshash(body, APP_KEY)
    key = load_private_key((FOLDER / "keys/notify_private_key.pem").read_bytes())
    return {"DECSHASH": hashed, "DECSSIGN": sign_sha256(hashed.encode(), key)}


def received(second: int, body: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make a line as our own endpoint logs it, `second` after eight o'clock."""
    given = signed(body) if headers is None else headers
    return {"received_at": f"2026-10-01T08:00:{second:02}+08:00", "headers": given, "body": body}


def bodies(*numbers: int, **data: Any) -> list[str]:
    """Make bare bodies."""
    return [dump(notification(n, **data)) for n in numbers]


def _text(lines: list[str], end: str = "\n") -> str:
    return "".join(line + end for line in lines)


def _logged(*numbers: int) -> bytes:
    return _text([dump(received(n, body)) for n, body in zip(numbers, bodies(*numbers), strict=True)]).encode()


def _gz(data: bytes, *, parts: int = 1) -> bytes:
    """Pack into gz members; the format's flags and time are zero, so that the same bytes come out."""
    size = -(-len(data) // parts)
    packed = b""
    for i in range(0, len(data), size):
        member = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed += member.compress(data[i : i + size]) + member.flush()
    return packed


def _gz_cut(whole: bytes) -> bytes:
    """Pack into a gz that ends right behind `whole`: no more blocks, no sum."""
    member = zlib.compressobj(9, zlib.DEFLATED, 31)
    return member.compress(whole) + member.flush(zlib.Z_FULL_FLUSH)


def _zst(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def _zst_cut() -> bytes:
    """Pack one whole frame, and half of another one."""
    second = _zst(_logged(2, 3, 4))
    return _zst(_logged(0, 1)) + second[: len(second) // 2]


def _csv(rows: list[list[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if '"' in text or delimiter in text else text

    return _text([delimiter.join(map(cell, row)) for row in rows], end)


def _small_export() -> bytes:
    return _csv([["received_at", "body"], ["2026-10-01 08:00:00", *bodies(0)]]).encode()


def _gbk_export() -> bytes:
    rows = [["编号", "接收时间", "请求头", "报文"]]
    for number, body in enumerate(bodies(0, 1, site="集友银行流水")):
        rows.append([f"{number}", f"2026-10-01 08:00:0{number}", dump(signed(body)), body])
    return _csv(rows).encode("gb18030")


def _excel_export() -> bytes:
    rows = [["id", "received_at", "body"]]
    rows += [[f"{n}", f"2026-10-01 08:00:0{n}", body] for n, body in enumerate(bodies(0, 1, site="集友银行流水"))]
    return codecs.BOM_UTF16_LE + _csv(rows, "\t").encode("utf-16-le")


def _application(*numbers: int) -> str:
    lines = [f"2026-10-01 08:00:0{n} INFO 收到通知 {body}" for n, body in zip(numbers, bodies(*numbers), strict=True)]
    return _text(["2026-10-01 08:00:00 INFO 服务已启动", *lines], "\r\n")


def _mixed() -> bytes:
    """Two services that write into one log, each in the encoding of its own system."""
    utf8, gbk = [_text(bodies(a, b, site=site)) for a, b, site in ((0, 1, "集友银行流水"), (2, 3, "香港个税"))]
    return utf8.encode() + gbk.encode("gb18030")


def _broken_byte() -> bytes:
    """The last byte of a character is missing in the second line."""
    first, second, third = (b.encode() + b"\n" for b in bodies(0, 1, 2, site="集友银行流水"))
    return first + second.replace("流水".encode(), "流水".encode()[:-1]) + third


def _nul_bytes() -> bytes:
    """copytruncate leaves zeros in front; a zero inside a string is not JSON; one in the text before it is no harm."""
    first, second, third = (b.encode() for b in bodies(0, 1, 2))
    inside = second.replace(b"B0001", b"B0\x0001")
    return b"\0" * 64 + first + b"\n" + inside + b"\n2026-10-01 08:00:02 INFO \0 got " + third + b"\n"


def _by_chance() -> bytes:
    """In GB18030 some words, 取证 and 通知 among them, are valid UTF-8 of other letters."""
    sites = ["集友银行流水", "取证", "通知", "香港个税"]
    return "".join(_text(bodies(n, site=site)) for n, site in enumerate(sites)).encode("gb18030")


def _deep() -> bytes:
    """Two thousand arrays, one in another: in a bare body, and in a line of text."""
    deep = "[" * 2000 + "]" * 2000
    first, second = (b[:-2] + f',"ext":{{"odd":{deep}}}}}}}' for b in bodies(0, 1))
    return _text([first, f"2026-10-01 08:00:01 INFO got {second}", bodies(2)[0]]).encode()


def _controls() -> bytes:
    """A terminal's colours, a form feed, a vertical tab, the separators that Unicode calls line ends."""
    first, second, third = bodies(0, 1, 2)
    coloured = f"\x1b[32m2026-10-01 08:00:00 INFO\x1b[0m {first}\x1b[0m"
    return _text([coloured, f"\x0c\x0b {second}", f"\u2028\u2029\x85 {third}"]).encode()


#: What each file is made of.
FILES: dict[str, Callable[[], bytes]] = {
    "50-gz.jsonl.gz": lambda: _gz(_logged(0, 1)),
    "51-zst.jsonl.zst": lambda: _zst(_logged(0, 1)),
    "52-gz-several-members.jsonl.gz": lambda: _gz(_logged(0, 1, 2), parts=3),
    "53-gz-cut-in-half-a-line.jsonl.gz": lambda: _gz_cut(_logged(0, 1, 2)[:-100]),
    "54-gz-cut-before-a-line-end.jsonl.gz": lambda: _gz_cut(_logged(0, 1)[:-1]),
    "55-gz-trailing-zeros.jsonl.gz": lambda: _gz(_logged(0, 1)) + bytes(512),
    "56-gz-trailing-text.jsonl.gz": lambda: _gz(_logged(0, 1)) + b"appended by mistake\n",
    "57-packed-without-the-ending.log": lambda: _gz(_logged(0, 1)),
    "58-zst-cut-in-half.jsonl.zst": _zst_cut,
    "59-rotated.jsonl-20261001.gz": lambda: _gz(_logged(0, 1)),
    "60-gz-of-an-export.csv.gz": lambda: _gz(_small_export()),
    "61-gb18030.jsonl": lambda: _text(bodies(0, 1, site="集友银行流水")).encode("gb18030"),
    "62-gb18030-export.csv": _gbk_export,
    "63-utf16-from-excel.csv": _excel_export,
    "64-utf16-from-powershell.log": lambda: codecs.BOM_UTF16_LE + _application(0, 1).encode("utf-16-le"),
    "65-utf16-big-endian.txt": lambda: codecs.BOM_UTF16_BE + _application(0, 1).encode("utf-16-be"),
    "66-two-encodings.log": _mixed,
    "67-a-broken-byte.log": _broken_byte,
    "68-nul-bytes.log": _nul_bytes,
    "69-utf8-bom.jsonl": lambda: codecs.BOM_UTF8 + _logged(0, 1),
    "70-bom-in-the-middle.jsonl": lambda: _logged(0) + codecs.BOM_UTF8 + _logged(1),
    "71-a-lone-cr.log": lambda: "\r".join(bodies(0, 1)).encode() + b"\n",
    "72-crlf.log": lambda: _text(["2026-10-01 08:00:00 INFO began", *bodies(0, 1)], "\r\n").encode(),
    "73-deep-nesting.log": _deep,
    "74-control-characters.log": _controls,
    "102-gb18030-by-chance-utf8.jsonl": _by_chance,
}  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:] == ["sign"]:
        sys.stdout.write(dump(signed(sys.stdin.read())) + "\n")
    else:
        for name, made in FILES.items():
            (FOLDER / name).write_bytes(made())
