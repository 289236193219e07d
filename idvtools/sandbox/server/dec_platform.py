"""DEC behind its endpoints: apps and their AES keys, operations, agreements, files, statements."""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from idvtools.crypto.keyring import TimedKey
from idvtools.sandbox.clockwork import APPS, COMBO_SITE, SITES, DaIds
from idvtools.sandbox.people import Person, Population
from idvtools.sandbox.server import dec_files
from idvtools.sandbox.server.configured import AesKeys
from idvtools.sandbox.server.dec_journal import request_lines
from idvtools.sandbox.server.dec_operations import Operation, Outcome, Stage, draw, outcome_of, timeline
from idvtools.sandbox.server.dec_statement import ZONE, Statement, made_ms, statement
from idvtools.sandbox.server.store import ObjectStore, Prefix, Stored, stored
from idvtools.sandbox.server.world import World
from idvtools.sandbox.statements import statement_name

HOUR = 3_600_000
#: How the object store calls its headers in the links of an app.
_PREFIXES: dict[str, Prefix] = {APPS[0]: "x-cos", APPS[1]: "x-amz"}


class Dec:
    """The platform's state. Everything that changes it holds the world's lock.

    Parameters
    ----------
    world : World
        Clock, seed and keys.
    aes : mapping
        The AES keys of each app, oldest first; the last one is in use.

    Attributes
    ----------
    mistakes : bool
        Whether daily statements have some.
    refuse_running : bool
        Whether a start is refused (-45027) while the same person has an operation of the app running.
    people : Population
        Who is planted; it hands out further ones.
    closed_sites : set of str
        Sites that are down: a start is refused (-48025).
    """

    def __init__(self, world: World, aes: AesKeys) -> None:
        self.world = world
        self.mistakes = True
        self.refuse_running = False
        self.closed_sites: set[str] = set()
        self.store = ObjectStore(world, self._file)
        self.watch: Callable[[Operation], None] | None = None
        self._aes = {app: list(keys) for app, keys in aes.items()}
        self._operations: dict[str, Operation] = {}
        self._outcomes: deque[Outcome] = deque()
        self._agreed: set[tuple[str, str, str]] = set()
        self._entered: set[str] = set()
        self._ids = DaIds(world.rng("dec/ids"))
        self.people = Population()
        self._serial = 0

    def __repr__(self) -> str:
        return f"Dec({len(self._operations)} operations)"

    # ---- keys

    @property
    def aes_keys(self) -> AesKeys:
        """The AES keys of each app, oldest first."""
        with self.world.lock:
            return {app: tuple(keys) for app, keys in self._aes.items()}

    def key(self, app: str) -> bytes:
        """The AES key that an app has now; older ones are refused."""
        return self._aes[app][-1].key

    def rotate(self, app: str) -> bytes:
        """Give an app a new AES key, from now on."""
        with self.world.lock:
            keys = self._aes[app]
            number = len(keys) + 1
            key = self.world.rng(f"dec/aes/{app}/{number}").randbytes(16)
            keys.append(TimedKey(f"sandbox-{number}", max(self.world.clock.now_ms(), keys[-1].valid_from_ms + 1), key))
            return key

    # ---- operations

    def next_outcomes(self, outcomes: Iterable[object]) -> None:
        """How the next started operations go, in order; after them the seed decides again (`outcome_of`)."""
        chosen = [outcome_of(o) for o in outcomes]
        with self.world.lock:
            self._outcomes.extend(chosen)

    def next_outcome(self) -> Outcome:
        """How the operation goes that is started now."""
        if self._outcomes:
            return self._outcomes.popleft()
        return draw(self.world.rng(f"dec/outcome/{self._serial + 1}"))

    def start(
        self, app: str, site: str, biz_no: str, person: Person, open_id: str, outcome: Outcome, children: Sequence[str]
    ) -> Operation:
        """An operation begins now."""
        with self.world.lock:
            now = self.world.clock.now_ms()
            operation = self._add(app, site, biz_no, person, open_id, now, outcome, children, None)
            if self.watch:
                self.watch(operation)
            return operation

    def plant(
        self,
        count: int = 3,
        app: str = APPS[0],
        site: str = SITES[0],
        status: int = 10,
        at_ms: int | None = None,
        files: int = 1,
        size: int | None = None,
        parsed: bool = True,
        person: Person | None = None,
        *,
        sub_status: int | None = None,
        needs_agreement: bool = False,
        notify: bool = False,
    ) -> list[Operation]:
        """Operations as if they had been started a while ago, in their last state by now.

        Parameters
        ----------
        count : int
            How many, a millisecond apart.
        app, site : str
            Whose, and of what; of the N-in-one site each has a child for every single site.
        status : int
            daStatus in the end.
        at_ms : int, optional
            When the first was started; an hour ago if it is not said.
        files, size : int
            Original files of each, and about how many bytes each has.
        parsed : bool
            Whether there is a parse result; else parsing failed.
        person : Person, optional
            The same person for all of them; else each has a person of its own.
        sub_status, needs_agreement
            As `Outcome` has them.
        notify : bool
            Whether the platform notifies of them, too.

        Raises
        ------
        ValueError
            No such app or site, or an outcome that is not possible.
        """
        if app not in self._aes:
            raise ValueError(f"app must be one of {', '.join(self._aes)}")
        if site not in (*SITES, COMBO_SITE):
            raise ValueError(f"site must be one of {', '.join((*SITES, COMBO_SITE))}")
        if not 0 <= count <= 1_000_000:
            raise ValueError("count must be between 0 and 1000000")
        outcome = outcome_of(Outcome(status, 10 if parsed else 5, sub_status, None, needs_agreement, files, size))
        children = SITES if site == COMBO_SITE else ()
        planted = []
        with self.world.lock:
            now = self.world.clock.now_ms()
            first = now - HOUR if at_ms is None else at_ms
            for at in range(first, first + count):
                who = person or self.people.new()
                biz_no = f"p{at}{self._serial + 1:06d}"
                planted.append(self._add(app, site, biz_no, who, who.open_id, at, outcome, children, max(0, now - at)))
        if notify and self.watch:
            for operation in planted:
                self.watch(operation)
        return planted

    def _add(
        self, app: str, site: str, biz_no: str, person: Person, open_id: str, at_ms: int, outcome: Outcome,
        children: Sequence[str], within_ms: int | None,
    ) -> Operation:  # fmt: skip
        self._serial += 1
        serial, rng = self._serial, self.world.rng(f"dec/operation/{self._serial}")
        stages, authorised = timeline(outcome, rng, within_ms)
        op_id = self._ids.make(app, at_ms)
        vcode = hashlib.sha256(f"{self.world.seed}/vcode/{serial}".encode()).hexdigest()[:32]
        url = f"{self.world.url}/vdi.html?daId={op_id}&site={site}&vcode={vcode}"
        parent = Operation(serial, op_id, app, site, biz_no, person, open_id, at_ms, stages, authorised, outcome, url)
        kids = tuple(self._child(parent, k, s, rng, planted=within_ms is not None) for k, s in enumerate(children))
        operation = replace(parent, children=kids)
        self._operations |= {o.op_id: o for o in (operation, *(replace(k, parent=operation) for k in kids))}
        return operation

    def _child(self, parent: Operation, number: int, site: str, rng: random.Random, *, planted: bool) -> Operation:
        """The first child goes as its parent; a later one now and then fails where its parent does not."""
        stages = parent.stages
        fails = number > 0 and not planted and parent.outcome.status == 10 and rng.random() < 0.3
        if fails:
            status = rng.choice((43, 44))
            taken = next(s.after_ms for s in stages if s.status == 10)
            stages = (*(s for s in stages if s.after_ms < taken), Stage(taken, status, {43: 60028, 44: 81535}[status]))
        return replace(parent, op_id=f"{parent.op_id}-{number}", site=site, stages=stages, redirect_url="")

    def find(self, op_id: object, app: str | None = None) -> Operation | None:
        """An operation (or a child) by its id; with `app` only if it is that app's."""
        found = self._operations.get(op_id) if isinstance(op_id, str) else None
        return found if found and app in (None, found.app) else None

    def running(self, app: str, id_no: str) -> bool:
        """Whether a person has an operation of an app that has not ended."""
        now = self.world.clock.now_ms()
        return any(
            o.app == app and o.person.id_no == id_no and not o.state(now).final for o in list(self._operations.values())
        )

    def operations(self) -> Iterator[Operation]:
        """All operations but the children, in order of their starts' arrival."""
        with self.world.lock:
            found = [o for o in self._operations.values() if o.parent is None]
        return iter(found)

    def enter(self, op_id: str) -> bool:
        """Use up an operation's link; False if it was used before."""
        with self.world.lock:
            fresh = op_id not in self._entered
            self._entered.add(op_id)
            return fresh

    # ---- agreements

    def agree(self, app: str, id_no: str, site: str) -> None:
        """A person's signed agreement has arrived."""
        with self.world.lock:
            self._agreed.add((app, id_no, site))

    def agreed(self, operation: Operation) -> bool:
        """Whether nothing hinders giving out the files: an agreement, or none is needed."""
        return not operation.outcome.needs_agreement or self._signed(operation)

    def _signed(self, operation: Operation) -> bool:
        sites = {operation.site, operation.parent.site if operation.parent else operation.site}
        return any((operation.app, operation.person.id_no, site) in self._agreed for site in sites)

    # ---- files

    def file_key(self, operation: Operation) -> bytes:
        """The customer key (32 bytes) that an operation's files are encrypted with."""
        return hashlib.sha256(f"{self.world.seed}/file-key/{operation.op_id}".encode()).digest()

    def passwords(self, operation: Operation) -> list[str]:
        """Passwords of PDF files: a personal tax record's is the end of the id number (dec.md section 7)."""
        taxed = SITES[1] in (operation.site, *(child.site for child in operation.children))
        return [operation.person.id_no[-6:]] if taxed else []

    def original_links(self, operation: Operation) -> list[str]:
        """Fresh links to the original files; of an N-in-one those of all its children that went well."""
        count = operation.outcome.files
        if operation.children:
            now = self.world.clock.now_ms()
            count *= sum(c.state(now).status == 10 for c in operation.children)
        return [self._link(operation, f"original-{k}.zip") for k in range(count)]

    def parsed_links(self, operation: Operation, json_result: int) -> list[str]:
        """Fresh links to the parse result, if there is one."""
        return [self._link(operation, "result.json")] if json_result in (10, 13) else []

    def _link(self, operation: Operation, name: str) -> str:
        return self.store.link(f"{operation.app}/{operation.op_id}/{name}", _PREFIXES[operation.app])

    def statement(self, app: str, day: date) -> Statement:
        """The daily statement as the vendor writes it, mistakes included, whether or not it is the time for it."""
        rng = self.world.rng(f"dec/statement/{app}/{day}") if self.mistakes else None
        return statement(self.operations(), app, day, self._signed, rng)

    def statement_link(self, app: str, day: date) -> str:
        """A fresh link to a daily statement; it needs no key."""
        return self.store.link(statement_name(app, day), None)

    def _file(self, path: str) -> Stored | None:
        """What is in the store at a path."""
        folder, _, rest = path.partition("/")
        op_id, _, name = rest.partition("/")
        if folder == "statements":
            return self._statement_file(path)
        operation = self.find(op_id, folder)
        if operation is None:
            return None
        seed, key = self.world.seed, self.file_key(operation)
        if name == "result.json":
            return stored(dec_files.parsed(operation, seed), "application/json", key)
        number = name.removeprefix("original-").removesuffix(".zip")
        if not number.isdecimal() or int(number) >= len(self.original_links(operation)):
            return None
        now = self.world.clock.now_ms()
        well = [c for c in operation.children if c.state(now).status == 10]
        source = well[int(number) % len(well)] if well else operation
        return stored(dec_files.original(source, int(number), seed)[0], "application/zip", key)

    def _statement_file(self, path: str) -> Stored | None:
        app, _, digits = path.removesuffix(".csv").rpartition("/")[2].partition("_")[2].partition("_")
        try:
            day = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=ZONE).date()
        except ValueError:
            return None
        if app not in self._aes or path != statement_name(app, day) or self.world.clock.now_ms() < made_ms(day):
            return None
        return stored(self.statement(app, day).content, "text/csv", None)

    # ---- what our side would have logged

    def request_lines(self, operations: Iterable[Operation]) -> list[bytes]:
        """Our log of the starts of operations, one JSON line each (workspace.md section 1).

        Personal fields are encrypted with the AES key that the app had at the time.
        """
        return request_lines(operations, self.aes_keys)
