"""An in-memory month: what was sent, what was reported, what the vendor's statement says. Instants are UTC epoch ms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Proof = Literal["signed", "hash_only", "bad_hash", "bad_sign", "none"]
TimeFormat = Literal["text", "iso", "ms"]
Fallback = Literal["none", "statement"]
NInOne = Literal["auto", "children", "parent"]


@dataclass(frozen=True)
class Start:
    """One start-vdi exchange; ``aes_key`` is the key it was encrypted with (None: logged in clear)."""

    da_id: str | None
    app_id: str
    biz_no: str
    site: str
    requested_at: int | None
    id_no: str
    aes_key: bytes | None
    subject: str | None  # what a right reading of the log gives; None where no configured key fits
    error_code: int = 0


@dataclass(frozen=True)
class Child:
    """An entry of a report's childDaList."""

    da_id: str
    site: str
    status: int
    sub_status: str


@dataclass(frozen=True)
class Notice:
    """One notification. ``bare``: logged as a body only, so without headers and without the time it came."""

    da_id: str
    app_id: str
    biz_no: str
    site: str
    status: int
    sub_status: str
    json_result: int
    authorized_ts: int
    children: tuple[Child, ...]
    received_at: int | None
    proof: Proof
    bare: bool = False


@dataclass(frozen=True)
class Poll:
    """One get-da-status answer."""

    da_id: str
    app_id: str
    biz_no: str
    site: str
    status: int
    sub_status: str
    json_result: int
    authorized_ts: int
    children: tuple[Child, ...]
    polled_at: int


@dataclass(frozen=True)
class StatementRow:
    """One line of a daily statement; ``file_app``/``file_day`` name the file that it stands in."""

    da_id: str
    biz_no: str
    app_id: str
    site: str
    da_status: int
    sub_status: str
    json_result: str
    authorize_time: int
    charge: bool
    package: bool
    create_time: int
    time_format: TimeFormat
    file_app: str
    file_day: date
    file: str = ""
    line: int = 0

    def content(self) -> tuple[str, ...]:
        """Give the row's cells as text, without where it stands."""
        return (
            self.da_id, self.biz_no, self.app_id, self.site, str(self.da_status), self.sub_status, self.json_result,
            str(self.authorize_time), str(self.charge), str(self.package), str(self.create_time),
        )  # fmt: skip


@dataclass(frozen=True)
class Price:
    """A unit price as a decimal string; ``valid_to`` is inclusive."""

    site: str
    unit_price: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class AesKey:
    """A key of an application and the instant from which it is used."""

    id: str
    valid_from: int
    key: bytes


@dataclass(frozen=True)
class App:
    """An application as the settings list it; ``app_key`` None: its notifications cannot be checked."""

    id: str
    app_key: str | None
    aes_keys: tuple[AesKey, ...]


@dataclass(frozen=True)
class Settings:
    """The part of idvtools.toml that decides anything."""

    timezone: str
    fallback_status: Fallback
    n_in_one: NInOne
    prices: tuple[Price, ...]
    apps: tuple[App, ...]
    public_key: bool

    def app_key(self, app_id: str) -> str | None:
        """Give the appKey that the settings hold for this application."""
        return next((app.app_key for app in self.apps if app.id == app_id), None)


@dataclass(frozen=True)
class Month:
    """A whole workspace in memory; ``files`` are the (app_id, day) whose statement is there, rows or none."""

    seed: int
    label: str
    settings: Settings
    starts: tuple[Start, ...]
    notices: tuple[Notice, ...]
    polls: tuple[Poll, ...]
    rows: tuple[StatementRow, ...]
    files: frozenset[tuple[str, date]]

    @property
    def days(self) -> list[date]:
        """List the period's calendar days."""
        return month_days(self.label)


def month_days(label: str) -> list[date]:
    """List the days of a month written ``yyyy-mm``."""
    first = date.fromisoformat(f"{label}-01")
    days = [first]
    while (following := days[-1] + timedelta(days=1)).month == first.month:
        days.append(following)
    return days


def local_day(instant: int, timezone: str) -> date:
    """Give the calendar date that a UTC epoch ms falls on in an IANA zone."""
    seconds, milliseconds = divmod(instant, 1000)
    moment = datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=milliseconds)
    return moment.astimezone(ZoneInfo(timezone)).date()


def statement_name(app_id: str, day: date) -> str:
    """Name a daily statement as the platform does."""
    return f"交易流水对账单_{app_id}_{day:%Y%m%d}.csv"
