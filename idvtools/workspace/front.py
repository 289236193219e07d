"""Workspace: a folder with logs, statements, keys and settings."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idvtools import __version__, vendors
from idvtools.errors import InputError, OutputError, Problem, RecordsError, WorkspaceError
from idvtools.ledger.rules import Period, Price, Rules
from idvtools.privacy import Pseudonyms
from idvtools.records.cache import FOLDER as CACHE
from idvtools.records.cache import Cache
from idvtools.records.context import Context
from idvtools.records.intake import Intake, read_log, read_workspace
from idvtools.report.explain import Explanation
from idvtools.report.model import Lang
from idvtools.report.result import Reconciliation
from idvtools.settings import ReconciledSettings, Settings, VendorSettings, load
from idvtools.vendors.base import Books, Decoded, Keys, Vendor, open_keys
from idvtools.workspace.engine import DuckEngine
from idvtools.workspace.making import FOLDERS
from idvtools.workspace.periods import now, period_of, require_data, whole_span
from idvtools.workspace.progress import Bar, unheard
from idvtools.workspace.summing import extras, summarise
from idvtools.workspace.tracing import trace

if TYPE_CHECKING:
    import pandas as pd

    from idvtools.workspace.callbacklog import CallbackLog


class Workspace:
    """A folder as workspace.md section 1 describes it.

    Parameters
    ----------
    folder : str or Path
        The workspace. Its ``idvtools.toml`` is read and checked at once.
    environ : mapping, optional
        Where ``{env = …}`` secrets are looked up; the process's environment if not given.
    cache : bool
        Keep what was read of each file in ``.idvtools/cache`` (no clear personal data, no keys), and don't read a file
        again whose content is known. False: read everything anew, and leave nothing behind.
    progress : bool or None
        Show a bar on stderr while files are read; None: on a terminal and in a notebook.

    Raises
    ------
    WorkspaceError
        There is no such folder.
    SettingsError
        Everything that is wrong with the settings and the keys they name, in one error.

    Examples
    --------
    >>> import idvtools as idv
    >>> ws = idv.Workspace("sample_data/2026-10")
    >>> ws.reconcile("dec", month="2026-10").summary.vendor
    'dec'
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        environ: Mapping[str, str] | None = None,
        cache: bool = True,
        progress: bool | None = None,
    ) -> None:
        self.folder = Path(folder)
        self._cached, self._progress = cache, progress
        if not self.folder.is_dir():
            raise WorkspaceError("no such folder; `idvtools init` makes a workspace", file=str(folder))
        self._opened: dict[str, Keys] = {}
        self.settings: Settings = load(self.folder, environ, shapes=vendors.shapes())

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r})"

    def reconcile(
        self,
        vendor: str,
        month: str | None = None,
        *,
        first: date | str | None = None,
        last: date | str | None = None,
        strict: bool = False,
        progress: Callable[[str], object] = unheard,
    ) -> Reconciliation:
        """Reconcile a period with the vendor's statements.

        Parameters
        ----------
        vendor : str
            Name of the vendor, for example ``dec``.
        month : str
            Calendar month ``YYYY-MM`` in the workspace's zone; or give `first` and `last`.
        first, last : date or str
            Days (both included) instead of a month.
        strict : bool
            Make lines that cannot be read an error instead of listing them.
        progress : callable
            Called with a short text at each stage; default: nobody is told.

        Raises
        ------
        RecordsError
            A file as a whole cannot be trusted, or, with `strict`, a line cannot be read.
        NoDataError
            Nothing at all is known about the period.
        """
        period = period_of(month, first, last)
        return self._run(vendor, period, strict, progress)

    def explain(self, vendor: str, op_id: str, *, lang: Lang = "both") -> Explanation:
        """Why an operation is billed, not billed or undecidable, in all that the workspace knows.

        Raises
        ------
        InputError
            Neither our records nor a statement know the operation.
        """
        return self._run(vendor, None, strict=False, progress=unheard).explain(op_id, lang)

    def _run(
        self, vendor: str, period: Period | None, strict: bool, progress: Callable[[str], object]
    ) -> Reconciliation:
        """Reconcile a period, or all that the workspace knows."""
        books, rules, context = self._prepare(vendor)
        engine = self._engine()
        try:
            progress("reading")
            with ThreadPoolExecutor(1) as pool:
                reading = pool.submit(read_workspace, self.folder, context, engine.con, self._cache(engine, context))
                # Ibis loads and translates while the records are read.
                from idvtools.workspace.planning import compile_plan, prepare  # noqa: PLC0415

                compiled = compile_plan(rules, period) if period else None
                intake = reading.result()
            if strict and (rejects := intake.rejects()).num_rows:
                raise RecordsError(Problem(r["reason"], file=r["file"], row=r["line"]) for r in rejects.to_pylist())
            period = period or whole_span(intake, rules.timezone)
            require_data(intake, period, rules.timezone)
            progress("judging")
            compiled, counted = prepare(engine, compiled or compile_plan(rules, period), rules, period, intake.covered)
            ledger_file = engine.write_ledger(compiled.ledger, intake.file_names(), rules.status_names)
            progress("summing up")
            summary = summarise(
                engine,
                ledger_file,
                intake,
                rules,
                vendor,
                books,
                period,
                counted,
                self._evidence_names(),
                now(),
                __version__,
            )
            lines = intake.rejects()
            found = extras(engine, ledger_file, intake)
        except BaseException:
            engine.close()
            raise
        result = Reconciliation(summary, ledger_file, found, lines, lambda op_id: trace(intake, op_id))
        # The ledger's file lives in the engine's folder: both go when nobody holds the result any more.
        weakref.finalize(result, engine.close)
        return result

    def requests(self, vendor: str) -> pd.DataFrame:
        """Our start requests as a tidy table, extra columns of the logs included; ids as pseudonyms."""
        from idvtools.workspace.frames import requests_frame  # noqa: PLC0415

        return self._frame(vendor, requests_frame)

    def callbacks(self, vendor: str | None = None) -> pd.DataFrame:
        """Notifications as a tidy table: when, what, how far trusted, how often repeated, where.

        Parameters
        ----------
        vendor : str, optional
            Only those of this vendor; default: of all that call us (DEC, OneNET, WeBank).

        Returns
        -------
        DataFrame
            Columns `received_at, vendor, kind, op_id, app_id, biz_no, site, status, sub_status, json_result,
            authorized_at, outcome, trust, check, retry, logged_at, file, line`: see `CallbackLog.table`.
        """
        if vendor is not None:
            vendors.get(vendor)
        table = self.callback_log().table
        chosen: pd.DataFrame = table if vendor is None else table[table["vendor"] == vendor].reset_index(drop=True)
        return chosen

    def callback_log(self) -> CallbackLog:
        """The callback logs as evidence: notifications of all vendors, repeats, gaps, strangers, forgeries.

        Raises
        ------
        WorkspaceError
            There is no folder ``callbacks``.
        RecordsError
            A request or poll log as a whole cannot be read. A damaged callback log is read as far as it goes.

        Examples
        --------
        >>> import idvtools as idv
        >>> log = idv.Workspace("sample_data/2026-10").callback_log()
        >>> log.summary.checks["failed"] == len(log.forged)
        True
        """
        from idvtools.workspace.callbacklog import CallbackLog  # noqa: PLC0415

        known = [v for v in map(vendors.get, vendors.names()) if v.books]
        declared = next((v for v in known if v.name in self.settings.vendors), known[0])
        context = self._context(declared)
        engine = self._engine()
        try:
            log = CallbackLog(read_log(self.folder, context, engine.con, self._cache(engine, context)), self.folder)
        except BaseException:
            engine.close()
            raise
        # The tables live in the engine's folder: both go when nobody holds the log any more.
        weakref.finalize(log, engine.close)
        return log

    def read_sql(self, url: str, query: str, **options: Any) -> pd.DataFrame:
        """Notifications in a live table, checked with the keys of this workspace.

        Parameters and errors as `idvtools.records.from_sql`.
        """
        from idvtools.records import from_sql  # noqa: PLC0415

        keys = {name: self._keys_if_any(name) for name in vendors.names()}
        return from_sql(url, query, keys=keys, timezone=self.settings.workspace.timezone, **options)

    def statement(self, vendor: str) -> pd.DataFrame:
        """Statement rows as a tidy table, with their file and line."""
        from idvtools.workspace.frames import statement_frame  # noqa: PLC0415

        return self._frame(vendor, statement_frame)

    def _frame(self, vendor: str, make: Callable[[Intake], pd.DataFrame]) -> pd.DataFrame:
        _, _, context = self._prepare(vendor)
        engine = self._engine()
        try:
            return make(read_workspace(self.folder, context, engine.con, self._cache(engine, context)))
        finally:
            engine.close()

    def keys(self, vendor: str) -> Keys:
        """Keys of a vendor, opened; ``keys(…).facts`` tells what may be told about them.

        Raises
        ------
        SettingsError
            No settings for this vendor, or keys that are not what belongs in their places.
        """
        return self._open(self.settings.vendor(vendors.get(vendor).name), vendor)

    def _open(self, chosen: VendorSettings, vendor: str) -> Keys:
        if vendor not in self._opened:  # an RSA key takes as long to open as a hundred exchanges to decode
            self._opened[vendor] = open_keys(chosen, vendor, self.settings.row)
        return self._opened[vendor]

    def decode(self, vendor: str, logged: object, *, reveal: bool = False) -> Decoded:
        """One logged exchange with a vendor, as a tidy record.

        Parameters
        ----------
        vendor : str
            Name of the vendor; its keys come from the settings, if they have any.
        logged : dict, str or bytes
            A request with its answer, or a message that was received: `idvtools.vendors.base.read_exchange` tells
            which forms are known.
        reveal : bool
            Show personal data in clear. Keys, tokens and signatures are never shown.

        Raises
        ------
        RecordsError
            It is no exchange with this vendor.

        Examples
        --------
        >>> import idvtools as idv
        >>> ws = idv.Workspace("sample_data/2026-10")
        >>> push = {"auditResult": {"auditStatus": "2", "busiSeq": "B1"}, "custInfo": {"custName": "张三"}}
        >>> record = ws.decode("onenet", push)
        >>> record.op_id, record.outcome, record.fields["user_name"]
        ('B1', 'rejected', '张*')
        """
        return vendors.get(vendor).decode(logged, self._keys_if_any(vendor), reveal=reveal)

    def decode_log(self, vendor: str, path: str | Path, *, reveal: bool = False) -> pd.DataFrame:
        """A log of exchanges with a vendor, one row each; lines that cannot be read are rows with a `problem`.

        Parameters
        ----------
        vendor, reveal
            As for `decode`.
        path : str or Path
            JSON lines (``.gz`` too), one JSON document, or a HAR file.

        Returns
        -------
        DataFrame
            Columns `vendor, call, direction, at` (UTC), `op_id, outcome, code, code_name_zh, code_name_en, check,
            key_id, attachments, undeclared, warnings`, then the fields of the calls, then `problem, file, line`.

        Raises
        ------
        RecordsError
            There is no such file, or it cannot be read at all.
        """
        from idvtools.workspace.frames import exchanges_frame  # noqa: PLC0415

        return exchanges_frame(Path(path), vendors.get(vendor), self._keys_if_any(vendor), reveal=reveal)

    def _keys_if_any(self, vendor: str) -> Keys:
        """Keys of the settings; where they do not know the vendor, none: what is in clear can be read all the same."""
        declared = vendors.get(vendor)
        known = self.settings.vendors.get(vendor)
        return self._open(known if known is not None else declared.settings(), vendor)

    def key_usage(self, vendor: str) -> pd.DataFrame:
        """Which AES key read how many id numbers of our request logs, and when.

        Returns
        -------
        DataFrame
            Columns `app_id, key_id` (missing: no key reads them), `values, first_at, last_at`.
        """
        from idvtools.workspace.frames import key_usage  # noqa: PLC0415

        return key_usage(self.requests(vendor))

    def _prepare(self, vendor: str) -> tuple[Books, Rules, Context]:
        declared = vendors.get(vendor)
        chosen = self.settings.vendor(vendor)
        if declared.books is None or not isinstance(chosen, ReconciledSettings):
            raise InputError(
                f"{vendor} publishes no billing rule, and this version does not reconcile it; its exchanges can be "
                "read with Workspace.decode"
            )
        zone = self.settings.workspace.timezone
        self.keys(vendor)  # all that is wrong with them, before anything is read
        rules = Rules(
            statuses=declared.books.statuses,
            ids=declared.books.ids,
            timezone=zone,
            fallback_status=chosen.fallback_status,
            n_in_one=chosen.n_in_one,
            prices=tuple(Price(p.site, p.unit_price, p.currency, p.valid_from, p.valid_to) for p in chosen.prices),
        )
        return declared.books, rules, self._context(declared)

    def _context(self, declared: Vendor) -> Context:
        # The vendor itself comes first: most lines are its own.
        callers = [v for v in map(vendors.get, vendors.names()) if v.callbacks]
        senders = tuple(sorted(callers, key=lambda v: v.name != declared.name))
        keys = {name: self._keys_if_any(name) for name in {declared.name, *(s.name for s in senders)}}
        zone, key = self.settings.workspace.timezone, self.settings.pseudonym_key()
        return Context(declared, senders, zone, Pseudonyms(key), keys, Bar(self._progress))

    def _engine(self) -> DuckEngine:
        return DuckEngine(self.settings.workspace.megabytes)

    def _cache(self, engine: DuckEngine, context: Context) -> Cache:
        """The ingest cache; what was read under other keys or in another zone is not found in it."""
        return Cache(
            self.folder / CACHE if self._cached else None,
            engine.scratch,
            context.digests(self.settings.pseudonym_key()),
        )

    def _evidence_names(self) -> list[str]:
        vault = self.folder / "evidence"
        return sorted(p.name for p in vault.rglob("*") if p.is_file()) if vault.is_dir() else []

    def check_output(self, folder: Path) -> None:
        """Refuse to write results over the workspace itself.

        Raises
        ------
        OutputError
            `folder` is the workspace, holds it, or is one of its input folders.
        """
        target, root = folder.resolve(), self.folder.resolve()
        inputs = [root / name for name in FOLDERS]
        if target == root or target in root.parents or any(target == i or i in target.parents for i in inputs):
            raise OutputError("results cannot be written over the workspace's own folders", file=str(folder))
