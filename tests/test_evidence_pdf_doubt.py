"""Pages that pdfium is not sure of: what the second reader makes of them is taken where it makes sense."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pdf_samples as samples
import pytest

from idvtools.evidence.limits import Budget, Limits
from idvtools.evidence.pdf import reader
from idvtools.evidence.pdf.doubt import Checked
from idvtools.evidence.pdf.page import Layer, Word
from idvtools.evidence.pdf.reader import read_pdf

SAME = "page 1: some fonts do not say what their glyphs mean; a second reader (pdfplumber) reads the same text"
OTHER = (
    "page 1: a second reader (pdfplumber) was used, as some fonts do not say what their glyphs mean; "
    "check some of its text"
)


@dataclass
class Fixed:
    """A document of one page."""

    page: Layer
    count: int = 1
    metadata: tuple[tuple[str, str], ...] = ()
    warnings: list[str] = field(default_factory=list)

    def layer(self, index: int, budget: Budget) -> Layer | None:
        return self.page

    def fields(self, index: int, layer: Layer) -> None:
        pass


def page(text: str, unmapped: int = 0) -> Layer:
    return Layer([Word(0, 0, 9, 9, text)], chars=len(text), unknown=unmapped, unmapped=unmapped, sample=text)


def checked(first: Layer, second: Layer) -> tuple[Layer | None, list[str]]:
    source = Checked(Fixed(first), lambda: Fixed(second))  # type: ignore[arg-type]
    return source.layer(0, Budget(Limits())), source.warnings


def test_text_that_both_readers_have_is_kept() -> None:
    found = read_pdf(samples.unsaid("Balance of account\nGolden Harbour 5,000.00"), "a.pdf", Budget(Limits()))
    assert found.text == "Balance of account\nGolden Harbour 5,000.00"
    assert found.warnings == (SAME,)


def test_rubbish_that_both_readers_have_is_left_out() -> None:
    shifted = "%DODQFH RI DFFRXQW\n*ROGHQ +DUERXU ZULWHV\n%DODQFH RI DFFRXQW"
    found = read_pdf(samples.unsaid(shifted), "a.pdf", Budget(Limits()))
    assert found.text == ""
    assert found.warnings == ("page 1: text is garbled (100% unknown glyphs); it was left out",)


def test_what_the_second_reader_knows_better_is_taken() -> None:
    second = page("购买方：黎荣")
    assert checked(page("购买方˖哾㦓", unmapped=3), second) == (second, [OTHER])
    assert checked(page("购买方˖哾㦓"), second) == (second, [OTHER])  # rare characters alone are reason enough


@pytest.mark.parametrize("text", ["购买", "购买方\ufffd\ufffd\ufffd", "购哾㦓㦓哾㦓"])
def test_a_second_reader_that_knows_less_is_not_believed(text: str) -> None:
    first, second = page("购买方：黎荣", unmapped=2), page(text)
    second.unknown = text.count("\ufffd")
    assert checked(first, second) == (first, [])


def test_rare_characters_that_stand_there_for_sure_are_said() -> None:
    first = page("购买方：䶮㛃")
    said = ["page 1: many of its characters are rare ones; the text may be wrong"]
    assert checked(first, page("购买方：䶮㛃")) == (first, said)


def test_a_second_reader_that_runs_on_is_broken_off() -> None:
    def open_for_ever() -> Fixed:
        while True:
            time.sleep(0.01)

    first = page("a" * 30, unmapped=30)
    source = Checked(Fixed(first), open_for_ever)  # type: ignore[arg-type]
    assert source.layer(0, Budget(Limits(seconds=0.5))) is first
    assert source.layer(0, Budget(Limits(seconds=0.5))) is first


def test_where_the_process_apart_fails_the_first_reading_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise reader.EvidenceError("no")

    monkeypatch.setattr(reader, "read_apart", fail)
    found = read_pdf(samples.unsaid("Balance of account"), "a.pdf", Budget(Limits()))
    assert found.warnings == ("page 1: text is garbled (100% unknown glyphs); it was left out",)
