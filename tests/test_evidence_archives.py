"""What lies in archives: locked, nested, misnamed, damaged."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import sys
import zipfile
import zlib
from types import ModuleType
from typing import Any

import pytest
import pyzipper
from evidence_zips import CSV, Item, make, quine

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.archives.walk import Part, Walk, passwords_of
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.reading import read_evidence


def walk(data: bytes, *passwords: str, **limits: Any) -> list[Part]:
    return [p for p in Walk(Budget(Limits(**limits)), list(passwords)).parts(data) if p.member.path]


def paths(data: bytes, *passwords: str, **limits: Any) -> list[tuple[str, str | None]]:
    return [(part.member.path, part.member.error) for part in walk(data, *passwords, **limits)]


def errors(data: bytes, *passwords: str, **limits: Any) -> list[str]:
    return [error or "" for _, error in paths(data, *passwords, **limits)]


def lzma_in_zip(data: bytes) -> bytes:
    alone = lzma.compress(data, lzma.FORMAT_ALONE)
    return b"\x09\x14\x05\0" + alone[:5] + alone[13:]


METHODS = [
    (0, lambda d: d),
    (8, lambda d: zlib.compress(d, wbits=-15)),
    (12, bz2.compress),
    (
        14,
        lambda d: (
            b"\x09\x14\x05\0" + lzma.compress(d, lzma.FORMAT_ALONE)[:5] + lzma.compress(d, lzma.FORMAT_ALONE)[13:]
        ),
    ),
    # One block stored, which deflate64 has in common with deflate.
    (9, lambda d: b"\x01" + struct.pack("<2H", len(d), len(d) ^ 0xFFFF) + d),
]


@pytest.mark.parametrize(("method", "pack"), METHODS, ids=["stored", "deflate", "bzip2", "lzma", "deflate64"])
def test_methods(method: int, pack: Any) -> None:
    (part,) = walk(make(Item("a.csv", CSV, method=method, packed=pack(CSV))))
    assert (part.data, part.member.error, part.member.kind) == (CSV, None, "csv")
    (cut,) = walk(make(Item("a.csv", CSV, method=method, packed=pack(CSV)[:-14])))
    assert cut.data is None
    assert "damaged" in (cut.member.error or "")


def test_a_method_that_is_not_known_is_named() -> None:
    assert errors(make(Item("a", b"x", method=93))) == ["it is packed in a way that is not read (zstd)"]


@pytest.mark.parametrize("method", [0, 8])
def test_zipcrypto(method: int) -> None:
    data = make(Item("a.csv", CSV * 50, method=method, password="01123X"))
    with zipfile.ZipFile(io.BytesIO(data)) as ours:  # the room's own cipher is the real one
        assert ours.read("a.csv", b"01123X") == CSV * 50
    assert walk(data, "wrong", "01123X")[0].data == CSV * 50
    assert errors(data, "wrong") == ["it is locked; the password does not open it"]
    assert errors(data, "wrong", "worse") == ["it is locked; none of 2 passwords opens it"]
    assert errors(data) == ["it is locked; a password is needed"]
    assert walk(data)[0].locked


def test_zipcrypto_where_the_compiled_cipher_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    locked = make(Item("a.csv", CSV, password="s3cret"))
    for gone in (None, ModuleType("another")):
        monkeypatch.setitem(sys.modules, "stream_unzip._zipcrypto", gone)
        assert [m.size for m in read_evidence(locked, password="s3cret").members] == [len(CSV)]


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("version", [1, 2])
def test_winzip_aes(bits: int, method: int, version: int) -> None:
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=method) as made:
        made.setpassword("密码1".encode("gbk"))
        made.setencryption(pyzipper.WZ_AES, nbits=bits, force_wz_aes_version=version)
        made.writestr("a.csv", CSV)
    data = out.getvalue()
    assert walk(data, "密码1")[0].data == CSV
    assert walk(data, "wrong")[0].locked
    at = data.index(b"a.csv") + 60
    broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert walk(broken, "密码1")[0].data is None


def test_every_wrong_password_is_refused() -> None:
    """The check byte of ZipCrypto lets one in 256 through; the checksum does not."""
    data = make(Item("a.csv", CSV, password="right"))
    wrong = [f"wrong{i}" for i in range(600)]
    assert walk(data, *wrong)[0].data is None
    assert walk(data, *wrong, "right")[0].data == CSV
    for password in wrong:
        with pytest.raises(PasswordError):
            read_evidence(data, password=password)


def test_passwords_given_and_derived() -> None:
    assert passwords_of(None, "11010119900101123x") == ["01123X", "01123x"]
    assert passwords_of(["a", "b", "a"], "110101199001011234") == ["a", "b", "011234"]
    data = make(Item("a.csv", CSV, password="01123x"))
    assert read_evidence(data, id_no="11010119900101123X").members[0].error is None
    with pytest.raises(PasswordError, match=r"^bill\.zip: it is locked; a password is needed$"):
        read_evidence(data, name="bill.zip")


def test_one_locked_member_does_not_hide_the_others() -> None:
    found = read_evidence(make(Item("a.csv", CSV), Item("b.csv", CSV, password="x")))
    assert [m.error for m in found.members] == [None, "it is locked; a password is needed"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("支付宝交易明细.csv", "gbk"),
        ("集友銀行交易紀錄.csv", "big5"),
        ("入出金明細ファイル.csv", "cp932"),
        ("電子繳款收據.csv", "big5"),
        ("微信支付账单(20261001-20261031).csv", "gb18030"),
        ("流水.csv", "gbk"),
        ("帳單.csv", "big5"),
        ("τ.csv", "utf-8"),
        ("거래내역.csv", "euc-kr"),
        ("grün.csv", "cp437"),
        ("Kontoauszüge.csv", "cp1252"),
    ],
)
def test_names_without_the_flag(name: str, code: str) -> None:
    assert paths(make(Item(name.encode(code), CSV))) == [(name, None)]


def test_names_that_could_be_two_things() -> None:
    short = read_evidence(make(Item("稅.csv".encode("big5"), CSV)))
    assert [m.path for m in short.members] == ["稅.csv"]
    assert short.warnings == ("a name does not say in which encoding: read as cp950, but cp932 fits almost as well",)
    longer = read_evidence(make(Item("稅.csv".encode("big5"), CSV), Item("收據.csv".encode("big5"), CSV)))
    assert longer.warnings == ()


def test_names_of_macos_are_put_together_again() -> None:
    assert paths(make(Item("u\u0308bersicht/ガ.csv", CSV))) == [("übersicht/ガ.csv", None)]


def test_names_with_a_field_of_their_own() -> None:
    raw = b"????.csv"
    field = b"\x01" + struct.pack("<I", zlib.crc32(raw)) + "账单.csv".encode()
    assert paths(make(Item(raw, CSV, extra=struct.pack("<2H", 0x7075, len(field)) + field))) == [("账单.csv", None)]


def test_archives_within_archives() -> None:
    inner = make(Item("a.csv", CSV), Item("b/", b""))
    outer = make(Item("x/inner.zip", inner, password="p"), Item("c.csv", CSV))
    assert paths(outer, "p") == [
        ("x/inner.zip", None),
        ("x/inner.zip!a.csv", None),
        ("x/inner.zip!b/", None),
        ("c.csv", None),
    ]


def test_depth_and_an_archive_that_turns_up_within_itself() -> None:
    found = walk(quine())
    assert found[-1].member.path.count("!") == 3
    assert "deeper than 4" in (found[-1].member.error or "")
    data = make(Item("a.csv", CSV))
    walking = Walk(Budget(Limits()), [])
    (part,) = walking.content(data, "a.zip", (hashlib.sha256(data).digest(),))
    assert "contains itself" in (part.member.error or "")


def test_gzip_of_one_file() -> None:
    found = read_evidence(gzip.compress(CSV), name="bill.csv.gz")
    assert (found.kind, [m.path for m in found.members]) == ("csv", ["bill.csv.gz!bill.csv"])
    assert paths(make(Item("x.csv.gz", gzip.compress(CSV)))) == [("x.csv.gz!x.csv", None)]
    parts = walk(make(*[Item("../a.csv.gz", gzip.compress(CSV), local_name=b"b")] * 2))
    outside = "its name leads out of the archive; it was read in memory only"
    twice = f"{outside}; the archive has this name more than once; each was read"
    assert [part.member.error for part in parts] == [outside, twice]
    assert all("another name" in part.notes[0] for part in parts)
    with pytest.raises(EvidenceError, match=r"bill\.gz: it is damaged"):
        read_evidence(gzip.compress(CSV)[:-10], name="bill.gz")
    with pytest.raises(EvidenceError, match="gzip within gzip"):
        read_evidence(gzip.compress(gzip.compress(CSV)))


def test_what_is_odd_is_reported_and_the_good_ones_read() -> None:
    found = walk(
        make(
            Item("a.csv", CSV),
            Item("a.csv", CSV),
            Item("../../etc/cron.d/x.csv", CSV),
            Item("/etc/passwd", CSV),
            Item("C:\\x.csv", CSV),
            Item("link", b"/etc/passwd", mode=0o120777),
            Item("crc.csv", CSV, crc=1),
            Item("zlib.csv", CSV, packed=b"\xff" * 20),
            Item("last.csv", CSV),
        )
    )
    told = {p.member.path: (p.member.error or "", p.data is not None) for p in found}
    assert told["a.csv"] == ("", True)
    assert told["a.csv (2)"] == ("the archive has this name more than once; each was read", True)
    for path in ("../../etc/cron.d/x.csv", "/etc/passwd", "C:/x.csv"):
        assert told[path] == ("its name leads out of the archive; it was read in memory only", True)
    assert told["link"] == ("a symbolic link; it is not followed", False)
    assert told["crc.csv"] == ("it is damaged: its checksum does not fit", False)
    assert told["zlib.csv"] == ("it is damaged: it cannot be unpacked", False)
    assert told["last.csv"] == ("", True)


def test_headers_that_disagree() -> None:
    assert "two things" in errors(make(Item("a", CSV, local_method=0)))[0]
    parts = walk(make(Item("a.csv", CSV, local_name=b"b.csv")))
    assert parts[0].data == CSV
    assert "another name" in parts[0].notes[0]


def test_overlapping_members_are_read_once() -> None:
    body = Item("a.csv", CSV)
    assert errors(make(body, *[Item(f"{i}.csv", CSV, at=0) for i in range(50)])) == [
        "",
        *["it overlaps another member of the archive"] * 50,
    ]


def test_sizes_that_lie() -> None:
    assert errors(make(Item("a.csv", CSV, size=1))) == [""], "what comes out is counted, not what is said"
    assert errors(make(Item("a.csv", CSV, zip64=(1 << 60,)))) == [""]
    assert errors(make(Item("a.csv", CSV, size=0xFFFFFFFF))) == [""]
    large = make(Item("a.csv", b"", packed=bytes(2 << 20), size=1 << 30), Item("b.csv", CSV))
    assert errors(large) == ["unpacks to more than 256 MB, as it says itself", ""], "refused before it is unpacked"
    assert "past the end" in errors(make(Item("b", b"b"), Item("a", b"a", at=0, packed=bytes(5000))))[1]
    assert "not where" in errors(make(Item("b", b"b"), Item("a", b"a", at=7)))[1]


def test_limits() -> None:
    bomb = make(Item("bomb.txt", b" " * (3 << 20)), Item("a.csv", CSV))
    assert errors(bomb) == ["it unpacks to more than 200 times its size, or to too much", ""]
    assert "unpacks to more than" in errors(make(Item("a", bytes(2 << 20), method=0)), total_bytes=1 << 20)[0]
    many = make(*[Item(f"{i}.txt", b"x") for i in range(30)])
    found = read_evidence(many, limits=Limits(members=10))
    assert len(found.members) == 10
    assert any("20 more members" in warning for warning in found.warnings)


def test_archives_that_hold_or_show_nothing() -> None:
    assert read_evidence(make()).warnings == ("the archive is empty",)
    assert read_evidence(make(Item("a/", b""))).warnings == ("the archive holds only folders",)
    data = make(Item("a.csv", CSV))
    at = data.rfind(b"PK\5\6")
    last = data[:at].replace(b"PK\3\4", b"PK??") + b"PK\5\6" + struct.pack("<H", 2) + data[at + 6 :]
    with pytest.raises(EvidenceError, match="last part of an archive in several parts"):
        read_evidence(last)
    hidden = make(Item("1", CSV, flags=0x2041), directory=False) + b"PK\6\x08" + bytes(99)
    with pytest.raises(EvidenceError, match="directory is encrypted"):
        read_evidence(hidden)


def test_an_archive_that_is_cut_off() -> None:
    data = make(Item("a.csv", CSV), Item("b.csv", CSV), directory=False)
    found = read_evidence(data, name="cut.zip")
    assert [m.error for m in found.members] == [None, None]
    assert any("cut off" in warning for warning in found.warnings)
    found = read_evidence(data[:-20], name="cut.zip")
    assert [m.error for m in found.members] == [None, "it is cut off"]
    with pytest.raises(EvidenceError, match=r"^cut\.zip: the archive is cut off"):
        read_evidence(data[:50], name="cut.zip")


def test_an_archive_written_to_a_pipe_and_cut_off() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.sent = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.sent += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        made.writestr("a.csv", CSV)
        made.writestr("b.csv", CSV)
    assert paths(pipe.sent) == [("a.csv", None), ("b.csv", None)]
    cut = pipe.sent[: pipe.sent.index(b"PK\1\2") - 5]
    assert paths(cut) == [("a.csv", None), ("b.csv", "it is cut off")]
