"""Code tables: what a vendor's codes mean, as data with an edition and a source per row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from idvtools.errors import (
    CredentialsExpiredError,
    DataSourceUnavailableError,
    NotReadyError,
    OperationFailedError,
    RequestRefusedError,
    SignatureRefusedError,
    TemporaryError,
    VendorError,
)

#: What became of a call or an operation, in one vocabulary for all vendors.
Outcome = Literal[
    "success",
    "pending",
    "rejected",
    "rejected_input",
    "capture_failed",
    "abandoned",
    "system_failed",
    "auth_failed",
    "business_failed",
    "vendor_failed",
    "unknown",
]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
#: What the column `error` of a table may say, and the error's type.
ERRORS: Mapping[str, type[VendorError]] = MappingProxyType(
    {
        "signature_refused": SignatureRefusedError,
        "credentials_expired": CredentialsExpiredError,
        "temporary": TemporaryError,
        "not_ready": NotReadyError,
        "data_source_unavailable": DataSourceUnavailableError,
        "request_refused": RequestRefusedError,
        "operation_failed": OperationFailedError,
    }
)
#: Where the code tables stand.
FOLDER = Path(__file__).parents[1] / "codes"
_CODE = re.compile(r"-?[0-9]{1,9}|[A-Z]{1,8}[_-]?[0-9]{0,6}")
_COLUMNS = ("code", "name_zh", "name_en", "outcome", "edition", "source")


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a code table.

    Parameters
    ----------
    code : str
        As the vendor writes it; an integer as its digits.
    name_zh, name_en : str
        Names for people.
    outcome : str or None
        The canonical outcome; None in tables that are no outcomes (kinds of files).
    error : type or None
        What a call that is answered with this code raises.
    edition, source : str
        Which edition of the vendor's document has the row, and where.
    note : str
        A remark.
    """

    code: str
    name_zh: str
    name_en: str
    outcome: Outcome | None
    error: type[VendorError] | None
    edition: str
    source: str
    note: str = ""


@dataclass(frozen=True)
class CodeTable:
    """A code table; codes are looked up as text, whatever they came as.

    Examples
    --------
    >>> table = CodeTable("t", (Code("0", "成功", "success", "success", None, "e", "s"),))
    >>> table.find(0).name_en, table.find("0") is table.find(0), table.find("7")
    ('success', True, None)
    """

    name: str
    rows: tuple[Code, ...]
    _by_code: Mapping[str, Code] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_code = {row.code: row for row in self.rows}
        if len(by_code) != len(self.rows):
            raise ValueError(f"{self.name}: a code stands twice")
        object.__setattr__(self, "_by_code", by_code)

    def find(self, code: object) -> Code | None:
        """The row of a code, None for one that no edition lists (it is never guessed)."""
        text = code_text(code)
        return None if text is None else self._by_code.get(text)


def code_text(value: object) -> str | None:
    """A code as text: integers and strings are the same code, None for what is no code.

    Examples
    --------
    >>> [code_text(c) for c in (41, " 41 ", "00000", True, None, Decimal("20.0"))]
    ['41', '41', '00000', None, None, '20']
    """
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite() and value.copy_abs() < 10**15 and value == int(value):
        return str(int(value))
    return None


def is_code(text: str) -> bool:
    """Whether a text has the form of a code, rather than of a name or an id number.

    Examples
    --------
    >>> [is_code(t) for t in ("-43037", "60840000", "A0", "张三", "110101199001011234", "")]
    [True, True, True, False, False, False]
    """
    return _CODE.fullmatch(text) is not None


def load_codes(file: Path) -> CodeTable:
    """Read a code table.

    Raises
    ------
    ValueError
        A column is missing, an outcome or an error is none that the house knows, a row has no source.
    """
    return CodeTable(file.stem, tuple(_row(file.stem, r) for r in read_rows(file)))


@cache
def read_rows(file: Path) -> tuple[Mapping[str, str], ...]:
    """Rows of a table as they stand in the file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def _row(name: str, row: Mapping[str, str]) -> Code:
    if missing := [c for c in _COLUMNS if row.get(c) is None]:
        raise ValueError(f"{name}: the columns {', '.join(missing)} are missing")
    outcome, error = row["outcome"] or None, row.get("error") or None
    if outcome is not None and outcome not in OUTCOMES:
        raise ValueError(f"{name}, code {row['code']}: {outcome} is no outcome; there are {', '.join(OUTCOMES)}")
    if error is not None and error not in ERRORS:
        raise ValueError(f"{name}, code {row['code']}: {error} is no error; there are {', '.join(ERRORS)}")
    if not row["name_zh"] or not row["name_en"]:
        raise ValueError(f"{name}, code {row['code']}: a name is missing, in Chinese or in English")
    if not row["edition"] or not row["source"]:
        raise ValueError(f"{name}, code {row['code']}: edition and source must be named")
    return Code(
        row["code"],
        row["name_zh"],
        row["name_en"],
        outcome,  # type: ignore[arg-type]  # checked above
        ERRORS[error] if error else None,
        row["edition"],
        row["source"],
        row.get("note", ""),
    )


def tables(vendor: str, names: Iterable[str], folder: Path = FOLDER) -> Mapping[str, CodeTable]:
    """Code tables of a vendor: ``codes/<vendor>_<name>.csv`` each.

    Examples
    --------
    >>> tables("onenet", ["audit_status"])["audit_status"].find("4").outcome
    'rejected'
    """
    return MappingProxyType({name: load_codes(folder / f"{vendor}_{name}.csv") for name in names})
