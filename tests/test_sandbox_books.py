"""DEC's books in the sandbox: daily statements, the workspace beside the server, one seed and one fate."""

from __future__ import annotations

import csv
import io
import json
import stat
from datetime import UTC, datetime

import pytest
import requests
from sandbox_room import APP, COMBO, OTHER, TAX, Room, at, room

import idvtools as idv
from idvtools.errors import OutputError

# ---- statements


def fetch(where: Room, day: str, app: str = APP) -> list[dict[str, str]]:
    url = where.call("statement", app=app, date=day)["fileUrl"]
    return list(csv.DictReader(io.StringIO(requests.get(url, timeout=5).content.decode("utf-8"))))


def test_statement_and_its_time() -> None:
    with room(mistakes=False) as dec:
        noon = at(dec.sandbox, "2026-10-12T12:00:00")
        somebody = dec.sandbox.dec.people.new()
        plant = dec.sandbox.dec.plant
        failed, first, repeat = (
            plant(1, status=s, person=somebody, at_ms=noon + i)[0] for i, s in enumerate((43, 44, 10))
        )
        elsewhere, other_app = plant(1, site=TAX, person=somebody)[0], plant(1, app=OTHER, person=somebody)[0]
        family = plant(1, site=COMBO)[0]
        assert dec.code("statement", date="20261012") == "-45031"
        assert dec.code("statement", date="20261013") == "-45031"
        at(dec.sandbox, "2026-10-13T03:59:59")
        assert dec.code("statement", date="20261012") == "-44009"
        at(dec.sandbox, "2026-10-13T04:00:00")
        rows = {r["da_id"]: r for r in fetch(dec, "20261012")}
        assert {op: r["charge_flag"] for op, r in rows.items()} == {
            failed.op_id: "N", first.op_id: "Y", repeat.op_id: "N", elsewhere.op_id: "Y",
            family.op_id: "N", family.children[0].op_id: "Y", family.children[1].op_id: "Y",
        }  # fmt: skip
        assert rows[first.op_id]["create_time"] == "2026-10-12 12:00:00"
        assert [r["da_id"] for r in fetch(dec, "20261012", OTHER)] == [other_app.op_id]
        assert fetch(dec, "20261011") == []
        assert "%E4%BA%A4" in dec.call("statement", date="20261012")["fileUrl"]


@pytest.mark.parametrize("date", ["20261301", "20260231"])
def test_statement_of_no_day(dec: Room, date: str) -> None:
    assert dec.code("statement", date=date) == "-45031"


def test_mistakes_of_a_statement() -> None:
    day = datetime(2026, 10, 12, tzinfo=UTC).date()
    told = []
    for seed in (7, 7, 8):
        with room(seed) as dec:
            noon = at(dec.sandbox, "2026-10-12T12:00:00")
            ops = dec.sandbox.dec.plant(12, at_ms=noon) + dec.sandbox.dec.plant(
                3, person=dec.sandbox.dec.people.new(), at_ms=noon
            )
            at(dec.sandbox, "2026-10-14T12:00:00")
            right = {o.op_id for o in ops}
            found = dec.sandbox.dec.statement(APP, day)
            rows = {r["da_id"]: r for r in fetch(dec, "20261012")}
            wrong = dict(found.mistakes)
            assert set(wrong) == {"charged_repeat", "missing", "changed_status", "not_ours"}
            assert right - set(rows) == {wrong["missing"]}
            assert set(rows) - right == {wrong["not_ours"]}
            told.append((found.content, found.mistakes))
            dec.sandbox.dec.mistakes = False
            assert {r["da_id"] for r in fetch(dec, "20261012")} == right
    assert told[0] == told[1] != told[2]


# ---- the workspace, the seed


def test_workspace(dec: Room) -> None:
    assert {p.name for p in dec.folder.iterdir()} == {
        "idvtools.toml", "keys", "requests", "callbacks", "polls", "statements", "evidence",
    }  # fmt: skip
    assert {stat.S_IMODE(p.stat().st_mode) for p in (dec.folder / "keys").iterdir()} == {0o600}
    workspace = idv.Workspace(dec.folder)
    for vendor in ("dec", "tencent", "webank", "onenet", "westdex"):
        assert workspace.keys(vendor).address().startswith(dec.url)
    with pytest.raises(OutputError):
        dec.sandbox.write_workspace(dec.folder)


def test_reconciled_to_the_cent() -> None:
    """What is planted, logged, polled and charged fits together in a reconciliation."""
    with room(mistakes=False) as dec:
        noon = at(dec.sandbox, "2026-10-12T12:00:00")
        ops = [o for s in (10, 43, 25) for o in dec.sandbox.dec.plant(3, status=s, at_ms=noon)]
        lines = dec.sandbox.dec.request_lines(ops)
        (dec.folder / "requests" / "start.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        at(dec.sandbox, "2026-10-14T12:00:00")
        found = dec.sandbox.dec.statement(APP, datetime(2026, 10, 12, tzinfo=UTC).date())
        (dec.folder / "statements" / found.name).write_bytes(found.content)
        polls = [dec.caller.call("status", app=APP, op_id=o.op_id).trees["answer"] for o in ops]
        text = "".join(
            json.dumps({"polled_at": "2026-10-12T13:00:00+08:00", "response": p}, default=str) + "\n" for p in polls
        )
        (dec.folder / "polls" / "poll.jsonl").write_text(text)
        result = idv.Workspace(dec.folder).reconcile("dec", month="2026-10")
        assert set(result.ledger["bucket"]) == {"matched"}
        assert result.ledger["billable"].sum() == 6


def test_same_seed_same_fate() -> None:
    def fates(seed: int) -> list[tuple[object, ...]]:
        with room(seed) as dec:
            at(dec.sandbox, "2026-10-12T12:00:00")
            ops = [dec.sandbox.dec.find(dec.start()["daId"]) for _ in range(40)]
            return [(o.outcome, o.stages, o.redirect_url.rpartition("=")[2]) for o in ops if o]

    first = fates(7)
    assert first == fates(7) != fates(8)
    assert 20 <= sum(o.status == 10 and o.json_result == 10 for o, *_ in first) <= 36  # type: ignore[attr-defined]
