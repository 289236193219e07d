"""What a pull brings, and what it does not ask for: the sandbox over real HTTP, through Workspace.pull and the command.

What the command says: `test_pull_command`; what goes wrong on the way: `test_pull_faults`, `test_pull_trouble`; what a
crash leaves: `test_pull_crash`.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from pull_room import APP, DAY, NOW, OTHER_APP, STATEMENT_HEADER, TODAY, YESTERDAY, Room, only, states

from idvtools.pull import puller
from idvtools.sandbox.clockwork import COMBO_SITE, SITES

HOUR = timedelta(hours=1)


# ---- a day, a month, an operation


def test_a_day(room: Room) -> None:
    bank, tax, two = room.plant(3), room.plant(site=SITES[1]), room.plant(app=OTHER_APP, files=2)
    old = room.plant(ago=DAY)
    report = room.pull()
    assert states(report) == {"polled": 5, "stored": 10, "waiting": 2}, "the statements of today are made tomorrow"
    assert sum(i.files for i in report.items) == 6 + 5, "originals and parse results; answers are kept, not counted"
    assert {i.op_id for i in report.items if i.op_id} == {o.op_id for o in (*bank, tax, two)}
    assert report.complete
    room.check(*bank, tax, two)
    assert {p["response"]["data"]["daId"] for p in room.polls()} == {o.op_id for o in (*bank, tax, two)}
    assert all(p["polled_at"].startswith("2026-10-20T04:00:00") for p in room.polls())
    yesterday = room.pull(day=YESTERDAY)
    assert states(yesterday) == {"polled": 1, "stored": 4}
    room.check(*bank, tax, two, old)


def test_a_second_run_asks_for_nothing_that_is_there(room: Room) -> None:
    room.plant(3)
    room.plant(status=44)
    room.plant(ago=DAY)
    assert room.pull(month="2026-10").complete
    again = room.fresh_calls(lambda: room.pull(month="2026-10"))
    assert again == {}
    third = room.pull(month="2026-10")
    assert states(third) == {"present": 8, "waiting": 2}, "two for each success, statements are not even looked for"


def test_a_month(room: Room) -> None:
    ops = [room.plant(ago=k * DAY) for k in (0, 3, 9)]
    report = room.pull(month="2026-10")
    assert states(report, "statement") == {"stored": 2 * 19, "waiting": 2}, "two apps, from the 1st to yesterday"
    assert states(report, "original_files") == {"stored": 3}
    room.check(*ops)
    for app in (APP, OTHER_APP):
        for day in range(1, 20):
            content = room.statement(app, date(2026, 10, day)).read_bytes()
            assert content == room.sandbox.dec.statement(app, date(2026, 10, day)).content
            assert content.startswith(STATEMENT_HEADER)
    assert len([e for e in room.workspace.vault().find(call="statement")]) == 38


def test_only_one_app(room: Room) -> None:
    mine, other = room.plant(), room.plant(app=OTHER_APP)
    report = room.pull(app=OTHER_APP)
    assert {i.app_id for i in report.items} == {OTHER_APP}
    room.check(other)
    assert room.run("--date", "2026-10-20", "--app", APP).status == 0
    room.check(mine, other)


def test_an_operation_by_its_name(room: Room) -> None:
    mine, other, _ = room.plant(), room.plant(app=OTHER_APP, log=False), room.plant()
    report = room.pull(mine, other, mine)
    assert states(report) == {"polled": 2, "stored": 4}, "each once, and no statement"
    room.check(mine, other)
    assert states(room.pull(mine)) == {"present": 2}


def test_a_workspace_without_request_logs(room: Room) -> None:
    op = room.plant(log=False, ago=DAY)
    for folder in ("requests", "callbacks", "polls", "statements"):
        shutil.rmtree(room.folder / folder)
    assert states(room.pull(day=YESTERDAY)) == {"stored": 2}, "statements need no log"
    assert states(room.pull(op)) == {"polled": 1, "stored": 2}
    room.check(op)


def test_a_day_of_which_nothing_is_known(room: Room) -> None:
    room.plant()
    report = room.pull(day="2026-11-03")
    assert (report.items, room.calls) == ((), {})
    assert str(report) == "dec: nothing to pull; nothing new"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "name what to pull"),
        (["--date", "2026-10-20", "--month", "2026-10"], "name what to pull"),
        (["--date", "20.10.2026"], "YYYY-MM-DD"),
        (["--month", "2026-13"], "YYYY-MM"),
        (["--op", "no-such-form"], "has this form"),
        (["--op", ""], "has this form"),
        (["--op", "../../etc/passwd"], "has this form"),
        (["--op", "zz9zzzzz2124395090752306369"], f"there are: {APP}"),
        (["--date", "2026-10-20", "--app", "zz9zzzzz"], f"there are: {APP}"),
    ],
)
def test_what_cannot_be_pulled_is_refused_before_anything_is_asked(arguments: list[str], why: str, room: Room) -> None:
    room.plant()
    ran = room.run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert why in ran.err
    assert room.calls == {}
    assert not list((room.folder / "evidence").iterdir())


@pytest.mark.parametrize("vendor", ["onenet", "westdex"])
def test_vendors_without_anything_to_pull(vendor: str, room: Room) -> None:
    for arguments in (["--op", "OneNET20200404161716000047"], ["--date", "2026-10-20"]):
        ran = room.run(*arguments, vendor=vendor)
        assert (ran.status, ran.out) == (2, "")
        assert "nothing to pull" in ran.err
    assert room.run("--date", "2026-10-20", vendor="nobody").status == 2


def test_vendors_without_days(room: Room) -> None:
    for vendor in ("tencent", "webank"):
        ran = room.run("--month", "2026-10", vendor=vendor)
        assert ran.status == 2
        assert "--op" in ran.err


def test_an_operation_that_the_vendor_does_not_know(room: Room) -> None:
    op_id = room.plant(log=False).op_id
    unknown = op_id[:-3] + f"{(int(op_id[-3:]) + 1) % 1000:03d}"
    report = room.pull(unknown)
    assert states(report) == {"waiting": 1}
    assert "daId not found" in only(report, "status").reason
    assert set(room.calls) == {"status"}


# ---- what is known already


@pytest.mark.parametrize(("trust", "polls"), [("signed", 0), ("hash_only", 0), ("unchecked", 1), ("forged", 1)])
def test_a_notification_that_holds_spares_the_poll(trust: str, polls: int, room: Room) -> None:
    op = room.plant()
    room.notify(op, trust)  # type: ignore[arg-type]
    room.pull()
    assert room.calls.get("status", 0) == polls
    room.check(op)


def test_a_forged_notification_leads_to_no_request(room: Room) -> None:
    """Whoever finds our address may post there; he must not make us ask for what he likes."""
    room.notify(room.plant(log=False), "forged")
    room.plant(ago=DAY)
    assert room.fresh_calls(lambda: room.pull(day=TODAY)) == {}


def test_an_operation_that_only_an_unchecked_notification_knows_is_asked_about_first(room: Room) -> None:
    failed = room.plant(log=False, status=44)
    room.notify(failed, "unchecked")
    assert room.fresh_calls(lambda: room.pull(day=TODAY)) == {"status": 1}


def test_a_poll_of_an_earlier_run_spares_the_poll(room: Room) -> None:
    op = room.plant()
    room.sandbox.faults.set(rate=1, kinds=["html"], paths="/store/")
    assert not room.pull().complete
    room.sandbox.faults.clear()
    assert "status" not in room.fresh_calls(room.pull)
    room.check(op)


@pytest.mark.parametrize("told", [True, False])
def test_a_failed_operation_has_no_files(told: bool, room: Room) -> None:
    for status in (20, 41, 43, 44):
        op = room.plant(status=status)
        if told:
            room.notify(op)
    report = room.pull()
    assert set(room.calls) == (set() if told else {"status"})
    assert states(report) == {"waiting": 2} | ({} if told else {"polled": 4})
    assert room.fresh_calls(room.pull) == {}, "its end is known"


def test_an_operation_without_a_parse_result(room: Room) -> None:
    """jsonResult 11, 12, 13 and 101: none will come."""
    ops = [room.start({"status": 10, "json_result": r, "instant": True}) for r in (11, 12, 101)]
    report = room.pull()
    assert states(report) == {"polled": 3, "stored": 3, "waiting": 2}
    assert "parse_result" not in room.calls
    room.check(*ops)


# ---- what is not there yet


def test_not_authorised_then_parsing_then_all_there(room: Room) -> None:
    op = room.plant(ago=timedelta(minutes=10))
    times = {"begun": 1_000, "parsing": op.stages[-1].after_ms - 1_000, "over": 600_000}
    room.at(op, times["begun"])
    first = room.pull()
    assert states(first) == {"waiting": 3}
    assert "not at its end" in only(first, "status").reason
    assert set(room.calls) == {"status"}
    room.at(op, times["parsing"])
    second = room.pull()
    assert (only(second, "original_files").state, only(second, "parse_result").state) == ("stored", "waiting")
    room.at(op, times["over"])
    third = room.pull()
    assert only(third, "parse_result").state == "stored"
    assert third.complete
    room.check(op)


def test_files_that_wait_for_the_agreement(room: Room) -> None:
    op = room.plant(needs_agreement=True)
    report = room.pull(op)
    assert states(report) == {"polled": 1, "waiting": 2}
    assert report.complete
    room.sandbox.dec.agree(op.app, op.person.id_no, op.site)
    assert states(room.pull(op)) == {"polled": 1, "stored": 2}
    room.check(op)


def test_waiting_for_an_operation_that_has_just_begun(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    op = room.plant(ago=timedelta(minutes=10))
    room.at(op, 1_000)
    monkeypatch.setattr(puller, "time", SimpleNamespace(sleep=lambda s: room.later(seconds=s)))
    report = room.pull(op, wait=True)
    assert states(report, "parse_result")["stored"] == 1
    assert 2 <= room.calls["status"] <= 21
    room.check(op)


def test_waiting_has_an_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    op = room.plant(status=5, ago=timedelta(minutes=1))
    old = room.plant(status=5, ago=HOUR)
    monkeypatch.setattr(puller, "time", SimpleNamespace(sleep=lambda s: room.later(seconds=s)))
    report = room.pull(op, old, wait=True)
    assert set(states(report)) == {"waiting"}
    assert 35 <= room.calls["status"] <= 42, "every 30 s for 20 minutes, and the old one once"


# ---- what is over


def test_older_than_ten_days_is_lost_but_tried_where_it_is_named(room: Room) -> None:
    told, untold = room.plant(ago=timedelta(days=11)), room.plant(ago=timedelta(days=11))
    room.notify(told)
    day = (NOW - timedelta(days=11)).date()
    report = room.pull(day=day)
    assert states(report, "original_files") == states(report, "parse_result") == {"lost": 2}
    assert "10 days" in report.of("lost")[0].reason
    assert {n: room.calls.get(n, 0) for n in ("status", "original_files", "parse_result")} == {
        "status": 1, "original_files": 0, "parse_result": 0,
    }  # fmt: skip
    assert report.complete
    ran = room.run("--date", str(day))
    assert ran.status == 0
    assert f"note: original_files {told.op_id}: lost" in ran.err
    named = room.pull(told)
    assert room.calls["original_files"] == 1
    assert states(named) == {"polled": 1, "lost": 2}, "the vendor has nothing any more, and never will"
    assert untold.op_id not in str(named.items)


def test_what_runs_out_first_is_fetched_first(room: Room) -> None:
    room.set("in_flight = 1")
    ages = [3, 9, 1, 6, 2, 8, 12]
    ops = {days: room.plant(ago=timedelta(days=days)) for days in ages}
    for op in list(ops.values())[:6:2]:
        room.notify(op)
    room.log_order()
    room.pull(month="2026-10")
    in_time = sorted((d for d in ages if d < 10), reverse=True)
    order = [ops[d].op_id for d in (*in_time, 12)]
    assert [a for a in dict.fromkeys(room.asked) if a in order] == order, "what has run out already waits"
    last_of_files = max(k for k, path in enumerate(room.paths) if "efp/get-original" in path)
    assert last_of_files < min(k for k, path in enumerate(room.paths) if "recon" in path), "statements keep longer"


def test_an_operation_that_was_open_yesterday_is_asked_about_again(room: Room) -> None:
    op = room.start("open")
    room.pull(op)
    room.later(days=2)
    assert room.fresh_calls(lambda: room.pull(month="2026-10")).get("status") == 1
    room.later(days=10)
    assert room.fresh_calls(lambda: room.pull(month="2026-10")).get("status") is None


# ---- several in one


def test_several_in_one_are_pulled_with_their_parent(room: Room) -> None:
    op = room.plant(site=COMBO_SITE)
    report = room.pull()
    assert room.calls["original_files"] == room.calls["parse_result"] == 1
    assert {i.op_id for i in report.items if i.op_id} == {op.op_id}
    room.check(op)
    assert len(room.entries()) == 3, "a zip a child, and the parse result"


def test_a_child_that_is_named(room: Room) -> None:
    op = room.plant(site=COMBO_SITE, log=False)
    report = room.pull(op.children[1].op_id, op.children[0].op_id)
    assert {i.op_id for i in report.items} == {op.op_id}
    assert room.calls["status"] == 1
    room.check(op)


def test_several_in_one_of_which_a_notification_tells(room: Room) -> None:
    op = room.plant(site=COMBO_SITE)
    room.notify(op)
    room.pull()
    assert room.calls["original_files"] == 1
    room.check(op)


# ---- statements


def test_a_statement_is_there_from_four_in_the_morning(room: Room) -> None:
    op = room.plant(2)
    report = room.pull(app=APP)
    assert only(report, "statement").state == "waiting"
    assert "statement" not in room.calls
    room.later(hours=15, minutes=59)
    assert only(room.pull(app=APP), "statement").state == "waiting"
    assert "statement" not in room.calls
    room.later(minutes=2)
    stored = only(room.pull(app=APP), "statement")
    assert (stored.state, stored.files, stored.day) == ("stored", 1, TODAY)
    content = room.statement(APP, TODAY).read_bytes()
    assert content == room.sandbox.dec.statement(APP, TODAY).content
    [entry] = room.workspace.vault().find(call="statement")
    assert (entry.name, entry.op_id) == (f"交易流水对账单_{APP}_20261020.csv", None)
    assert room.workspace.vault().read(entry.sha256) == content
    summary = room.workspace.reconcile("dec", first=TODAY, last=TODAY).summary
    assert summary.statement.rows == len(content.splitlines()) - 1
    assert summary.evidence.present == summary.evidence.needed == len(op)
    assert room.fresh_calls(lambda: room.pull(app=APP)) == {}


@pytest.mark.parametrize("name", ["交易流水对账单_{app}_20261019.csv", "Statement {app} 2026-10-19 (1).csv"])
def test_a_statement_that_is_there_is_not_asked_for(name: str, room: Room) -> None:
    by_hand = room.folder / "statements" / name.format(app=APP)
    by_hand.write_bytes(room.sandbox.dec.statement(APP, YESTERDAY).content)
    report = room.pull(day=YESTERDAY)
    expected = 1 if name.startswith("交易") else 2
    assert room.calls["statement"] == expected, "a file of another name may be anything"
    assert states(report, "statement") == {"stored": expected}
    assert by_hand.read_bytes() == room.sandbox.dec.statement(APP, YESTERDAY).content


def test_a_statement_that_somebody_removed_comes_back_from_the_vault(room: Room) -> None:
    room.plant(ago=DAY)
    room.pull(day=YESTERDAY, app=APP)
    content = room.statement(APP, YESTERDAY).read_bytes()
    room.statement(APP, YESTERDAY).unlink()
    assert room.fresh_calls(lambda: room.pull(day=YESTERDAY, app=APP)) == {}
    assert room.statement(APP, YESTERDAY).read_bytes() == content
    assert len(room.workspace.vault().find(call="statement")) == 1


def test_what_was_pulled_is_reconciled(room: Room) -> None:
    room.sandbox.dec.mistakes = False
    room.plant(6, ago=DAY)
    room.plant(status=43, ago=DAY)
    room.pull(day=YESTERDAY)
    summary = room.workspace.reconcile("dec", first=YESTERDAY, last=YESTERDAY).summary
    assert (summary.operations, summary.ours.billable, summary.statement.charged) == (7, 6, 6)
    assert {name: b.rows for name, b in summary.buckets.items() if b.rows} == {"matched": 7}
    assert (summary.evidence.needed, summary.evidence.present) == (6, 6)
