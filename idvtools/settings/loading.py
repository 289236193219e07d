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
from idvtools.settings.model import CURRENCY, Raw, Settings, Shapes, VendorSettings, kind_of, shown, tables
from idvtools.settings.places import Path as Place
from idvtools.settings.places import Places, dotted
from idvtools.settings.secrets import Sources

FILE = "idvtools.toml"
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def load(folder: Path, environ: Mapping[str, str] | None = None, *, shapes: Shapes) -> Settings:
    """Read and check a workspace's settings, secrets included. Writes nothing.

    Parameters
    ----------
    folder : Path
        The workspace; relative paths of key files start here.
    environ : mapping, optional
        Where ``{env = …}`` is looked up, by default the process's environment.
    shapes : mapping
        The vendors that may stand in the file, and what their tables look like (`idvtools.vendors.shapes`).

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
    >>> from idvtools.settings import VendorSettings, load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "idvtools.toml").write_text("[vendors.x]", encoding="utf-8")
    ...     settings = load(Path(folder), shapes={"x": VendorSettings})
    >>> settings.workspace.timezone, settings.vendor("x").apps
    ('Asia/Shanghai', ())
    """
    folder = Path(folder)
    text = read(folder)
    raw = parse(text)
    sources = Sources(folder, os.environ if environ is None else environ)
    found: list[tuple[Place, str]] = list(_contradictions(raw, shapes))
    chosen = _vendors(raw, shapes, sources, found)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({"workspace": {}, **raw, "vendors": chosen}, context=sources)
    except ValidationError as error:
        found += _messages(error, (), shapes)
    # Raised outside of the handlers: pydantic's error holds the values, and would travel along as the context.
    places = Places(text)
    if found or settings is None:
        problems = [_problem(place, message, places, shapes) for place, message in found]
        raise SettingsError(sorted(set(problems), key=lambda p: (p.row or 0, p.message)))
    settings._places = places
    return settings


def _vendors(raw: Raw, shapes: Shapes, sources: Sources, found: list[tuple[Place, str]]) -> dict[str, VendorSettings]:
    """Each vendor's table, by the shape that its own file declares; problems are added to `found`."""
    table = raw.get("vendors", {})
    if not isinstance(table, dict):
        found.append((("vendors",), f"must be a table, not {kind_of(table)}"))
        return {}
    chosen: dict[str, VendorSettings] = {}
    for name, value in table.items():
        if name not in shapes:
            found.append((("vendors", name), f"unknown vendor; this version knows {', '.join(shapes)}"))
            continue
        try:
            chosen[name] = shapes[name].model_validate(value, context=sources)
        except ValidationError as error:
            found += _messages(error, ("vendors", name), shapes)
    return chosen


def read(folder: Path) -> str:
    """The text of the settings file. Raises SettingsError."""
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


def parse(text: str) -> Raw:
    """The settings as they stand in the file. Raises SettingsError."""
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


def _problem(place: Place, message: str, places: Places, shapes: Shapes) -> Problem:
    vendor = place[1] if len(place) > 1 and place[0] == "vendors" and place[1] in shapes else None
    return Problem(
        f"{dotted(place)}: {message}", file=FILE, row=places.row(place), vendor=None if vendor is None else str(vendor)
    )


def _messages(error: ValidationError, at: Place, shapes: Shapes) -> Iterator[tuple[Place, str]]:
    for detail in error.errors(include_url=False):
        place = (*at, *detail["loc"])
        yield place, _message(detail, place, shapes)


#: What a value should have been, by pydantic's name of the problem.
_EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
}


def _message(detail: ErrorDetails, place: Place, shapes: Shapes) -> str:
    value = detail["input"]
    message = "this value cannot be used here"
    match detail["type"]:
        case "idvtools":
            message = detail["msg"]
        case "missing":
            field = tables(shapes)[_table(place[:-1])][1].model_fields[str(place[-1])]
            message = "is missing" + (f": add {place[-1]} = {field.examples[0]}" if field.examples else "")
        case "extra_forbidden":
            message = _unknown(place, shapes)
        case kind if kind in _EXPECTED:
            message = f"must be {_EXPECTED[kind]}, not {shown(value)}"
        case "literal_error":
            expected = detail["ctx"]["expected"].replace("'", '"')
            message = f"must be {expected}, not {shown(value)}"
        case "model_type" | "model_attributes_type" | "mapping_type" | "dict_type":
            message = f"must be a table, not {kind_of(value)}"
        case "greater_than_equal" | "less_than_equal":
            limit = detail["ctx"].get("ge", detail["ctx"].get("le"))
            message = f"must be {'at least' if 'ge' in detail['ctx'] else 'at most'} {limit}, not {shown(value)}"
        case "tuple_type" if _table(place) not in tables(shapes):
            message = f"must be a list, not {shown(value)}"
        case "tuple_type":
            header = ".".join(part for part in place if isinstance(part, str))
            message = f"must be a list of tables, each under a header [[{header}]], not {kind_of(value)}"
    return message


def _table(place: Place) -> tuple[str, ...]:
    """The key of `tables` for a place: without indices."""
    return tuple(part for part in place if isinstance(part, str))


def _unknown(place: Place, shapes: Shapes) -> str:
    key, table = str(place[-1]), _table(place[:-1])
    if key == "tiers":
        return "monthly tiers are not known to this version of idvtools yet; remove them, unit_price alone is used"
    # A key of another vendor belongs nowhere in this one's tables.
    near_by = {
        path: entry for path, entry in tables(shapes).items() if path[:1] != ("vendors",) or path[:2] == table[:2]
    }
    if len(table) < 2:
        near_by = tables(shapes)
    known = list(near_by[table][1].model_fields)
    homes = [header for header, model in near_by.values() if key in model.model_fields]
    if homes:
        return f"unknown key here; {key} belongs under {' or '.join(homes)} (a key belongs to the header above it)"
    near = get_close_matches(key.lower(), known, 1)
    return "unknown key; " + (f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}")


def _contradictions(raw: Raw, shapes: Shapes) -> Iterator[tuple[Place, str]]:
    """What only shows across values. Works on the raw file, so that one bad value doesn't hide these."""
    vendors = raw.get("vendors")
    for name in shapes:
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
