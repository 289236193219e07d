"""Files that each exercise one thing, with what should be read of them beside them (tests/evidence/make_files.py).

`python tests/test_evidence_golden.py --diff [NAME …]` shows what differs, of all files or of those whose name begins
so; `--rewrite [NAME …]` writes what is read now as what should be: read that diff before you commit it,
and tell the case in tests/evidence the same.

`FILE.expected.json` is the object of `inspect FILE --json --data` without file and sha256, and only what is certain
from how the file was made: keys that are absent are not compared. Some say less than a whole table: `data_starts` and
`data_ends` compare the first or last cells of each row, `columns_named` the types of some columns, `checks` the
outcome of some checks, `layout` the known layout that it fits, a member's `error` whether anything is wrong with it,
`warnings` words of which one (parted by "|") is in some warning or some member's error, `text_has` words of the text,
`password` what it is opened with.
"""

from __future__ import annotations

import codecs
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from idvtools.evidence import read_evidence

FILES = Path(__file__).parent / "evidence" / "files"
GOLDEN = ".expected.json"
_FAMILY = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "big5hkscs": "cp950",
    "shift_jis": "cp932",
    "cp1252": "iso8859-1",
}


def names() -> list[str]:
    return sorted(p.name.removesuffix(GOLDEN) for p in FILES.glob(f"*{GOLDEN}"))


def expected(name: str) -> dict[str, Any]:
    return json.loads((FILES / f"{name}{GOLDEN}").read_text("utf-8"))


def read(name: str, password: str | None) -> tuple[dict[str, Any], str]:
    evidence = read_evidence(FILES / name, password=password)
    shown = evidence.to_dict(data=True)
    for told, table in zip(shown["tables"], evidence.parsed, strict=True):
        told["layout"] = table.layout
    return shown, evidence.text


def _encoding(name: str | None) -> str | None:
    if name is None or name == "ascii":
        return "utf-8"
    plain = codecs.lookup(name).name.removesuffix("-sig")
    return _FAMILY.get(plain, plain)


def _table(want: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    """What was read, in the form of what is expected."""
    shown: dict[str, Any] = {}
    for key, value in want.items():
        if key == "data_starts":
            shown[key] = [row[: len(w)] for row, w in zip(got["data"], value, strict=False)]
        elif key == "data_ends":
            shown[key] = [row[-len(w) :] for row, w in zip(got["data"], value, strict=False)]
        elif key == "columns_named":
            shown[key] = {c["name"]: c["type"] for c in got["columns"] if c["name"] in value}
        elif key == "checks":
            shown[key] = {c["name"]: c["ok"] for c in got["checks"] if c["name"] in value}
        elif key == "distinct_names":
            shown[key] = len({c["name"] for c in got["columns"]}) == len(got["columns"])
        else:
            shown[key] = got[key]
    return shown


def _members(want: dict[str, Any], got: list[dict[str, Any]]) -> list[dict[str, Any]]:
    shown = []
    for i, member in enumerate(got):
        keys = want["members"][i] if i < len(want["members"]) else {"path": 1, "kind": 1, "error": 1}
        seen = {key: bool(member["error"]) if key == "error" else member[key] for key in keys}
        if want.get("kinds_free") and "kind" in keys:
            seen["kind"] = keys["kind"]
        if keys.get("error", False) is None:
            seen["error"] = None
        shown.append(seen)
    return shown


def as_expected(want: dict[str, Any], got: dict[str, Any], text: str) -> dict[str, Any]:
    """Bring what was read into the form of what is expected, so that the two can be compared and written."""
    shown: dict[str, Any] = {}
    for key, value in want.items():
        if key == "tables":
            said_otherwise = not value and ("text_has" in want or "warnings" in want) and "tables_none" not in want
            free = want.get("tables_free") or said_otherwise
            many = zip([*value, *({} for _ in range(len(got["tables"])))], got["tables"], strict=False)
            shown[key] = value if free else [_table(w or {"name": 1, "rows": 1}, t) for w, t in many]
        elif key == "members":
            shown[key] = _members(want, got["members"])
        elif key == "encoding":
            shown[key] = value if _encoding(value) == _encoding(got["encoding"]) else got["encoding"]
        elif key == "warnings":
            said = "\n".join([*got["warnings"], *(m["error"] for m in got["members"] if m["error"])]).lower()
            met = not said if not value else all(any(word.lower() in said for word in w.split("|")) for w in value)
            shown[key] = value if met else got["warnings"]
        elif key == "text_has":
            shown[key] = [word for word in value if word in text]
        else:
            shown[key] = got.get(key, value)
    return shown


def difference(name: str) -> tuple[str, dict[str, Any]]:
    """Tell what differs, place by place: what should be, what is."""
    want = expected(name)
    try:
        got = as_expected(want, *read(name, want.get("password")))
    except Exception as error:
        got = {"error": f"{type(error).__name__}: {error}"}
    return "\n".join(f"{name}{line}" for line in _differ(want, got, "")), got


def _differ(want: Any, got: Any, place: str) -> list[str]:
    if want == got:
        return []
    if isinstance(want, dict) and isinstance(got, dict) and "error" not in got.keys() - want.keys():
        return [
            d
            for key in [*want, *(got.keys() - want.keys())]
            for d in _differ(want.get(key), got.get(key), f"{place}.{key}")
        ]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [d for i, (w, g) in enumerate(zip(want, got, strict=True)) for d in _differ(w, g, f"{place}[{i}]")]
    brief = [json.dumps(x, ensure_ascii=False, default=str)[:400] for x in (want, got)]
    return [f"{place}\n  - {brief[0]}\n  + {brief[1]}"]


@pytest.mark.parametrize("name", names())
def test_what_is_read_of_a_file(name: str) -> None:
    if shown := difference(name)[0]:
        pytest.fail(shown, pytrace=False)


def test_the_files_are_the_same_each_time_and_few_bytes() -> None:
    sys.path.insert(0, str(FILES.parent))
    try:
        made = import_module("make_files").cases()
    finally:
        sys.path.remove(str(FILES.parent))
    assert [name for name in made if (FILES / name).read_bytes() != made[name][0]] == []
    assert [name for name in made if expected(name) != json.loads(json.dumps(made[name][1]))] == []
    assert sum(p.stat().st_size for p in FILES.iterdir()) < 2_500_000


def test_there_are_enough_files_and_each_is_expected() -> None:
    assert len(names()) >= 60
    assert {p.name for p in FILES.iterdir() if not p.name.endswith(GOLDEN)} == set(names())


def _main(option: str, *starts: str) -> int:
    found = 0
    for name in [n for n in names() if not starts or any(n.startswith(start) for start in starts)]:
        shown, got = difference(name)
        if shown:
            found += 1
            sys.stdout.write(shown + "\n\n")
            if option == "--rewrite" and got.keys() != {"error"}:
                (FILES / f"{name}{GOLDEN}").write_text(json.dumps(got, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{found} {'written anew' if option == '--rewrite' else 'differ'}\n")
    return found if option == "--diff" else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("--diff", "--rewrite"):
        sys.exit(__doc__)
    sys.exit(min(_main(*sys.argv[1:]), 1))
