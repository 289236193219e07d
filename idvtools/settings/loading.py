"""From idvtools.toml to `Settings`: every problem found, each with its line, all at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from idvtools.errors import Problem, SettingsError
from idvtools.settings.model import CURRENCY, TABLES, VENDORS, Raw, Settings, kind_of, shown
from idvtools.settings.places import Path as Place
from idvtools.settings.places import Places, dotted
from idvtools.settings.secrets import Sources

FILE = "idvtools.toml"
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def load(folder: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check a workspace's settings, secrets included. Writes nothing.

    Parameters
    ----------
    folder : Path
        The workspace; relative paths of key files start here.
    environ : mapping, optional
        Where ``{env = …}`` is looked up, by default the process's environment.

    Returns
    -------
    Settings
        Frozen. Key files have been read; whether their content is a key is for `idvtools.crypto` to say.

    Raises
    ------
    SettingsError
        With one problem for each thing that is wrong, in the order of the file. No message holds the
        content of a secret.

    Examples
    --------
    >>> import tempfile
    >>> from idvtools.settings import TEMPLATE, load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "idvtools.toml").write_text(TEMPLATE, encoding="utf-8")
    ...     settings = load(Path(folder))
    >>> settings.workspace.timezone, settings.vendor("dec").fallback_status
    ('Asia/Shanghai', 'none')
    """
    folder = Path(folder)
    text = _read(folder)
    raw = _parse(text)
    sources = Sources(folder, os.environ if environ is None else environ)
    found: list[tuple[Place, str]] = list(_contradictions(raw))
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({"workspace": {}, "vendors": {}, **raw}, context=sources)
    except ValidationError as error:
        found += _messages(error)
    # Raised outside of the handler: pydantic's error holds the values, and would travel along as the context.
    if found or settings is None:
        places = Places(text)
        problems = [_problem(place, message, places) for place, message in found]
        raise SettingsError(sorted(set(problems), key=lambda p: (p.row or 0, p.message)))
    return settings


def _read(folder: Path) -> str:
    try:
        content = (folder / FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        why = f"there is no {FILE} in {folder}; make one with: idvtools init {folder}"
    except IsADirectoryError:
        why = f"{FILE} in {folder} is a folder; make the file with: idvtools init DIR"
    except OSError as error:
        why = f"cannot be read ({(error.strerror or 'unreadable').lower()})"
    else:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = content.count(b"\n", 0, error.start) + 1
        raise SettingsError("is not UTF-8 text; save it again as UTF-8", file=FILE, row=row)
    raise SettingsError(why, file=FILE)


def _parse(text: str) -> Raw:
    row: int | None = None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        if at := _AT.search(reason):
            reason, row = reason[: at.start()], int(at[1]) if at[1] else text.count("\n") + 1
        why = f"not valid TOML: {reason[:1].lower()}{reason[1:]}"
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets nested without end
        why = "not valid TOML"
    raise SettingsError(why, file=FILE, row=row)


def _problem(place: Place, message: str, places: Places) -> Problem:
    vendor = place[1] if len(place) > 1 and place[0] == "vendors" and place[1] in VENDORS else None
    return Problem(
        f"{dotted(place)}: {message}", file=FILE, row=places.row(place), vendor=None if vendor is None else str(vendor)
    )


def _messages(error: ValidationError) -> Iterator[tuple[Place, str]]:
    details = error.errors(include_url=False)
    strangers = {d["loc"][:-1] for d in details if d["loc"][-1:] == ("[key]",)}
    for detail in details:
        place = detail["loc"]
        if place[:-1] in strangers and place[-1] == "[key]":
            yield place[:-1], detail["msg"]
        elif place[:2] not in strangers:  # what stands inside an unknown vendor's table is no problem of its own
            yield place, _message(detail)


def _message(detail: ErrorDetails) -> str:
    place, value = detail["loc"], detail["input"]
    message = "this value cannot be used here"
    match detail["type"]:
        case "idvtools":
            message = detail["msg"]
        case "missing":
            field = TABLES[_table(place[:-1])][1].model_fields[str(place[-1])]
            message = "is missing" + (f": add {place[-1]} = {field.examples[0]}" if field.examples else "")
        case "extra_forbidden":
            message = _unknown(place)
        case "string_type":
            message = f"must be text in quotes, not {shown(value)}"
        case "literal_error":
            expected = detail["ctx"]["expected"].replace("'", '"')
            message = f"must be {expected}, not {shown(value)}"
        case "model_type" | "model_attributes_type" | "mapping_type" | "dict_type":
            message = f"must be a table, not {kind_of(value)}"
        case "tuple_type":
            header = ".".join(part for part in place if isinstance(part, str))
            message = f"must be a list of tables, each under a header [[{header}]], not {kind_of(value)}"
    return message


def _table(place: Place) -> tuple[str, ...]:
    """The key of TABLES for a place: without indices, and ``*`` for the vendor."""
    names = [part for part in place if isinstance(part, str)]
    return tuple("*" if i == 1 and names[0] == "vendors" else name for i, name in enumerate(names))


def _unknown(place: Place) -> str:
    key, table = str(place[-1]), _table(place[:-1])
    if key == "tiers":
        return "monthly tiers are not known to this version of idvtools yet; remove them, unit_price alone is used"
    known = list(TABLES[table][1].model_fields)
    homes = [header for header, model in TABLES.values() if key in model.model_fields]
    if homes:
        return f"unknown key here; {key} belongs under {' or '.join(homes)} (a key belongs to the header above it)"
    near = get_close_matches(key.lower(), known, 1)
    return "unknown key; " + (f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}")


def _contradictions(raw: Raw) -> Iterator[tuple[Place, str]]:
    """What only shows across values. Works on the raw file, so that one bad value doesn't hide these."""
    vendors = raw.get("vendors")
    for name in VENDORS:
        vendor = vendors.get(name) if isinstance(vendors, dict) else None
        if not isinstance(vendor, dict):
            continue
        at: Place = ("vendors", name)
        apps = _tables(vendor, "apps", at)
        yield from _repeated(apps, "id", "another app has this id")
        for place, app in apps:
            keys = _tables(app, "aes_keys", place)
            yield from _repeated(keys, "id", "another key of this app has this id")
            yield from _repeated(keys, "valid_from", "another key of this app is valid from the same time")
        prices = _tables(vendor, "prices", at)
        yield from _price_contradictions(prices)


def _price_contradictions(prices: list[tuple[Place, Raw]]) -> Iterator[tuple[Place, str]]:
    seen: set[tuple[str, date]] = set()
    first: str | None = None
    for place, price in prices:
        site, since, until, currency = (price.get(k) for k in ("site", "valid_from", "valid_to", "currency"))
        if isinstance(site, str) and type(since) is date:
            if (site, since) in seen:
                yield (*place, "valid_from"), f'another price of the site "{site}" is valid from the same day'
            seen.add((site, since))
        if type(since) is date and type(until) is date and until < since:
            yield (*place, "valid_to"), f"{until} is before valid_from ({since})"
        if isinstance(currency, str) and CURRENCY.fullmatch(currency):
            first = first or currency
            if currency != first:
                yield (*place, "currency"), f"one currency per vendor: {currency} here, {first} above"


def _repeated(tables: list[tuple[Place, Raw]], key: str, message: str) -> Iterator[tuple[Place, str]]:
    seen: set[Any] = set()
    for place, table in tables:
        value = table.get(key)
        if not isinstance(value, str) and not (isinstance(value, datetime) and value.utcoffset() is not None):
            continue
        if value in seen:  # times are equal as instants, whatever their offsets
            yield (*place, key), message
        seen.add(value)


def _tables(table: Raw, key: str, at: Place) -> list[tuple[Place, Raw]]:
    items = table.get(key)
    return [((*at, key, i), t) for i, t in enumerate(items) if isinstance(t, dict)] if isinstance(items, list) else []
