"""Measure how fast callback logs become a DataFrame, beside the plain ways, in one run. Nothing fails on time.

Each measurement runs in a process of its own: rate, and peak memory. The plain ways: a loop over json (with hmac and
pycryptodome where signatures are checked) as an analyst would write it, and DuckDB's read_json as the floor.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import hashlib
import hmac
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB on Linux
_APP = "zd1uahd8"
_FIRST_MS, _SPAN_MS, _EPOCH_MS = 1_790_784_000_000, 2_678_400_000, 1_288_834_974_657
GOALS = {"bare": 250_000, "hash": 90_000, "sign": 25_000}


def write_log(path: Path, lines: int, form: str) -> None:
    """`lines` notifications: bare bodies, with DECSHASH, or with DECSSIGN too; the keys beside them."""
    rng = random.Random(5)
    key = "".join(rng.choices("ABCDEFGHJKLMNPabcdefghkmnp23456789", k=64))
    path.with_suffix(".appkey").write_text(key)
    private = rsa.generate_private_key(65537, 2048) if form == "sign" else None
    if private:
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        path.with_suffix(".pem").write_bytes(public)
    with path.open("w", encoding="utf-8") as out:
        for i in range(lines):
            ms = _FIRST_MS + i * _SPAN_MS // lines
            status = rng.choice([10, 10, 10, 20, 25, 41, 44])
            done = status == 10
            data = {
                "bizAppId": _APP,
                "daId": f"{_APP}{(ms - _EPOCH_MS) << 22 | i % (1 << 22)}",
                "bizNo": f"b{i}",
                "site": "chrome-govhk-tax",
                "daStatus": status,
                "jsonResult": 10,
                "authorizedTs": ms if done else 0,
                "ext": {"userId": f"用户{i % 1000}"},
                "fileUrlList": [f"https://store.example.com/{i}.zip?sign=a%3Db"] if done else [],
            }
            message = {"func": "daUserAuthorized" if done else "daFailed", "v": "2.0.0", "data": data}
            body = json.dumps(message, ensure_ascii=False)
            if form == "bare":
                out.write(body + "\n")
                continue
            canonical = json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            headers = {"DECSHASH": hmac.new(key.encode(), (canonical + key).encode(), "sha256").hexdigest().upper()}
            if private:
                signature = private.sign(headers["DECSHASH"].encode(), padding.PKCS1v15(), hashes.SHA256())
                headers["DECSSIGN"] = base64.b64encode(signature).decode()
            if i % 1000 == 7:
                body = body.replace(f'"b{i}"', f'"c{i}"')
            at = dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat()
            out.write(json.dumps({"received_at": at, "headers": headers, "body": body}, ensure_ascii=False) + "\n")


def write_workspace(folder: Path, log: Path, form: str) -> None:
    """A workspace with that log only."""
    (folder / "callbacks").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "callbacks" / log.name).hardlink_to(log)
    settings = '[workspace]\ntimezone = "Asia/Shanghai"\n[vendors.dec]\nbase_url = "https://vdi.example.com"\n'
    if form == "sign":
        shutil.copy(log.with_suffix(".pem"), folder / "keys" / "public.pem")
        settings += 'notify_public_key = {file = "keys/public.pem"}\n'
    if form != "bare":
        shutil.copy(log.with_suffix(".appkey"), folder / "keys" / "app.key")
        settings += f'[[vendors.dec.apps]]\nid = "{_APP}"\napp_key = {{file = "keys/app.key"}}\n'
    (folder / "idvtools.toml").write_text(settings)


# ---- one measurement, in a process of its own

_IDVTOOLS = """
import resource, sys, time, idvtools as idv, pandas
workspace = idv.Workspace(sys.argv[1], cache=sys.argv[2] == "cache", progress=False)
start = time.perf_counter()
rows = len(workspace.callbacks("dec"))
"""
_JSON = """
import hmac, json, resource, sys, time, pandas
key = open(sys.argv[3]).read() if len(sys.argv) > 3 else None
public = None
if len(sys.argv) > 4:
    import base64
    from Crypto.Hash import SHA256
    from Crypto.PublicKey import RSA
    from Crypto.Signature import pkcs1_15
    public = pkcs1_15.new(RSA.import_key(open(sys.argv[4]).read()))
start = time.perf_counter()
found = []
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        logged = json.loads(line)
        check = "unchecked"
        body = logged
        if "body" in logged:
            body = json.loads(logged["body"])
            if key:
                text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + key
                own = hmac.new(key.encode(), text.encode(), "sha256").hexdigest().upper()
                check = "hash_only" if own == logged["headers"]["DECSHASH"] else "failed"
                if public and check != "failed":
                    public.verify(SHA256.new(own.encode()), base64.b64decode(logged["headers"]["DECSSIGN"]))
        data = body["data"]
        found.append({"received_at": logged.get("received_at"), "op_id": data["daId"], "status": data["daStatus"],
            "check": check, "biz_no": data["bizNo"], "site": data["site"], "authorized": data["authorizedTs"]})
frame = pandas.DataFrame(found)
frame["received_at"] = pandas.to_datetime(frame["received_at"], utc=True, format="ISO8601")
rows = len(frame)
"""
_DUCKDB = """
import duckdb, resource, sys, time, pandas
start = time.perf_counter()
rows = len(duckdb.sql(f"select func, data.* exclude (ext, fileUrlList) from read_json('{sys.argv[1]}')").df())
"""
_END = """
seconds = time.perf_counter() - start
print(rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run(code: str, *arguments: str) -> tuple[int, float, int]:
    """Rows, seconds, peak memory in bytes."""
    done = subprocess.run([sys.executable, "-c", code + _END, *arguments], check=True, capture_output=True, text=True)
    rows, seconds, rss = done.stdout.split()[-3:]
    return int(rows), float(seconds), int(rss) * _RSS_UNIT


def tell(what: str, runs: list[tuple[int, float, int]], goal: int | None = None) -> float:
    """One line of the table; the median rate."""
    rate = statistics.median(rows / seconds for rows, seconds, _ in runs)
    memory = max(rss for *_, rss in runs) / 2**20
    aim = "" if goal is None else f"   goal {goal:,}: {'met' if rate >= goal else 'MISSED'}"
    print(f"{what:<46}{rate:>12,.0f} lines a second{memory:>8,.0f} MB{aim}", flush=True)
    return rate


def main() -> None:
    """Make the logs, measure each way in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of each log (default: 1,000,000)")
    parser.add_argument("--signed", type=int, default=200_000, help="lines of the signed log (default: 200,000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each way (default: 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idvtools-bench-") as scratch:
        for form, title in (("bare", "bare bodies"), ("hash", "with DECSHASH"), ("sign", "with DECSSIGN")):
            log = Path(scratch) / f"{form}.jsonl"
            write_log(log, options.signed if form == "sign" else options.lines, form)
            size = log.stat().st_size / 2**20
            digest = hashlib.sha256(log.read_bytes()).hexdigest()[:8]
            print(f"\n{title}: {size:,.0f} MB ({digest})")
            workspace = Path(scratch) / form
            write_workspace(workspace, log, form)
            keys = [
                str(log.with_suffix(s)) for s in (".appkey", ".pem") if form != "bare" and log.with_suffix(s).exists()
            ]
            ways: dict[str, list[tuple[int, float, int]]] = {}
            for _ in range(options.runs):
                shutil.rmtree(workspace / ".idvtools", ignore_errors=True)
                for way, code, arguments in (
                    ("a loop over json", _JSON, [str(log), "-", *keys]),
                    *([("floor: DuckDB read_json", _DUCKDB, [str(log)])] if form == "bare" else []),
                    ("idvtools, nothing kept", _IDVTOOLS, [str(workspace), "no"]),
                    ("idvtools, cold (fills its cache)", _IDVTOOLS, [str(workspace), "cache"]),
                    ("idvtools, warm", _IDVTOOLS, [str(workspace), "cache"]),
                ):
                    ways.setdefault(way, []).append(run(code, *arguments))
                    time.sleep(0.2)
            rates = {way: tell(way, runs, GOALS[form] if way.endswith("kept") else None) for way, runs in ways.items()}
            warm, cold = rates["idvtools, warm"], rates["idvtools, cold (fills its cache)"]
            print(
                f"warm is {warm / cold:.1f} times as fast as cold (goal 10: {'met' if warm >= 10 * cold else 'MISSED'})"
            )
            print(f"{rates['idvtools, nothing kept'] / rates['a loop over json']:.1f} times as fast as the loop")


if __name__ == "__main__":
    main()
