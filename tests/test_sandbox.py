"""The generator of synthetic workspaces: the same twice, honest about itself, with every phenomenon in it."""

from __future__ import annotations

import csv
import gzip
import json
import re
import tomllib
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from idvtools.crypto.aes import decrypt_column, load_aes_key
from idvtools.crypto.rsa import load_private_key, load_public_key
from idvtools.errors import InputError, OutputError
from idvtools.ledger.columns import BUCKETS, REASONS
from idvtools.sandbox import Planted, generate
from idvtools.sandbox.clockwork import APPS, Calendar
from idvtools.sandbox.month import SCENARIOS
from idvtools.sandbox.people import Population, check_digit
from idvtools.vendors.base import CheckKeys
from idvtools.vendors.dec import check_notification, da_id_time


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return generate(tmp_path_factory.mktemp("sandbox") / "ws")


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def text_lines(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).split(b"\n")[:-1]


def truth(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "truth" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def settings(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = tomllib.loads((folder / "idvtools.toml").read_text("utf-8"))["vendors"]["dec"]
    return config


def exchanges(folder: Path) -> list[dict[str, Any]]:
    paths = [p for p in sorted((folder / "requests").iterdir()) if ".jsonl" in p.name]
    return [json.loads(line) for path in paths for line in text_lines(path)]


def statement_rows(folder: Path) -> list[dict[str, str]]:
    rows = []
    for path in sorted((folder / "statements").iterdir()):
        raw = path.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        rows += [{**r, "file": f"statements/{path.name}"} for r in csv.DictReader(text.splitlines())]
    return rows


# ---- the same arguments, the same bytes


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", operations=300, seed=3)
    two = generate(tmp_path / "elsewhere" / "two", operations=300, seed=3)
    assert files(one.folder) == files(two.folder)
    assert one.phenomena == two.phenomena


def test_another_seed_is_another_workspace(tmp_path: Path) -> None:
    one, two = (files(generate(tmp_path / str(seed), operations=60, seed=seed).folder) for seed in (1, 2))
    assert one["keys/pseudonym.key"] != two["keys/pseudonym.key"]
    assert one["truth/operations.jsonl"] != two["truth/operations.jsonl"]


# ---- what is in it


def test_every_phenomenon_ten_times(planted: Planted) -> None:
    assert {s.name for s in SCENARIOS} <= set(planted.phenomena)
    assert {name: n for name, n in planted.phenomena.items() if n < 10} == {}
    assert json.loads((planted.folder / "truth" / "phenomena.json").read_text()) == planted.phenomena


def test_truth_covers_each_operation_once(planted: Planted) -> None:
    lines = truth(planted.folder, "operations")
    assert len(lines) == planted.operations == 3000
    assert len({line["op_id"] for line in lines}) == 3000
    assert {line["bucket"] for line in lines} == set(BUCKETS) - {"duplicate_in_statement", "only_in_statement"}
    assert {line["reason"] for line in lines} == set(REASONS) - {"start_failed"}
    only = truth(planted.folder, "statement_only")
    assert {line["bucket"] for line in only} == {"duplicate_in_statement", "only_in_statement"}
    assert len(truth(planted.folder, "start_failures")) == planted.start_failures


def test_truth_and_statement_hold_the_same_rows(planted: Planted) -> None:
    """The first conservation law, on the vendor's side, and the vendor's flags against the planted buckets."""
    rows = Counter(row["da_id"] for row in statement_rows(planted.folder))
    ours = truth(planted.folder, "operations")
    expected = Counter(line["op_id"] for line in ours if line["amount_vendor"] is not None)
    expected.update(line["op_id"] for line in truth(planted.folder, "statement_only"))
    assert rows == expected
    assert sum(rows.values()) == planted.statement_rows
    charge = {row["da_id"]: row["charge_flag"] == "Y" for row in statement_rows(planted.folder)}
    agreed = [line for line in ours if line["bucket"] in ("matched", "fields_differ")]
    assert all(charge[line["op_id"]] is line["billable"] for line in agreed)
    assert all(charge[line["op_id"]] and not line["billable"] for line in ours if line["bucket"] == "overbilled")
    assert all(not charge[line["op_id"]] and line["billable"] for line in ours if line["bucket"] == "underbilled")


def test_amounts_are_decided_by_the_verdict(planted: Planted) -> None:
    for line in truth(planted.folder, "operations"):
        if line["billable"] is None:
            assert line["amount_ours"] is None
        elif not line["billable"]:
            assert line["amount_ours"] == "0.00"
        elif line["scenario"] != "package_billable":
            assert Decimal(line["amount_ours"]) in {Decimal("3.00"), Decimal("2.50"), Decimal("2.76")}
        assert (line["bucket"] in ("only_in_ours", "statement_missing")) == (line["amount_vendor"] is None)


def test_one_charge_at_most_in_a_group_that_matches(planted: Planted) -> None:
    winners = {line["winner_op_id"] for line in truth(planted.folder, "operations")} - {None}
    billed = {line["op_id"] for line in truth(planted.folder, "operations") if line["billable"]}
    assert winners <= billed


# ---- notifications


def test_notifications_check_as_planted(planted: Planted) -> None:
    folder, config = planted.folder, settings(planted.folder)
    public = load_public_key((folder / config["notify_public_key"]["file"]).read_bytes())
    keys = {a["id"]: CheckKeys((folder / a["app_key"]["file"]).read_text().strip(), public) for a in config["apps"]}
    lines = {(n["file"], n["line"]): n for n in truth(folder, "notifications")}
    rejects = {(n["file"], n["line"]) for n in truth(folder, "rejects")}
    checked: Counter[str] = Counter()
    for path in sorted((folder / "callbacks").iterdir()):
        for number, raw in enumerate(text_lines(path), start=1):
            place = (f"callbacks/{path.name}", number)
            if place in rejects:
                continue
            text = raw.decode("utf-8")
            start = text.index("{")
            outer, end = json.JSONDecoder().raw_decode(text, start)
            bare = "body" not in outer
            body = text[start:end] if bare else outer["body"]
            headers = {} if bare else {k.lower(): v for k, v in outer["headers"].items()}
            data = json.loads(body)["data"]
            planned = lines.pop(place)
            assert planned["op_id"] == data["daId"]
            assert check_notification(headers, body, keys[data["bizAppId"]])[0] == planned["check"], place
            checked[planned["check"]] += 1
    assert not lines
    assert set(checked) == {"ok", "hash_only", "unchecked", "failed"}
    assert sum(checked.values()) == planted.notifications
    assert len(rejects) == planted.rejects


# ---- requests, keys, people


def test_no_id_number_looks_real(planted: Planted) -> None:
    clear = [r["id_no"] for r in csv.DictReader((planted.folder / "requests/start-vdi-3-export.csv").open())]
    assert clear
    config = settings(planted.folder)
    keys = [
        load_aes_key((planted.folder / k["key"]["file"]).read_text()) for a in config["apps"] for k in a["aes_keys"]
    ]
    table = pq.read_table(planted.folder / "requests/start-vdi-4.parquet")
    encrypted = [e["request"]["arg"]["idNo"] for e in exchanges(planted.folder)] + table["id_no_enc"].to_pylist()
    names = [e["request"]["arg"]["userName"] for e in exchanges(planted.folder)]
    opened = [[t for t in decrypt_column(column, key).texts if t] for column in (encrypted, names) for key in keys]
    ids, people = opened[: len(keys)], opened[len(keys) :]
    assert all(ids)
    for id_no in [*clear, *(t for found in ids for t in found)]:
        assert "999999" in id_no
        assert id_no.startswith("999999")
        assert check_digit(id_no[:17]) == id_no[17].upper()
    assert all(name.startswith("测试") for found in people for name in found)


def test_lost_key_opens_nowhere_and_all_others_do(planted: Planted) -> None:
    config = settings(planted.folder)
    keys = {
        a["id"]: [load_aes_key((planted.folder / k["key"]["file"]).read_text()) for k in a["aes_keys"]]
        for a in config["apps"]
    }
    lost = {t["op_id"] for t in truth(planted.folder, "operations") if t["scenario"].startswith("lost_key")}
    sent: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for e in exchanges(planted.folder):
        da_id = (e["response"]["data"] or {}).get("daId", "")
        sent[e["request"]["auth"]["appId"]].append((da_id, e["request"]["arg"]["idNo"]))
    for app, pairs in sent.items():
        columns = [decrypt_column([cipher for _, cipher in pairs], key).texts for key in keys[app]]
        for i, (da_id, _) in enumerate(pairs):
            assert sum(c[i] is not None for c in columns) == (da_id not in lost)


def test_people_are_new_each_time() -> None:
    population = Population()
    people = [population.new(with_x=i % 7 == 0) for i in range(40_000)]
    assert len({p.id_no for p in people}) == len(people)
    assert all(p.id_no.endswith("X") for p in people[::7])


def test_vendor_clock_is_a_little_ahead(planted: Planted) -> None:
    for entry in exchanges(planted.folder):
        if entry["response"]["data"]:
            made = da_id_time(entry["response"]["data"]["daId"])
            assert made is not None
            asked = type(made).fromisoformat(entry["requested_at"])
            assert 5 <= (made - asked).total_seconds() * 1000 <= 60


def test_private_files_say_or_keep_what_they_are(planted: Planted) -> None:
    key = planted.folder / "keys" / "rsa_private_key_pkcs8.pem"
    assert b"SYNTHETIC" in key.read_bytes()
    assert load_private_key(key.read_bytes()).key_size == 2048
    assert key.stat().st_mode & 0o077 == 0
    assert "合成数据" in (planted.folder / "README.md").read_text("utf-8")


def test_urls_are_examples_only(planted: Planted) -> None:
    for name, data in files(planted.folder).items():
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8", "replace")
        for part in text.split("://")[1:]:
            host = re.match(r"[^/\s\"\\]*", part)
            assert host is not None
            assert host[0].endswith("example.com"), name


# ---- statements


def test_one_statement_file_is_missing_and_three_encodings_are_there(planted: Planted) -> None:
    calendar = Calendar("2026-10")
    names = {p.name for p in (planted.folder / "statements").iterdir()}
    wanted = {f"交易流水对账单_{app}_{day:%Y%m%d}.csv" for app in APPS for day in calendar.days}
    app, day = calendar.missing
    assert wanted - names == {f"交易流水对账单_{app}_{day:%Y%m%d}.csv"}
    kinds: Counter[str] = Counter()
    for path in (planted.folder / "statements").iterdir():
        raw = path.read_bytes()
        try:
            raw.decode("utf-8")
            kinds["bom" if raw.startswith(b"\xef\xbb\xbf") else "utf-8"] += 1
        except UnicodeDecodeError:
            raw.decode("gb18030")
            kinds["gb18030"] += 1
    assert len(kinds) == 3
    stamps = {(len(r["create_time"]), "T" in r["create_time"]) for r in statement_rows(planted.folder)}
    assert stamps == {(19, False), (29, True), (13, False)}


# ---- sizes, months, folders


@pytest.mark.parametrize(
    ("operations", "month", "seed"),
    [
        (0, "2026-10", 7),
        (1, "2026-10", 7),
        (50, "2026-10", 7),
        (500, "2026-10", 7),
        (300, "2026-02", 11),
        (60, "2028-01", 0),
    ],
)
def test_other_sizes_months_and_seeds(tmp_path: Path, operations: int, month: str, seed: int) -> None:
    planted = generate(tmp_path / "ws", operations=operations, month=month, seed=seed)
    lines = truth(planted.folder, "operations")
    assert planted.operations == len(lines) == operations
    assert len(list((planted.folder / "statements").iterdir())) >= 2 * len(Calendar(month).days) - 1
    first = date.fromisoformat(f"{month}-01")
    for line in lines:
        if line["day"] and not line.get("period_shift"):
            assert line["day"][:7] == f"{first:%Y-%m}"
    if operations >= 300:
        assert {s.name for s in SCENARIOS} <= set(planted.phenomena)


def test_refusals(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    with pytest.raises(InputError, match="month"):
        generate(folder, month="2026-13")
    with pytest.raises(InputError, match="negative"):
        generate(folder, operations=-1)
    assert not folder.exists()
    folder.mkdir()
    generate(folder, operations=5)  # an empty folder is no obstacle
    with pytest.raises(OutputError, match="not empty"):
        generate(folder, operations=5)
    assert generate(folder, operations=6, overwrite=True).operations == 6
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="no synthetic workspace"):
        generate(mine, operations=5, overwrite=True)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert (mine / "thesis.txt").is_file()
