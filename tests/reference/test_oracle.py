"""The reference itself: cases that a domain person can read, and that the random months reach every corner."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from . import oracle, random_month, tiny_crypto
from .model import AesKey, App, Child, Month, Notice, Poll, Price, Proof, Settings, Start, StatementRow, local_day
from .status import effectiveness
from .telling import readable

APP, SITE, PERSON = "zd1uahd8", "chrome-govhk-tax", "110101199003071234"
NOON = 1791000000000  # 2026-10-03 11:20:00 +08:00
DAY = date(2026, 10, 3)
PLAIN = Settings("Asia/Shanghai", "none", "auto", (Price("*", "3.00", DAY),), (App(APP, "k" * 64, ()),), True)


def op_id(number: int) -> str:
    return f"{APP}{(NOON - oracle.EPOCH + number) << 22}"


def start(number: int, **changes: object) -> Start:
    plain = Start(op_id(number), APP, f"b{number}", SITE, NOON + number, PERSON, None, PERSON)
    return replace(plain, **changes)  # type: ignore[arg-type]


def notice(number: int, status: int, proof: Proof = "signed", at: int | None = NOON, **changes: object) -> Notice:
    plain = Notice(op_id(number), APP, f"b{number}", SITE, status, "", 5, 0, (), at, proof)
    return replace(plain, **changes)  # type: ignore[arg-type]


def row(number: int, status: int, charge: bool, **changes: object) -> StatementRow:
    plain = StatementRow(
        op_id(number), f"b{number}", APP, SITE, status, "", "", 0, charge, False, NOON + number, "ms", APP, DAY
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def month(
    starts: list[Start], notices: list[Notice], rows: list[StatementRow] | None = None, settings: Settings = PLAIN
) -> Month:
    return Month(0, "2026-10", settings, tuple(starts), tuple(notices), (), tuple(rows or []), frozenset({(APP, DAY)}))


@pytest.mark.parametrize(
    ("statuses", "billed", "reasons"),
    [
        ([10], "Y", ["first_effective"]),
        ([10, 10], "YN", ["first_effective", "repeat_same_day"]),
        ([41, 20], "NY", ["ineffective_status", "first_effective"]),
        ([10, 41], "YN", ["first_effective", "ineffective_status"]),
        ([5, 10], "??", ["not_final", "earlier_undecided"]),
        ([10, 5], "YN", ["first_effective", "repeat_same_day"]),
        ([5, 10, 10], "??N", ["not_final", "earlier_undecided", "repeat_same_day"]),
        ([9, 10], "YN", ["first_effective", "repeat_same_day"]),
        ([77, 10], "??", ["unknown_status", "earlier_undecided"]),
        ([None, 13, 10], "?N?", ["no_status", "ineffective_status", "earlier_undecided"]),
        ([5, None], "??", ["not_final", "no_status"]),
        ([101, 100], "YN", ["first_effective", "ineffective_status"]),
    ],
)
def test_one_person_one_site_one_day(statuses: list[int | None], billed: str, reasons: list[str]) -> None:
    starts = [start(number) for number in range(len(statuses))]
    told = [notice(number, status) for number, status in enumerate(statuses) if status is not None]
    verdicts = oracle.judge(month(starts, told)).operations
    got = [verdicts[op_id(number)] for number in range(len(statuses))]
    assert ["?" if verdict.billable is None else "NY"[verdict.billable] for verdict in got] == list(billed)
    assert [verdict.reason for verdict in got] == reasons
    winner = op_id(billed.index("Y")) if "Y" in billed else None
    assert all(v.winner_op_id == (winner if v.reason == "repeat_same_day" else None) for v in got)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ([notice(0, 5, "signed"), notice(0, 41, "none")], 41),  # final beats running, whatever the trust
        ([notice(0, 10, "hash_only", NOON + 9), notice(0, 20, "signed", NOON)], 20),  # trust before time
        ([notice(0, 10, at=NOON), notice(0, 20, at=NOON + 1)], 20),  # the later
        ([notice(0, 41, at=NOON), notice(0, 20, at=NOON)], 41),  # the larger
        ([notice(0, 8), notice(0, 5, at=NOON + 1)], 8),  # the furthest
        ([notice(0, 77), notice(0, 9)], 77),  # an unknown code beats a running one
        ([notice(0, 77), notice(0, 13, "none")], 13),  # never a final one
        ([notice(0, 10, "bad_hash"), notice(0, 20, "bad_sign")], None),  # forged: no report
        ([notice(0, 10, "none", None, bare=True), notice(0, 20, "none", NOON)], 20),  # without a time: the earliest
    ],
)
def test_which_report_wins(told: list[Notice], status: int | None) -> None:
    assert oracle.judge(month([start(0)], told)).operations[op_id(0)].status == status


@pytest.mark.parametrize(
    ("told", "booked", "bucket", "ours", "vendor", "severity"),
    [
        (10, row(0, 10, True), "matched", "3.00", "3.00", "info"),
        (10, row(0, 10, False), "underbilled", "3.00", "0.00", "money"),
        (41, row(0, 41, True), "overbilled", "0.00", "3.00", "money"),
        (10, row(0, 10, True, package=True), "matched", "0.00", "0.00", "info"),
        (10, row(0, 20, True), "fields_differ", "3.00", "3.00", "info"),
        (41, row(0, 41, False, biz_no=""), "fields_differ", "0.00", "0.00", "info"),
        (5, row(0, 10, True), "undecidable", None, "3.00", "money"),
        (10, None, "only_in_ours", "3.00", None, "money"),
        (41, None, "only_in_ours", "0.00", None, "info"),
    ],
)
def test_the_bucket(
    *, told: int, booked: StatementRow | None, bucket: str, ours: str | None, vendor: str | None, severity: str
) -> None:
    verdict = oracle.judge(month([start(0)], [notice(0, told)], [booked] if booked else [])).operations[op_id(0)]
    amounts = [None if a is None else str(a) for a in (verdict.amount_ours, verdict.amount_vendor)]
    assert (verdict.bucket, *amounts, verdict.severity) == (bucket, ours, vendor, severity)


def test_rows_that_only_the_statement_has() -> None:
    rows = [row(0, 10, True), row(0, 10, True), row(0, 10, False, create_time=NOON - 1000), row(7, 10, True)]
    judged = oracle.judge(month([start(0)], [notice(0, 10)], rows))
    assert judged.operations[op_id(0)].bucket == "underbilled"  # the earliest of the three is the one that counts
    assert Counter(verdict.bucket for verdict in judged.statement.elements()) == {
        "duplicate_in_statement": 2,
        "only_in_statement": 1,
    }


@pytest.mark.parametrize(
    ("mode", "listed", "parent", "child"),
    [
        ("auto", False, "first_effective", "billed_with_parent"),
        ("auto", True, "has_children", "first_effective"),
        ("children", False, "has_children", "first_effective"),
        ("parent", True, "first_effective", "billed_with_parent"),
    ],
)
def test_n_in_one(mode: str, listed: bool, parent: str, child: str) -> None:
    child_id = op_id(0) + "-0"
    told = [notice(0, 10, children=(Child(child_id, SITE, 10, ""),))]
    rows = [row(0, 10, True, da_id=child_id)] if listed else []
    settings = replace(PLAIN, n_in_one=mode)  # type: ignore[arg-type]
    verdicts = oracle.judge(month([start(0)], told, rows, settings)).operations
    assert (verdicts[op_id(0)].reason, verdicts[child_id].reason) == (parent, child)


def test_the_period_is_ours_or_theirs() -> None:
    shifted = row(0, 10, True, create_time=NOON + 31 * 86_400_000)
    assert oracle.judge(month([start(0)], [notice(0, 10)], [shifted])).operations[op_id(0)].period_shift
    early = start(1, requested_at=NOON - 31 * 86_400_000)
    assert oracle.judge(month([early], [notice(1, 10)])).operations == {}
    assert oracle.judge(month([early], [notice(1, 10)], [row(1, 10, True)])).operations[op_id(1)].period_shift


def test_prices_by_site_and_day_rounded_half_up() -> None:
    prices = (
        Price("*", "3", DAY),
        Price(SITE, "5.005", DAY),
        Price(SITE, "2.345", DAY.replace(day=5), DAY.replace(day=6)),
    )
    prices_on = [str(oracle.unit_price(SITE, DAY.replace(day=day), prices)) for day in (2, 3, 4, 5, 6, 7)]
    assert prices_on == ["None", "5.01", "5.01", "2.35", "2.35", "5.01"]
    assert str(oracle.unit_price("other", DAY, prices)) == "3.00"


def test_what_the_specification_gives_as_examples() -> None:
    assert oracle.snowflake_time("zd1uahd81589468946623610880") == 1667793902437
    assert oracle.snowflake_time("zd1uahd81589468946623610880-3") == 1667793902437
    assert oracle.snowflake_time("zd1uahd8X589468946623610880") is None
    # 2026-10-29 21:30 UTC: in Cairo the clock went back from midnight to 23:00 half an hour ago: still the 29th.
    assert local_day(1793309400000, "Africa/Cairo") == date(2026, 10, 29)
    assert effectiveness(9) is True
    assert effectiveness(8) is None
    app_key = "FcuMaP8q39Q4IigraXdDKpvaOhF2PqNptq86ZHYRvtMjAdVZIOSEfW4t6IdxUJu9"
    auth = {"appId": "IDAkEBvb", "nonce": "20rr7wbca98e8325f0fjd77yl130j6hi"}
    message: dict[str, object] = {"v": "1.0.0", "auth": auth, "arg": {"a": "xxx", "b": "xxx"}}
    assert tiny_crypto.decshash(message, app_key) == "C3AF574420D41A7CEE9C44FCFC84FE15D36D5C97A80111278B82CCEAFCDC7C96"


def test_the_key_of_the_time_then_its_neighbours() -> None:
    keys = tuple(AesKey(str(n), n * 100, bytes([n]) * 16) for n in range(1, 5))
    tried = [key.id for key in keys if readable(App(APP, None, keys), 300, key.key)]
    assert tried == ["2", "3", "4"]


def test_random_months_reach_every_reason_and_bucket(tmp_path: Path) -> None:
    seen: Counter[object] = Counter()
    for seed in range(30):
        made = random_month.make(seed, fallback_status="statement" if seed % 2 else "none", timezone="Asia/Kathmandu")
        judged = oracle.judge(made)
        for verdict in judged.operations.values():
            seen.update([verdict.reason, verdict.bucket, verdict.status_source, ("shift", verdict.period_shift)])
        seen.update(line.bucket for line in judged.statement.elements())
        seen["start_failed"] += sum(judged.start_failures.values())
    expected = {
        "first_effective", "repeat_same_day", "ineffective_status", "has_children", "billed_with_parent",
        "start_failed", "not_final", "no_status", "unknown_status", "unknown_subject", "unknown_day",
        "earlier_undecided", "duplicate_in_statement", "only_in_statement", "only_in_ours", "statement_missing",
        "undecidable", "overbilled", "underbilled", "fields_differ", "matched", "signed", "poll", "hash_only",
        "unchecked", "statement", None, ("shift", True), ("shift", False),
    }  # fmt: skip
    assert {thing: count for thing, count in seen.items() if count >= 5}.keys() == expected
    assert made == random_month.make(29, fallback_status="statement", timezone="Asia/Kathmandu")
    random_month.write(made, tmp_path / "one")
    random_month.write(made, tmp_path / "two")
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert files
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)


def test_a_poll_stands_between_signed_and_hash_only() -> None:
    poll = Poll(op_id(0), APP, "b0", SITE, 20, "", 5, 0, (), NOON)
    for proof, status in [("signed", 10), ("hash_only", 20)]:
        told = replace(month([start(0)], [notice(0, 10, proof)]), polls=(poll,))  # type: ignore[arg-type]
        assert oracle.judge(told).operations[op_id(0)].status == status
