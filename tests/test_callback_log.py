"""The callback log as evidence: what `Workspace.callback_log` tells, against a truth that was written down by hand."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pandas as pd
import pytest
from callback_room import (
    A_BODY,
    ADDRESS,
    FILE_KEY,
    FIRST,
    LINK_SECRET,
    ONENET_AT,
    PASSPORT,
    PHONE,
    SALT,
    SECOND,
    SECRETS,
    SUMMARY,
    WEBANK_AT,
    A,
    B,
    C,
    D,
    E,
    F,
    G,
    Room,
    X,
    at,
    child,
    forged,
    poll,
    push,
    reverse,
    unsigned,
)
from front_door import APP, PEOPLE, SITE, clock, envelope, lines

import idvtools as idv
from idvtools.errors import InputError, WorkspaceError
from idvtools.workspace.callbacklog import CallbackLog

COLUMNS = [
    "received_at", "vendor", "kind", "op_id", "app_id", "biz_no", "site", "status", "sub_status", "json_result",
    "authorized_at", "outcome", "trust", "check", "retry", "logged_at", "file", "line",
]  # fmt: skip
TRUTH = [
    (f"callbacks/{name}", number, *told)
    for name, items in (("a.jsonl", FIRST), ("b.jsonl", SECOND))
    for number, (_, told) in enumerate(items, 1)
    if told
]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The workspace of `callback_room`; tests only read it."""
    return Room(tmp_path_factory.mktemp("room") / "ws").make()


@pytest.fixture(scope="module")
def log(room: Room) -> CallbackLog:
    return idv.Workspace(room.folder, cache=False).callback_log()


def log_of(tmp_path: Path, *items: Any, **more: Any) -> CallbackLog:
    """The log of a workspace with these items as its only callbacks."""
    made = Room(tmp_path / "ws", logs={"only.jsonl": list(items)}, **more).make()
    return idv.Workspace(made.folder, cache=False).callback_log()


def utc(when: datetime) -> pd.Timestamp:
    return pd.Timestamp(when).tz_convert("UTC")


def told(log: CallbackLog) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(log.summary.to_json())
    return found


# ---- the table


def test_every_notification_stands_in_the_table_with_its_check_and_retry(log: CallbackLog) -> None:
    found = log.table[["file", "line", "op_id", "check", "retry"]].itertuples(index=False, name=None)
    assert list(found) == TRUTH


def test_columns_and_types_of_the_table(log: CallbackLog) -> None:
    table = log.table
    assert list(table.columns) == COLUMNS
    for name in ("received_at", "authorized_at", "logged_at"):
        assert str(table[name].dtype) == "datetime64[ms, UTC]", name
    for name in ("status", "json_result", "retry", "line"):
        assert table[name].dtype == pd.Int64Dtype(), name
    for name in ("vendor", "kind", "op_id", "app_id", "biz_no", "site", "sub_status", "trust", "check", "file"):
        assert isinstance(table[name].dtype, pd.StringDtype), name
    assert [type(v) for v in table["op_id"]] == [str] * len(table)


@pytest.mark.parametrize("name", ["table", "forged", "unknown", "events", "retries", "busy_hours", "gaps", "skew"])
def test_types_do_not_hang_on_the_content(log: CallbackLog, tmp_path: Path, name: str) -> None:
    empty = log_of(tmp_path)
    assert len(getattr(empty, name)) <= len(empty.gaps)
    assert getattr(empty, name).dtypes.astype(str).tolist() == getattr(log, name).dtypes.astype(str).tolist()


def test_what_a_notification_says(log: CallbackLog) -> None:
    first = log.table.iloc[0]
    assert first["received_at"] == utc(at(A, 300))
    assert first["authorized_at"] == utc(at(A, 60))
    assert pd.isna(first["logged_at"])
    assert first[["vendor", "kind", "op_id", "app_id", "biz_no", "site", "outcome", "trust"]].tolist() == [
        "dec", "daFileParsed", A.op_id, APP, "b001", SITE, "success", "signed",
    ]  # fmt: skip
    assert first[["status", "json_result"]].tolist() == [10, 10]


def test_trust_is_what_the_check_gives(log: CallbackLog) -> None:
    pairs = log.table[["check", "trust"]].drop_duplicates().itertuples(index=False, name=None)
    assert dict(pairs) == {"ok": "signed", "hash_only": "hash_only", "failed": "none", "unchecked": "unchecked"}


def test_outcomes_are_canonical_and_a_forged_one_says_nothing(log: CallbackLog) -> None:
    table = log.table.set_index("op_id")["outcome"]
    assert table[A.op_id].tolist() == ["success"] * 3
    assert table[B.op_id] == "pending"
    assert table[C.op_id].tolist() == ["unknown"] * 2
    assert table[D.op_id] == "unknown"
    assert table[G.op_id] == "abandoned"
    assert table["B1"].tolist() == ["pending", "success", "success", "rejected"]
    assert pd.isna(table["s3"])


def test_a_legacy_signature_of_webank_is_unchecked_and_never_valid(log: CallbackLog) -> None:
    (check,) = log.table.loc[log.table["op_id"] == "s3", "check"]
    assert check == "unchecked"


def test_callbacks_of_the_workspace_are_the_table_by_vendor(room: Room, log: CallbackLog) -> None:
    ws = idv.Workspace(room.folder, cache=False)
    pd.testing.assert_frame_equal(ws.callbacks(), log.table)
    assert ws.callbacks("onenet")["op_id"].tolist() == ["B1"] * 4 + ["B2"]
    assert ws.callbacks("webank").index.tolist() == list(range(5))
    assert ws.callbacks("tencent").empty
    with pytest.raises(InputError):
        ws.callbacks("nobody")


def test_vendors_are_counted(log: CallbackLog) -> None:
    assert log.vendors == {"dec": 12, "onenet": 5, "webank": 5}


# ---- figures


def test_summary_is_the_truth(log: CallbackLog) -> None:
    assert told(log) == SUMMARY


def test_summary_fits_the_tables(log: CallbackLog) -> None:
    found = log.summary
    assert found.notifications == len(log.table) == sum(found.checks.values()) == int(log.files["notifications"].sum())
    assert found.rejects == len(log.rejects) == int(log.files["rejects"].sum())
    assert found.lines == found.notifications + found.rejects == int(log.files["lines"].sum())
    assert found.checks["failed"] == len(log.forged)
    assert found.duplicates == int((log.events["times"] - 1).sum())
    assert found.without_final == len(log.gaps)
    assert found.unknown_operations == log.unknown["op_id"].nunique()
    assert found.retried == len(log.retries)
    accepted = log.table[log.table["check"] != "failed"]
    assert found.duplicates == int((accepted["retry"] > 0).sum())


# ---- events, retries, busy hours


def test_events_say_each_thing_once(log: CallbackLog) -> None:
    events = log.events.set_index(["op_id", "kind", "status"])
    assert len(events) == 15
    (first,) = events.loc[[(A.op_id, "daFileParsed", 10)]].to_dict("records")
    assert (first["times"], first["check"], first["file"], first["line"]) == (3, "ok", "callbacks/a.jsonl", 1)
    assert (first["first_at"], first["last_at"]) == (utc(at(A, 300)), utc(at(A, 2100)))
    assert C.op_id not in log.events["op_id"].tolist()
    moments = log.events["first_at"]
    assert moments.dropna().is_monotonic_increasing
    assert pd.isna(moments.iloc[-1])
    assert log.events["op_id"].iloc[-1] == D.op_id


def test_onenet_repeats_are_told_by_operation_and_status(log: CallbackLog) -> None:
    events = log.events[log.events["op_id"] == "B1"]
    assert list(zip(events["status"], events["times"], strict=True)) == [(1, 1), (0, 2), (4, 1)]


def test_webank_repeats_are_told_by_name_and_number(log: CallbackLog) -> None:
    events = log.events[log.events["vendor"] == "webank"].sort_values(["kind", "op_id"])
    assert list(zip(events["kind"], events["op_id"], events["times"], strict=True)) == [
        ("auth", "W001", 2), ("auth", "s3", 1), ("close", "W001", 1),
    ]  # fmt: skip


def test_webank_repeats_hang_on_nothing_but_name_and_number(tmp_path: Path) -> None:
    first, second = reverse("auth", "s1", WEBANK_AT), reverse("auth", "s1", WEBANK_AT + timedelta(seconds=9), op="W9")
    log = log_of(tmp_path, first, second)
    assert log.events["times"].tolist() == [2]
    assert log.table["retry"].tolist() == [0, 1]
    assert (log.summary.duplicates, log.summary.retried) == (1, 1)


def test_onenet_pushes_that_differ_in_all_but_the_key_are_one_event(tmp_path: Path) -> None:
    first, second = push("B1", 0, ONENET_AT), push("B1", 0, ONENET_AT + timedelta(seconds=3))
    second["body"] = second["body"].replace('"TB1"', '"another"').replace("custInfo", "auditInfo")
    log = log_of(tmp_path, first, second)
    assert log.events["times"].tolist() == [2]
    assert log.table["retry"].tolist() == [0, 1]


def test_dec_notifications_that_say_something_else_are_no_repeats(tmp_path: Path) -> None:
    bodies = [A.body(), A.body(jsonResult=5), A.body(daStatus=9), A.body().replace("daFileParsed", "daUserAuthorized")]
    nonce = A.body().replace("m" * 32, "k" * 32)  # a new nonce says nothing new
    log = log_of(tmp_path, *(envelope(b, at(A, 60 + i)) for i, b in enumerate([*bodies, nonce])))
    assert log.events["times"].tolist() == [2, 1, 1, 1]
    assert log.table["retry"].tolist() == [0, 0, 0, 0, 1]


def test_the_first_delivery_is_the_first_in_time_not_in_the_file(tmp_path: Path) -> None:
    log = log_of(tmp_path, *(envelope(A.body(), at(A, s)) for s in (200, 100, 300)))
    assert log.table["retry"].tolist() == [1, 0, 2]
    assert log.events["line"].tolist() == [2]


def test_copies_of_one_delivery_are_duplicates_but_no_retries(tmp_path: Path) -> None:
    item = envelope(A.body(), at(A, 60))
    log = log_of(tmp_path, item, item, item)
    assert log.table["retry"].tolist() == [0, 1, 2]
    assert (log.summary.duplicates, log.summary.retried, len(log.retries)) == (2, 0, 0)
    assert log.busy_hours.empty


def test_a_forged_copy_does_not_take_the_number_of_a_real_one(tmp_path: Path) -> None:
    real = envelope(A.body(), at(A, 60))
    log = log_of(tmp_path, forged(real), real, forged(real, 1), envelope(A.body(), at(A, 90)))
    assert log.table["check"].tolist() == ["failed", "ok", "failed", "ok"]
    assert log.table["retry"].tolist() == [0, 0, 1, 1]
    assert log.summary.duplicates == 1
    assert log.events["times"].tolist() == [2]
    assert log.forged["line"].tolist() == [1, 3]


def test_an_unsigned_copy_of_a_signed_event_is_a_copy(tmp_path: Path) -> None:
    log = log_of(tmp_path, envelope(A.body(), at(A, 60)), unsigned(envelope(A.body(), at(A, 90))), A.body())
    assert log.table["check"].tolist() == ["ok", "hash_only", "unchecked"]
    assert log.table["retry"].tolist() == [0, 1, 2]
    assert log.events["check"].tolist() == ["ok"]


def test_retries_the_longest_first(log: CallbackLog) -> None:
    found = log.retries[["op_id", "times", "seconds"]].itertuples(index=False, name=None)
    assert list(found) == [(A.op_id, 3, 1800.0), ("W001", 2, 10.0), ("B1", 2, 3.0)]


def test_busy_hours_in_the_zone_of_the_workspace(log: CallbackLog) -> None:
    found = log.busy_hours.itertuples(index=False, name=None)
    assert list(found) == [
        ("2026-10-05 09:00", 1, 1, 1.0),  # A
        ("2026-10-06 08:00", 3, 1, 0.3333),  # B1: 1, 0 (again); B2: 1
        ("2026-10-06 09:00", 3, 1, 0.3333),  # auth s1 (again), close s1, auth s3
    ]


# ---- gaps


def test_gaps_with_the_last_that_is_known(log: CallbackLog) -> None:
    gaps = log.gaps
    assert gaps["op_id"].tolist() == [B.op_id, C.op_id, D.op_id, F.op_id, f"{E.op_id}-1", "B2"]
    assert gaps["vendor"].tolist() == ["dec"] * 5 + ["onenet"]
    b, c, d, f, e1, b2 = gaps.to_dict("records")
    assert (b["requested_at"], b["app_id"], b["site"]) == (utc(B.when), APP, SITE)
    assert (b["last_status"], b["last_notified_at"]) == (9, utc(at(B, 600)))
    assert (b["polls"], b["last_poll_status"], b["last_polled_at"]) == (2, 9, utc(at(B, 1800)))
    assert pd.isna(c["last_status"])  # what is forged was never said
    assert pd.isna(c["last_notified_at"])
    assert (c["polls"], d["last_status"]) == (0, 77)  # an unknown code is no final word
    assert (f["polls"], f["last_poll_status"]) == (1, 10)  # a poll is no notification
    assert pd.isna(f["last_status"])
    assert (e1["last_status"], e1["app_id"]) == (5, APP)
    assert (b2["last_status"], b2["last_notified_at"]) == (1, utc(ONENET_AT))


@pytest.mark.parametrize(
    ("status", "final"), [(-4, False), (0, False), (5, False), (8, False), (9, False), (10, True), (20, True),
                          (25, True), (30, True), (43, True), (77, False), (100, True)],
)  # fmt: skip
def test_the_final_word_is_what_the_table_says(tmp_path: Path, status: int, final: bool) -> None:
    log = log_of(tmp_path, envelope(A.body(daStatus=status), at(A, 60)), ops=(A,))
    assert (log.summary.operations, log.summary.without_final) == (1, 0 if final else 1)


def test_a_notification_without_a_status_is_no_final_word(tmp_path: Path) -> None:
    body = json.loads(A.body())
    del body["data"]["daStatus"]
    log = log_of(tmp_path, envelope(json.dumps(body), at(A, 60)), ops=(A,))
    assert log.summary.without_final == 1
    assert log.gaps["last_notified_at"].tolist() == [utc(at(A, 60))]


def test_a_final_word_counts_whatever_comes_after_it(tmp_path: Path) -> None:
    log = log_of(tmp_path, envelope(A.body(), at(A, 60)), envelope(A.body(daStatus=8), at(A, 120)), ops=(A,))
    assert log.summary.without_final == 0


def test_the_last_status_is_the_last_in_time(tmp_path: Path) -> None:
    said = [envelope(A.body(daStatus=s), at(A, seconds)) for s, seconds in ((9, 300), (0, 60), (8, 200))]
    log = log_of(tmp_path, *said, ops=(A,))
    assert log.gaps[["last_status", "last_notified_at"]].values.tolist() == [[9, utc(at(A, 300))]]


def test_an_operation_that_only_a_forged_one_names_is_none(tmp_path: Path) -> None:
    log = log_of(tmp_path, forged(envelope(X.body(), at(X, 60))), ops=(A,))
    assert (log.summary.operations, log.summary.unknown_operations) == (1, 0)
    assert log.gaps["op_id"].tolist() == [A.op_id]


# ---- clocks, strangers


def test_skew_is_from_the_ids_own_time(log: CallbackLog) -> None:
    assert log.skew.to_dict("records") == [
        {
            "vendor": "dec", "app_id": APP, "day": "2026-10-05", "operations": 7, "before_created": 1,
            "min_seconds": -7.0,
            "median_seconds": 91.0,  # A 300, B 600, E 90, E-0 91, E-1 92, G -7, X 30
            "max_seconds": 600.0,
        }
    ]  # fmt: skip


def test_an_operation_that_was_heard_of_before_its_ids_own_time_is_counted_once(tmp_path: Path) -> None:
    log = log_of(tmp_path, *(envelope(G.body(), at(G, s)) for s in (-9, -7, 5)))
    assert log.summary.before_created == 1
    assert (log.skew["operations"].tolist(), log.skew["min_seconds"].tolist()) == ([1], [-9.0])


def test_skew_counts_a_day_in_the_zone_of_the_workspace(tmp_path: Path) -> None:
    late = type(A)(clock(5, 23, 59), 0, 9)
    log = log_of(tmp_path, envelope(late.body(), at(late, 120)), ops=(late,))
    assert log.skew["day"].tolist() == ["2026-10-06"]
    assert log.skew["max_seconds"].tolist() == [120.0]


def test_strangers_are_what_our_requests_do_not_know(log: CallbackLog) -> None:
    assert log.unknown["op_id"].tolist() == [X.op_id]


def test_a_child_of_ours_is_no_stranger_and_a_child_of_a_stranger_is_one(tmp_path: Path) -> None:
    items = [envelope(child(op, k, 10), at(op, 60)) for op in (A, X) for k in (0, 12)]
    log = log_of(tmp_path, *items, ops=(A,))
    assert log.unknown["op_id"].tolist() == [f"{X.op_id}-0", f"{X.op_id}-12"]
    assert log.summary.unknown_operations == 2


def test_without_a_request_log_nobody_is_called_a_stranger(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws").make()
    made.path("requests/start.jsonl").unlink()
    made.path("requests").rmdir()
    log = idv.Workspace(made.folder, cache=False).callback_log()
    assert (log.summary.requests_known, log.summary.unknown_operations) == (False, 0)
    assert log.unknown.empty
    assert log.summary.operations == 12  # C and F were only in the request log
    assert log.summary.without_final == 4


def test_a_workspace_that_knows_no_vendor_reads_all_the_same(tmp_path: Path) -> None:
    log = log_of(tmp_path, *(i for i, _ in SECOND), settings='[workspace]\ntimezone = "Asia/Shanghai"\n')
    assert log.summary.checks == {"ok": 0, "hash_only": 0, "unchecked": 14, "failed": 0}


def test_a_workspace_without_callbacks_is_empty_and_one_without_the_folder_an_error(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    assert (log.summary.lines, log.summary.notifications, log.summary.operations) == (0, 0, 7)
    assert log.table.columns.tolist() == COLUMNS
    (tmp_path / "ws/callbacks/only.jsonl").unlink()
    (tmp_path / "ws/callbacks").rmdir()
    with pytest.raises(WorkspaceError, match="callbacks/"):
        idv.Workspace(tmp_path / "ws", cache=False).callback_log()


# ---- forged, rejects, files


def test_forged_ones_stand_with_their_place(log: CallbackLog) -> None:
    found = log.forged[["file", "line", "op_id", "trust"]].itertuples(index=False, name=None)
    assert list(found) == [
        ("callbacks/a.jsonl", 3, C.op_id, "none"),
        ("callbacks/a.jsonl", 5, C.op_id, "none"),
        ("callbacks/b.jsonl", 14, "W002", "none"),
    ]


def test_a_body_that_was_changed_is_forged(tmp_path: Path) -> None:
    item = envelope(A.body(), at(A, 60))
    changed = item | {"body": item["body"].replace('"daStatus": 10', '"daStatus": 25')}
    signature = item | {"headers": item["headers"] | {"DECSSIGN": envelope(B.body())["headers"]["DECSSIGN"]}}
    assert log_of(tmp_path, changed, signature, item).table["check"].tolist() == ["failed", "failed", "ok"]


def test_rejects_stand_with_their_place(log: CallbackLog) -> None:
    assert log.rejects[["file", "line"]].values.tolist() == [["callbacks/a.jsonl", 4], ["callbacks/b.jsonl", 5]]
    assert not [s for s in SECRETS if s in log.rejects.to_csv()]


def test_rejects_of_other_logs_are_not_counted_here(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws").make()
    made.write("requests/x.jsonl", "nothing\n")
    made.write("polls/x.jsonl", "nothing\n")
    assert told(idv.Workspace(made.folder, cache=False).callback_log()) == SUMMARY


def test_files_with_encoding_and_hash(room: Room, log: CallbackLog, tmp_path: Path) -> None:
    files = log.files.set_index("file")
    assert files.index.tolist() == ["callbacks/a.jsonl", "callbacks/b.jsonl"]
    for name, row in files.iterrows():
        assert row["sha256"] == hashlib.sha256(room.path(str(name)).read_bytes()).hexdigest()
    assert files["lines"].tolist() == [9, 15]
    assert not files["cached"].any()


def test_encodings_are_told_file_by_file(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws", logs={}).make()
    text = lines([A_BODY.replace("b001", "业务编号零零一")])
    for name, data in {
        "ascii.log": lines([B.body()]).encode(),
        "gbk.log": text.encode("gb18030"),
        "mixed.log": text.encode("gb18030") + text.encode(),
        "packed.log.gz": gzip.compress(text.encode()),
        "utf16.log": text.encode("utf-16"),
        "utf8.log": text.encode(),
    }.items():
        made.write(f"callbacks/{name}", data)
    log = idv.Workspace(made.folder, cache=False).callback_log()
    found = dict(zip(log.files["file"].str.removeprefix("callbacks/"), log.files["encoding"], strict=True))
    assert found == {
        "ascii.log": "ascii", "gbk.log": "gb18030", "mixed.log": "utf-8 + gb18030", "packed.log.gz": "utf-8",
        "utf16.log": "utf-16", "utf8.log": "utf-8",
    }  # fmt: skip
    packed = log.files.set_index("file").loc["callbacks/packed.log.gz", "sha256"]
    assert packed == hashlib.sha256(made.path("callbacks/packed.log.gz").read_bytes()).hexdigest()
    assert set(log.table["biz_no"]) == {"b001", "业务编号零零一"}
    assert log.summary.duplicates == 5  # A: the same in every encoding


# ---- timelines


def test_timeline_of_an_operation(log: CallbackLog) -> None:
    line = log.timeline(B.op_id)
    assert line.columns.tolist() == ["at", "what", "status", "sub_status", "check", "retry", "file", "line"]
    assert line["what"].tolist() == ["request", "notification daFileParsed", "poll", "poll"]
    assert line["at"].tolist() == [utc(at(B, s)) for s in (0, 600, 1200, 1800)]
    assert line["status"].tolist() == [pd.NA, 9, 8, 9]
    polls = ["polls/polls.jsonl"] * 2
    assert line["file"].tolist() == ["requests/start.jsonl", "callbacks/a.jsonl", *polls]
    assert line["line"].tolist() == [2, 2, 1, 2]


def test_timeline_shows_forged_ones_and_repeats(log: CallbackLog) -> None:
    assert log.timeline(C.op_id)["check"].tolist() == [pd.NA, "failed", "failed"]
    assert log.timeline(A.op_id)["retry"].tolist() == [pd.NA, 0, 1, 2]
    assert log.timeline(D.op_id)["at"].isna().tolist() == [False, True]
    assert log.timeline("W001")["what"].tolist() == ["notification auth"] * 2 + ["notification close"]
    assert log.timeline("nobody").empty
    assert log.timeline("x' or '1'='1").empty


# ---- the raw text


def test_raw_is_exactly_what_was_received(log: CallbackLog) -> None:
    assert log.raw("callbacks/a.jsonl", 1, reveal=True) == [A_BODY]
    assert log.raw("callbacks/a.jsonl", 6, reveal=True) == [D.body()]
    for number, (item, found) in enumerate(SECOND, 1):
        if found:
            assert log.raw("callbacks/b.jsonl", number, reveal=True) == [item["body"]]


def test_raw_is_masked_unless_asked(log: CallbackLog) -> None:
    (text,) = log.raw("callbacks/a.jsonl", 1)
    assert not [s for s in SECRETS if s in text]
    assert not [s for s in (FILE_KEY, LINK_SECRET, PEOPLE[0][0][-6:]) if s in text]
    assert A.op_id in text
    assert "myqcloud.com/f.zip" in text


def test_raw_of_a_push_is_masked(log: CallbackLog) -> None:
    (text,) = log.raw("callbacks/b.jsonl", 6)
    assert not [s for s in (*PEOPLE[0], PHONE) if s in text]
    assert ADDRESS not in text
    assert '"busiSeq": "B1"' in text


def test_raw_of_a_push_masks_papers_that_are_no_chinese_id(tmp_path: Path) -> None:
    item = push("B1", 0, ONENET_AT)
    item["body"] = item["body"].replace(PEOPLE[0][0], PASSPORT)
    assert PASSPORT not in log_of(tmp_path, item).raw("callbacks/only.jsonl", 1)[0]


def test_raw_of_a_url_encoded_plain_is_masked(log: CallbackLog) -> None:
    (text,) = log.raw("callbacks/b.jsonl", 11)
    shown = text + unquote_plus(text)
    assert not [s for s in (*PEOPLE[1], PHONE) if s in shown]
    assert '"transName": "auth"' in text


def test_raw_refuses_what_is_not_there(room: Room, log: CallbackLog) -> None:
    for file, number in (
        ("callbacks/a.jsonl", 4),
        ("callbacks/a.jsonl", 10),
        ("callbacks/a.jsonl", 99),
        ("callbacks/a.jsonl", 0),
        ("callbacks/a.jsonl", -1),
        ("callbacks/none.jsonl", 1),
        ("requests/start.jsonl", 1),
        ("../ws/idvtools.toml", 1),
    ):
        with pytest.raises(InputError):
            log.raw(file, number)


def test_raw_of_messages_over_lines_and_in_other_text(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws", logs={}).make()
    pretty = json.dumps(json.loads(A_BODY), indent=2, ensure_ascii=False)
    escaped = B.body().replace('"', r"\x22")
    made.write("callbacks/app.log", f"2026-10-05 09:05:00 INFO got {A_BODY} done\n{pretty}\n{escaped}\n")
    cells = f'"{E.body()}"'.replace('"', '""')[1:-1]
    made.write("callbacks/t.csv", f"id,create_time,body\n1,2026-10-05 13:00:00,{cells}\n")
    log = idv.Workspace(made.folder, cache=False).callback_log()
    assert log.raw("callbacks/app.log", 1, reveal=True) == [A_BODY]
    assert log.raw("callbacks/app.log", 2, reveal=True) == [pretty]
    assert log.raw("callbacks/app.log", 2 + len(pretty.splitlines()), reveal=True) == [B.body()]
    assert log.raw("callbacks/t.csv", 2, reveal=True) == [E.body()]
    with pytest.raises(InputError):
        log.raw("callbacks/app.log", 4)
    for row in log.table.itertuples():
        assert row.op_id in log.raw(row.file, row.line)[0]


def test_rows_of_an_export_keep_their_line_numbers_around_blank_lines(tmp_path: Path) -> None:
    pretty = json.dumps({"data": {"daId": B.op_id, "daStatus": 9}}, indent=1).replace("\n", "\n\n")
    first, second, third = (f'"{body}"'.replace('"', '""')[1:-1] for body in (E.body(), pretty, G.body()))
    export = f'\nid,body\n\n\n1,{first}\n\n2,nothing\n\n3,{second}\n\n4,{third}\n5,"open\n\n6,{first}\n\n'
    made = Room(tmp_path / "ws", logs={}).make()
    made.write("callbacks/t.csv", export)
    log = idv.Workspace(made.folder, cache=False).callback_log()
    starts = {text.partition(",")[0]: n for n, text in enumerate(export.split("\n"), 1)}
    found = list(zip(log.table["op_id"], log.table["line"], strict=True))
    named = {"1": E.op_id, "3": B.op_id, "4": G.op_id, "6": E.op_id}
    assert found == [(op_id, starts[row]) for row, op_id in named.items()]
    assert log.rejects["line"].tolist() == [starts["2"], starts["5"]]
    assert log.raw("callbacks/t.csv", starts["3"], reveal=True) == [pretty]


def test_a_flood_of_blank_lines_costs_an_export_nothing(tmp_path: Path) -> None:
    made = Room(tmp_path / "ws", logs={}).make()
    cell = f'"{A_BODY}"'.replace('"', '""')[1:-1]
    flood = 30_000_000
    with gzip.open(made.path("callbacks/t.csv.gz"), "wb", compresslevel=1) as file:
        file.write(b"id,body\n" + b"\n" * flood + f"1,{cell}\n".encode())
    log = idv.Workspace(made.folder, cache=False).callback_log()
    assert log.table["line"].tolist() == [2 + flood]


# ---- order must not matter


def without_places(frame: pd.DataFrame) -> list[dict[str, str]]:
    rows = frame.drop(columns=[c for c in ("file", "line") if c in frame]).astype(str).to_dict("records")
    return sorted(rows, key=str)


@pytest.mark.parametrize("seed", range(6))
def test_order_of_lines_and_files_does_not_matter(log: CallbackLog, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    items = [i for i, _ in FIRST + SECOND if i]
    dice.shuffle(items)
    logs: dict[str, list[Any]] = {}
    for item in items:
        logs.setdefault(f"{dice.choice('abcdefg')}.log", []).append(item)
    made = Room(tmp_path / "ws", logs=logs).make()
    polls = [poll(B, 8, at(B, 1200)), poll(B, 9, at(B, 1800)), poll(F, 10, at(F, 900))]
    dice.shuffle(polls)
    made.write("polls/polls.jsonl", lines(polls))
    made.write("requests/start.jsonl", lines(dice.sample([op.request() for op in made.ops], len(made.ops))))
    shuffled = idv.Workspace(made.folder, cache=False).callback_log()
    assert told(shuffled) == SUMMARY
    for name in ("table", "events", "retries", "busy_hours", "gaps", "skew", "forged", "unknown"):
        assert without_places(getattr(shuffled, name)) == without_places(getattr(log, name)), name


@pytest.mark.parametrize("timed", [True, False])
def test_which_status_was_last_does_not_hang_on_the_order_of_lines(tmp_path: Path, timed: bool) -> None:
    """Of several at the same moment, or without any, it must always be the same one."""
    found = set()
    for seed in range(4):
        said: list[Any] = [A.body(daStatus=s) for s in (-4, 0, 5, 8, 9)]
        random.Random(seed).shuffle(said)
        items = [envelope(body, at(A, 60)) for body in said] if timed else said
        found |= set(log_of(tmp_path / str(seed), *items, ops=(A,)).gaps["last_status"])
    assert len(found) == 1


def test_copies_of_a_file_add_duplicates_and_nothing_else(log: CallbackLog, tmp_path: Path) -> None:
    made = Room(tmp_path / "ws").make()
    made.write("callbacks/copy.jsonl", made.path("callbacks/a.jsonl").read_bytes())
    found = told(idv.Workspace(made.folder, cache=False).callback_log())
    accepted = 8 - 2
    assert found == SUMMARY | {
        "lines": 24 + 9,
        "notifications": 22 + 8,
        "rejects": 3,
        "duplicates": 4 + accepted,
        "checks": {"ok": 15, "hash_only": 2, "unchecked": 8, "failed": 5},
    }


def test_the_salt_is_what_decides(tmp_path: Path) -> None:
    item = reverse("auth", "s1", WEBANK_AT)
    made = Room(tmp_path / "ws", logs={"only.jsonl": [item]}).make()
    made.write("keys/salt.txt", SALT + "x")
    assert idv.Workspace(made.folder, cache=False).callback_log().table["check"].tolist() == ["failed"]
