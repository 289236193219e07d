"""Write a month as a real workspace: the forms of workspace.md section 1, each chosen at random."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from . import tiny_crypto
from .model import Child, Month, Notice, Poll, Start, StatementRow, statement_name

SHANGHAI = ZoneInfo("Asia/Shanghai")
LOG_PREFIXES = [
    "2026-10-03 12:00:01.123 INFO [http-1] c.e.Callback - received ",
    "[2026-10-03T04:00:01Z] notify <- ",
    "Oct  3 12:00:01 gw-2 app[311]: ctx={tenant=a} 收到通知: ",
]
LOG_SUFFIXES = [" cost=12ms", "", " done (200)"]
NOISE = [
    "2026-10-03 12:00:00.000 INFO [main] c.e.Callback - started in 3.1 s",
    "",
    '2026-10-03 12:00:01.124 WARN [http-2] c.e.Callback - received {"received_at": "2026-10-0',
]
POLL_NOISE = [
    '{"polled_at": "2026-10-03T12:00:01+08:00", "response": {"errorCode": -44009, "errorMessage": "no", "data": null}}',
    '{"polled_at": "2026-10-03T12:00:01+08:00", "resp',
]
STATEMENT_COLUMNS = [
    "da_id", "biz_no", "app_id", "site", "access_way", "da_status", "da_sub_status", "json_result", "authorize_time",
    "charge_flag", "charge_package", "user_protocol_upload_flag", "create_time",
]  # fmt: skip


def write(month: Month, folder: Path) -> Path:
    """Write a month into a folder, which is made; return the folder."""
    rng = random.Random(f"write {month.seed}")
    for name in ("requests", "callbacks", "polls", "statements", "keys"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_settings(month, folder)
    _write_requests(month, folder / "requests", rng)
    _write_lines(folder / "callbacks", [_notice_line(notice, month, rng) for notice in month.notices], rng, NOISE)
    _write_lines(folder / "polls", [_poll_line(poll, rng) for poll in month.polls], rng, POLL_NOISE)
    _write_statements(month, folder / "statements", rng)
    return folder


def iso(instant: int, rng: random.Random) -> str:
    """Write an instant as ISO 8601 with an offset, whichever."""
    moment = datetime.fromtimestamp(instant // 1000, UTC) + timedelta(milliseconds=instant % 1000)
    offset = rng.choice([timedelta(hours=8), timedelta(0), timedelta(hours=-5), timedelta(hours=5, minutes=45)])
    short = instant % 1000 == 0 and rng.random() < 0.5
    text = moment.astimezone(timezone(offset)).isoformat(timespec="seconds" if short else "milliseconds")
    return text.replace("+00:00", "Z") if rng.random() < 0.5 else text


# --- settings ---------------------------------------------------------------------------------------------------------


def _write_settings(month: Month, folder: Path) -> None:
    settings = month.settings
    (folder / "keys/pseudonym.key").write_text("0123456789abcdef" * 2)
    lines = ["[workspace]", f'timezone = "{settings.timezone}"', 'pseudonym_key = {file = "keys/pseudonym.key"}', ""]
    lines += ["[vendors.dec]", 'base_url = "https://vdi.example.com"']
    if settings.public_key:
        (folder / "keys/notify_public_key.pem").write_bytes(tiny_crypto.public_pem())
        lines.append('notify_public_key = {file = "keys/notify_public_key.pem"}')
    lines += [f'fallback_status = "{settings.fallback_status}"', f'n_in_one = "{settings.n_in_one}"', ""]
    for app in settings.apps:
        lines += ["[[vendors.dec.apps]]", f'id = "{app.id}"']
        if app.app_key is not None:
            (folder / f"keys/{app.id}.appkey").write_text(app.app_key)
            (folder / f"keys/{app.id}.pem").write_bytes(tiny_crypto.private_pem())
            lines += [f'app_key = {{file = "keys/{app.id}.appkey"}}', f'private_key = {{file = "keys/{app.id}.pem"}}']
        for key in app.aes_keys:
            (folder / f"keys/aes-{key.id}.b64").write_text(base64.b64encode(key.key).decode() + "\n")
            valid_from = datetime.fromtimestamp(key.valid_from // 1000, SHANGHAI).isoformat()
            lines += ["", "[[vendors.dec.apps.aes_keys]]", f'id = "{key.id}"', f"valid_from = {valid_from}"]
            lines.append(f'key = {{file = "keys/aes-{key.id}.b64"}}')
        lines.append("")
    for price in settings.prices:
        lines += ["[[vendors.dec.prices]]", f'site = "{price.site}"', f'unit_price = "{price.unit_price}"']
        lines += ['currency = "CNY"', f"valid_from = {price.valid_from}"]
        lines += [f"valid_to = {price.valid_to}"] if price.valid_to else []
        lines.append("")
    (folder / "idvtools.toml").write_text("\n".join(lines), encoding="utf-8")


# --- requests ---------------------------------------------------------------------------------------------------------


def _write_requests(month: Month, folder: Path, rng: random.Random) -> None:
    """Deal the starts out over files: encrypted ones as envelopes or tables, clear ones as tables."""
    forms: dict[bool, list[Callable[[Path, list[Start], random.Random], None]]] = {
        True: [_write_envelopes, _write_csv, _write_parquet],
        False: [_write_csv, _write_parquet],
    }
    for encrypted, writers in forms.items():
        starts = [start for start in month.starts if (start.aes_key is not None) == encrypted]
        for number, part in enumerate(_dealt(starts, rng)):
            rng.choice(writers)(folder / f"{'enc' if encrypted else 'clear'}-{number}", part, rng)


def _dealt(items: list[Any], rng: random.Random) -> list[list[Any]]:
    parts: list[list[Any]] = [[] for _ in range(rng.choice([1, 2, 3]))]
    for item in items:
        rng.choice(parts).append(item)
    return [part for part in parts if part]


def _write_envelopes(stem: Path, starts: list[Start], rng: random.Random) -> None:
    _write_text(stem.with_suffix(".jsonl"), "".join(_envelope_line(start, rng) + "\n" for start in starts), rng)


def _envelope_line(start: Start, rng: random.Random) -> str:
    assert start.aes_key is not None
    assert start.requested_at is not None
    argument = {
        "bizScenario": "general", "site": start.site, "bizNo": start.biz_no, "accessWay": "h5",
        "openId": tiny_crypto.encrypt("o-1", start.aes_key), "idNo": tiny_crypto.encrypt(start.id_no, start.aes_key),
        "userName": tiny_crypto.encrypt("张三", start.aes_key), "userClaim": "", "ext": {"attach": ""},
    }  # fmt: skip
    request = {"v": "1.0.0", "auth": {"appId": start.app_id, "nonce": f"{rng.getrandbits(128):032x}"}, "arg": argument}
    data = None if start.da_id is None else {"daId": start.da_id, "redirectUrl": "https://vdi.example.com/?vcode=1"}
    message = "OK" if start.error_code == 0 else "failed"
    response = {"errorCode": start.error_code, "errorMessage": message, "data": data}
    exchange = {"requested_at": iso(start.requested_at, rng), "request": request, "response": response}
    return json.dumps(exchange, ensure_ascii=rng.random() < 0.5)


def _table(starts: list[Start]) -> dict[str, list[Any]]:
    encrypted = starts[0].aes_key is not None
    sent = [s.id_no if s.aes_key is None else tiny_crypto.encrypt(s.id_no, s.aes_key) for s in starts]
    return {
        "requested_at": [s.requested_at for s in starts], "app_id": [s.app_id for s in starts],
        "biz_no": [s.biz_no for s in starts], "site": [s.site for s in starts], "access_way": ["h5" for _ in starts],
        "error_code": [s.error_code for s in starts], "da_id": [s.da_id for s in starts],
        "id_no_enc" if encrypted else "id_no": sent, "remark": ["x" for _ in starts],
    }  # fmt: skip


def _write_csv(stem: Path, starts: list[Start], rng: random.Random) -> None:
    table = _table(starts)
    table["requested_at"] = ["" if t is None else iso(t, rng) for t in table["requested_at"]]
    columns = rng.sample(sorted(table), len(table))
    out = io.StringIO()
    lines = csv.writer(out, lineterminator=rng.choice(["\n", "\r\n"]))
    lines.writerow(columns)
    lines.writerows(zip(*(table[column] for column in columns), strict=True))
    _write_text(stem.with_suffix(".csv"), out.getvalue(), rng)


def _write_parquet(stem: Path, starts: list[Start], rng: random.Random) -> None:
    table: dict[str, Any] = _table(starts)
    instants = table["requested_at"]
    if rng.random() < 0.5:
        table["requested_at"] = pa.array([None if t is None else iso(t, rng) for t in instants], pa.string())
    else:
        table["requested_at"] = pa.array(instants, pa.timestamp("ms", tz="UTC"))
    table["da_id"] = pa.array(table["da_id"], pa.string())
    pq.write_table(pa.table(table), stem.with_suffix(".parquet"))


def _write_text(path: Path, text: str, rng: random.Random) -> None:
    if rng.random() < 0.4:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        path.write_bytes(text.encode())


# --- callbacks and polls ----------------------------------------------------------------------------------------------


def _write_lines(folder: Path, lines: list[str], rng: random.Random, noise: list[str]) -> None:
    for number, part in enumerate(_dealt(lines, rng)):
        mixed = []
        for line in part:
            mixed += [line, rng.choice(noise)] if rng.random() < 0.03 else [line]
        _write_text(folder / f"log-{number}.jsonl", "\n".join(mixed) + "\n", rng)


def _told_children(children: tuple[Child, ...], rng: random.Random) -> list[dict[str, Any]]:
    """List children with integers, or with strings where the platform feels like it."""
    as_text = rng.random() < 0.5
    told = []
    for child in children:
        sub: Any = child.sub_status if as_text or not child.sub_status else int(child.sub_status)
        status: Any = str(child.status) if as_text else child.status
        told.append({"daId": child.da_id, "site": child.site, "daStatus": status, "daSubStatus": sub})
    return told


def _extra(told: Notice | Poll, rng: random.Random) -> dict[str, Any]:
    sub: Any = told.sub_status
    extra: dict[str, Any] = {"daSubStatus": int(sub) if sub and rng.random() < 0.5 else sub}
    if told.children or rng.random() < 0.5:
        extra["childDaList"] = _told_children(told.children, rng)
    return extra


def _notice_line(notice: Notice, month: Month, rng: random.Random) -> str:
    files = ["https://store.example.com/1.zip?sign=a%3Db"] if notice.status == 10 else []
    success = "daFileParsed" if notice.json_result != 5 else "daUserAuthorized"
    data = {
        "bizAppId": notice.app_id, "daId": notice.da_id, "bizNo": notice.biz_no, "site": notice.site,
        "daStatus": notice.status, "fileUrlList": files, "jsonResult": notice.json_result,
        "authorizedTs": notice.authorized_ts, "ext": {"userId": "用户一", "pdfPassword": [], **_extra(notice, rng)},
    }  # fmt: skip
    message = {
        "func": success if notice.status == 10 else "daFailed", "v": "2.0.0",
        "auth": {"nonce": f"{rng.getrandbits(128):032x}"}, "data": data,
    }  # fmt: skip
    headers = _headers(notice, message, month, rng)
    compact = (",", ":") if rng.random() < 0.5 else (", ", ": ")
    body = json.dumps(message, ensure_ascii=rng.random() < 0.5, separators=compact)
    if not notice.bare:
        assert notice.received_at is not None
        wrapped = {"received_at": iso(notice.received_at, rng), "headers": headers, "body": body}
        body = json.dumps(wrapped, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.2:
        return rng.choice(LOG_PREFIXES) + body + rng.choice(LOG_SUFFIXES)
    return body


def _headers(notice: Notice, message: dict[str, Any], month: Month, rng: random.Random) -> dict[str, str]:
    if notice.proof == "none":
        return rng.choice([{}, {"Content-Type": "application/json"}, {"DECSSIGN": tiny_crypto.decssign("else")}])
    app_key = month.settings.app_key(notice.app_id) or "k" * 64
    right = tiny_crypto.decshash(message, app_key)
    if notice.proof == "hash_only":
        return {"DECSHASH": right}
    if notice.proof == "bad_hash":
        wrong = tiny_crypto.decshash({**message, "v": "2.0.1"}, app_key)
        return rng.choice([{"DECSHASH": wrong}, {"DECSHASH": wrong, "DECSSIGN": tiny_crypto.decssign(wrong)}])
    signed = right if notice.proof == "signed" else right[::-1]
    return {"DECSHASH": right, "DECSSIGN": tiny_crypto.decssign(signed)}


def _poll_line(poll: Poll, rng: random.Random) -> str:
    data = {
        "daId": poll.da_id, "daStatus": poll.status, "appId": poll.app_id, "browsingSite": poll.site,
        "bizNo": poll.biz_no, "jsonResult": poll.json_result, "certResult": 0, "authorizedTs": poll.authorized_ts,
        "ext": _extra(poll, rng),
    }  # fmt: skip
    response = {"errorCode": 0, "errorMessage": "OK", "data": data}
    return json.dumps({"polled_at": iso(poll.polled_at, rng), "response": response}, ensure_ascii=rng.random() < 0.5)


# --- statements -------------------------------------------------------------------------------------------------------


def _write_statements(month: Month, folder: Path, rng: random.Random) -> None:
    for app_id, day in sorted(month.files):
        _write_statement(month, folder, app_id, day, rng)


def _write_statement(month: Month, folder: Path, app_id: str, day: date, rng: random.Random) -> None:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator=rng.choice(["\n", "\r\n"]))
    lines.writerow(STATEMENT_COLUMNS)
    rows = [row for row in month.rows if (row.file_app, row.file_day) == (app_id, day)]
    lines.writerows(_statement_cells(row) for row in sorted(rows, key=lambda row: row.line))
    encoding = rng.choice(["utf-8", "utf-8-sig", "gb18030"])
    (folder / statement_name(app_id, day)).write_bytes(out.getvalue().encode(encoding))


def _statement_cells(row: StatementRow) -> list[str]:
    # The cells follow from the row alone, so that a row listed twice is the very same text.
    authorized = (
        _statement_time(row.authorize_time, row)
        if row.authorize_time
        else ("" if crc32(row.da_id.encode()) % 2 else "0")
    )
    return [
        row.da_id, row.biz_no, row.app_id, row.site, "h5", str(row.da_status), row.sub_status, row.json_result,
        authorized, "Y" if row.charge else "N", "Y" if row.package else "N", "Y", _statement_time(row.create_time, row),
    ]  # fmt: skip


def _statement_time(instant: int, row: StatementRow) -> str:
    if row.time_format == "ms":
        return str(instant)
    if row.time_format == "iso":
        return iso(instant, random.Random(row.create_time))
    return datetime.fromtimestamp(instant // 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
