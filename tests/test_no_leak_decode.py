"""A name or an id number in any place of any exchange does not come out of `decode`, unless it is asked for."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import idvtools as idv

ROOT = Path(__file__).parents[1]
WORKSPACE = idv.Workspace(ROOT / "sample_data" / "exchanges")
NAME, ID_NO = "欧阳诸葛", "110101199003071234"
#: The vendor's own words: numbers are masked there, and names that the message itself gives; no other word is known.
FREE_TEXT = ("msg", "message", "errormsg", "errormessage", "desc", "reason", "error", "auditmessage", "livemsg")


KEYS = {name: WORKSPACE.keys(name) for name in idv.vendors.names()}


def decode(vendor: str, entry: object) -> Any:
    return idv.vendors.get(vendor).decode(entry, KEYS[vendor])


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places(value, (*path, key))
    else:
        yield path


def opened(line: bytes) -> Any:
    """A line of a log with its bodies as objects."""
    entry = json.loads(line)
    for part in (entry, entry.get("request"), entry.get("response")):
        if isinstance(part, dict) and isinstance(part.get("body"), str):
            try:
                part["body"] = json.loads(part["body"])
            except ValueError:
                continue
    return entry


def one_of_each_call(vendor: str) -> Iterator[tuple[str, Any]]:
    seen = set()
    for line in (WORKSPACE.folder / "logs" / f"{vendor}.jsonl").read_bytes().splitlines():
        try:
            entry = opened(line)
            call = decode(vendor, entry).call
        except (ValueError, idv.IdvError):
            continue
        if call not in seen:
            seen.add(call)
            yield call, entry


@pytest.mark.parametrize("vendor", idv.vendors.names())
def test_nobody_comes_out_of_any_place(vendor: str) -> None:
    tried = 0
    for call, entry in one_of_each_call(vendor):
        for path in places(entry):
            for planted in (NAME, ID_NO, f"x {ID_NO}"):
                if planted == NAME and str(path[-1]).lower() in FREE_TEXT:
                    continue
                changed = copy.deepcopy(entry)
                parent = changed
                for key in path[:-1]:
                    parent = parent[key]
                parent[path[-1]] = planted
                try:
                    record = decode(vendor, changed)
                    told = repr(record) + str(record.row())
                except idv.IdvError as error:
                    told = str(error)
                assert NAME not in told, (call, path)
                assert ID_NO not in told, (call, path)
                tried += 1
    assert tried > 30


@pytest.mark.parametrize("vendor", idv.vendors.names())
def test_nobody_comes_out_of_a_key(vendor: str) -> None:
    for call, entry in one_of_each_call(vendor):
        changed = copy.deepcopy(entry)
        for part in (changed, changed.get("request"), changed.get("response")):
            if isinstance(part, dict) and isinstance(part.get("body"), dict):
                part["body"][NAME] = {ID_NO: NAME}
        record = decode(vendor, changed)
        assert NAME not in repr(record) + str(record.row()), call
        assert ID_NO not in repr(record) + str(record.row()), call
