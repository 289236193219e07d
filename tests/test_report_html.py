"""reconciliation.html and the notebook's fragment, as a browser and a hostile vendor see them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from report_cases import DIGITS, HOSTILE, OP, breaks, extras, hostile_breaks, ledger_row, summary

from idvtools.report.extras import Extras
from idvtools.report.html import render_html, summary_html
from idvtools.report.model import Caveat

VOID = {"meta", "rect", "br", "img"}


class Page(HTMLParser):
    """Tags, attributes and visible text; asserts that every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def page(run=None, table=None, extra=None, lang="both") -> Page:
    table = breaks(ledger_row()) if table is None else table
    return Page(render_html(run or summary(), table, extra or extras(), lang))


@pytest.mark.parametrize(
    ("lang", "there", "not_there"),
    [
        ("zh", ["对账报告", "多计", "无法判定", "供应商应收", "缺少状态"], ["Overbilled", "Reconciliation"]),
        ("en", ["Reconciliation report", "Overbilled", "Undecidable", "No status"], ["对账报告", "多计"]),
        ("both", ["对账报告 Reconciliation report", "多计 Overbilled", "缺少状态 No status"], []),
    ],
)
def test_languages(lang, there, not_there):
    text = page(lang=lang).text
    assert [word for word in there if word not in text] == []
    assert [word for word in not_there if word in text] == []


def test_what_a_reader_sees():
    text = page(lang="en").text
    assert text.index("2 evidence files to pull now") < text.index("Vendor charges 42.00 CNY")
    assert "Payable by our records 36.00 CNY" in text
    assert "Difference (vendor − ours) +6.00 CNY" in text
    assert "of which undecidable 6.00" in text
    assert "The total equals the difference in the summary 17 42.00 36.00 +6.00" in text
    assert "Received 40" in text
    assert "Check failed, ignored 1" in text
    assert "zd1uahd8 2026-10-17" in text
    assert "2026-10-03 00:30:00" in text  # a refused notification, 16:30 UTC the day before
    assert "first effective operation per appId + idNo + site per day" in text
    assert "ab" * 32 in text
    assert f"2026-10-01 00:00:00 {OP} 0012" in text


def test_nothing_from_outside_and_no_script():
    html = render_html(summary(), hostile_breaks(), extras(), "both")
    found = Page(html)
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    for _, attributes in found.tags:
        assert not {"src", "srcset", "data", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    style = re.search("<style>(.*)</style>", html, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    links = {name: None for name in re.findall(r'id="(\w+)"', html)}
    assert all(a["href"][1:] in links for tag, a in found.tags if tag == "a")


def test_hostile_text_is_text():
    run = summary(
        vendor="<svg onload=x>", caveats=(Caveat(*["</style><script>x</script>"] * 2),), assumptions={"<i>": "<u>"}
    )
    html = render_html(run, hostile_breaks(), extras(), "both")
    found = Page(html)
    assert not {"script", "u", "img"} & {tag for tag, _ in found.tags}
    for text in HOSTILE:
        shown = re.sub("[\x01-\x08\x0e-\x1f]", "\ufffd", text)
        assert " ".join(shown.split()) in found.text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", html)
    assert DIGITS in found.text


def test_first_rows_with_money_first():
    rows = [ledger_row(op_id=f"op{i:03d}", severity="info", bucket="fields_differ") for i in range(510)]
    rows += [ledger_row(op_id="with-money")]
    found = page(table=breaks(*rows), lang="en")
    shown = re.findall(r"with-money|op\d{3}", found.text)
    assert shown == ["with-money", *(f"op{i:03d}" for i in range(499))]
    assert "500 of 511 rows are shown; the other 11 stand in breaks.csv." in found.text


def test_two_hundred_refused_and_rejected():
    one = extras()
    many = Extras(one.reasons, one.refused.take([0] * 230), one.rejects * 201)
    text = page(extra=many, lang="en").text
    assert "200 of 230 rows are shown; the other 30 are not listed." in text
    assert "200 of 201 rows are shown; the other 1 are not listed." in text


def test_nothing_at_all():
    text = page(summary(causes={}, inputs=(), caveats=(), buckets={}), breaks(), Extras(), "en").text
    assert "No breaks in this period." in text
    assert "Nothing is undecidable in this period." in text


def test_no_price_no_amounts():
    html = render_html(summary(currency=None), breaks(ledger_row()), Extras(), "en")
    assert "no unit price is set" in html
    assert not re.search(r"\d\.\d\d\b(?!\d)", Page(html).text.split("Method")[0].replace("0.1.0", ""))


def test_same_input_same_page():
    pages = {render_html(summary(), hostile_breaks(), extras(), "both") for _ in range(2)}
    assert len(pages) == 1


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_the_notebook_fragment(lang):
    html = summary_html(summary(vendor="<script>x</script>"), lang)
    found = Page(html)
    assert not {"script", "style", "html", "link"} & {tag for tag, _ in found.tags}
    assert "42.00 CNY" in found.text
    assert "+6.00" in found.text
    assert ("Overbilled" in found.text) == (lang != "zh")
    # colours of the page around it: nothing may paint a background or the main text
    assert "background:#" not in html
    assert not re.search(r"[;\"]color:(#000|#fff|black|white)", html)
