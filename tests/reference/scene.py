"""What really happened in a made-up month: applications, people, instants, operations with their true status."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from .model import AesKey, App, month_days
from .oracle import EPOCH

SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000
APPS = ["zd1uahd8", "de1jvbe1", "zd1zl4kd"]
SITES = ["chrome-chiyubank-jyj", "chrome-govhk-tax", "某站点-tax"]
# One human can be several subjects: the platform compares the text that it was sent.
PERSONS = [
    "110101199003071234", "44030119851212002X", "44030119851212002x", "310101198001010019", "310101198001010019 ",
]  # fmt: skip
STATUSES = {10: 45, 20: 6, 21: 3, 25: 6, 24: 2, 13: 4, 15: 2, 30: 3, 41: 5, 43: 4, 44: 5, 94: 2, 14: 1, 42: 1, 101: 1,
            100: 1, 92: 1, 22: 1, 50: 1, 60: 1, 9: 4, 8: 2, 5: 3, 4: 1, 0: 2, -4: 2, 77: 1, 999: 1, -7: 1}  # fmt: skip
SUB_STATUSES = {10: ["0", "0", ""], 41: ["80020", "81530", ""], 44: ["81535", "100099", ""]}
APP_KEY_LETTERS = "ABCDEFGHJKLMNPabcdefghkmnp23456789"


@dataclass
class Truth:
    """One operation as it really went."""

    da_id: str
    app_id: str
    person: str
    site: str
    biz_no: str
    sent_at: int
    created_at: int
    status: int
    json_result: int
    children: list[Truth] = field(default_factory=list)

    @property
    def authorized_ts(self) -> int:
        """Give the authorisation's instant, the same in every report."""
        return self.sent_at + 60 * SECOND if crc32(self.da_id.encode()) % 4 else 0


def sub_status(da_id: str, status: int) -> str:
    """Give the daSubStatus that goes with a status: every report on one operation names the same."""
    choices = SUB_STATUSES.get(status, [""])
    return choices[crc32(f"{da_id}/{status}".encode()) % len(choices)]


class Scene:
    """The stage of one month; every choice comes from one seeded generator."""

    def __init__(self, seed: int, timezone: str, label: str, *, app_keys: bool, unlisted_app: bool) -> None:
        self.rng = random.Random(f"{seed}/{timezone}/{label}")
        self.timezone = timezone
        self.days = month_days(label)
        self.app_ids = APPS[: self.rng.choice([2, 3])]
        self.persons = self.rng.sample(PERSONS, 4)
        self.sites = self.rng.sample(SITES, self.rng.choice([2, 3]))
        self.active = self._active_days()
        listed = self.app_ids[:-1] if unlisted_app else self.app_ids
        self.apps = tuple(self._app(app_id, with_key=app_keys) for app_id in listed)
        began = self.midnight(self.days[0])
        self.rotations = [key.valid_from for app in self.apps for key in app.aes_keys if key.valid_from >= began]
        self._taken: set[str] = set()

    def _active_days(self) -> list[date]:
        """Choose few days, so that phenomena collide: the month's edges, their neighbours outside, some inside."""
        first, last = self.days[0], self.days[-1]
        inner = self.rng.sample(self.days[1:-1], 3)
        nights = [day for day in self.days if self.midnight(day + timedelta(days=1)) - self.midnight(day) != DAY]
        return [first - timedelta(days=1), first, first, *inner, *inner, *nights, last, last, last + timedelta(days=1)]

    def _app(self, app_id: str, *, with_key: bool) -> App:
        rng = self.rng
        firsts = [self.midnight(self.days[0]) - 10 * DAY, self.midnight(self.days[0]) + rng.randrange(DAY)]
        froms = [rng.choices(firsts, [4, 1])[0]]
        froms += sorted(self.midnight(self.days[0]) + DAY + rng.randrange(28 * DAY) for _ in range(2))
        keys = tuple(
            AesKey(f"{app_id}-{number}", instant // SECOND * SECOND, rng.randbytes(16))
            for number, instant in enumerate(froms)
        )
        app_key = "".join(rng.choices(APP_KEY_LETTERS, k=64))
        return App(app_id, app_key if with_key else None, keys)

    def midnight(self, day: date) -> int:
        """Give the first instant of a local day."""
        return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.timezone)).timestamp()) * 1000

    def chance(self, probability: float) -> bool:
        """Toss a loaded coin."""
        return self.rng.random() < probability

    def moment(self) -> int:
        """Choose an instant, often next to a midnight, a key rotation, or exactly where another one may be."""
        midnight = self.midnight(self.rng.choice(self.active))
        kind = self.rng.random()
        if kind < 0.25:
            return midnight + self.rng.choice([-500, -2, -1, 0, 0, 1, 2, 500])
        if kind < 0.5:
            return midnight + self.rng.choice(
                [1, 10 * HOUR, 10 * HOUR + 1, 16 * HOUR, 23 * HOUR, 24 * HOUR + HOUR // 2]
            )
        if kind < 0.58 and self.rotations:
            return self.rng.choice(self.rotations) + self.rng.choice([-40 * SECOND, -1, 0, 1, 30 * SECOND])
        return midnight + self.rng.randrange(DAY)

    def da_id(self, app_id: str, created_at: int) -> str:
        """Make an id: mostly with a clock, sometimes of a form that has none, or one of long ago."""
        while True:
            kind = self.rng.random()
            if kind < 0.93:
                counter = self.rng.randrange(self.rng.choice([8, 2**22]))
                tail = str((created_at - EPOCH) << 22 | counter)
            elif kind < 0.97:
                tail = "".join(self.rng.choices("ABCDXYZ0123456789", k=12)) + "Q"
            elif kind < 0.98:
                tail = str(self.rng.randrange(10**15, 10**16))
            else:
                tail = str(self.rng.choice([self.rng.randrange(2**63, 10**19), self.rng.randrange(10**13, 10**14)]))
            if app_id + tail not in self._taken:
                self._taken.add(app_id + tail)
                return app_id + tail

    def truth(self, number: int) -> Truth:
        """Let one operation happen."""
        rng = self.rng
        app_id, sent_at = rng.choice(self.app_ids), self.moment()
        created_at = sent_at + rng.choices([0, 1, 5, 40, 900, -3, DAY, 31 * DAY], [4, 4, 4, 4, 4, 1, 0.3, 0.1])[0]
        odd = ["NA", "1e5", "null", f"{number}.0", f'a,"{number}"', f"={number}+1"][number % 6]
        usual = [f"b{number}", f"{1667793902434 + number}", f"{number:06d}", f"订单{number}"]
        biz_no = rng.choice([*usual, *usual, odd])
        truth = Truth(
            self.da_id(app_id, created_at), app_id, rng.choice(self.persons), rng.choice(self.sites), biz_no,
            sent_at, created_at, self.status(), rng.choice([5, 10, 10, 11, 12, 13, 100]),
        )  # fmt: skip
        if self.chance(0.06):
            count, one_site = rng.choice([1, 2, 3, 3, 12]), self.chance(0.4)
            for k in range(count):
                site = truth.site if one_site else rng.choice(self.sites)
                truth.children.append(replace(truth, da_id=f"{truth.da_id}-{k}", site=site, status=self.status()))
                truth.children[-1].json_result, truth.children[-1].children = 5, []
        return truth

    def status(self) -> int:
        """Choose a status code."""
        return self.rng.choices(list(STATUSES), list(STATUSES.values()))[0]
