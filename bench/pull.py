"""Measure how fast evidence is pulled from a sandbox, beside plain parallel downloads of the same links, in one run.

The server is a process of its own. All ways fetch the original files and the parse result of each operation. The plain
ways get the links for nothing; idvtools reads the records, asks for the links, hashes, keeps a custody log and waits
for the disk. The states of the operations are known, as from notifications. Nothing fails on time.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB on Linux
GOAL = 0.6
_LINES = "\n"


def serve(folder: Path, operations: int, files: int, size: int) -> None:
    """Serve until stdin ends; a line on stdin asks for fresh links."""
    from idvtools.sandbox.server import Sandbox  # noqa: PLC0415
    from idvtools.vendors.dec import download_headers  # noqa: PLC0415

    with Sandbox(seed=7) as sandbox:
        planted = sandbox.dec.plant(count=operations, files=files, size=size)
        sandbox.write_workspace(folder / "ws")
        toml = folder / "ws" / "idvtools.toml"
        limits = "[vendors.dec]\nrequests_per_second = 10000\nin_flight = 8\n"
        toml.write_text(toml.read_text("utf-8").replace("[vendors.dec]\n", limits), "utf-8")
        (folder / "ws" / "requests" / "start.jsonl").write_bytes(b"\n".join(sandbox.dec.request_lines(planted)) + b"\n")
        _poll(folder / "ws", [o.op_id for o in planted])
        print("ready", flush=True)
        for _ in sys.stdin:
            links = []
            for operation in planted:
                key = base64.b64encode(sandbox.dec.file_key(operation)).decode()
                found = sandbox.dec.original_links(operation) + sandbox.dec.parsed_links(operation, 10)
                links += [(u, download_headers(u, key)) for u in found]
            (folder / "links.json").write_text(json.dumps(links), "utf-8")
            print("links", flush=True)


def _poll(folder: Path, op_ids: list[str]) -> None:
    """Have the states in the records."""
    import datetime as dt  # noqa: PLC0415

    import idvtools as idv  # noqa: PLC0415
    from idvtools import vendors  # noqa: PLC0415
    from idvtools.pull import Caller, Sessions, Transport  # noqa: PLC0415
    from idvtools.pull.polls import PollLog  # noqa: PLC0415

    now = dt.datetime.now(dt.UTC)
    caller = Caller(vendors.get("dec"), idv.Workspace(folder).keys("dec"), Transport(), Sessions(folder / "keys"))
    log = PollLog(folder / "polls", now)
    for op_id in op_ids:
        log.add(now, caller.ask("status", app=op_id[:8], op_id=op_id).received)


def plain(folder: Path) -> None:
    """Every link to a file of its own: one `requests` session a thread, eight threads."""
    import threading  # noqa: PLC0415

    import requests  # noqa: PLC0415

    local = threading.local()

    def fetch(job: tuple[int, tuple[str, dict[str, str]]]) -> None:
        number, (url, headers) = job
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
        with local.session.get(url, headers=headers, timeout=30, stream=True) as answer:
            answer.raise_for_status()
            with (folder / "plain" / str(number)).open("wb") as out:
                for piece in answer.iter_content(1 << 16):
                    out.write(piece)

    links = json.loads((folder / "links.json").read_text("utf-8"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fetch, enumerate(links)))


def wget(folder: Path) -> None:
    """The same with wget: one process for the files of an operation, which share their key, eight at a time."""
    links = json.loads((folder / "links.json").read_text("utf-8"))
    groups: dict[str, tuple[dict[str, str], list[str]]] = {}
    for url, headers in links:
        groups.setdefault(json.dumps(headers), (headers, []))[1].append(url)

    def fetch(group: tuple[dict[str, str], list[str]]) -> None:
        headers, urls = group
        told = [f"--header={name}: {value}" for name, value in headers.items()]
        subprocess.run(
            ["wget", "-q", "--no-proxy", "-x", "-P", str(folder / "plain"), *told, *urls],  # noqa: S607
            check=True,
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fetch, groups.values()))


def pull(folder: Path) -> None:
    """All of it: `idvtools pull`."""
    import datetime as dt  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    import idvtools as idv  # noqa: PLC0415

    moment = dt.datetime.now(ZoneInfo("Asia/Shanghai")) - dt.timedelta(hours=1)
    report = idv.Workspace(folder / "ws", progress=False).pull("dec", day=moment.date())
    assert report.complete, report
    print(report)


def run(argv: list[str]) -> tuple[float, float]:
    """Seconds and MB of peak memory of a process."""
    before = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, *argv], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{argv[0]} failed")
    return time.perf_counter() - before, usage.ru_maxrss * _RSS_UNIT / 2**20


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--files", type=int, default=10, help="of each operation")
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--do", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.do:
        what, folder = options.do[0], Path(options.do[1])
        if what == "serve":
            serve(folder, options.operations, options.files, options.size)
        else:
            {"plain": plain, "wget": wget, "pull": pull}[what](folder)
        return
    ways = ["plain", *(["wget"] if shutil.which("wget") else []), "pull"]
    times: dict[str, list[float]] = {w: [] for w in ways}
    peaks: dict[str, float] = dict.fromkeys(ways, 0.0)
    for _ in range(max(3, options.runs)):
        folder = Path(tempfile.mkdtemp(prefix="bench-pull-"))
        numbers = ["--operations", str(options.operations), "--files", str(options.files), "--size", str(options.size)]
        server = subprocess.Popen(
            [sys.executable, __file__, "--do", "serve", str(folder), *numbers],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdin
        assert server.stdout
        try:
            assert server.stdout.readline().strip() == "ready"
            for way in ways:
                server.stdin.write(_LINES)
                server.stdin.flush()
                server.stdout.readline()
                (folder / "plain").mkdir()
                seconds, peak = run(["--do", way, str(folder)])
                shutil.rmtree(folder / "plain")
                times[way].append(seconds)
                peaks[way] = max(peaks[way], peak)
        finally:
            server.stdin.close()
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)
    count = options.operations * (options.files + 1)
    told = (
        f"{options.operations * options.files} files of {options.size:,} bytes and {options.operations} parse results"
    )
    print(f"{told} of {options.operations} operations; medians of {max(3, options.runs)}")
    base = count / statistics.median(times["plain"])
    for way in ways:
        rate = count / statistics.median(times[way])
        told = f" (goal: {GOAL:.0%} of plain)" if way == "pull" else ""
        print(f"  {way:6} {rate:8.0f} files/s  {rate / base:6.0%} of plain  peak {peaks[way]:5.0f} MB{told}")


if __name__ == "__main__":
    main()
