"""What is behind the front door: settings, opened keys, the engine, the cache, the vault; one run over the records."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from idvtools import __version__, vendors
from idvtools.errors import IdvError, InputError, Problem, RecordsError, SettingsError
from idvtools.ledger.rules import Period, Price, Rules
from idvtools.privacy import Pseudonyms
from idvtools.records.cache import FOLDER as CACHE
from idvtools.records.cache import Cache
from idvtools.records.context import Context
from idvtools.records.intake import Intake, read_log, read_workspace
from idvtools.report.result import Reconciliation
from idvtools.settings import ReconciledSettings, Settings, VendorSettings
from idvtools.vault import Vault
from idvtools.vault.log import LOG, PIN
from idvtools.vendors.base import Books, Keys, Vendor, open_keys
from idvtools.workspace.auditing import seal_key
from idvtools.workspace.engine import DuckEngine
from idvtools.workspace.periods import now, require_data, whole_span
from idvtools.workspace.progress import Bar
from idvtools.workspace.summing import extras, summarise
from idvtools.workspace.tracing import trace

if TYPE_CHECKING:
    from idvtools.workspace.callbacklog import CallbackLog

T = TypeVar("T")


class Desk:
    """A workspace's settings and keys, and how its records are read.

    Parameters
    ----------
    folder : Path
        The workspace.
    settings : Settings
        What its ``idvtools.toml`` says.
    cached, progress
        As for `Workspace`.
    """

    def __init__(self, folder: Path, settings: Settings, *, cached: bool, progress: bool | None) -> None:
        self.folder, self.settings = folder, settings
        self._cached, self._progress = cached, progress
        self._opened: dict[str, Keys] = {}

    def keys(self, vendor: str) -> Keys:
        """Keys of a vendor that the settings know."""
        return self._open(self.settings.vendor(vendors.get(vendor).name), vendor)

    def keys_if_any(self, vendor: str) -> Keys:
        """Keys of the settings; where they do not know the vendor, none: what is in clear can be read all the same."""
        declared = vendors.get(vendor)
        known = self.settings.vendors.get(vendor)
        return self._open(known if known is not None else declared.settings(), vendor)

    def _open(self, chosen: VendorSettings, vendor: str) -> Keys:
        if vendor not in self._opened:  # an RSA key takes as long to open as a hundred exchanges to decode
            self._opened[vendor] = open_keys(chosen, vendor, self.settings.row)
        return self._opened[vendor]

    def vault(self) -> Vault:
        """The evidence vault; the key of its pin is asked for (and made) only where it is needed."""
        sealing, row = self.settings.workspace.vault_key, self.settings.row("workspace", "vault_key")
        key = None if sealing is None else seal_key(sealing, row)
        return Vault(self.folder / "evidence", pin_key=self._pseudonym_key, seal_key=key)

    def _pseudonym_key(self) -> bytes:
        """The pseudonym key; none is made where the vault was pinned with the one that is missing."""
        missing = self.settings.workspace.pseudonym_key.missing
        if missing and any((self.folder / "evidence" / name).exists() for name in (LOG, PIN)):
            why = f"{missing} is missing: restore it; the evidence vault was sealed with it, a new one would not fit"
            row = self.settings.row("workspace", "pseudonym_key")
            raise SettingsError(f"workspace.pseudonym_key: {why}", file="idvtools.toml", row=row)
        return self.settings.pseudonym_key()

    def run(
        self,
        vendor: str,
        period: Period | None,
        strict: bool,
        progress: Callable[[str], object],
        *,
        ours_only: bool = False,
    ) -> Reconciliation:
        """Reconcile a period, or all that the workspace knows; with `ours_only` against no statement at all."""
        books, rules, context = self._prepare(vendor)
        engine = self._engine()
        try:
            progress("reading")
            with ThreadPoolExecutor(1) as pool:
                cache = self._cache(engine, context)
                reading = pool.submit(read_workspace, self.folder, context, engine.con, cache, ours_only=ours_only)
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
                self._held(),
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

    def read(self, vendor: str, make: Callable[[Intake], T]) -> T:
        """Something made of the records."""
        _, _, context = self._prepare(vendor)
        engine = self._engine()
        try:
            return make(read_workspace(self.folder, context, engine.con, self._cache(engine, context)))
        finally:
            engine.close()

    def callback_log(self) -> CallbackLog:
        """The callback logs as evidence."""
        from idvtools.workspace.callbacklog import CallbackLog  # noqa: PLC0415  pandas is only paid for here

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
        keys = {name: self.keys_if_any(name) for name in {declared.name, *(s.name for s in senders)}}
        zone, key = self.settings.workspace.timezone, self._pseudonym_key()
        return Context(declared, senders, zone, Pseudonyms(key), keys, Bar(self._progress))

    def _engine(self) -> DuckEngine:
        return DuckEngine(self.settings.workspace.megabytes)

    def _cache(self, engine: DuckEngine, context: Context) -> Cache:
        """The ingest cache; what was read under other keys or in another zone is not found in it."""
        return Cache(
            self.folder / CACHE if self._cached else None,
            engine.scratch,
            context.digests(self._pseudonym_key()),
        )

    def _held(self) -> list[str]:
        """Names of evidence: of files that somebody put there, and operations that the custody log knows files of."""
        folder = self.folder / "evidence"
        names = {p.name for p in folder.rglob("*") if p.is_file()} if folder.is_dir() else set()
        with suppress(IdvError):  # a damaged vault is for verify-vault to tell
            names |= self.vault().op_ids()
        return sorted(names)
