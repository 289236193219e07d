"""A small workspace made by hand, and the command line as a user sees it: for the tests of the front door.

The people in it are planted: whatever is found of them in an output is a leak.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idvtools.cli import main
from idvtools.crypto.aes import encrypt_text
from idvtools.crypto.rsa import sign_sha256
from idvtools.vendors.dec import decshash

APP = "zd1uahd8"
SITE = "chrome-chiyubank-jyj"
ZONE = ZoneInfo("Asia/Shanghai")
APP_KEY = "Kq7" + "0123456789abcdef" * 3 + "0123456789abc"
AES_KEY = b"sixteen-b-secret"
AES_TEXT = b64encode(AES_KEY).decode()
PSEUDONYM_KEY = "5f3c" * 16
#: (id number, name): clear text that may stand nowhere but in the input.
PEOPLE = [
    ("110101199003077213", "欧阳若曦"),
    ("31010419851212561X", "尉迟长风"),
    ("440305197801018893", "司徒听雨"),
]
HEADER = (
    "da_id,biz_no,app_id,site,access_way,da_status,da_sub_status,json_result,authorize_time,charge_flag,"
    "charge_package,user_protocol_upload_flag,create_time"
)
_EPOCH_MS = 1288834974657


def clock(day: int, hour: int = 10, minute: int = 0) -> datetime:
    """Tell a moment of October 2026 in the workspace's zone."""
    return datetime(2026, 10, day, hour, minute, 0, tzinfo=ZONE)


def da_id(when: datetime, number: int = 1, app: str = APP) -> str:
    """Make the daId that the platform would have made at that moment."""
    return f"{app}{(round(when.timestamp() * 1000) - _EPOCH_MS) << 22 | number}"


@cache
def platform_key() -> rsa.RSAPrivateKey:
    """The platform's key pair; one for all tests, because making one takes its time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Op:
    """One operation as all three sides tell it."""

    when: datetime
    person: int = 0
    number: int = 1
    status: int = 10
    charge: str = "Y"
    site: str = SITE
    biz_no: str = "b001"

    @property
    def op_id(self) -> str:
        return da_id(self.when, self.number)

    def request(self) -> dict[str, Any]:
        id_no, name = PEOPLE[self.person]
        return {
            "requested_at": self.when.isoformat(timespec="milliseconds"),
            "request": {
                "v": "1.0.0",
                "auth": {"appId": APP, "nonce": "n" * 32},
                "arg": {
                    "bizScenario": "general",
                    "site": self.site,
                    "bizNo": self.biz_no,
                    "openId": encrypt_text("open-id-of-somebody", AES_KEY),
                    "idNo": encrypt_text(id_no, AES_KEY),
                    "userName": encrypt_text(name, AES_KEY),
                    "accessWay": "h5",
                },
            },
            "response": {
                "errorCode": 0,
                "errorMessage": "OK",
                "data": {"daId": self.op_id, "redirectUrl": "https://x"},
            },
        }

    def body(self, **changes: Any) -> str:
        data = {
            "bizAppId": APP,
            "daId": self.op_id,
            "bizNo": self.biz_no,
            "site": self.site,
            "daStatus": self.status,
            "jsonResult": 10,
            "authorizedTs": round((self.when.timestamp() + 60) * 1000),
            "ext": {"userId": "u1", "fileKey": "", "daSubStatus": 0},
        } | changes
        return json.dumps(
            {"func": "daFileParsed", "v": "2.0.0", "auth": {"nonce": "m" * 32}, "data": data}, ensure_ascii=False
        )

    def callback(self, body: str | None = None, app_key: str = APP_KEY) -> dict[str, Any]:
        return envelope(self.body() if body is None else body, self.when + timedelta(minutes=5), app_key)

    def statement_row(self, **changes: str) -> str:
        when = self.when.strftime("%Y-%m-%d %H:%M:%S")
        row = {
            "da_id": self.op_id,
            "biz_no": self.biz_no,
            "app_id": APP,
            "site": self.site,
            "access_way": "h5",
            "da_status": str(self.status),
            "da_sub_status": "0",
            "json_result": "10",
            "authorize_time": when,
            "charge_flag": self.charge,
            "charge_package": "N",
            "user_protocol_upload_flag": "Y",
            "create_time": when,
        }
        return ",".join((row | changes).values())


def envelope(body: str, when: datetime | None = None, app_key: str = APP_KEY) -> dict[str, Any]:
    """A notification as our log holds it, signed with both keys."""
    try:
        mark = decshash(body, app_key)
    except Exception:  # a body that is not JSON: the headers then hold something else
        mark = "0" * 64
    return {
        "received_at": (when or clock(5)).isoformat(timespec="milliseconds"),
        "headers": {"DECSHASH": mark, "DECSSIGN": sign_sha256(mark.encode(), platform_key())},
        "body": body,
    }


def lines(items: Sequence[Any]) -> str:
    """JSON lines; text stays as it is."""
    return "".join((i if isinstance(i, str) else json.dumps(i, ensure_ascii=False)) + "\n" for i in items)


OPS = (Op(clock(5, 9), 0, 1), Op(clock(5, 10), 1, 2, biz_no="b002"), Op(clock(6, 11), 2, 3, 43, "N", biz_no="b003"))


@dataclass
class Bench:
    """A workspace in a temporary folder."""

    folder: Path
    ops: tuple[Op, ...] = OPS
    outs: int = field(default=0)

    def make(self) -> Bench:
        """Write it: three operations, agreed upon by everybody."""
        for name in ("requests", "callbacks", "statements", "keys"):
            (self.folder / name).mkdir(parents=True)
        public = platform_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.write("keys/notify.pem", public)
        self.write("keys/app.txt", APP_KEY)
        self.write("keys/aes.b64", AES_TEXT)
        self.write("keys/pseudonym.key", PSEUDONYM_KEY)
        self.write("idvtools.toml", SETTINGS)
        self.write("requests/start.jsonl", lines([op.request() for op in self.ops]))
        self.write("callbacks/notify.jsonl", lines([op.callback() for op in self.ops]))
        for day in range(1, 32):
            rows = [op.statement_row() for op in self.ops if op.when.day == day]
            self.write(statement_name(day), lines([HEADER, *rows]))
        return self

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> str:
        return self.path(name).read_text("utf-8")

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file; ``.gz`` is packed unless the content is bytes."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
            if name.endswith(".gz"):
                content = gzip.compress(content)
        path.write_bytes(content)
        return path

    def change(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new))

    def reconcile(self, *options: str, month: str | None = "2026-10") -> Run:
        """Run the command into a fresh folder."""
        self.outs += 1
        out = self.folder.parent / f"out{self.outs}"
        period = ("--month", month) if month else ()
        return run("reconcile", str(self.folder), "--vendor", "dec", *period, "--out", str(out), *options, out=out)


SETTINGS = """\
[workspace]
timezone = "Asia/Shanghai"
pseudonym_key = {file = "keys/pseudonym.key"}

[vendors.dec]
base_url = "https://vdi.example.com"
notify_public_key = {file = "keys/notify.pem"}

[[vendors.dec.apps]]
id = "zd1uahd8"
app_key = {file = "keys/app.txt"}

[[vendors.dec.apps.aes_keys]]
id = "a"
valid_from = 2026-09-28T02:00:00+08:00
key = {file = "keys/aes.b64"}

[[vendors.dec.prices]]
site = "*"
unit_price = "3.00"
currency = "CNY"
valid_from = 2026-01-01
"""


def statement_name(day: int, app: str = APP) -> str:
    return f"statements/交易流水对账单_{app}_202610{day:02d}.csv"


@dataclass(frozen=True)
class Run:
    """What a user sees of one run of the command line."""

    status: int
    stdout: str
    stderr: str
    out: Path | None = None

    @property
    def errors(self) -> list[str]:
        """Lines of stderr that name a problem."""
        return [line for line in self.stderr.splitlines() if line.startswith("error: ")]

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if line.startswith("warning: ")]

    @property
    def summary(self) -> dict[str, Any]:
        assert self.out is not None
        found: dict[str, Any] = json.loads((self.out / "summary.json").read_text("utf-8"))
        return found

    @property
    def ledger(self) -> list[dict[str, Any]]:
        assert self.out is not None
        rows: list[dict[str, Any]] = pq.read_table(self.out / "ledger.parquet").to_pylist()
        return rows

    @property
    def rejects(self) -> list[dict[str, Any]]:
        assert self.out is not None
        path = self.out / "rejects.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def buckets(self) -> dict[str, int]:
        return {name: b["rows"] for name, b in self.summary["buckets"].items() if b["rows"]}

    def rows_of(self, name: str) -> tuple[int, int]:
        """Rows read of an input file, and how many of them were rejected."""
        (found,) = [i for i in self.summary["inputs"] if i["path"] == name]
        return found["rows"], found["rejected"]

    def done(self) -> Run:
        """Assert that it ended well."""
        assert self.status == 0, self.stderr
        assert not self.errors
        return self

    def refused(self, *words: str) -> Run:
        """Assert: status 2, nothing but lines of errors, all `words` in them, nothing written."""
        assert self.status == 2, f"{self.status}: {self.stdout}{self.stderr}"
        assert self.errors
        assert self.stderr.splitlines() == self.errors
        assert not self.stdout
        for word in words:
            assert word in self.stderr, self.stderr
        assert self.out is None or not self.out.exists()
        assert self.out is None or not [p for p in self.out.parent.iterdir() if p.name.startswith(f".{self.out.name}")]
        return self


def run(*args: str, out: Path | None = None, env: dict[str, str] | None = None) -> Run:
    """Run the command line in this process; an exception that gets out is a traceback to a user."""
    result = CliRunner().invoke(main, list(args), env=env, prog_name="idvtools")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.stderr
    return Run(result.exit_code, result.stdout, result.stderr, out)


def texts(out: Path) -> Iterator[tuple[str, str]]:
    """Every text of every file of an output folder: workbooks unzipped, Parquet values and metadata spelt out."""
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        data = path.read_bytes()
        yield path.name, data.decode("utf-8", "replace")
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as pack:
                for name in pack.namelist():
                    yield f"{path.name}/{name}", pack.read(name).decode("utf-8", "replace")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            written = [name for name in table.column_names if pa.types.is_string(table[name].type)]
            yield f"{path.name}/rows", str(table.select(written).to_pylist())
            yield f"{path.name}/schema", str(pq.read_schema(path).metadata)


def found_in(run_: Run, needles: Sequence[str]) -> list[str]:
    """Where any of the needles stands in what a run wrote or said."""
    places = [("stdout", run_.stdout), ("stderr", run_.stderr)]
    if run_.out is not None and run_.out.exists():
        places += list(texts(run_.out))
    return [f"{needle} in {place}" for place, text in places for needle in needles if needle in text]


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("﻿"), newline="")))
