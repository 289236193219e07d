"""Every daSubStatus table of seed 000 section 9, copied to ``vectors/dec_sub_status.md``; it explains, it never bills.

The tables inside the section's HTML comments are included. A cell that is empty means the one above it.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from idvtools.vendors.base.codes import FOLDER, read_rows
from idvtools.vendors.dec import VENDOR, SubStatus, explain_sub_status, sub_statuses

SEED = (Path(__file__).parent / "vectors" / "dec_sub_status.md").read_text("utf-8")
SAME = {
    "daSubstatus": "daSubStatus",
    "子site结束码<br>daStatus": "daStatus",
    "子site子结束码<br>daSubStatus": "daSubStatus",
}
#: A name of a site or scenario that begins a new group: what stood above does not reach below it.
GROUP = ("取证site", "失败类型")
#: Where rows stand in the code table -> the heading over the seed's table.
FAMILIES = {
    "通用": "通用",
    "支付宝类": "支付宝类数据源",
    "个税类": "个税类（PC）数据源",
    "学信网类": "学信网类（PC）数据源",
    "交管12123": "交管12123 APP数据源",
}


class Row(NamedTuple):
    """What the seed says in one row."""

    heading: str
    hidden: bool
    site: str
    result: str
    name: str
    status: str
    json_result: str
    code: str
    advice: str


def tables() -> list[tuple[str, bool, list[list[str]]]]:
    """Each table of the section: its heading, whether it stands in a comment, its lines as cells."""
    found: list[tuple[str, bool, list[list[str]]]] = []
    heading, hidden, inside = "", False, False
    for raw in SEED.splitlines():
        hidden = hidden or "<!--" in raw
        line = raw.replace("<!--", "").replace("-->", "").strip()
        if not line.startswith("|"):
            inside = False
            heading = line.rstrip("：") if line else heading
        else:
            if not inside:
                found.append((heading, hidden, []))
            inside = True
            cells = [c.strip() for c in line.strip("|").split("|")]
            if not set("".join(cells)) <= set(":-"):
                found[-1][2].append(cells)
        hidden = hidden and "-->" not in raw
    return found


def rows() -> list[Row]:
    """The rows, in the seed's order, each with what it inherits from above."""
    found: list[Row] = []
    for heading, hidden, (head, *lines) in tables():
        names = [SAME.get(n, n) or "场景" for n in head]
        above: dict[str, str] = {}
        for cells in lines:
            own = dict(zip(names, cells, strict=True))
            if own.get("取证site"):
                above = {}
            above = {n: v or above.get(n, "") for n, v in own.items()}
            scene = own.get("场景") or own.get("原因", "")
            found.append(Row(
                heading if not heading.startswith("注") else "通用", hidden,
                next((above[n].replace("<br>", "") for n in GROUP if n in above), ""), above.get("取证结果", ""),
                re.sub(r"^\d[.、]", "", scene), above["daStatus"], above.get("jsonResult", ""), own["daSubStatus"],
                own.get("建议处理方式", ""),
            ))  # fmt: skip
    return found


def key(found: Row) -> tuple[str, ...]:
    return (found.site, found.result, found.name, found.status, found.code, found.advice)


def test_the_seed_was_read_whole() -> None:
    """Two tables for everything (the longer one hidden), four hidden ones for families of sites."""
    sizes = [(heading, hidden, len(lines) - 1) for heading, hidden, lines in tables()]
    assert sizes == [
        ("通用", False, 3), ("通用", True, 8), ("支付宝类数据源", True, 35), ("个税类（PC）数据源", True, 6),
        ("学信网类（PC）数据源", True, 3), ("交管12123 APP数据源", True, 13),
    ]  # fmt: skip


def test_every_row_of_the_seed_is_known_and_no_other() -> None:
    """The rows of the short table stand in the long one again; they are known once."""
    wanted: dict[tuple[str, ...], Row] = {}
    for row in rows():
        wanted.setdefault(key(row), row)
    known = [
        (s.site_zh, s.result_zh, s.name_zh, s.da_status, str(s.first) if s.first == s.last else f"{s.first}~{s.last}",
         s.advice_zh)
        for s in sub_statuses()
    ]  # fmt: skip
    assert sorted(known) == sorted(wanted)
    assert len(known) == len(set(known)) == 65


@pytest.mark.parametrize("found", sub_statuses(), ids=lambda s: f"{s.site_zh or s.family_zh} {s.first} {s.name_zh}")
def test_each_row_says_what_the_seed_says_and_names_it(found: SubStatus) -> None:
    code = str(found.first) if found.first == found.last else f"{found.first}~{found.last}"
    twins = [
        r for r in rows()
        if key(r) == (found.site_zh, found.result_zh, found.name_zh, found.da_status, code, found.advice_zh)
    ]  # fmt: skip
    assert {r.heading for r in twins} == {FAMILIES[found.family_zh]}
    assert found.edition == ("appendix-comment" if all(r.hidden for r in twins) else "appendix")
    assert "seed 000 section 9" in found.source
    assert ("HTML comment" in found.source) == (found.edition == "appendix-comment")
    # The tax table leaves jsonResult open in its last row, under a row with another daStatus: it is not carried down.
    inherited = "" if found.first == 100503 else twins[0].json_result
    assert found.json_result == inherited
    assert found.name_en
    assert bool(found.advice_en) == bool(found.advice_zh)
    assert bool(found.site_en) == bool(found.site_zh)
    assert not re.search(r"[一-鿿]", found.name_en + found.advice_en + found.site_en + found.family_en)


def test_it_never_decides_billing() -> None:
    """dec.md section 4: there is no column of effect, and the status alone makes the outcome."""
    columns = {*(f.name for f in fields(SubStatus)), *read_rows(FOLDER / "dec_da_sub_status.csv")[0]}
    assert not [c for c in columns if re.search(r"effect|bill|charge|final|success|outcome|progress|free|paid", c)]
    assert "da_sub_status" not in VENDOR.tables
    for status in VENDOR.books.statuses:
        seen = {
            (d.outcome, d.code)
            for sub in (None, 0, "0", 80020, "100510", 100564, 999999, "text")
            for d in [VENDOR.decode({"func": "x", "data": {"daStatus": status.code, "ext": {"daSubStatus": sub}}})]
        }
        assert seen == {(VENDOR.tables["da_status"].find(status.code).outcome, str(status.code))}


# ---- looking a code up


@pytest.mark.parametrize(("status", "sub", "names"), [
    # 100563~100566 (daStatus 41) lies inside 100550~100599 (daStatus 43): the daStatus tells which, then the width
    (41, 100563, ["触发APP风控黑盒"]), ("41", "100566", ["触发APP风控黑盒"]), (43, 100564, ["系统失败"]),
    (43, 100562, ["APP服务器问题"]), (41, 100551, ["不定期部分地区无法查到数据，或触发风控"]),
    (43, 100550, ["系统失败"]), (43, 100599, ["系统失败"]), (43, 100567, ["系统失败"]),
    (None, 100564, ["触发APP风控黑盒"]), (12345, 100562, ["APP服务器问题"]), (41, 100567, ["系统失败"]),
    (43, 100549, []), (43, 100600, []), (44, 0, []), (10, "0", []), (44, None, []), (44, "", []), (44, "-1", []),
    (44, "100099.0", []), (44, True, []), (44, [100099], []), (44, {}, []), (44, " 100099 ", ["非本人"]),
])  # fmt: skip
def test_the_narrowest_row_that_agrees_explains(status: Any, sub: Any, names: list[str]) -> None:
    """Seed 000 section 9, table 交管12123: its ranges overlap."""
    assert [s.name_zh for s in explain_sub_status(status, sub)] == names


@pytest.mark.parametrize("found", [s for s in sub_statuses() if s.first], ids=lambda s: f"{s.da_status} {s.first}")
def test_every_failure_explains_itself_as_int_and_as_text(found: SubStatus) -> None:
    for code in {found.first, found.last}:
        for status, sub in ((int(found.da_status), code), (found.da_status, str(code))):
            explained = explain_sub_status(status, sub)
            assert found in explained or all(s.last - s.first < found.last - found.first for s in explained)
            assert {s.da_status for s in explained} == {found.da_status}


@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("side", ["notification", "status"])
def test_children_with_statuses_as_numbers_and_as_strings(kind: type, side: str) -> None:
    """dec.md section 3: integers may arrive as strings inside childDaList."""
    op = "zd1uahd81589468946623610880"
    children = [
        {"daId": f"{op}-0", "site": "a", "daStatus": kind(10), "daSubStatus": kind(0)},
        {"daId": f"{op}-1", "site": "b", "daStatus": kind(41), "daSubStatus": kind(100564)},
        {"daId": f"{op}-2", "site": "c", "daStatus": kind(44)},
        {"daId": f"{op}-3", "site": "d"},
    ]
    data = {"daId": op, "daStatus": kind(41), "ext": {"daSubStatus": kind(100564), "childDaList": children}}
    if side == "notification":
        log: dict[str, Any] = {"func": "daFailed", "data": data}
    else:
        log = {"request": {"arg": {"daId": op}}, "response": {"errorCode": kind(0), "data": data}}
    seen = VENDOR.decode(log)
    assert (seen.call, seen.code, seen.outcome) == (side, "41", "system_failed")
    assert seen.fields["children"] == f"{op}-0: 10/0, {op}-1: 41/100564, {op}-2: 44/-, {op}-3: ?/-"
    assert seen.fields["sub_status_name_zh"] == "触发APP风控黑盒"
    assert seen.fields["advice_zh"] == "建议让用户适时重试"
    assert seen.fields["advice_en"]


def test_what_stands_for_several_sites_is_told_with_all_its_names() -> None:
    """100402 and the like stand in one row each; a code with two names would be told with both."""
    seen = VENDOR.decode({"func": "x", "data": {"daStatus": 44, "ext": {"daSubStatus": 100402}}})
    assert seen.fields["sub_status_name_zh"] == "未实名认证"
    assert "advice_zh" not in seen.fields


def test_a_sub_status_without_end_is_no_sub_status() -> None:
    """Python refuses to read an integer of more than 4300 digits."""
    assert explain_sub_status(44, "9" * 5000) == ()
