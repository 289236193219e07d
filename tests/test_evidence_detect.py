"""What a file is, by its content; and the words for what is not read."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import pytest
from evidence_zips import CSV, Item, make

from idvtools.errors import EvidenceError
from idvtools.evidence.detect import detect
from idvtools.evidence.reading import read_evidence

CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def stream(name: str) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    return raw.ljust(64, b"\0") + struct.pack("<H", len(raw)).ljust(64, b"\0")


def office(*names: str) -> bytes:
    return make(Item("[Content_Types].xml", b"<Types/>"), *[Item(name, b"<x/>") for name in names])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("zip", make(Item("a.csv", CSV))),
        ("zip", make(Item("a.pdf", b"%PDF-1.4\n1 0 obj endobj", method=0))),
        ("zip", make()),
        ("zip", make(Item("a.csv", CSV), before=b"MZ" + bytes(200))),
        ("zip", make(Item("a.csv", CSV))[:60]),
        ("xlsx", office("xl/workbook.xml")),
        ("xlsx", office("xl\\workbook.bin")),
        ("xlsx", office("xl/workbook.xml")[:-40]),
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
        ("pdf", b"\r\n\r\nX-Header: from a scanner\r\n\r\n%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"),
        ("xls", CFB + stream("Workbook")),
        ("xls", CFB + stream("Book") + stream("Workbook")),
        ("xls", b"\x09\x08\x08\x00\x00\x05\x10\x00" + bytes(20)),
        ("xls", b"\x09\x04\x06\x00\x00\x00\x10\x00" + bytes(20)),
        ("office_encrypted", CFB + stream("EncryptionInfo") + stream("EncryptedPackage")),
        ("unknown", CFB + stream("WordDocument")),
        ("html", b"<html><table><tr><td>1</table>"),
        ("html", b"\xef\xbb\xbf\r\n<!-- export --><TABLE border=1>"),
        ("html", "<html xmlns:x='urn:schemas-microsoft-com:office:excel'>".encode("utf-16")),
        ("html", b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD"><html>'),
        ("xml", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'),
        ("xml", b"<Document><Ntry/></Document>"),
        ("json", b'{"code":"0000"}'),
        ("json", b'[{"a":1},'),
        ("json", "\ufeff[1, 2]".encode()),
        ("csv", CSV),
        ("csv", "日期\t金额\n10-01\t1.50\n".encode("gbk")),
        ("csv", "日付,金額\n10/01,150\n".encode("utf-16-le")),
        ("csv", "交易日期；\n日期|金额\n1|2\n3|4\n".encode("gb18030")),
        ("csv", "支付宝交易记录\n账号:[x]\n日期,金额,\n1,2,\n".encode("gb18030")),
        ("txt", "本页没有表格。\n第二行也没有。\n".encode("big5", "replace")),
        ("txt", b"[2024-01-31 10:00:00] started\n[2024-01-31 10:00:01] done\n"),
        ("txt", b"Dear Sir, thank you.\nWe write, as promised, at once.\n"),
        ("txt", b"It begins with %PDF-1.4 in most files.\n"),
        ("csv", b"a,b\0\n1,2\n"),
        ("csv", b"<a href='b'>c</a>,<i>d</i>\n<a href='b'>c</a>,<i>d</i>\n"),
        ("xml", b"<rows>\n<row a='1'>x</row>\n</rows>\n<!-- end -->"),
        ("png", b"\x89PNG\r\n\x1a\n" + bytes(20)),
        ("jpg", b"\xff\xd8\xff\xe0" + bytes(20)),
        ("empty", b""),
        ("empty", b"\xef\xbb\xbf \r\n"),
        ("unknown", bytes(range(256))),
        ("unknown", bytes(5000)),
        ("unknown", b"Rar!\x1a\x07\x00" + bytes(30)),
    ],
)
def test_kinds_by_content(kind: str, data: bytes) -> None:
    assert detect(data) == kind


FOREIGN = [
    ("a Word document (docx)", make(Item("[Content_Types].xml", b"<Types/>"), Item("word/document.xml", b"<x/>"))),
    ("an OFD document", make(Item("OFD.xml", b"<x/>"), Item("Doc_0/Document.xml", b"<x/>"))),
    (
        "(ods)",
        make(Item("mimetype", b"application/vnd.oasis.opendocument.spreadsheet", method=0), Item("a.xml", b"<a/>")),
    ),
    ("a RAR archive", b"Rar!\x1a\x07\x01\0" + bytes(30)),
    ("a 7z archive", b"7z\xbc\xaf\x27\x1c" + bytes(30)),
    ("a tar archive", b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(250)),
    ("a tar archive", gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(250))),
    ("a bzip2 file", bz2.compress(CSV)),
    ("an xz file", lzma.compress(CSV)),
    (
        "a dBase table",
        b"\x03\x7c\x01\x02" + struct.pack("<IHH", 0, 65, 30) + b"NAME".ljust(52, b"\0") + b"\r" + bytes(9),
    ),
    ("a Word document (doc)", CFB + "WordDocument".encode("utf-16-le") + bytes(90)),
    ("a mail of Outlook", CFB + "__properties_version1.0".encode("utf-16-le") + bytes(90)),
    ("an RTF document", rb"{\rtf1\ansi hello}"),
    ("macOS notes", b"\0\x05\x16\x07\0\2\0\0Mac OS X" + bytes(60)),
    ("a HEIC", b"\0\0\0\x18ftypheic" + bytes(60)),
    ("the first part of an archive in several parts", (b"PK\7\x08" + make(Item("a.csv", CSV)))[:60]),
]


@pytest.mark.parametrize(("words", "data"), FOREIGN, ids=[words for words, _ in FOREIGN])
def test_what_is_not_read_is_named(words: str, data: bytes) -> None:
    with pytest.raises(EvidenceError) as refused:
        read_evidence(data, name="f")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "text", ["BM,1\n2,3\n", "PK,a\n1,2\n", "%PDF-1.4,a\n1,2\n", "MZ,1\n2,3\n", "RIFF,2\n3,4\n", "GIF8,1\n2,3\n"]
)
def test_texts_that_begin_as_other_formats_do(text: str) -> None:
    assert detect(text.encode()) == "csv"


MAIL = b"From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: %b; charset=utf-8\r\n\r\n%b\r\n"
PAGE = b"<table><tr><td>date<td>amount<tr><td>2026-10-01<td>1.50<tr><td>2026-10-02<td>2</table>"


def test_pages_that_do_not_begin_the_file() -> None:
    saved = read_evidence(MAIL % (b"text/html", PAGE), name="bill.xls")
    assert (saved.kind, len(saved.parsed[0].rows)) == ("html", 2)
    told = read_evidence(b"Notice: session renewed\n\n" + PAGE, name="bill.xls")
    assert (told.kind, len(told.parsed[0].rows)) == ("html", 2)
    assert detect(b"a,b\n1,2\n" + PAGE) == "csv"


def test_a_kind_that_is_given() -> None:
    packed = make(Item("[Content_Types].xml", b"<Types/>"), Item("word/document.xml", b"<x/>"))
    assert len(read_evidence(packed, kind="zip").members) == 2
    assert len(read_evidence(gzip.compress(CSV), kind="csv").parsed[0].rows) == 2
    for kind in ("empty", "unknown", "nonsense"):
        with pytest.raises(EvidenceError, match="nothing that a file can be read as"):
            read_evidence(CSV, kind=kind)  # type: ignore[arg-type]
    for kind in ("pdf", "xls", "xlsx", "zip"):
        with pytest.raises(EvidenceError):
            read_evidence(CSV, kind=kind)  # type: ignore[arg-type]


def test_a_mail_says_that_it_is_one() -> None:
    plain = read_evidence(MAIL % (b"text/plain", b"Dear all"), name="bill.eml")
    assert (plain.kind, plain.warnings) == ("txt", ("a mail, given as it stands; what is attached to it is not read",))


def test_two_claims_are_an_error_unless_one_is_forced() -> None:
    both = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n" + make(Item("a.csv", CSV))
    with pytest.raises(EvidenceError, match="zip and pdf"):
        detect(both)
    with pytest.raises(EvidenceError, match=r"both\.pdf: two readers claim it"):
        read_evidence(both, name="both.pdf")
    assert [m.path for m in read_evidence(both, kind="zip").members] == ["a.csv"]
    with pytest.raises(EvidenceError, match="office_encrypted"):
        detect(CFB + stream("Workbook") + stream("EncryptedPackage"))
