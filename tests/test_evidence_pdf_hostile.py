"""PDFs that are out to break their reader: they end in time, within bounds of memory, and with a plain error."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pdf_samples as samples
import pytest

from idvtools.errors import EvidenceError
from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.model import Found
from idvtools.evidence.pdf.reader import read_pdf

TESTS = Path(__file__).parent


def read(data: bytes, **limits: float) -> Found:
    return read_pdf(data, "a.pdf", Budget(Limits(**limits)))  # type: ignore[arg-type]


TEXT = b"BT /F 12 Tf 60 700 Td (text) Tj ET "


def forms(levels: int, fan: int) -> bytes:
    """Drawings made of drawings made of drawings: fan ** levels of them."""
    more = [b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    for level in range(levels):
        body = b"/X Do " * fan if level < levels - 1 else TEXT
        inner = b"/XObject<</X %d 0 R>>" % (7 + level) if level < levels - 1 else b"/Font<</F 4 0 R>>"
        more.append(samples.stream(body, b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<<%s>>" % inner))
    return samples.one_page(samples.stream(b"/X Do"), *more, resources=b"/XObject<</X 6 0 R>>")


HOSTILE: dict[str, bytes] = {
    "no bytes": b"",
    "only a header": b"%PDF-1.7\n",
    "page tree that loops": samples.raw_pdf(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 5>>"]
    ),
    "page tree of its own parent": samples.raw_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 9>>",
            b"<</Type/Pages/Parent 3 0 R/Kids[2 0 R 3 0 R]/Count 9>>",
        ]
    ),
    "a billion pages": samples.raw_pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 1000000000>>"]),
    "form that draws itself": samples.one_page(
        samples.stream(b"/X Do"),
        b"null",
        samples.stream(b"/X Do /X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"),
        resources=b"/XObject<</X 6 0 R>>",
    ),
    "forms of forms": forms(12, 10),
    "deep arrays": samples.raw_pdf([b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 50_000 + b"]" * 50_000 + b">>"]),
    "deep dictionaries": samples.raw_pdf([b"<</A" * 50_000 + b">>" * 50_000]),
    "huge page": samples.one_page(samples.stream(TEXT), page=b"/UserUnit 1e30").replace(
        b"[0 0 600 800]", b"[-9e37 -9e37 9e37 9e37]"
    ),
    "text far away": samples.one_page(samples.stream(b"BT /F 12 Tf 9e30 9e30 Td (text) Tj ET " + TEXT)),
    "content bomb": samples.one_page(samples.stream(bytes(200 << 20), packed=True)),
    "twice packed": samples.one_page(
        b"<</Filter[/FlateDecode/FlateDecode]/Length 9999>>stream\n"
        + samples.zlib.compress(samples.zlib.compress(bytes(300 << 20), 9), 9)
        + b"\nendstream"
    ),
    "operators without end": samples.one_page(
        samples.stream(b"q 0 0 m 1 1 l S Q BT /F 1 Tf (a) Tj ET\n" * 600_000, packed=True)
    ),
    "the same content again and again": samples.one_page(samples.stream(TEXT * 500)).replace(
        b"/Contents 5 0 R", b"/Contents[" + b"5 0 R " * 20_000 + b"]"
    ),
    "many thin lines": samples.one_page(
        samples.stream(
            b"".join(
                b"%d 0 m %d 800 l S 0 %d m 600 %d l S\n" % ((i % 6000) / 10, (i % 6000) / 10, i % 800, i % 800)
                for i in range(8000)
            )
        )
    ),
}


@pytest.mark.parametrize("what", list(HOSTILE))
def test_nothing_runs_away(what: str) -> None:
    began = time.monotonic()
    said = ""
    try:
        assert len(read(HOSTILE[what], seconds=6.0).text) < 10_000_000
    except EvidenceError as error:
        said = str(error)
    assert not said or (said.startswith("a.pdf: ") and "\n" not in said)
    assert time.monotonic() - began < 20


#: Reads bombs and prints the peak of its children's memory and what it holds itself (its own peak would be that of
#: the process that started it), in KiB.
_GREEDY = """
import resource, test_evidence_pdf_hostile as tests
from idvtools.evidence.limits import resident
for what in ("content bomb", "twice packed", "operators without end", "forms of forms"):
    try:
        tests.read(tests.HOSTILE[what], seconds=4.0)
    except tests.EvidenceError:
        print("refused")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss + resident() // 1024)
"""


def test_memory_stays_within_bounds() -> None:
    done = subprocess.run([sys.executable, "-c", _GREEDY], cwd=TESTS, capture_output=True, text=True, check=True)
    *refused, peak = done.stdout.split()
    assert refused == ["refused"] * 4
    assert int(peak) < 500 << 10


def test_too_many_pages_are_refused() -> None:
    data = samples.made(*[samples.small_table] * 4)
    assert len(read(data, pages=4).text.split("\f")) == 4
    with pytest.raises(EvidenceError, match="it has 4 pages, more than 3"):
        read(data, pages=3)


def test_the_time_is_held() -> None:
    with pytest.raises(EvidenceError, match="longer than"):
        read(samples.ruled(), seconds=-1)


def test_truncated_and_changed_files_never_crash() -> None:
    chance = random.Random(6)
    originals = [samples.ruled(), samples.statement(), samples.form(), samples.garbled()]
    for number in range(150):
        data = bytearray(originals[number % len(originals)])
        if number % 3 == 0:
            del data[chance.randrange(len(data)) :]
        else:
            for _ in range(chance.choice((1, 5, 40))):
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read(bytes(data), seconds=5)
        except EvidenceError:
            continue


def test_a_file_cut_off_is_said() -> None:
    data = samples.ruled()
    cut = data[: data.rindex(b"xref") - 30]
    assert "the file ends without its end mark: it may be cut off, and pages may be missing" in read(cut).warnings
