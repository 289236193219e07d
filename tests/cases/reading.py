"""Reads cases out of the Markdown files beside this one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple, get_args

from .story import (
    APPS,
    DEFAULTS,
    EPOCH,
    KEYS,
    SHANGHAI,
    SITES,
    Case,
    How,
    Operation,
    Report,
    Row,
    Settings,
    milliseconds,
    shanghai_day,
)

HAPPENED = ("op", "sent", "app", "person", "site", "daId", "key", "we received", "statement says")
CORE = ("op", "billable", "reason", "winner", "bucket", "ours", "vendor", "severity")
MORE = ("status", "source", "effective", "day", "flags", "differs", "shift", "package")
_MINUTE = 60_000
Cells = dict[str, str]


def read_cases(folder: Path) -> list[Case]:
    """All cases, in the order of the files."""
    numbers = count(1)
    files = sorted(p for p in folder.glob("*.md") if p.name != "README.md")
    return [_case(next(numbers), place, section) for path in files for place, section in _sections(path)]


def _sections(path: Path) -> Iterator[tuple[str, list[str]]]:
    section: list[str] = []
    place = ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith("## "):
            if section:
                yield place, section
            section, place = [line], f"{path.name}:{number}"
        elif section:
            section.append(line)
    if section:
        yield place, section


def _case(number: int, place: str, lines: list[str]) -> Case:
    try:
        return _parsed(number, place, lines)
    except (ValueError, KeyError, StopIteration) as error:
        raise ValueError(f"tests/cases/{place}: this case cannot be read: {error!r}") from error


def _parsed(number: int, place: str, lines: list[str]) -> Case:
    said: dict[str, list[str]] = {"Settings": [], "Missing file": [], "Summary": [], "The report warns": []}
    story = []
    for line in lines[1:]:
        key, colon, value = line.partition(": ")
        if colon and key in said:
            said[key].append(value.strip())
        elif not line.startswith("|"):
            story.append(line)
    happened, expected = _tables(lines)
    return Case(
        name=lines[0].removeprefix("## ").strip(),
        place=place,
        story="\n".join(story).strip(),
        settings=_settings(number, said["Settings"]),
        missing=frozenset(_missing(text) for text in said["Missing file"]),
        warnings=tuple(said["The report warns"]),
        figures=tuple(pair for text in said["Summary"] for pair in _pairs(text)),
        operations=tuple(_operations(number, _checked(happened, HAPPENED, ("op",)))),
        expected=tuple(_checked(expected, CORE + MORE, CORE)),
    )


def _checked(rows: list[Cells], known: tuple[str, ...], needed: tuple[str, ...]) -> list[Cells]:
    assert rows, "a table without rows"
    unknown, missing = set(rows[0]) - set(known), set(needed) - set(rows[0])
    if unknown or missing:
        raise ValueError(f"columns unknown {sorted(unknown)}, missing {sorted(missing)}")
    return rows


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(k.strip(), v.strip()) for k, _, v in (part.partition("=") for part in text.split(","))]


def _settings(number: int, texts: list[str]) -> Settings:
    chosen = dict(DEFAULTS)
    for key, value in (pair for text in texts for pair in _pairs(text)):
        if key not in chosen:
            raise ValueError(f"unknown setting {key}")
        chosen[key] = f"case {number}" if key == "alone" else value
    return tuple(sorted(chosen.items()))


def _missing(text: str) -> tuple[str, date]:
    app, day = text.split()
    return APPS[app], shanghai_day(_time(f"{day} 12:00"))


def _tables(lines: list[str]) -> tuple[list[Cells], list[Cells]]:
    tables: list[list[list[str]]] = []
    before = ""
    for line in lines:
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not set("".join(cells)) <= set("-: ") or len(tables[-1]) != 1:  # the line below the heading
                tables[-1].append(cells)
        before = line
    if len(tables) != 2:
        raise ValueError(f"{len(tables)} tables instead of two")
    happened, expected = ([dict(zip(t[0], row, strict=True)) for row in t[1:]] for t in tables)
    return happened, expected


def _time(text: str) -> int:
    """``10-05 10:00``, with seconds, milliseconds and the year as far as they are given."""
    match = re.fullmatch(r"(?:(\d{4})-)?(\d\d-\d\d) (\d\d:\d\d)(?::(\d\d(?:\.\d{3})?))?", text)
    if match is None:
        raise ValueError(f"no time: {text!r}")
    moment = datetime.fromisoformat(f"{match[1] or 2026}-{match[2]}T{match[3]}:{match[4] or '00'}")
    return milliseconds(moment.replace(tzinfo=SHANGHAI))


# --- operations -------------------------------------------------------------------------------------------------------


class _Id(NamedTuple):
    op_id: str | None
    made: int | None
    error: int


def _operations(number: int, rows: list[Cells]) -> Iterator[Operation]:
    found: dict[str, Operation] = {}
    made: dict[str, int | None] = {}
    people: list[str] = []
    for serial, cells in enumerate(rows, start=1):
        row = {name: cells.get(name) or "-" for name in HAPPENED}
        name, _, child = row["op"].partition("-")
        if child:
            parent = found[name]
            identity, sent = _Id(f"{parent.op_id}-{child}", made[name], 0), parent.sent
            app_id, id_no, biz_no = parent.app_id, parent.id_no, parent.biz_no
        else:
            sent = None if row["sent"] in ("-", "not logged") else _time(row["sent"])
            app_id, biz_no = APPS[row["app"] if row["app"] != "-" else "A"], f"b{number:03d}{row['op']}"
            identity = _identity(row["daId"], app_id, sent, number, serial)
            id_no = _id_no(row["person"], people, number)
        start = next(t for t in (sent, identity.made, _time("10-05 12:00")) if t is not None)
        plain = Row(0, False, False, start, SITES[_or(row["site"], "bank")], app_id, biz_no, "", "", app_id)
        operation = Operation(
            name=row["op"],
            op_id=identity.op_id,
            app_id=app_id,
            site=plain.site,
            biz_no=biz_no,
            id_no=id_no,
            key=_key(row["key"], sent),
            logged=row["sent"] != "not logged" and not child,
            sent=sent,
            error=identity.error,
            parent=name if child else None,
            reports=tuple(_reports(row["we received"], start)),
            rows=tuple(_row(text, plain, identity.made) for text in _parts(row["statement says"])),
        )
        if operation.name in found:
            raise ValueError(f"two operations {operation.name}")
        found[operation.name], made[operation.name] = operation, identity.made
        yield operation


def _or(text: str, default: str) -> str:
    return default if text == "-" else text


def _parts(text: str) -> list[str]:
    return [] if text == "-" else [part.strip() for part in text.split(";")]


def _identity(text: str, app_id: str, sent: int | None, number: int, serial: int) -> _Id:
    if text.startswith("error "):
        return _Id(None, None, int(text.removeprefix("error ")))
    if text.startswith("text "):
        return _Id(f"{app_id}{text.removeprefix('text ')}{number:03d}", None, 0)
    when, _, given = text.partition(" #")
    made = sent if when == "-" else _time(when)
    if made is None:
        raise ValueError("neither our log nor the daId has a time: write `text …` if that is meant")
    if not number < 2**10 or not serial < 2**6:
        raise ValueError("too many cases or operations for the serial numbers")
    return _Id(f"{app_id}{(made - EPOCH) << 22 | number << 6 | int(given or serial)}", made, 0)


def _id_no(person: str, people: list[str], number: int) -> str:
    if person.startswith("id "):
        return person.removeprefix("id ")
    if person not in people:
        people.append(person)
    return f"999999{number:04d}{people.index(person):04d}1234"


def _key(text: str, sent: int | None) -> str:
    if sent is None:
        return "clear"
    valid = [name for name, since in KEYS.items() if milliseconds(datetime.fromisoformat(since)) <= sent]
    key = _or(text, valid[-1])
    if key not in (*KEYS, "clear", "lost", "lost, padding fits"):
        raise ValueError(f"unknown key {key}")
    return key


def _reports(text: str, start: int) -> Iterator[Report]:
    for place, part in enumerate(_parts(text)):
        head, *options = (piece.strip() for piece in part.split(","))
        how, _, status = head.rpartition(" ")
        if (how or "signed") not in get_args(How):
            raise ValueError(f"unknown kind of report: {part!r}")
        given = dict(option.split(" ", 1) for option in options)
        at = given.pop("at", "")
        moment = start + (5 + place) * _MINUTE
        if at:
            moment = _time(at if " " in at else f"{datetime.fromtimestamp(start / 1000, SHANGHAI):%m-%d} {at}")
        json_result = int(given.pop("json", _json_result(int(status))))
        yield Report(how or "signed", int(status), given.pop("sub", ""), json_result, moment)  # type: ignore[arg-type]
        if given:
            raise ValueError(f"unknown words: {given}")


def _row(text: str, plain: Row, made: int | None) -> Row:
    head, *options = (piece.strip() for piece in text.split(","))
    status, charge = head.split()
    given = dict(option.split(" ", 1) for option in options)
    created = _time(given.pop("created")) if "created" in given else made
    json_result = given.pop("json", str(_json_result(int(status))))
    row = Row(
        status=int(status),
        charge={"charged": True, "package": True, "free": False}[charge],
        package=charge == "package",
        created=plain.created if created is None else created,
        site=SITES[given.pop("site")] if "site" in given else plain.site,
        app_id=APPS[given.pop("app")] if "app" in given else plain.app_id,
        biz_no=given.pop("biz", plain.biz_no),
        sub_status=given.pop("sub", ""),
        json_result="" if json_result == "none" else json_result,
        file_app=plain.file_app,
    )
    if given:
        raise ValueError(f"unknown words: {given}")
    return row


def _json_result(status: int) -> int:
    return 10 if status == 10 else 5
