"""One pull: what runs out first is fetched first, many at a time, each thing once, and nothing is lost on the way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from idvtools.errors import (
    CredentialsExpiredError,
    IdvError,
    LinkExpiredError,
    MalformedAnswerError,
    NotReadyError,
    OperationFailedError,
    TemporaryError,
)
from idvtools.pull.caller import Answer, Caller
from idvtools.pull.fetching import Fetcher
from idvtools.pull.polls import PollLog
from idvtools.pull.report import Item, PullReport, State
from idvtools.pull.statements import place_statement
from idvtools.pull.stopping import Stop
from idvtools.vendors.base import FileCall, OpState, Pulls, Vendor
from idvtools.vendors.base.codes import is_code

_POLL_EVERY_S = 30.0
#: Seconds that fetches may still take when somebody stops the pull.
_LAST_S = 2.0
_RENEW = "put the new key into the settings, or fetch one with --renew-keys, which ends the old one for everybody"


@dataclass(frozen=True, slots=True)
class Target:
    """An operation to pull.

    Parameters
    ----------
    op_id : str
        The operation.
    app_id : str or None
        Which app asks; None: the only one there is.
    begun : datetime or None
        When it began, as far as anybody knows.
    state : OpState or None
        What is known of it for sure; None: the vendor is asked first.
    named : bool
        Whether the user named it: it is tried whatever its age.
    """

    op_id: str
    app_id: str | None = None
    begun: datetime | None = None
    state: OpState | None = None
    named: bool = False


#: Something to fetch, and the items that it comes to.
Task = Callable[[], list[Item]]


class Puller:
    """Pulls from one vendor.

    Parameters
    ----------
    vendor : Vendor
        Its declaration; it must have `pulls`.
    caller : Caller
        Makes the calls.
    fetcher : Fetcher
        Brings files into the vault.
    polls : PollLog
        Where the answers to polls go.
    statements : Path
        Where the statements go.
    workers : int
        How many things are fetched at a time.
    now : callable
        The time (UTC).
    patience : bool
        Whether operations that began a moment ago are polled until they come to an end (20 minutes for DEC).
    pause_s : float
        Seconds between two polls of the same operation.
    """

    def __init__(
        self,
        vendor: Vendor,
        caller: Caller,
        fetcher: Fetcher,
        polls: PollLog,
        statements: Path,
        *,
        workers: int = 8,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: bool = False,
        pause_s: float = _POLL_EVERY_S,
    ) -> None:
        assert vendor.pulls is not None
        self._vendor, self._pulls = vendor, vendor.pulls
        self._caller, self._fetcher, self._polls, self._statements = caller, fetcher, polls, statements
        self._workers, self._now, self._patience, self._pause_s = workers, now, patience, pause_s
        self._statuses = {str(s.code): s for s in (vendor.books.statuses if vendor.books else ())}
        self._has_sessions = any(vendor.call(c).needs_session for c in vendor.pulls.calls)
        self._stop = Stop()

    def run(
        self,
        targets: Iterable[Target],
        days: Sequence[tuple[str, date]] = (),
        tick: Callable[[Item], object] = lambda _: None,
    ) -> PullReport:
        """Pull operations and statements.

        Parameters
        ----------
        targets : iterable of Target
            The operations; what runs out first comes first.
        days : sequence of (app, day)
            The statements.
        tick : callable
            Called with each item when it is done.

        Returns
        -------
        PullReport
            An item for everything that was asked for.
        """
        # What has run out cannot run out any more: its states are asked for last.
        ordered = sorted(self._merged(targets), key=lambda t: (self._is_past(t), t.begun or _NEVER, t.op_id))
        tasks = [partial(self._operation, t) for t in ordered]
        tasks += [partial(self._statement, app, day) for app, day in days]
        done = self._all(tasks, tick)
        # What failed for something temporary may go well by now; what it has stored meanwhile is not fetched again.
        unlucky = {task for task, items in done if any(i.temporary for i in items)}
        if unlucky and not self._stop.is_set:
            before = {task: items for task, items in done if task in unlucky}
            tries = self._all([t for t in tasks if t in unlucky], tick)
            again = [(task, _both(before[task], items)) for task, items in tries]
            done = [d for d in done if d[0] not in before] + again
        items = [i for _, found in done for i in found]
        if self._patience:
            items = self._wait_for(ordered, items, tick)
        return PullReport(self._vendor.name, tuple(items))

    def _merged(self, targets: Iterable[Target]) -> list[Target]:
        """Each operation once; children are pulled with the operation that they belong to."""
        found: dict[str, Target] = {}
        for target in targets:
            whole = replace(target, op_id=self._pulls.parent(target.op_id))
            if whole.op_id not in found or whole.op_id == target.op_id:
                found[whole.op_id] = whole if whole.op_id == target.op_id else replace(whole, state=None)
        return list(found.values())

    def _all(self, tasks: Sequence[Task], tick: Callable[[Item], object]) -> list[tuple[Task, list[Item]]]:
        """The items of each task; only a few tasks more than there are workers are handed out at a time."""
        finished: list[tuple[Task, list[Item]]] = []
        waiting = iter(tasks)
        pool = ThreadPoolExecutor(self._workers)
        running: dict[Future[list[Item]], Task] = {}
        try:
            while True:
                while len(running) < 2 * self._workers and (task := next(waiting, None)):
                    running[pool.submit(task)] = task
                if not running:
                    return finished
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    items = future.result()
                    finished.append((running.pop(future), items))
                    for item in items:
                        tick(item)
        except BaseException:
            self._stop.now("stopped")
            pool.shutdown(wait=False, cancel_futures=True)
            # What is nearly there may come to its end; what is not is as if it had never begun.
            for future in wait(running, _LAST_S).done:
                if not future.cancelled() and future.exception() is None:
                    for item in future.result():
                        tick(item)
            raise
        finally:
            pool.shutdown(wait=False)

    # ---- operations

    def _operation(self, target: Target) -> list[Item]:
        missing = [f for f in self._pulls.files if not self._fetcher.complete(f, target.op_id)]
        if not missing:
            return [Item(f.call, "present", target.app_id, target.op_id) for f in self._pulls.files]
        items: list[Item] = []
        state = target.state
        if state is None and self._pulls.status:
            told, state = self._poll(self._pulls.status, target)
            items.append(told)
        elif state is None:
            state = OpState(success=True, authorized=True)
        wanted = [f for f in missing if state is not None and f.wanted(state)]
        if self._is_past(target) and not target.named:
            return items + [Item(f.call, "lost", target.app_id, target.op_id, reason=self._too_old) for f in wanted]
        return items + [self._files(f, target, partial=state is not None and state.partial) for f in wanted]

    def _is_past(self, target: Target) -> bool:
        keep = self._pulls.keep_days
        return keep is not None and target.begun is not None and self._now() - target.begun > timedelta(days=keep)

    @property
    def _too_old(self) -> str:
        return f"older than the {self._pulls.keep_days} days for which the vendor keeps files"

    def _poll(self, call: str, target: Target) -> tuple[Item, OpState | None]:
        """Ask for the state; None where there is none that files could follow from."""
        found: OpState | None = None

        def ask() -> tuple[State, str]:
            nonlocal found
            assert self._pulls.state is not None
            answer = self._ask(call, target, op_id=target.op_id)
            self._require_about(target, answer)
            self._polls.add(self._now(), answer.received)
            status, json_result, authorized = self._pulls.state(answer.opened)
            if status is None:
                raise MalformedAnswerError.answered("the answer tells no status", vendor=self._vendor.name)
            known = self._statuses.get(status)
            if status in self._pulls.partial:
                found = OpState(status, json_result, authorized=authorized, partial=True)
            if known is None or not known.final:
                told = f"the status {status}" if is_code(status) else "a status"
                return "waiting", "not at its end yet" if known else f"{told}, which no edition lists"
            found = OpState(status, json_result, known.success, authorized)
            return "polled", ""

        return self._aged(self._try(call, target, ask), target), found

    def _files(self, files: FileCall, target: Target, *, partial: bool) -> Item:
        """Ask for the links and fetch what is behind them; links that expired meanwhile are asked for once more."""
        count = size = 0

        def fetch() -> tuple[State, str]:
            nonlocal count, size
            arguments = files.arguments(target.op_id)
            for last in (False, True):
                answer = self._ask(files.call, target, **arguments)
                self._require_about(target, answer)
                got = self._fetcher.fetch(files, target.op_id, target.app_id, answer, partial=partial)
                count, size = count + got.files, size + got.size
                if got.error is None and partial:
                    return "stored" if count else "waiting", "more files may follow"
                if got.error is None:
                    return ("stored", "") if got.found else ("waiting", "the answer names no files")
                if last or not isinstance(got.error, LinkExpiredError):
                    raise got.error
            raise AssertionError

        item = self._try(files.call, target, fetch)
        return replace(self._aged(item, target), files=count, size=size)

    def _aged(self, item: Item, target: Target) -> Item:
        """What is not there any more looks like what is not there yet."""
        if item.state == "waiting" and self._is_past(target):
            return replace(item, state="lost", reason=f"{item.reason}; {self._too_old}")
        return item

    def _require_about(self, target: Target, answer: Answer) -> None:
        """Somebody else's file must not lie among ours, nor somebody else's state."""
        told = self._pulls.about(answer.opened)
        if told is not None and self._pulls.parent(told) != target.op_id:
            raise MalformedAnswerError.answered("the answer is about another operation", vendor=self._vendor.name)

    def _ask(self, call: str, target: Target, **arguments: Any) -> Answer:
        self._stop.check(target.app_id)
        return self._caller.ask(call, app=target.app_id, **arguments)

    def _try(self, what: str, target: Target, work: Callable[[], tuple[State, str]]) -> Item:
        return self._judged(Item(what, "failed", target.app_id, target.op_id), work)

    def _judged(self, item: Item, work: Callable[[], tuple[State, str]]) -> Item:
        """The item with what came of the work."""
        try:
            state, reason = work()
        except NotReadyError as error:
            state, reason = "waiting", _told(error)
        except OperationFailedError as error:
            state, reason = "none", _told(error)
        except IdvError as error:
            self._stop.failed(error, item.app_id)
            old = isinstance(error, CredentialsExpiredError) and not self._has_sessions
            reason = _told(error) + (f"; {_RENEW}" if old else "")
            return replace(item, reason=reason, temporary=isinstance(error, TemporaryError))
        except Exception as error:
            # One odd answer must not cost the others their evidence. Its text may be a value out of that answer.
            if os.environ.get("IDVTOOLS_DEBUG"):
                raise
            return replace(item, reason=f"a bug in idvtools ({type(error).__name__}), please report it")
        self._stop.well()
        return replace(item, state=state, reason=reason)

    # ---- statements

    def _statement(self, app: str, day: date) -> list[Item]:
        call = self._pulls.statement
        assert call is not None
        name = call.file_name(app, day)
        if (self._statements / name).exists():
            return [Item(call.call, "present", app, day=day)]
        if self._now() < ready_at(self._pulls, self._vendor, day):
            return [Item(call.call, "waiting", app, day=day, reason="it is made the morning after")]
        size = 0

        def fetch() -> tuple[State, str]:
            nonlocal size
            for last in (False, True):
                if not self._fetcher.held(call.call, name):
                    answer = self._ask(call.call, Target(name, app), **call.arguments(day))
                    got = self._fetcher.statement(call, name, app, answer)
                    if isinstance(got.error, LinkExpiredError) and not last:
                        continue
                    if got.error:
                        raise got.error
                    size = got.size
                break
            place_statement(self._fetcher.read(call.call, name), self._statements / name)
            return "stored", ""

        item = self._judged(Item(call.call, "failed", app, day=day), fetch)
        return [replace(item, files=int(item.state == "stored"), size=size)]

    # ---- patience

    def _wait_for(self, targets: Sequence[Target], items: Sequence[Item], tick: Callable[[Item], object]) -> list[Item]:
        """Poll what is not at its end, again and again, as long as it may still change; the items as they are then."""
        told: dict[str | None, list[Item]] = {}
        for item in items:
            told.setdefault(item.op_id, []).append(item)
        open_ones = {i.op_id for i in items if i.state == "waiting"}
        while young := [t for t in targets if t.op_id in open_ones and self._may_change(t)]:
            time.sleep(self._pause_s)
            asked = self._all([partial(self._operation, replace(t, state=None)) for t in young], tick)
            found = [items for _, items in asked if items]
            for latest in found:
                op_id = latest[0].op_id
                told[op_id] = _both([i for i in told[op_id] if i.state != "waiting"], latest)
            open_ones = {i.op_id for latest in found for i in latest if i.state == "waiting"}
        return [i for each in told.values() for i in each]

    def _may_change(self, target: Target) -> bool:
        return target.begun is not None and self._now() - target.begun < self._pulls.poll_for


_NEVER = datetime.max.replace(tzinfo=UTC)


def ready_at(pulls: Pulls, vendor: Vendor, day: date) -> datetime:
    """From when on the statement of a day can be had."""
    assert pulls.statement is not None
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(vendor.zone)) + timedelta(days=1)
    return (midnight + pulls.statement.ready).astimezone(UTC)


def _both(first: list[Item], second: list[Item]) -> list[Item]:
    """The items of two tries: what only the first had to do, and the second with the files of the first."""
    earlier = {i.what: i for i in first}
    merged = []
    for item in second:
        before = earlier.pop(item.what, None)
        merged.append(replace(item, files=item.files + before.files, size=item.size + before.size) if before else item)
    return [*earlier.values(), *merged]


def _told(error: IdvError) -> str:
    return "; ".join(str(p) for p in error.problems)
