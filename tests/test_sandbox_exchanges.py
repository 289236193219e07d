"""The synthetic exchanges: the same bytes as the sample, decoded as the golden file says, nobody shown in clear.

`python tests/test_sandbox_exchanges.py` writes the sample and the golden file anew.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import idvtools as idv
from idvtools import vendors
from idvtools.cli import main
from idvtools.errors import InputError, OutputError
from idvtools.sandbox.exchanges import generate_exchanges
from idvtools.sandbox.people import Population

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data" / "exchanges"
GOLDEN = ROOT / "tests" / "golden" / "exchanges.csv"
COLUMNS = ["log", "line", "call", "op_id", "outcome", "code", "check", "key_id"]
VENDORS = vendors.names()

#: Names, id numbers, telephone numbers and our own ids of the generator's people, in full.
PERSON = re.compile(
    r"测试[甲乙丙丁戊己庚辛壬癸]|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]"
    r"|999999\d{11}[\dX]|1000000\d{4}|虚构路\d|o-synthetic-\d+|u0000\d{4}"
)
#: What the generator gives out as a secret of the vendor's begins so, in clear or in Base64.
SECRET = re.compile(r"SECRET|U0VDUkVU")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exchanges") / "ws"
    generate_exchanges(folder)
    return folder


@pytest.fixture(scope="module")
def ws() -> idv.Workspace:
    return idv.Workspace(SAMPLE)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def log(vendor: str) -> Path:
    return SAMPLE / "logs" / f"{vendor}.jsonl"


def decoded(workspace: idv.Workspace) -> list[dict[str, str]]:
    """The table of the golden file, in the order of the lines."""
    rows = []
    for vendor in VENDORS:
        frame = workspace.decode_log(vendor, log(vendor)).sort_values("line")
        for record in frame.assign(log=vendor)[COLUMNS].to_dict("records"):
            rows.append({name: "" if pd.isna(value) else str(value) for name, value in record.items()})
    return rows


def key_texts() -> list[str]:
    """Every key of the workspace as it stands in its file; of a PEM the lines between its armour."""
    texts: list[str] = []
    for name, data in files(SAMPLE / "keys").items():
        if "public" not in name and name != "README.txt":
            texts += [line for line in data.decode().splitlines() if len(line) > 20 and " " not in line]
    return texts


def assert_nobody(shown: str, what: str) -> None:
    for pattern in (PERSON, SECRET):
        found = pattern.search(shown)
        assert not found, f"{what}: {shown[max(found.start() - 60, 0) : found.end() + 20]}"
    for text in key_texts():
        assert text not in shown, what


def run(*arguments: str) -> str:
    outcome = CliRunner().invoke(main, list(arguments))
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


# ---- the same bytes


def test_the_sample_is_what_seed_7_gives(made: Path) -> None:
    fresh, kept = files(made), files(SAMPLE)
    assert list(fresh) == list(kept)
    assert [name for name in fresh if fresh[name] != kept[name]] == []
    assert sum(map(len, kept.values())) < 300_000


def test_another_seed_gives_other_bytes_and_the_same_kinds_of_exchanges(made: Path, tmp_path: Path) -> None:
    generate_exchanges(tmp_path / "ws", seed=8)
    other = idv.Workspace(tmp_path / "ws")
    same = {"README.md", "idvtools.toml", "keys/README.txt"}
    first, second = files(made), files(tmp_path / "ws")
    assert {name for name in first if first[name] == second[name]} <= same
    columns = ["call", "outcome", "code", "check", "key_id"]
    for vendor in VENDORS:
        frames = [
            w.decode_log(vendor, w.folder / "logs" / f"{vendor}.jsonl")[columns] for w in (idv.Workspace(made), other)
        ]
        pd.testing.assert_frame_equal(*frames)


def test_the_command_writes_the_same(made: Path, tmp_path: Path) -> None:
    assert "everything in it is synthetic" in run("generate", str(tmp_path / "ws"), "--exchanges")
    assert files(tmp_path / "ws") == files(made)
    again = CliRunner().invoke(main, ["generate", str(tmp_path / "ws"), "--exchanges"])
    assert again.exit_code == 2
    assert "not empty" in again.output
    assert files(tmp_path / "ws") == files(made)


@pytest.mark.parametrize("option", [("--operations", "20"), ("--month", "2026-11")])
def test_the_options_of_a_month_do_not_apply(tmp_path: Path, option: tuple[str, str]) -> None:
    outcome = CliRunner().invoke(main, ["generate", str(tmp_path / "ws"), "--exchanges", *option])
    assert outcome.exit_code == 2
    assert option[0] in outcome.output
    assert not (tmp_path / "ws").exists()


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError):
        generate_exchanges(tmp_path)
    assert files(tmp_path) == {"mine.txt": b"x"}


# ---- what is in it


def test_each_line_decodes_to_what_the_golden_file_says(ws: idv.Workspace) -> None:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert decoded(ws) == expected


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_call_is_there_and_one_damaged_line(ws: idv.Workspace, vendor: str) -> None:
    frame = ws.decode_log(vendor, log(vendor))
    assert set(frame["call"].dropna()) == {call.name for call in vendors.get(vendor).calls}
    assert frame["problem"].notna().sum() == 1
    assert 15 <= len(frame) <= 35


def test_what_we_signed_holds_unless_it_was_forged(ws: idv.Workspace) -> None:
    checks = {v: Counter(ws.decode_log(v, log(v))["check"].dropna()) for v in VENDORS}
    assert set(checks["dec"]) == {"ok", "hash_only", "unchecked", "failed"}
    assert (checks["tencent"]["failed"], checks["onenet"]["failed"], checks["webank"]["failed"]) == (1, 1, 1)


def test_nobody_in_it_exists_and_no_host_is_real() -> None:
    for name, data in files(SAMPLE).items():
        text = data.decode("utf-8", "replace")
        assert all(h.endswith("example.com") for h in re.findall(r"https?://([\w.-]+)", text)), name
    people = Population()
    assert all(re.fullmatch(r"999999\d{11}[\dX]", people.new().id_no) for _ in range(200))


# ---- masked, revealed


@pytest.mark.parametrize("vendor", VENDORS)
def test_masked_frames_show_nobody(ws: idv.Workspace, vendor: str, tmp_path: Path) -> None:
    with pd.option_context("display.max_colwidth", None, "display.max_columns", None, "display.width", None):
        frame = ws.decode_log(vendor, log(vendor))
        assert_nobody(frame.to_csv(), "cells")
        assert_nobody(repr(frame), "repr")
        assert_nobody(frame._repr_html_(), "HTML")
    for line in log(vendor).read_bytes().splitlines():
        try:
            record = ws.decode(vendor, line)
        except InputError as error:
            assert_nobody(str(error), "error")
        else:
            assert_nobody(repr(record) + repr(record.attachments) + str(record.undeclared), "record")
    assert_nobody(run("decode", str(SAMPLE), str(log(vendor)), "--vendor", vendor), "decode")
    run("decode", str(SAMPLE), str(log(vendor)), "--vendor", vendor, "--csv", str(tmp_path / "out.csv"))
    assert_nobody((tmp_path / "out.csv").read_text("utf-8-sig"), "CSV")


def test_the_list_of_keys_shows_no_key(ws: idv.Workspace) -> None:
    for options in ((), ("--json",), ("--vendor", "dec")):
        assert_nobody(run("keys", str(SAMPLE), *options), "keys")
    assert_nobody(repr([ws.keys(v) for v in VENDORS]), "repr")


@pytest.mark.parametrize("vendor", VENDORS)
def test_revealed_frames_show_the_person_and_still_no_secret(ws: idv.Workspace, vendor: str) -> None:
    frame = ws.decode_log(vendor, log(vendor), reveal=True)
    people = Population()
    planted = {p.id_no: p.name for p in (people.new() for _ in range(200))}
    shown = frame.dropna(subset=["id_no"])
    assert len(shown) >= 4
    both = shown.dropna(subset=["user_name"])
    assert all(planted[id_no] == name for id_no, name in zip(both["id_no"], both["user_name"], strict=True))
    assert set(shown["id_no"]) <= set(planted)
    text = frame.to_csv() + run("decode", str(SAMPLE), str(log(vendor)), "--vendor", vendor, "--reveal")
    assert both["user_name"].iloc[0] in text
    assert not SECRET.search(text)
    assert not [key for key in key_texts() if key in text]


def test_the_raw_logs_do_hold_what_must_not_be_shown() -> None:
    """Else the tests above would find nothing because there is nothing."""
    everything = b"".join(log(v).read_bytes() for v in VENDORS).decode("utf-8", "replace")
    assert SECRET.search(everything)
    assert PERSON.search(everything)
    assert [key for key in key_texts() if key in everything]
    assert all(json.loads(log(v).read_bytes().splitlines()[0]) for v in VENDORS)


def refresh() -> None:
    shutil.rmtree(SAMPLE, ignore_errors=True)
    generate_exchanges(SAMPLE)
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(decoded(idv.Workspace(SAMPLE)))


if __name__ == "__main__":
    refresh()
