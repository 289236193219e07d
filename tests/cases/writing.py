"""Writes cases of equal settings as one real workspace: settings, keys, logs, notifications, polls, statements."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from Crypto.Cipher import AES
from reference import tiny_crypto

from .story import APPS, KEYS, Case, Operation, Report, Row, Settings, shanghai

APP_KEYS = {app_id: hashlib.sha256(app_id.encode()).hexdigest() for app_id in APPS.values()}
AES_KEYS = {name: hashlib.sha256(f"aes {name}".encode()).digest()[:16] for name in KEYS}
PRICES = {
    "all": [
        ("*", "3.00", "2026-01-01", ""),
        ("chrome-govhk-tax", "2.50", "2026-01-01", "2026-10-15"),
        ("chrome-govhk-tax", "2.755", "2026-10-16", ""),
        ("chrome-pension", "0.125", "2026-01-01", ""),
    ],
    "tax until 10-15": [("chrome-govhk-tax", "2.50", "2026-01-01", "2026-10-15")],
}
STATEMENT = (
    "da_id,biz_no,app_id,site,access_way,da_status,da_sub_status,json_result,authorize_time,charge_flag,charge_package,"
    "user_protocol_upload_flag,create_time"
)
DAYS = [date(2026, 9, 30) + timedelta(days=n) for n in range(33)]  # the month and a day on either side


def write_workspace(folder: Path, cases: Iterable[Case]) -> Path:
    """Write the cases, which share their settings, into a new folder."""
    cases = list(cases)
    (settings,) = {case.settings for case in cases}
    for name in ("requests", "callbacks", "polls", "statements", "keys"):
        (folder / name).mkdir(parents=True)
    _write_settings(folder, settings)
    _write_requests(folder / "requests", [op for case in cases for op in case.operations if op.logged])
    told = [line for case in cases for line in _told(case)]
    for kind in ("callbacks", "polls"):
        lines = [line for where, line in told if where == kind]
        (folder / kind / "log.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    _write_statements(folder / "statements", cases)
    return folder


def _write_settings(folder: Path, settings: Settings) -> None:
    said = dict(settings)
    keys = folder / "keys"
    (keys / "pseudonym.key").write_text("cases " * 6)
    (keys / "notify_public_key.pem").write_bytes(tiny_crypto.public_pem())
    lines = [
        f'[workspace]\ntimezone = "{said["timezone"]}"\npseudonym_key = {{file = "keys/pseudonym.key"}}\n',
        f'[vendors.dec]\nfallback_status = "{said["fallback_status"]}"\nn_in_one = "{said["n_in_one"]}"',
        'notify_public_key = {file = "keys/notify_public_key.pem"}\n',
    ]
    for app_id, app_key in APP_KEYS.items():
        (keys / f"{app_id}.txt").write_text(app_key)
        lines.append(f'[[vendors.dec.apps]]\nid = "{app_id}"\napp_key = {{file = "keys/{app_id}.txt"}}\n')
        for name, since in KEYS.items():
            (keys / f"aes-{name}.b64").write_text(base64.b64encode(AES_KEYS[name]).decode())
            lines.append(f'[[vendors.dec.apps.aes_keys]]\nid = "{name}"\nvalid_from = {since}')
            lines.append(f'key = {{file = "keys/aes-{name}.b64"}}\n')
    for site, price, first, last in PRICES[said["prices"]]:
        lines.append(f'[[vendors.dec.prices]]\nsite = "{site}"\nunit_price = "{price}"\ncurrency = "CNY"')
        lines.append(f"valid_from = {first}" + (f"\nvalid_to = {last}\n" if last else "\n"))
    (folder / "idvtools.toml").write_text("\n".join(lines), "utf-8")


# --- our request log --------------------------------------------------------------------------------------------------


def _write_requests(folder: Path, operations: list[Operation]) -> None:
    sent = [json.dumps(_exchange(op)) + "\n" for op in operations if op.key != "clear"]
    (folder / "start-vdi.jsonl").write_text("".join(sent))
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["requested_at", "app_id", "biz_no", "site", "access_way", "error_code", "da_id", "id_no"])
    for op in operations:
        if op.key == "clear":
            when = "" if op.sent is None else shanghai(op.sent).isoformat(timespec="milliseconds")
            lines.writerow([when, op.app_id, op.biz_no, op.site, "h5", op.error, op.op_id or "", op.id_no])
    (folder / "export.csv").write_text(out.getvalue())


def _exchange(op: Operation) -> dict[str, Any]:
    assert op.sent is not None
    key = AES_KEYS.get(op.key) or lost_key(op.id_no, op.sent, padding_fits="padding" in op.key)
    argument = {"site": op.site, "bizNo": op.biz_no, "accessWay": "h5", "idNo": tiny_crypto.encrypt(op.id_no, key)}
    data = None if op.op_id is None else {"daId": op.op_id, "redirectUrl": "https://vdi.example.com/"}
    return {
        "requested_at": shanghai(op.sent).isoformat(timespec="milliseconds"),
        "request": {"v": "1.0.0", "auth": {"appId": op.app_id, "nonce": "n" * 32}, "arg": argument},
        "response": {"errorCode": op.error, "errorMessage": "failed" if op.error else "OK", "data": data},
    }


def lost_key(id_no: str, salt: int, *, padding_fits: bool) -> bytes:
    """A key that nobody has; with `padding_fits` every one of ours gives rubbish, and key 1's padding is valid."""
    for attempt in count():
        lost = hashlib.sha256(f"{id_no} {salt} {attempt}".encode()).digest()[:16]
        plain = AES.new(AES_KEYS["1"], AES.MODE_ECB).decrypt(base64.b64decode(tiny_crypto.encrypt(id_no, lost)))
        fits = 1 <= plain[-1] <= 16 and plain.endswith(plain[-1:] * plain[-1])
        if fits is padding_fits:
            return lost
    raise AssertionError


# --- notifications and polls ------------------------------------------------------------------------------------------


def _told(case: Case) -> Iterable[tuple[str, str]]:
    for op in case.operations:
        children = [child for child in case.operations if child.parent == op.name]
        assert all(len(child.reports) <= len(op.reports) for child in children), f"{case}: a child in no report"
        for place, report in enumerate(op.reports if op.parent is None else ()):
            listed = [_child(child, child.reports[place]) for child in children if place < len(child.reports)]
            yield _poll(op, report, listed) if report.how == "poll" else _notice(op, report, listed)


def _child(op: Operation, report: Report) -> dict[str, Any]:
    # The platform writes these integers as text now and then (dec.md section 3).
    status = str(report.status) if op.name.endswith("0") else report.status
    return {"daId": op.op_id, "site": op.site, "daStatus": status, "daSubStatus": report.sub_status}


def _poll(op: Operation, report: Report, children: list[dict[str, Any]]) -> tuple[str, str]:
    data = {
        "daId": op.op_id, "daStatus": report.status, "appId": op.app_id, "browsingSite": op.site, "bizNo": op.biz_no,
        "jsonResult": report.json_result, "authorizedTs": 0,
        "ext": {"daSubStatus": report.sub_status, "childDaList": children},
    }  # fmt: skip
    response = {"errorCode": 0, "errorMessage": "OK", "data": data}
    return "polls", json.dumps({"polled_at": shanghai(report.at).isoformat(), "response": response})


def _notice(op: Operation, report: Report, children: list[dict[str, Any]]) -> tuple[str, str]:
    message: dict[str, Any] = {
        "v": "2.0.0", "func": "daFileParsed" if report.status == 10 else "daFailed", "auth": {"nonce": "m" * 32},
        "data": {
            "bizAppId": op.app_id, "daId": op.op_id, "bizNo": op.biz_no, "site": op.site, "daStatus": report.status,
            "fileUrlList": [], "jsonResult": report.json_result, "authorizedTs": 0,
            "ext": {"daSubStatus": report.sub_status, "childDaList": children},
        },
    }  # fmt: skip
    body = json.dumps(message, ensure_ascii=False)
    if report.how == "unchecked":
        return "callbacks", body
    app_key = "not the key" if report.how == "forged" else APP_KEYS[op.app_id]
    if report.how == "tampered":
        message["data"] = {**message["data"], "daStatus": 41}
    decshash = tiny_crypto.decshash(message, app_key)
    signed = decshash[::-1] if report.how == "bad signature" else decshash
    headers = {"DECSHASH": decshash, "DECSSIGN": tiny_crypto.decssign(signed)}
    if report.how == "hash only":
        del headers["DECSSIGN"]
    received = shanghai(report.at).isoformat(timespec="milliseconds")
    return "callbacks", json.dumps({"received_at": received, "headers": headers, "body": body}, ensure_ascii=False)


# --- the vendor's statements ------------------------------------------------------------------------------------------


def _write_statements(folder: Path, cases: list[Case]) -> None:
    files: dict[tuple[str, date], list[str]] = defaultdict(list)
    missing = frozenset(file for case in cases for file in case.missing)
    for op in (op for case in cases for op in case.operations):
        for row in op.rows:
            assert row.file not in missing, f"{op.name} stands in a file that is to be missing"
            files[row.file].append(_cells(op.op_id, row))
    for app_id, day in ((app_id, day) for app_id in APPS.values() for day in DAYS):
        if (app_id, day) not in missing:
            text = "".join(f"{line}\n" for line in [STATEMENT, *files.pop((app_id, day), [])])
            (folder / f"交易流水对账单_{app_id}_{day:%Y%m%d}.csv").write_text(text, "utf-8")
    assert not files, "a row stands outside the days that have a file"


def _cells(op_id: str | None, row: Row) -> str:
    assert op_id is not None
    flags = ("Y" if row.charge else "N", "Y" if row.package else "N")
    ours = (op_id, row.biz_no, row.app_id, row.site, "h5", str(row.status), row.sub_status, row.json_result, "")
    return ",".join([*ours, *flags, "Y", f"{shanghai(row.created):%Y-%m-%d %H:%M:%S}"])
