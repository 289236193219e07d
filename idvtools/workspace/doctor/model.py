"""What the doctor says: one `Check` for each line, all of them a `Diagnosis`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

State = Literal["ok", "warning", "failed", "cannot check"]
STATES: tuple[State, ...] = get_args(State)
#: What the vendor or the network has a part in; everything else is our own side's.
OUTSIDE = frozenset(
    {"host", "certificate", "clock", "signature", "sites", "aes_accepted", "callback", "callback_certificate"}
)
#: The Chinese name of each item, as the checklist (seed 000 section 10) or the documents call it.
TERMS: Mapping[str, str] = {
    "settings": "配置",
    "keys": "密钥",
    "key_pair": "我方公钥",
    "notify_key": "平台公钥",
    "permissions": "密钥文件权限",
    "git": "密钥不入库",
    "aes_key": "AES密钥",
    "aes_accepted": "AES密钥",
    "host": "网络策略",
    "certificate": "https证书",
    "file_hosts": "对象存储域名",
    "clock": "时钟",
    "signature": "签名",
    "sites": "数据源状态",
    "callback": "回调地址",
    "callback_certificate": "回调地址的https证书",
    "records": "日志",
    "notifications": "收通知",
    "statement": "日对账单",
    "full_flow": "全流程已走通至少一笔",
    "agreements": "上传用户协议",
    "files": "拉取文件",
    "vault": "存证",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One item of the checklist.

    Parameters
    ----------
    name : str
        Which item: ``signature``, ``clock`` …
    state : str
        ``ok``, ``warning``, ``failed``, or ``cannot check``.
    told : str
        What was found; never a key, an id number or a name.
    advice : str
        What to do about it; empty where all is well.
    vendor, app : str or None
        Whose.
    term : str
        The item's Chinese name.
    """

    name: str
    state: State
    told: str
    advice: str = ""
    vendor: str | None = None
    app: str | None = None
    term: str = ""

    @property
    def ours(self) -> bool:
        """Whether it is about our own side alone: settings, keys, records."""
        return self.name not in OUTSIDE

    def __str__(self) -> str:
        of = " ".join(v for v in (self.vendor, self.app) if v)
        line = _plain(f"{f'{of}: ' if of else ''}{self.told}" + (f" [{self.term}]" if self.term else ""))
        return f"{self.state:<13} {line}" + (f"\n{'':13} -> {_plain(self.advice)}" if self.advice else "")


@dataclass(frozen=True)
class Diagnosis:
    """All items that were looked at.

    Examples
    --------
    >>> found = Diagnosis((Check("keys", "ok", "4 keys load", vendor="dec", term="密钥"),))
    >>> print(found)
    ok            dec: 4 keys load [密钥]
    1 ok
    >>> found.ok
    True
    """

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed; there may be warnings, and things that only people can see."""
        return not self.of("failed")

    @property
    def counts(self) -> dict[State, int]:
        """How many items are in each state, those in none left out."""
        found = Counter(c.state for c in self.checks)
        return {s: found[s] for s in STATES if found[s]}

    def of(self, *states: State) -> list[Check]:
        """The items in these states."""
        return [c for c in self.checks if c.state in states]

    def find(self, name: str, app: str | None = None) -> list[Check]:
        """The items of this name, of one app if it is given."""
        return [c for c in self.checks if c.name == name and app in (None, c.app)]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.checks), ", ".join(f"{n} {s}" for s, n in self.counts.items())])

    def to_json(self) -> str:
        """``ok, counts, checks[{name, state, told, advice, vendor, app, term}]``."""
        content = {"ok": self.ok, "counts": self.counts, "checks": [asdict(c) for c in self.checks]}
        return json.dumps(content, ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True)
class About:
    """Makes the checks of one vendor and app."""

    vendor: str | None = None
    app: str | None = None

    def ok(self, name: str, told: str) -> Check:
        """All is well."""
        return self.say(name, "ok", told)

    def warning(self, name: str, told: str, advice: str) -> Check:
        """Somebody should look at it."""
        return self.say(name, "warning", told, advice)

    def failed(self, name: str, told: str, advice: str) -> Check:
        """It does not work like this."""
        return self.say(name, "failed", told, advice)

    def unknown(self, name: str, told: str, advice: str) -> Check:
        """It cannot be checked."""
        return self.say(name, "cannot check", told, advice)

    def say(self, name: str, state: State, told: str, advice: str = "") -> Check:
        """A check in any state."""
        return Check(name, state, told, advice, self.vendor, self.app, TERMS[name])


def _plain(text: str) -> str:
    """On one line, and without what steers a terminal."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
