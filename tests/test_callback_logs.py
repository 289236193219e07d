"""Ugly callback logs, each with what should be read of it beside it (see callback_logs/README.md).

`python tests/test_callback_logs.py --diff` shows what differs, of all logs or of those named; `--rewrite [NAME …]`
writes what is read now as what should be: read that diff before you commit it.
"""

from __future__ import annotations

import difflib
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import idvtools as idv
from idvtools.workspace.callbacklog import CallbackLog

LOGS = Path(__file__).parent / "callback_logs"
GOLDEN = ".expected.jsonl"
SETTINGS = """\
[workspace]
timezone = "Asia/Shanghai"

[vendors.dec]
notify_public_key = {file = "keys/notify_public_key.pem"}

[[vendors.dec.apps]]
id = "zd1uahd8"
app_key = {file = "keys/app-key-zd1uahd8.txt"}

[[vendors.webank.apps]]
id = "SYNWEB01"
salt = {file = "keys/webank-salt.txt"}
"""
#: Always told, null or not; what else a notification says is told where it says it.
ALWAYS = ("line", "vendor", "kind", "op_id", "status", "check", "received_at", "logged_at", "retry")
OTHERS = ("app_id", "biz_no", "site", "sub_status", "json_result", "authorized_at")


def logs() -> list[str]:
    return sorted(
        (p.name.removesuffix(GOLDEN) for p in LOGS.glob(f"*{GOLDEN}")), key=lambda n: (len(n.split("-")[0]), n)
    )


def workspace(folder: Path, name: str) -> idv.Workspace:
    """Make a workspace that knows nothing but one log."""
    (folder / "callbacks").mkdir(parents=True)
    (folder / "idvtools.toml").write_text(SETTINGS, "utf-8")
    shutil.copytree(LOGS / "keys", folder / "keys")
    shutil.copyfile(LOGS / name, folder / "callbacks" / name)
    return idv.Workspace(folder)


def _plain(value: Any) -> Any:
    """Write times as text, whole numbers as such, what is missing as None."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat(timespec="milliseconds").replace(".000", "").replace("+00:00", "Z")
    return int(value) if isinstance(value, float) or hasattr(value, "item") else value


def _children(log: CallbackLog) -> dict[tuple[int, str], list[Any]]:
    rows = log.intake.con.execute("select line, op_id, children from deliveries where children is not null").fetchall()
    found = defaultdict(list)
    for line, op_id, children in rows:
        found[line, op_id].append(json.loads(children))
    return found


def _records(log: CallbackLog) -> Iterator[dict[str, Any]]:
    children = _children(log)
    for row in log.table.to_dict("records"):
        record = {name: _plain(row[name]) for name in ALWAYS}
        record |= {name: value for name in OTHERS if (value := _plain(row[name])) is not None}
        if several := children.get((row["line"], row["op_id"])):
            record |= {"children": found} if (found := several.pop(0)) else {}
        yield record
    for row in log.rejects.to_dict("records"):
        yield {"line": int(row["line"]), "reject": row["reason"]}


def read(name: str, folder: Path) -> list[str]:
    """Tell what is read of a log, as lines of a golden file: in order of lines, notifications first."""
    log = workspace(folder, name).callback_log()
    records = sorted(_records(log), key=lambda r: (r["line"], "reject" in r, r.get("op_id") or r.get("reject")))
    assert len(log.files) == 1, f"{name} is not taken for a callback log"
    file = log.files.iloc[0]
    last = {"encoding": file["encoding"], "lines": int(file["lines"])}
    return [json.dumps(record, ensure_ascii=False) for record in [*records, last]]


def expected(name: str) -> list[str]:
    return (LOGS / f"{name}{GOLDEN}").read_text("utf-8").splitlines()


def difference(name: str, found: list[str]) -> str:
    """Tell which lines differ: - what should be, + what is."""
    lines = difflib.unified_diff(expected(name), found, f"{name}{GOLDEN}", "what is read", lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith("@@"))


@pytest.mark.parametrize("name", logs())
def test_what_is_read_of_an_ugly_log(name: str, tmp_path: Path) -> None:
    found = read(name, tmp_path / "ws")
    if shown := difference(name, found):
        pytest.fail(shown, pytrace=False)


def test_every_log_is_expected_and_described() -> None:
    kept = {p.name for p in LOGS.iterdir() if p.is_file() and p.name not in ("README.md", "make.py", ".gitattributes")}
    assert {n for n in kept if not n.endswith(GOLDEN)} == set(logs())
    table = (LOGS / "README.md").read_text("utf-8")
    described = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][2:]
    assert described == logs()
    assert len(logs()) >= 65


def _main(option: str, *names: str) -> int:
    found = 0
    for name in [n for n in logs() if not names or any(n.startswith(start) for start in names)]:
        with tempfile.TemporaryDirectory() as folder:
            lines = read(name, Path(folder) / "ws")
        if shown := difference(name, lines):
            found += 1
            sys.stdout.write(shown + "\n\n")
            if option == "--rewrite":
                (LOGS / f"{name}{GOLDEN}").write_text("".join(line + "\n" for line in lines), "utf-8")
    sys.stdout.write(f"{found} {'written anew' if option == '--rewrite' else 'differ'}\n")
    return found if option == "--diff" else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("--diff", "--rewrite"):
        sys.exit(__doc__)
    sys.exit(min(_main(*sys.argv[1:]), 1))
