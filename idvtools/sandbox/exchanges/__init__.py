"""A synthetic workspace with logged exchanges of all five vendors, one file a vendor."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from idvtools import vendors
from idvtools.sandbox.clockwork import Calendar
from idvtools.sandbox.exchanges import dec, onenet, tencent, webank, westdex
from idvtools.sandbox.exchanges.configured import key_files, settings
from idvtools.sandbox.exchanges.journal import Journal
from idvtools.sandbox.keys import make_secrets
from idvtools.sandbox.people import Population
from idvtools.sandbox.placing import placed
from idvtools.sandbox.writer import save
from idvtools.settings import load
from idvtools.vendors.base import open_keys

__all__ = ["generate_exchanges"]

_MONTH = "2026-10"
_DAY = date(2026, 10, 12)
_PRIVATE = 0o600
_README = """\
# Synthetic exchanges with five vendors

**Everything here is made up. 本目录全部为合成数据，不涉及任何真实个人、机构或密钥。**
No person in it exists (every id number begins with 999999, a region that no real id has; every name with 测试; every
telephone number with 100), nothing of it was ever sent, every key is derived from a public seed and protects nothing,
every URL is under example.com.

Made by

    idvtools generate DIR --exchanges --seed {seed}

that is `idvtools.sandbox.exchanges.generate_exchanges(folder, seed={seed})`. The same seed gives the same bytes, file
by file. No clock is read.

- `idvtools.toml`, `keys/`: settings of `dec`, `tencent`, `webank`, `onenet` and `westdex`. Those of `dec` are the ones
  that a synthetic month ({month}) of the same seed has.
- `logs/`: what an application logs, a file a vendor: its requests with their answers
  (`requested_at, request, response`), and what the vendor sends to it (`received_at, headers, body`). Each file has
  one line that is damaged.

To read one:

    idvtools decode DIR DIR/logs/dec.jsonl --vendor dec
"""


def generate_exchanges(folder: Path, *, seed: int = 7) -> None:
    """Write a synthetic workspace with logged exchanges of all five vendors.

    Equal seeds give equal bytes, whatever the folder and the day.

    Parameters
    ----------
    folder : Path
        Where to; it must not exist, or be empty. It appears complete or not at all.
    seed : int
        Seed of every choice and key.

    Raises
    ------
    OutputError
        `folder` is in the way.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "ws"
    >>> generate_exchanges(folder)
    >>> sorted(log.name for log in (folder / "logs").iterdir())
    ['dec.jsonl', 'onenet.jsonl', 'tencent.jsonl', 'webank.jsonl', 'westdex.jsonl']
    """
    with placed(Path(folder)) as aside:
        _write(aside, Calendar(_MONTH), seed)


def _write(root: Path, calendar: Calendar, seed: int) -> None:
    secrets = make_secrets(calendar, seed)
    save(root / "README.md", _README.format(seed=seed, month=_MONTH))
    save(root / "idvtools.toml", settings(calendar))
    for name, text in key_files(calendar, secrets, seed).items():
        save(root / name, text)
        if "public" not in name:
            (root / name).chmod(_PRIVATE)
    known = load(root, {}, shapes=vendors.shapes())
    people = Population()
    writers: Mapping[str, Callable[[Journal], None]] = {
        "dec": partial(dec.write, secrets=secrets),
        "tencent": tencent.write,
        "webank": webank.write,
        "onenet": onenet.write,
        "westdex": westdex.write,
    }
    for hour, (name, write) in enumerate(writers.items(), start=8):
        journal = Journal(
            vendors.get(name),
            open_keys(known.vendor(name), name),
            calendar,
            random.Random(f"{seed}/{calendar.month}/exchanges/{name}"),
            people,
            calendar.start(_DAY) + hour * 3_600_000,
            as_text=name != "onenet",
        )
        write(journal)
        save(root / "logs" / f"{name}.jsonl", b"".join(line + b"\n" for line in journal.lines))
