"""A fuzzer of the reading of callback logs: good lines of every form, damaged at random, read as a user reads them.

Run by hand: ``python tests/fuzz_callbacks.py --lines 1000000 --seed 1``. `tests/test_callbacks_fuzz.py` runs a
small one.

What must hold of any log:

- nothing raises;
- a line that was left as it is, and that can be read on its own, is among the notifications: its operation, its line,
  its check;
- every line that is not blank has a notification or a reject, or is part of JSON over several lines that was read;
- none has two rejects;
- `summary.lines` counts the lines that are not blank;
- no reason of a reject shows a name or an id number.
"""

from __future__ import annotations

import argparse
import html
import json
import random
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from front_door import APP_KEY, PEOPLE, SETTINGS, Op, clock

import idvtools as idv
from idvtools.vendors.dec import decshash
from idvtools.vendors.webank import encode_plain

_DECODER = json.JSONDecoder()
_BLANKS = b"\t\n\f\r "
_PER_FILE = 250_000
#: What a multi-line JSON may be long, for the check of what it covers.
_MOST_LINES = 400


@dataclass(frozen=True)
class Good:
    """Lines that can be read: of each message its operation, the line that it begins in (from 0), its check."""

    form: str
    lines: tuple[bytes, ...]
    messages: tuple[tuple[str, int, str], ...]


# ---- good lines


def _nginx(body: str) -> str:
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02X}" for b in body.encode())


_STAMP = "2026-10-05 09:00:01,123"
_CLF = '10.0.0.1 - - [05/Oct/2026:09:00:01 +0800] "POST /notify HTTP/1.1" 200 2'
#: A body inside one line of a log, in the ways back ends have.
_WRAPPED: dict[str, Callable[[str], str]] = {
    "bare": lambda b: b,
    "log4j": lambda b: f"{_STAMP} INFO [http-nio-8080-exec-1] c.e.NotifyController - received {b} in 3 ms",
    "logback": lambda b: json.dumps({"@timestamp": "2026-10-05T09:00:01+08:00", "message": f"got {b}"}),
    "payload": lambda b: json.dumps({"ts": 1791162001, "payload": json.loads(b)}, ensure_ascii=False),
    "string": lambda b: json.dumps(b, ensure_ascii=False),
    "nginx": lambda b: f'{_CLF} "-" "{_nginx(b)}"',
    "python dict": lambda b: f"INFO:root:got {json.loads(b)!r}",
    "python bytes": lambda b: f"INFO:root:got {b.encode()!r}",
    "html": lambda b: f"<td>{html.escape(b)}</td>",
    "url": lambda b: f"POST /notify body={quote_plus(b)}",
    "csv": lambda b: f'17,{_STAMP[:19]},"{b.replace(chr(34), chr(34) * 2)}",ok',
}


def _dec(number: int, rng: random.Random) -> tuple[str, str]:
    id_no, name = rng.choice(PEOPLE)
    op = Op(clock(rng.randint(1, 28), rng.randint(0, 23)), number=number, status=rng.choice([10, 43, 44, 20]))
    more = {"ext": {"userId": "u1", "daSubStatus": 0, "remark": f"{name} {id_no}"}} if rng.random() < 0.5 else {}
    return op.op_id, op.body(**more)


def _onenet(number: int, rng: random.Random) -> tuple[str, str]:
    id_no, name = rng.choice(PEOPLE)
    body = {"auditResult": {"busiSeq": f"B{number:09d}", "auditStatus": "2"}, "custInfo": {"n": name, "i": id_no}}
    return f"B{number:09d}", json.dumps(body, ensure_ascii=False)


def _webank(number: int, rng: random.Random) -> tuple[str, str]:
    id_no, name = rng.choice(PEOPLE)
    plain = encode_plain({"ID_NO": id_no, "USER_NAME": name, "BIZ_SEQ_NO": f"W{number:09d}"})
    body = {"Plain": plain, "Signature": "ab" * 20, "Timestamp": "1519700632680", "transName": "T", "SeqNo": "1"}
    return f"W{number:09d}", json.dumps(body)


def good_lines(rng: random.Random, count: int = 4000) -> list[Good]:
    """A pool of good lines of every form."""
    pool: list[Good] = []
    for number in range(1, count + 1):
        vendor = rng.choices([_dec, _onenet, _webank], [6, 1, 1])[0]
        op_id, body = vendor(number, rng)
        form = rng.choice([*_WRAPPED, "envelope", "envelope of an object", "array", "pretty", "gb18030", "listed"])
        messages: tuple[tuple[str, int, str], ...] = ((op_id, 0, "unchecked"),)
        if form in _WRAPPED:
            texts = [_WRAPPED[form](body)]
        elif form in ("envelope", "envelope of an object"):
            if vendor is not _dec:
                continue
            headers = {rng.choice(["DECSHASH", "decshash"]): decshash(body, APP_KEY)}
            inner = body if form == "envelope" else json.loads(body)
            kept = {"received_at": "2026-10-05T09:00:01+08:00", "headers": headers, "body": inner}
            texts, messages = [json.dumps(kept, ensure_ascii=False)], ((op_id, 0, "hash_only"),)
        elif form == "array":
            other, second = _dec(number + 1_000_000, rng)
            texts, messages = [f"[{body}, {second}]"], (*messages, (other, 0, "unchecked"))
        elif form == "listed":
            other, second = _dec(number + 2_000_000, rng)
            texts, messages = ["[", f"{body},", second, "]"], ((op_id, 1, "unchecked"), (other, 2, "unchecked"))
        else:
            texts = json.dumps(json.loads(body), indent=2, ensure_ascii=False).split("\n")
            if form == "gb18030":
                texts = [f"{_STAMP} 信息 收到通知内容如下所示 {body}"]
        raw = tuple(t.encode("gb18030" if form == "gb18030" else "utf-8") for t in texts)
        pool.append(Good(form, raw, messages))
    return pool


# ---- damage

_BAD = [
    b"\x00", b"\r", b"\xff", b"\xe6\xac", b"\xc0\x80", b'"', b"'", b"{", b"}", b"[", b"]", b"\\", b'\\"', b"\\x22",
    b"%22", b"&quot;", b'{""', b"{'", b"b'", b"\\u0000", b"\\ud800", b"{}", b'{"', b":", b",", b" ", b"\t", b"daId",
    b'{"data":{"daId":', b'"Plain":', b"null", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\x1c",
]  # fmt: skip
_NUMBERS = [
    b"9" * 30,
    b"-" + b"9" * 400,
    b"1e999",
    b"18446744073709551616",
    b"-0",
    b"1.5",
    b"NaN",
    b"0x10",
    b"1" * 5000,
]
Mutation = Callable[[bytearray, random.Random, "bytes"], bytes]


def _flip(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    for _i in range(rng.randint(1, 4)):
        line[rng.randrange(len(line))] = rng.randrange(256)
    return bytes(line)


def _insert(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(line) + 1)
    line[at:at] = rng.randbytes(rng.randint(1, 6))
    return bytes(line)


def _insert_bad(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    for _i in range(rng.randint(1, 3)):
        at = rng.randrange(len(line) + 1)
        line[at:at] = rng.choice(_BAD)
    return bytes(line)


def _delete(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(line))
    del line[at : at + rng.randint(1, 8)]
    return bytes(line)


def _cut(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(line))
    return bytes(line[:at] if rng.random() < 0.7 else line[at:])


def _join(line: bytearray, rng: random.Random, other: bytes) -> bytes:
    return bytes(line[: rng.choice([len(line), rng.randrange(len(line))])]) + other[rng.choice([0, len(other) // 2]) :]


def _swap(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(line))
    return bytes(line[at:] + line[:at])


def _repeat(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    at = rng.randrange(len(line))
    end = min(len(line), at + rng.randint(1, 60))
    return bytes(line[:at] + line[at:end] * rng.randint(2, 8) + line[end:])


def _numbers(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    digits = [i for i, b in enumerate(line) if 48 <= b < 58]
    if not digits:
        return bytes(line)
    at = end = rng.choice(digits)
    while end < len(line) and 48 <= line[end] < 58:
        end += 1
    return bytes(line[:at]) + rng.choice(_NUMBERS) + bytes(line[end:])


def _escape(line: bytearray, rng: random.Random, _: bytes) -> bytes:
    """Once more escaped, and sometimes broken after that."""
    text = line.decode("utf-8", "replace")
    again = json.dumps({"m": text}, ensure_ascii=rng.random() < 0.5).encode()
    return again if rng.random() < 0.5 else _flip(bytearray(again), rng, b"")


_MUTATIONS: list[Mutation] = [
    _flip, _insert, _insert_bad, _insert_bad, _delete, _cut, _join, _swap, _repeat, _numbers, _escape,
]  # fmt: skip


@dataclass
class Written:
    """A file of the log and what must be found in it: (line, op_id) and its check, the form it stood in."""

    name: str
    lines: list[bytes] = field(default_factory=list)
    expected: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)


def fuzzed(rng: random.Random, pool: Sequence[Good], count: int, name: str, share: float = 0.35) -> Written:
    """Lines, a share of them as they were."""
    made = Written(name)
    lines = made.lines
    while len(lines) < count:
        good = rng.choice(pool)
        if not lines or rng.random() < share:
            for op_id, place, check in good.messages:
                made.expected[len(lines) + place + 1, op_id] = check, good.form
            lines.extend(good.lines)
            continue
        broken = list(good.lines)
        if len(broken) > 1 and rng.random() < 0.5:
            del broken[rng.randrange(len(broken))]
        at = rng.randrange(len(broken))
        other = rng.choice(rng.choice(pool).lines)
        for _ in range(rng.choice([1, 1, 1, 2, 5])):
            if broken[at]:
                broken[at] = rng.choice(_MUTATIONS)(bytearray(broken[at]), rng, other)
        lines.extend(b"\n".join(broken).split(b"\n"))
        if rng.random() < 0.03:
            lines.extend([b"", b"  \r"][: rng.randint(1, 2)])
    return made


# ---- what must hold


def _spans(lines: Sequence[bytes], first: int, line: int) -> bool:
    """Whether JSON that begins in one line (from 1) goes on in another one behind it."""
    texts = [_text(b) for b in lines[first - 1 : first - 1 + _MOST_LINES]]
    joined, reach = "\n".join(texts), len("\n".join(texts[: line - first]))
    at = joined.find("{")
    while 0 <= at < len(texts[0]):
        try:
            if _DECODER.raw_decode(joined, at)[1] > reach:
                return True
        except (ValueError, RecursionError):
            pass
        at = joined.find("{", at + 1)
    return False


def _text(line: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""  # a line of which nothing is read


def failures(written: Written, table: pd.DataFrame, rejects: pd.DataFrame, counted: int) -> Iterator[str]:
    """What does not hold of a file: the notifications in it, its rejects, and how many lines were counted."""
    lines, name = written.lines, written.name
    full = [i for i, b in enumerate(lines, 1) if b.strip(_BLANKS)]
    if counted != len(full):
        yield f"{name}: {counted} lines counted, {len(full)} are not blank"
    yield from _lost(written, table)
    refused = Counter(rejects["line"])
    seen = set(refused) | set(table["line"])
    begins = sorted(seen)  # JSON over several lines that is refused is refused where it begins
    for line in full:
        near = [] if line in seen else begins[bisect_left(begins, line - _MOST_LINES) : bisect_left(begins, line)]
        if line not in seen and not any(_spans(lines, s, line) for s in reversed(near)):
            yield f"{name}:{line}: neither read nor rejected: {lines[max(line - 2, 0) : line + 1]!r}"
    for line in sorted(seen - set(full)):
        yield f"{name}:{line}: named, but blank or not there"
    for line in [n for n, times in refused.items() if times > 1]:
        reasons = rejects.loc[rejects["line"] == line, "reason"].tolist()
        yield f"{name}:{line}: rejects {reasons}: {lines[line - 1][:3000]!r}"


def _lost(written: Written, table: pd.DataFrame) -> Iterator[str]:
    """What was left as it was and is not there, or not as it should be."""
    lines, name = written.lines, written.name
    checks = dict(zip(zip(table["line"], table["op_id"], strict=True), table["check"], strict=True))
    ops_at: dict[str, list[int]] = {}
    for at, op_id in checks:
        ops_at.setdefault(op_id, []).append(at)
    for (line, op_id), (check, form) in written.expected.items():
        if (got := checks.get((line, op_id))) is not None:
            if got != check:
                yield f"{name}:{line}: check {got}, expected {check} ({form}): {lines[line - 1][:3000]!r}"
        elif not any(0 < line - at < _MOST_LINES and _spans(lines, at, line) for at in ops_at.get(op_id, ())):
            yield f"{name}:{line}: {op_id} was lost ({form}): {lines[max(line - 3, 0) : line + 2]!r}"


def _places(table: pd.DataFrame) -> set[tuple[str, int]]:
    return set(zip(table["file"], table["line"], strict=True))


def planted(text: str) -> bool:
    """Whether a text shows a name or a number of the people in the log."""
    return any(value in text for person in PEOPLE for value in person)


def workspace(folder: Path) -> Path:
    """An empty workspace with keys."""
    (folder / "callbacks").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "keys" / "app.txt").write_text(APP_KEY)
    settings = "\n".join(x for x in SETTINGS.split("\n") if "notify.pem" not in x and "pseudonym.key" not in x)
    head, _, rest = settings.partition("[[vendors.dec.apps.aes_keys]]")
    (folder / "idvtools.toml").write_text(head + rest[rest.index("[[vendors.dec.prices]]") :])
    return folder


def run(folder: Path, files: Sequence[Written]) -> tuple[list[str], str]:
    """Write the files, read them, and tell what does not hold, and how it went."""
    workspace(folder)
    for written in files:
        (folder / "callbacks" / written.name).write_bytes(b"\n".join(written.lines) + b"\n")
    begin = time.perf_counter()
    try:
        log = idv.Workspace(folder, cache=False).callback_log()
        table, rejects, summary = log.table, log.rejects, log.summary
    except Exception as error:
        shown = "".join(str(error))
        return [f"raised {type(error).__name__}{' WITH PERSONAL DATA' if planted(shown) else ''}: {shown[:500]}"], ""
    seconds = time.perf_counter() - begin
    found: list[str] = []
    counted = log.files.set_index("file")["lines"]
    for written in files:
        name = f"callbacks/{written.name}"
        of = table[table["file"] == name]
        found += failures(written, of, rejects[rejects["file"] == name], int(counted[name]))
    full = sum(bool(b.strip(_BLANKS)) for w in files for b in w.lines)
    if summary.lines != full:
        found.append(f"summary: {summary.lines} lines, {full} are not blank")
    found += [f"a reason shows personal data: {r!r}" for r in rejects["reason"].unique() if planted(r)]
    both = len(
        set(zip(table["file"], table["line"], strict=True)) & set(zip(rejects["file"], rejects["line"], strict=True))
    )
    told = (
        f"{full} lines in {seconds:.1f} s ({full / seconds:,.0f}/s): {summary.notifications} notifications, "
        f"{summary.rejects} rejects, {both} lines with both, {sum(len(w.expected) for w in files)} expected"
    )
    return found, told


def main() -> int:
    """Run it and print what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the files here")
    args = parser.parse_args()
    begin = time.perf_counter()
    rng = random.Random(args.seed)
    pool = good_lines(rng)
    files = []
    while (left := args.lines - sum(len(f.lines) for f in files)) > 0:
        files.append(fuzzed(rng, pool, min(left, _PER_FILE), f"f{len(files):03d}.log"))
    print(f"made in {time.perf_counter() - begin:.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as place:
        found, told = run(args.folder or Path(place) / "ws", files)
    print(told)
    for text in found[: args.show]:
        print(text)
    print(f"seed {args.seed}: {len(found)} failure(s), {time.perf_counter() - begin:.1f} s in all")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
