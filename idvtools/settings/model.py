"""The shape of idvtools.toml: frozen tables, each value checked where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainValidator,
    PrivateAttr,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    WrapSerializer,
)
from pydantic_core import PydanticCustomError

from idvtools.errors import SettingsError
from idvtools.settings.places import Places
from idvtools.settings.secrets import PseudonymKey, Secret, Sources, UnusableError

_OFFSET = re.compile(r"(?:UTC|GMT|Z)?[+-]?\d.*|(?:Etc/)?(?:UTC|GMT)[+-]?\d+|[EMH]ST", re.I | re.A)
_KINDS: tuple[tuple[type, str], ...] = (  # bool before int, datetime before date: each is one of the other, too
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (datetime, "a time"),
    (date, "a date"),
    (time, "a time of day"),
    (list, "a list"),
    (dict, "a table"),
)
_ARTICLE = re.compile(r"^an? ")
_NOT_PLACES = ("posix", "right", "localtime", "Factory", "SystemV")  # also in the zone database, tied to the machine
#: How a currency is written.
CURRENCY = re.compile(r"[A-Z]{3}")
_MEGABYTES = re.compile(r"([1-9][0-9]{0,6}) ?([MG])i?B", re.IGNORECASE)
_HOST = re.compile(r"(\*\.)?[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?|\[?[0-9A-Fa-f:]+\]?", re.A)
_PRICE = re.compile(r"\d{1,9}(\.\d{1,6})?", re.A)


def refuse(text: str) -> PydanticCustomError:
    """A problem in our own words (braces in `text` are safe)."""
    return PydanticCustomError("idvtools", "{text}", {"text": text})


def kind_of(value: object) -> str:
    """What a TOML value is, for people, without the value: a secret may stand in its place.

    Examples
    --------
    >>> kind_of(3), kind_of(True), kind_of({})
    ('a whole number', 'true or false', 'a table')
    """
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "something else"


def shown(value: object) -> str:
    """An ordinary value, for people.

    Examples
    --------
    >>> shown(3), shown("x"), shown(date(2026, 1, 1)), shown({})
    ('the whole number 3', 'the text "x"', 'the date 2026-01-01', 'a table')
    """
    text = str(value) if len(str(value)) <= 60 else str(value)[:60] + "…"
    if isinstance(value, bool):
        return text.lower()
    if isinstance(value, str):
        return f'the text "{text}"'
    kind = kind_of(value)
    return kind if isinstance(value, (dict, list)) else f"the {_ARTICLE.sub('', kind)} {text}"


def _name(value: str) -> str:
    if not value or value != value.strip() or not value.isprintable():
        raise refuse("must be text without spaces around it, and not empty")
    return value


def _timezone(value: str) -> str:
    if _OFFSET.fullmatch(value):
        raise refuse(f'"{value}" is a fixed offset; name a place, such as "Asia/Shanghai", for its calendar decides')
    try:
        known = value.partition("/")[0] not in _NOT_PLACES and bool(ZoneInfo(value).key)
    except (LookupError, ValueError, OSError):
        known = False
    if not known:
        raise refuse(f'{shown(value)} is not an IANA time zone such as "Asia/Shanghai"')
    return value


def check_url(value: str) -> str:
    """Check the address of a platform; without the slash at its end."""
    try:
        url = urlsplit(value)
        _ = url.port  # a port that is no number shows only here
    except ValueError:
        url = urlsplit("")
    if url.username is not None or url.password is not None:
        raise refuse("a URL with a user name or password in it is refused: secrets only by reference")
    if url.scheme not in ("https", "http") or not url.hostname or url.query or url.fragment or re.search(r"\s", value):
        raise refuse('must be the address of the platform, such as "https://vdi.example.com", without ? and #')
    return value.rstrip("/")


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise refuse(f'must be a host such as "files.example.com", or "*.example.com", not {shown(value)}')
    return value.lower()


def _size(value: str) -> str:
    if not _megabytes(value):
        raise refuse(f'must be a size such as "200MB" or "2GB", not {shown(value)}')
    return value


def _price(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Decimal) and value.is_finite() and value >= 0:
        return value
    if isinstance(value, str):
        if value.startswith("-"):
            raise refuse(f"must not be negative, {shown(value)} is")
        if not _PRICE.fullmatch(value):
            raise refuse(f'must be a plain decimal number such as "3.00", not {shown(value)}')
        return Decimal(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise refuse(f'quote it: money is text, so that no cent is lost, for example {info.field_name} = "3.00"')
    raise refuse(f'must be a decimal number in quotes, such as "3.00", not {shown(value)}')


def _currency(value: str) -> str:
    if not CURRENCY.fullmatch(value):
        raise refuse(f'must be three capital letters such as "CNY", not {shown(value)}')
    return value


def _day(value: object, info: ValidationInfo) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise refuse(f"must be a date without quotes, such as {info.field_name} = 2026-01-01, not {shown(value)}")


def _instant(value: object, info: ValidationInfo) -> datetime:
    example = f"{info.field_name} = 2026-09-28T02:00:00+08:00"
    if not isinstance(value, datetime):
        raise refuse(f"must be a time without quotes, such as {example}, not {shown(value)}")
    if value.utcoffset() is None:
        raise refuse(f"{shown(value)} has no offset: write for example {example}")
    return value


def _sources(info: ValidationInfo) -> Sources:
    if not isinstance(info.context, Sources):
        raise refuse("references to secrets are resolved by idvtools.settings.load only")
    return info.context


def _secret(value: object, info: ValidationInfo) -> Secret:
    try:
        return value if isinstance(value, Secret) else _sources(info).read(value)
    except UnusableError as problem:
        raise refuse(str(problem)) from None


def _pseudonym_key(value: object, info: ValidationInfo) -> PseudonymKey:
    try:
        return value if isinstance(value, PseudonymKey) else PseudonymKey(value, _sources(info))
    except UnusableError as problem:
        raise refuse(str(problem)) from None


Name = Annotated[str, AfterValidator(_name)]
SecretField = Annotated[Secret, PlainValidator(_secret)]


#: What a secret is: ``text`` as it stands, ``text32`` whose characters are the bytes of an AES-256 key, ``base64``
#: of any bytes, ``aes`` (Base64 of an AES key), an RSA key or certificate of ours or of the vendor's.
KeyKind = Literal["text", "text32", "base64", "aes", "rsa_private", "rsa_public"]


def key_field(kind: KeyKind) -> Any:
    """A setting that refers to a key or another secret; absent unless the user names one.

    Examples
    --------
    >>> key_field("text").json_schema_extra
    {'key': 'text'}
    """
    return Field(default=None, json_schema_extra={"key": kind})


class SettingsTable(BaseModel):
    """A table of the settings file: frozen, and silent about what it was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class AesKeySettings(SettingsTable):
    """One AES key of an app, and since when it is in use."""

    id: Name = Field(examples=['"2026-10a"'])
    valid_from: Annotated[datetime, PlainValidator(_instant)] = Field(examples=["2026-09-28T02:00:00+08:00"])
    key: SecretField = Field(examples=['{file = "keys/aes-2026-10a.b64"}'], json_schema_extra={"key": "aes"})


def _by_time(keys: tuple[AesKeySettings, ...]) -> tuple[AesKeySettings, ...]:
    return tuple(sorted(keys, key=lambda k: k.valid_from))


#: AES keys of an app, in the order of `valid_from`.
AesKeys = Annotated[tuple[AesKeySettings, ...], AfterValidator(_by_time)]


class AppSettings(SettingsTable):
    """One app (account) at a vendor. A vendor's file adds the keys that its apps have."""

    id: Name = Field(examples=['"zd1uahd8"'])


class PriceSettings(SettingsTable):
    """Unit price of a site (``*``: of every site without one) from `valid_from` to `valid_to`, both included."""

    site: Name = Field(examples=['"*"'])
    unit_price: Annotated[Decimal, BeforeValidator(_price)] = Field(examples=['"3.00"'])
    currency: Annotated[str, AfterValidator(_currency)] = Field(examples=['"CNY"'])
    valid_from: Annotated[date, PlainValidator(_day)] = Field(examples=["2026-01-01"])
    valid_to: Annotated[date, PlainValidator(_day)] | None = None


class VendorSettings(SettingsTable):
    """What every vendor has; a vendor's file adds what is its own. Every value has a default."""

    base_url: Annotated[str, AfterValidator(check_url)] | None = None
    apps: tuple[AppSettings, ...] = ()
    prices: tuple[PriceSettings, ...] = ()
    file_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = ()
    requests_per_second: Annotated[int, Field(ge=1, le=10_000)] = 20
    in_flight: Annotated[int, Field(ge=1, le=64)] = 8
    largest_file: Annotated[str, AfterValidator(_size)] = "200MB"

    @property
    def largest_bytes(self) -> int:
        """The size of the largest file that is fetched."""
        return _megabytes(self.largest_file) << 20


class ReconciledSettings(VendorSettings):
    """What a vendor has besides that is reconciled."""

    fallback_status: Literal["none", "statement"] = "none"
    n_in_one: Literal["auto", "children", "parent"] = "auto"


def _memory(text: str) -> str:
    if _megabytes(text) < 512:
        raise ValueError('an amount of memory of at least 512MB, such as "2GB"')
    return text


def _megabytes(text: str) -> int:
    found = _MEGABYTES.fullmatch(text)
    return 0 if found is None else int(found[1]) * (1024 if found[2].upper() == "G" else 1)


class WorkspaceSettings(SettingsTable):
    """What holds for the whole workspace."""

    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Shanghai"
    vault_key: SecretField | None = None
    memory: Annotated[str, AfterValidator(_memory)] = "2GB"
    pseudonym_key: Annotated[PseudonymKey, PlainValidator(_pseudonym_key)] = Field(
        default={"file": "keys/pseudonym.key"}, validate_default=True
    )

    @property
    def megabytes(self) -> int:
        """The memory that may be used, in MB."""
        return _megabytes(self.memory)


def _frozen(vendors: Mapping[str, VendorSettings]) -> Mapping[str, VendorSettings]:
    return MappingProxyType(dict(vendors))


def _thawed(vendors: Mapping[str, VendorSettings], handler: SerializerFunctionWrapHandler) -> object:
    return handler(dict(vendors))


class Settings(SettingsTable):
    """All of idvtools.toml. Made by `idvtools.settings.load`."""

    workspace: WorkspaceSettings
    vendors: Annotated[
        Mapping[str, SerializeAsAny[InstanceOf[VendorSettings]]], AfterValidator(_frozen), WrapSerializer(_thawed)
    ]

    _places: Places = PrivateAttr(default_factory=lambda: Places(""))

    def row(self, *path: str | int) -> int | None:
        """Line of the file (from 1) where a setting stands, else of the nearest table around it."""
        return self._places.row(path)

    def vendor(self, name: str) -> VendorSettings:
        """Settings of one vendor.

        Raises
        ------
        SettingsError
            No such table; the message names the lines to add.
        """
        if name in self.vendors:
            return self.vendors[name]
        raise SettingsError(
            f"vendors.{name}: no settings for this vendor; add the line [vendors.{name}] and, below it, what you have: "
            'base_url = "https://…", [[vendors.' + name + ".apps]] with id and keys, [[vendors." + name + ".prices]]",
            file="idvtools.toml",
            vendor=name,
        )

    def pseudonym_key(self) -> bytes:
        """The key for pseudonyms, in clear. Makes its file (mode 0600) on first use if it is missing.

        Raises
        ------
        SettingsError
            The file cannot be made or read, or holds fewer than 16 characters.
        """
        return self.workspace.pseudonym_key.reveal()


#: The path of a table in the file, without positions in lists: ``("vendors", "dec", "apps")``.
TablePath = tuple[str, ...]
#: What a vendor's table looks like, by the vendor's name.
Shapes = Mapping[str, type[VendorSettings]]
Raw = dict[str, Any]


def tables(shapes: Shapes) -> dict[TablePath, tuple[str, type[BaseModel]]]:
    """Each table that the file may have: its path, how its header is written, its model.

    Examples
    --------
    >>> [header for header, _ in tables({"x": VendorSettings}).values()]
    ['the top of the file', '[workspace]', '[vendors.x]', '[[vendors.x.apps]]', '[[vendors.x.prices]]']
    """
    found: dict[TablePath, tuple[str, type[BaseModel]]] = {
        (): ("the top of the file", Settings),
        ("workspace",): ("[workspace]", WorkspaceSettings),
    }
    for name, shape in shapes.items():
        found[("vendors", name)] = (f"[vendors.{name}]", shape)
        found |= _lists(shape, ("vendors", name))
    return found


def _lists(model: type[BaseModel], at: TablePath) -> dict[TablePath, tuple[str, type[BaseModel]]]:
    found: dict[TablePath, tuple[str, type[BaseModel]]] = {}
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is tuple:
            item = get_args(field.annotation)[0]
            if isinstance(item, type) and issubclass(item, BaseModel):
                path = (*at, name)
                found[path] = (f"[[{'.'.join(path)}]]", item)
                found |= _lists(item, path)
    return found
