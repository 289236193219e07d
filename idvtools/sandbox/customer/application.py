"""The application itself: a few days of people at DEC, one customer at each of the others."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from idvtools.errors import VendorError
from idvtools.pull import Caller, Sessions, Transport
from idvtools.sandbox.clockwork import APPS, COMBO_SITE, SITES
from idvtools.sandbox.exchanges.files import jpeg
from idvtools.sandbox.people import Person, Population
from idvtools.vendors import get
from idvtools.vendors.base import Exchange, Keys, Request, at_path

_ZONE = ZoneInfo("Asia/Shanghai")
_MINUTE = 60


class Application:
    """Uses the vendors, and logs as workspace.md section 1 says.

    Parameters
    ----------
    folder : Path
        The workspace.
    keys : callable
        ``keys(vendor)``: its keys.
    now_ms : callable
        The time.
    move : callable
        ``move(ms)``: makes it another time, and waits until the vendors have sent what is due.
    seed : int
        Who comes when.
    """

    def __init__(
        self,
        folder: Path,
        keys: Callable[[str], Keys],
        now_ms: Callable[[], int],
        move: Callable[[int], object],
        seed: int = 7,
    ) -> None:
        self._folder, self._keys, self._now_ms, self._move = folder, keys, now_ms, move
        self._rng = random.Random(f"{seed}/application")
        self._people = Population()
        self._count = 0

    def now(self) -> str:
        """The time, as it is logged."""
        return self._local(self._now_ms()).isoformat(timespec="milliseconds")

    @staticmethod
    def _local(moment_ms: int) -> datetime:
        return datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(_ZONE)

    def spend_day(self, day: date, people: int = 14) -> int:
        """Let people come to DEC for a day; how many operations began."""
        before = self._count
        visits = sorted(self._visits(day, people), key=lambda v: v[0])
        for moment, person, site, app in visits:
            self._move(moment)
            self.start(person, site, app)
            # What becomes of it is told within ten minutes; the sandbox's clock goes there in small steps.
            for minutes in (2, 4, 7, 11):
                self._move(moment + minutes * _MINUTE * 1000)
        return self._count - before

    def _visits(self, day: date, people: int) -> Iterator[tuple[int, Person, str, str]]:
        """Moments (ms), persons, sites and apps: some come twice, some to both sites, one shortly before midnight."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=_ZONE)
        for number in range(people):
            person, app = self._people.new(), APPS[number % len(APPS)]
            minute = 60 * 8 + number * (840 // people) + self._rng.randrange(20)
            if number == people - 1:
                minute = 24 * 60 - 2
            moment = midnight + timedelta(minutes=minute)
            site = COMBO_SITE if number == 3 else SITES[number % len(SITES)]
            times = (0, 25) if number % 4 == 1 else (0,)
            for later in times:
                at = moment + timedelta(minutes=later)
                yield round(at.timestamp() * 1000), person, site, app
            if number % 5 == 2:
                other = SITES[(number + 1) % len(SITES)]
                yield round((moment + timedelta(minutes=13)).timestamp() * 1000), person, other, app

    def start(self, person: Person, site: str, app: str) -> None:
        """Start an operation; request and answer go to ``requests/``."""
        self._count += 1
        arguments: dict[str, Any] = {
            "site": site, "biz_no": f"demo{self._now_ms()}{self._count:04d}", "open_id": person.open_id,
            "id_no": person.id_no, "user_name": person.name, "user_claim": "demo", "user_agent": "Mozilla/5.0 (demo)",
            "width": 390, "height": 844, "access_way": "h5",
        }  # fmt: skip
        if site == COMBO_SITE:
            arguments["child_sites"] = list(SITES)
        with suppress(VendorError):  # a refused start is in the log as well
            self._caller("dec", self._logging).call("start", app=app, **arguments)

    def _logging(self, send: Callable[[Request], Exchange]) -> Callable[[Request], Exchange]:
        def logged(request: Request) -> Exchange:
            at = self.now()
            exchange = send(request)
            line = f'{{"requested_at":"{at}","request":{exchange.request.text},"response":{exchange.response.text}}}\n'
            with (self._folder / "requests" / "start-vdi.jsonl").open("ab") as log:
                log.write(line.encode())
            return exchange

        return logged

    def _caller(self, vendor: str, around: Callable[[Any], Any] = lambda send: send) -> Caller:
        return Caller(get(vendor), self._keys(vendor), around(Transport()), Sessions(self._folder / "keys"))

    # ---- the others

    def upload(self) -> str:
        """Upload a file to WeBank; how it is named to pull it: ``FILE_ID:HASH_VALUE``."""
        opened = self._caller("webank").call(
            "upload", file_type="002", file_format="jpg", file_name="licence.jpg", content=jpeg("business licence")
        )
        listed = at_path(opened.trees, "data.FILE_LIST")
        return f"{listed[0]['FILE_ID']}:{listed[0]['HASH_VALUE']}"

    def register(self, callback_url: str) -> str:
        """Ask OneNET for a link for a user; the ``busiSeq``."""
        opened = self._caller("onenet").call("auth_url", phone="10000000007", callback_url=callback_url)
        return str(at_path(opened.trees, "answer.data.busi_seq"))

    def check_face(self, person: Person) -> str:
        """A check of a person at WestDex, which costs money; the ``id`` of the answer."""
        opened = self._caller("westdex").call(
            "check", spend_money=True, user_name=person.name, id_no=person.id_no, photo=jpeg("face")
        )
        return str(at_path(opened.trees, "answer.id"))
