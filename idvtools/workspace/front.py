"""Workspace: a folder with logs, statements, keys and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idvtools import vendors
from idvtools.errors import OutputError, WorkspaceError
from idvtools.report.explain import Explanation
from idvtools.report.model import Lang
from idvtools.report.result import Reconciliation
from idvtools.settings import Settings, load
from idvtools.vendors.base import Decoded, Keys
from idvtools.workspace.desk import Desk
from idvtools.workspace.making import FOLDERS
from idvtools.workspace.periods import period_of
from idvtools.workspace.progress import unheard

if TYPE_CHECKING:
    import pandas as pd

    from idvtools.evidence import Evidence
    from idvtools.pull.report import Item, PullReport
    from idvtools.vault import Vault
    from idvtools.workspace.callbacklog import CallbackLog
    from idvtools.workspace.doctor import Diagnosis


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
        if not self.folder.is_dir():
            raise WorkspaceError("no such folder; `idvtools init` makes a workspace", file=str(folder))
        self.settings: Settings = load(self.folder, environ, shapes=vendors.shapes())
        self._desk = Desk(self.folder, self.settings, cached=cache, progress=progress)

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
        return self._desk.run(vendor, period, strict, progress)

    def explain(self, vendor: str, op_id: str, *, lang: Lang = "both") -> Explanation:
        """Why an operation is billed, not billed or undecidable, in all that the workspace knows.

        Raises
        ------
        InputError
            Neither our records nor a statement know the operation.
        """
        return self._desk.run(vendor, None, strict=False, progress=unheard).explain(op_id, lang)

    def requests(self, vendor: str) -> pd.DataFrame:
        """Our start requests as a tidy table, extra columns of the logs included; ids as pseudonyms."""
        from idvtools.workspace.frames import requests_frame  # noqa: PLC0415

        return self._desk.read(vendor, requests_frame)

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
        return self._desk.callback_log()

    def read_sql(self, url: str, query: str, **options: Any) -> pd.DataFrame:
        """Notifications in a live table, checked with the keys of this workspace.

        Parameters and errors as `idvtools.records.from_sql`.
        """
        from idvtools.records import from_sql  # noqa: PLC0415

        keys = {name: self._desk.keys_if_any(name) for name in vendors.names()}
        return from_sql(url, query, keys=keys, timezone=self.settings.workspace.timezone, **options)

    def pull(
        self,
        vendor: str,
        month: str | None = None,
        *,
        day: date | str | None = None,
        ops: Sequence[str] = (),
        app: str | None = None,
        wait: bool = False,
        renew_keys: bool = False,
        tick: Callable[[Item], object] = lambda _: None,
    ) -> PullReport:
        """Fetch statements, states and files from a vendor into the workspace; what is there already is not fetched.

        Parameters
        ----------
        vendor : str
            Name of the vendor, for example ``dec``.
        month : str, optional
            Calendar month ``YYYY-MM`` in the workspace's zone.
        day : date or str, optional
            One day instead of a month.
        ops : sequence of str
            Operations instead: a ``daId``, a ``token`` of Tencent, ``FILE_ID:HASH_VALUE`` of WeBank.
        app : str, optional
            Which app asks, where the settings have several and the operation does not tell.
        wait : bool
            Poll operations that have just begun until they come to their end (20 minutes for DEC).
        renew_keys : bool
            Fetch a new AES key where the vendor says that ours is old. It makes the old one void for everybody.
        tick : callable
            Called with each `Item` when it is done.

        Returns
        -------
        PullReport
            An item for everything that was asked for: stored, present, waiting, lost, failed …

        Raises
        ------
        InputError
            Nothing, or several things, to pull are named; the vendor has nothing to pull; keys are missing.

        Notes
        -----
        Answers to polls go to ``polls/``, statements to ``statements/``, everything as received to the vault in
        ``evidence/`` (`vault`). Links are followed to allowed hosts only (setting ``file_hosts``).
        """
        from idvtools.workspace.pulling import pull  # noqa: PLC0415

        return pull(self._desk, vendor, month, day=day, ops=ops, app=app, wait=wait, renew_keys=renew_keys, tick=tick)

    def vault(self) -> Vault:
        """The evidence vault: `Vault.manifest`, `Vault.read`, `Vault.verify`.

        Raises
        ------
        SettingsError
            The setting ``vault_key`` is no key.
        """
        return self._desk.vault()

    def evidence(
        self, op_id: str, *, vendor: str = "dec", password: str | Sequence[str] | None = None
    ) -> tuple[Evidence, ...]:
        """The files that the vault holds of an operation, read.

        Passwords are tried in this order: those given, those in the vendor's answer (``pdfPassword``), the last 6
        characters of the id number in our request log (JSON lines only).

        Parameters
        ----------
        op_id : str
            The operation.
        vendor : str
            Its vendor.
        password : str or sequence of str, optional
            Further passwords.

        Returns
        -------
        tuple of Evidence
            A file each, in the order in which they were stored; one that cannot be read has no table, and its
            ``warnings`` say why.

        Raises
        ------
        NoDataError
            The vault holds no file of the operation.
        VaultError
            A file is not what was stored any more.
        """
        from idvtools.workspace.opening import open_evidence  # noqa: PLC0415

        return open_evidence(self._desk, op_id, vendor, password)

    def doctor(self, vendor: str | None = None, *, offline: bool = False, callback_url: str | None = None) -> Diagnosis:
        """Go through the go-live checklist as far as a program can.

        Parameters
        ----------
        vendor : str, optional
            Only this vendor; default: every vendor in the settings.
        offline : bool
            Look at nothing but the workspace.
        callback_url : str, optional
            Where the vendor's notifications go: its name and its certificate are looked at, nothing is sent there.

        Returns
        -------
        Diagnosis
            A check for each item: ``ok``, ``warning``, ``failed`` or ``cannot check``, and what to do.

        Raises
        ------
        InputError
            There is no such vendor in the settings, or the URL is none.

        Notes
        -----
        Nothing is changed at the vendor: calls are free and only ask, and no new AES key is fetched. A vendor with
        tokens (WeBank) is asked for them where ``keys/`` holds no fresh ones, as any call from this workspace does.
        """
        from idvtools.workspace.doctor import diagnose  # noqa: PLC0415

        return diagnose(self._desk, vendor, offline=offline, callback_url=callback_url)

    def statement(self, vendor: str) -> pd.DataFrame:
        """Statement rows as a tidy table, with their file and line."""
        from idvtools.workspace.frames import statement_frame  # noqa: PLC0415

        return self._desk.read(vendor, statement_frame)

    def keys(self, vendor: str) -> Keys:
        """Keys of a vendor, opened; ``keys(…).facts`` tells what may be told about them.

        Raises
        ------
        SettingsError
            No settings for this vendor, or keys that are not what belongs in their places.
        """
        return self._desk.keys(vendor)

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
        return vendors.get(vendor).decode(logged, self._desk.keys_if_any(vendor), reveal=reveal)

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

        return exchanges_frame(Path(path), vendors.get(vendor), self._desk.keys_if_any(vendor), reveal=reveal)

    def key_usage(self, vendor: str) -> pd.DataFrame:
        """Which AES key read how many id numbers of our request logs, and when.

        Returns
        -------
        DataFrame
            Columns `app_id, key_id` (missing: no key reads them), `values, first_at, last_at`.
        """
        from idvtools.workspace.frames import key_usage  # noqa: PLC0415

        return key_usage(self.requests(vendor))

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
