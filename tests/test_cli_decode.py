"""`idvtools decode` as a user meets it: text, CSV, damaged lines, hostile text."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from front_door import Run, run

EXCHANGES = Path(__file__).parents[1] / "sample_data/exchanges"
VENDORS = ("dec", "onenet", "tencent", "webank", "westdex")
LOGS = {vendor: EXCHANGES / f"logs/{vendor}.jsonl" for vendor in VENDORS}
FETCH = "https://iauth.example.com/new/cgi-bin/getdetectinfo.php"
CALL = [sys.executable, "-c", "from idvtools.cli import main; main()", "decode"]
HEAD = re.compile(r"^(\S+\.jsonl):(\d+)$", re.M)


def decode(log: Path, vendor: str, *options: str, ws: Path = EXCHANGES) -> Run:
    return run("decode", str(ws), str(log), "--vendor", vendor, *options)


def csv_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def log_of(folder: Path, *exchanges: object, name: str = "mine.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in exchanges), "utf-8")
    return path


def refusal(message: object = "busy", token: object = "0012", **answer: object) -> dict[str, object]:
    """Tencent refuses a call; its free text is shown."""
    request = {"url": FETCH, "body": {"token": token, "appid": "9001"}}
    return {"request": request, "response": {"errorcode": 5, "errormsg": message, **answer}}


def secrets() -> list[str]:
    files = [p for p in (EXCHANGES / "keys").iterdir() if p.name not in ("README.txt", "notify_public_key.pem")]
    return [line for p in files for line in p.read_text().split("\n") if line.strip() and "-----" not in line]


def lines_of(log: Path) -> list[int]:
    return [n for n, line in enumerate(log.read_bytes().split(b"\n"), 1) if line.strip()]


# ---- what it shows


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_line_is_a_record_and_the_last_line_counts_them(vendor: str) -> None:
    shown = decode(LOGS[vendor], vendor).done()
    assert re.fullmatch(r"warning: 1 of \d+ could not be read, first \w+\.jsonl:\d+: .+\n", shown.stderr)
    *_, last = shown.stdout.splitlines()
    places = [(name, int(n)) for name, n in HEAD.findall(shown.stdout)]
    assert places == [(f"{vendor}.jsonl", n) for n in lines_of(LOGS[vendor])]
    total, outcomes = last.split(" exchanges: ")
    counts = {name: int(n) for name, n in (part.split(" ") for part in outcomes.split(", "))}
    assert int(total) == sum(counts.values()) == len(places)
    for outcome, count in counts.items():
        field = "problem: " if outcome == "unreadable" else f"outcome: {outcome}\n"
        assert shown.stdout.count(f"\n  {field}") == count
    assert counts["unreadable"] == 1


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("options", [(), ("--reveal",)])
def test_people_are_shown_only_when_asked_for_and_secrets_never(
    tmp_path: Path, vendor: str, options: tuple[str, ...]
) -> None:
    out = tmp_path / "out.csv"
    shown = decode(LOGS[vendor], vendor, *options).done().stdout
    told = decode(LOGS[vendor], vendor, *options, "--csv", str(out)).done().stdout
    for text in (shown, told, out.read_text("utf-8")):
        assert not [s for s in secrets() if s in text]
        if not options:
            assert not re.search(r"999999\d{11}[\dX]|测试[^*]|(?<!\d)100\d{8}(?!\d)", text)
    if options:
        assert re.search(r"999999\d{11}[\dX]", shown) if vendor != "webank" else "测试" in shown
        assert re.search(r"999999\d{11}[\dX]|测试", out.read_text("utf-8"))


def test_damaged_lines_stand_with_their_line_and_the_run_goes_on(tmp_path: Path) -> None:
    log = log_of(tmp_path, refusal(), "{broken", "", "[1, 2]", '{"token": NaN}', '{"a":' * 5000, refusal())
    with log.open("ab") as stream:
        stream.write(b"\xff\xff\xff\n")
    shown = decode(log, "tencent").done().stdout
    assert [int(n) for _, n in HEAD.findall(shown)] == [1, 2, 4, 5, 6, 7, 8]
    assert shown.splitlines()[-1] == "7 exchanges: rejected_input 2, unreadable 5"
    assert shown.count("\n  problem: ") == 5
    assert "broken" not in shown  # the text of a line that cannot be read is not kept


def test_damaged_lines_are_told_where_a_csv_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    told = decode(log_of(tmp_path, refusal(), "{broken"), "tencent", "--csv", str(out)).done()
    assert [(r["line"], bool(r["problem"])) for r in csv_of(out)] == [("1", False), ("2", True)]
    assert "unreadable 1" in told.stdout + told.stderr


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e400", "1e-999999999", "9" * 5000])
def test_a_number_of_any_size_is_no_bug(tmp_path: Path, number: str) -> None:
    log = log_of(tmp_path, f'{{"token": "t1", "errCode": {number}}}', refusal())
    assert " rejected_input 1" in decode(log, "tencent").done().stdout.splitlines()[-1]


def test_headers_as_lists_of_values_are_the_same_headers(tmp_path: Path) -> None:
    """As Go, Node and Java servlets log them: a genuine notification must not become a forged one."""
    lines = [json.loads(line) for line in LOGS["dec"].read_bytes().split(b"\n") if line[:14] == b'{"received_at"']
    plain = decode(log_of(tmp_path, *lines), "dec").done().stdout
    listed = [
        {**line, "headers": {k: [v] for k, v in line["headers"].items()}} if "headers" in line else line
        for line in lines
    ]
    assert "check: ok" in plain
    assert decode(log_of(tmp_path, *listed), "dec").done().stdout == plain


@pytest.mark.parametrize("form", ["gb18030", "utf-8-sig", "crlf", "array", "pretty", "pretty, gb18030"])
def test_the_same_log_in_another_form_says_the_same(tmp_path: Path, form: str) -> None:
    exchanges = [refusal("参数错误", token=f"t{n}") for n in range(3)]
    path = tmp_path / "mine.jsonl"
    text = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in exchanges)
    path.write_text(text, "utf-8")
    plain = decode(path, "tencent").done().stdout
    if form in ("array", "pretty", "pretty, gb18030"):
        text = json.dumps(exchanges, ensure_ascii=False, indent=None if form == "array" else 2)
    text = text.replace("\n", "\r\n") if form == "crlf" else text
    path.write_bytes(text.encode(form if form in ("gb18030", "utf-8-sig") else form.partition(", ")[2] or "utf-8"))
    assert "参数错误" in plain
    assert decode(path, "tencent").done().stdout == plain


def test_a_vendor_without_settings_is_read_as_far_as_it_is_clear(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    run("init", str(ws)).done()
    for vendor in VENDORS:
        shown = decode(LOGS[vendor], vendor, ws=ws).done().stdout
        assert len(HEAD.findall(shown)) == len(lines_of(LOGS[vendor]))
        assert "check: ok" not in shown
    assert "op_id: OneNET2026" in decode(LOGS["onenet"], "onenet", ws=ws).stdout
    assert "there is no result_key" in decode(LOGS["tencent"], "tencent", ws=ws).stdout


# ---- CSV


def test_csv_is_safe_to_open_in_a_spreadsheet(tmp_path: Path) -> None:
    risky = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "\t=1", "\r=1", '=HYPERLINK("http://x.example","a,b")\n']
    out = tmp_path / "out.csv"
    log = log_of(tmp_path, *(refusal(m, token="000123456789012345678") for m in risky))
    decode(log, "tencent", "--csv", str(out)).done()
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = csv_of(out)
    assert len(rows) == len(risky)
    assert not [c for row in rows for c in row.values() if c and re.match("[=+\\-@＝＋－＠\t\r]", c)]
    assert [row["error_message"].lstrip("'")[:2] for row in rows[:5]] == [m[:2] for m in risky[:5]]
    assert {row["op_id"] for row in rows} == {"000123456789012345678"}  # 21 digits, zeros and all


def test_csv_has_the_columns_of_the_frame_and_utc_times(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    told = decode(LOGS["westdex"], "westdex", "--csv", str(out)).done()
    rows = csv_of(out)
    assert f"{len(rows)} exchanges: " in told.stdout
    assert list(rows[0])[:4] == ["vendor", "call", "direction", "at"]
    assert list(rows[0])[-3:] == ["problem", "file", "line"]
    assert all(r["at"].endswith(("+00:00", "Z")) for r in rows if r["at"])


def test_csv_takes_no_place_that_is_taken_or_is_not_there(tmp_path: Path) -> None:
    taken, log = tmp_path / "taken.csv", log_of(tmp_path, refusal())
    taken.write_text("mine")
    decode(log, "tencent", "--csv", str(taken)).refused("taken.csv", "already")
    assert taken.read_text() == "mine"
    decode(log, "tencent", "--csv", str(tmp_path / "no/out.csv")).refused("out.csv: cannot be written")
    result = decode(log, "tencent", "--csv", str(taken / "out.csv")).refused("out.csv: cannot be written")
    assert ".part" not in result.stderr
    decode(log, "tencent", "--csv", str(tmp_path)).refused(str(tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.jsonl", "taken.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_csv_into_a_folder_that_forbids_it(tmp_path: Path) -> None:
    log, folder = log_of(tmp_path, refusal()), tmp_path / "shut"
    folder.mkdir(mode=0o500)
    decode(log, "tencent", "--csv", str(folder / "out.csv")).refused("out.csv", "cannot be written")


# ---- what it refuses


def test_what_is_not_there_is_one_line_and_2(tmp_path: Path) -> None:
    log = LOGS["tencent"]
    for result, words in (
        (decode(log, "nobody"), ("unknown vendor 'nobody'", *VENDORS)),
        (decode(tmp_path / "no.jsonl", "tencent"), ("no.jsonl: there is no such file",)),
        (decode(log, "tencent", ws=tmp_path / "no"), ("no such folder", "idvtools init")),
        (decode(log, "tencent", ws=tmp_path), ("there is no idvtools.toml", "idvtools init")),
        (run("decode", str(EXCHANGES), str(log)), ("--vendor",)),
    ):
        assert len(result.refused(*words).errors) == 1


def test_a_folder_is_not_told_to_be_missing(tmp_path: Path) -> None:
    assert "there is no such file" not in decode(tmp_path, "tencent").refused(str(tmp_path)).stderr


def test_a_gz_that_is_cut_off_is_2(tmp_path: Path) -> None:
    whole = shutil.make_archive(str(tmp_path / "x"), "gztar", EXCHANGES / "logs")
    log = tmp_path / "mine.jsonl.gz"
    log.write_bytes(Path(whole).read_bytes()[:500])
    decode(log, "tencent", "--csv", str(tmp_path / "o.csv")).refused("mine.jsonl.gz", "cut off")
    assert not (tmp_path / "o.csv").exists()


# ---- terminals


def on_a_terminal(*args: str) -> bytes:
    """All that a terminal would get: off a terminal click takes colours out by itself."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([*CALL, *args], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL) as process:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 65_536):
                seen += piece
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    return seen


def test_what_a_vendor_wrote_does_not_steer_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u2028\r\x08\x00\x7fend\nfake.jsonl:9"
    sent = [refusal(evil, token=f"t{evil}", **{evil: evil}), {"token": evil, "errCode": evil}]
    for options in ((), ("--reveal",)):
        seen = on_a_terminal(str(EXCHANGES), str(log_of(tmp_path, *sent)), "--vendor", "tencent", *options)
        text = seen.decode("utf-8").replace("\r\n", "\n")
        assert "\\x1b[2J" in text
        assert [c for c in text if not c.isprintable() and c != "\n"] == []
        assert "fake.jsonl:9" not in text.splitlines()


def test_a_terminal_that_cannot_print_chinese() -> None:
    for encoding in ("ascii", "latin-1", "cp1252"):
        done = subprocess.run(
            [*CALL, str(EXCHANGES), str(LOGS["tencent"]), "--vendor", "tencent"],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
            check=False,
        )
        assert (done.returncode, done.stderr[:35]) == (0, b"warning: 1 of 22 could not be read,")
        assert b"\\u6210\\u529f" in done.stdout or "成功".encode() in done.stdout
        assert b"22 exchanges: " in done.stdout
