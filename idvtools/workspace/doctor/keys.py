"""Are the keys there, are they what belongs in their places, and does nobody else see them?"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from idvtools.crypto.keyring import KeyFact
from idvtools.crypto.rsa import key_fingerprint, load_public_key
from idvtools.errors import CryptoError
from idvtools.pull.sessions import Sessions
from idvtools.settings import AppSettings, VendorSettings
from idvtools.vendors.base import Keys
from idvtools.workspace.desk import Desk
from idvtools.workspace.doctor.model import About, Check
from idvtools.workspace.doctor.room import Room

_GIT_S = 5
_PUBLIC = (b"PUBLIC KEY", b"CERTIFICATE")


def check_keys(room: Room, keys: Keys) -> Iterator[Check]:
    """The keys of a vendor and its apps, as far as they tell by themselves."""
    about, settings = room.about, keys.settings
    yield about.ok("keys", f"{len(keys.facts)} key(s) load")
    if not settings.apps:
        header = f"[[vendors.{about.vendor}.apps]]"
        yield about.failed("settings", "there is no app", f"add {header} with its id and keys to idvtools.toml")
    yield from _shared(room, keys)
    for app in settings.apps:
        yield from _app(room, keys, app)


def _shared(room: Room, keys: Keys) -> Iterator[Check]:
    about = room.about
    for name in _secret_fields(keys.settings):
        if not keys.shared.has(name):
            yield about.warning(
                "notify_key",
                f"{name} is not set: nobody can tell who signed a notification",
                f'ask the vendor for it and add {name} = {{file = "keys/…"}} below [vendors.{about.vendor}]',
            )
    ours = {f.fingerprint for f in keys.facts if _is_rsa(f, "private")}
    for fact in keys.facts:
        if not _is_rsa(fact, "public"):
            continue
        if fact.fingerprint in ours:
            told = f"{fact.name} is the public half of our own private key ({fact.fingerprint})"
            yield about.failed("notify_key", told, "the vendor's own public key belongs there: ask the vendor for it")
        else:
            yield about.ok("notify_key", f"{fact.name} is not our own: {fact.kind}, fingerprint {fact.fingerprint}")


def _app(room: Room, keys: Keys, app: AppSettings) -> Iterator[Check]:
    about, health, opened = room.apps[app.id], room.declared.health, keys.apps[app.id]
    header = f"[[vendors.{about.vendor}.apps]]"
    if missing := [name for name in health.needed if not getattr(app, name, None)]:
        told = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set"
        yield about.failed("keys", told, f"add it below {header} in idvtools.toml (a reference, not the key itself)")
    if spare := [name for name in _secret_fields(app) if name not in health.needed and not opened.has(name)]:
        yield about.warning("keys", f"{', '.join(spare)}: not set", f"add it below {header} if you have it")
    texts = dict(opened.texts())
    for name, length in health.lengths.items():
        if name in texts and len(texts[name]) != length:
            told = f"{name} has {len(texts[name])} characters, {length} are expected"
            yield about.failed("keys", told, "copy it whole, as the vendor gave it, without quotes and line breaks")
        elif name in texts:
            yield about.ok("keys", f"{name} has {length} characters")
    for fact in keys.facts:
        if fact.app == app.id and _is_rsa(fact, "private"):
            yield from _pair(room, about, fact, health.rsa_bits)


def _pair(room: Room, about: About, fact: KeyFact, bits: int | None) -> Iterator[Check]:
    found = int(fact.kind.partition(" ")[0].removeprefix("RSA-"))
    if bits is not None and found != bits:
        say = about.failed if found < bits else about.warning
        told = f"{fact.name} is an RSA key of {found} bits, {bits} are expected"
        yield say("key_pair", told, "make a new pair, give its public half to the vendor, and change over together")
    source = fact.source.removeprefix("file=")
    command = f"openssl pkey -in {source} -pubout" if source != fact.source else "openssl pkey -pubout"
    yield about.unknown(
        "key_pair",
        f"{fact.name} is {fact.kind}; only the vendor knows whether it has its public half",
        f"compare the fingerprint {fact.fingerprint} with the vendor's; send the public key ({command}) if it differs",
    )
    yield from _public_files(room, about, fact)


def _public_files(room: Room, about: About, ours: KeyFact) -> Iterator[Check]:
    """Public keys in ``keys/`` that no setting names: copies of what was given to the vendor."""
    facts = room.keys.facts if room.keys else ()
    theirs = {f.fingerprint for f in facts if _is_rsa(f, "public")}
    pairs = {f.fingerprint for f in facts if _is_rsa(f, "private")}
    named = {f.source.removeprefix("file=") for f in facts}
    for path in _files(room.desk.folder / "keys"):
        name = f"keys/{path.name}"
        if name in named:
            continue
        with suppress(OSError, CryptoError):
            found = key_fingerprint(load_public_key(path.read_bytes()))
            if found == ours.fingerprint:
                yield about.ok("key_pair", f"{name} is the public half of {ours.name} ({found})")
            elif found not in theirs | pairs:
                told = f"{name} ({found}) is not the public half of {ours.name} ({ours.fingerprint})"
                yield about.warning("key_pair", told, "find out which of the two the vendor has; remove the other")


def check_fetched(room: Room, keys: Keys) -> Iterator[Check]:
    """Keys that a pull fetched and that nobody has put into the settings yet."""
    if room.declared.renew is None:
        return
    sessions = Sessions(room.desk.folder / "keys")
    for app, about in room.apps.items():
        stored = sessions.stored(room.declared, keys, app) if keys.settings.base_url else None
        if stored and "aes_key" in stored.values:
            newest = max((f.valid_from.timestamp() for f in keys.facts if f.app == app and f.valid_from), default=0.0)
            if stored.fetched_at > newest:
                told = "a newer AES key than those of the settings was fetched; it stands in keys/session-… only"
                advice = f"put it into a file of its own and name it below [[vendors.{about.vendor}.apps.aes_keys]]"
                yield about.warning("aes_key", told, advice)


def check_disk(desk: Desk, facts: Iterable[KeyFact]) -> Iterator[Check]:
    """Whether others can read the key files, and whether git would take them along."""
    about, folder = About(), desk.folder / "keys"
    named = {f.source.removeprefix("file=") for f in facts if f.source.startswith("file=") and not _is_rsa(f, "public")}
    secret = {desk.folder / name for name in named} | {p for p in _files(folder) if not _is_harmless(p)}
    places = sorted((p for p in secret if p.is_file()), key=str)
    yield _permissions(about, desk.folder, folder, places)
    yield _git(about, desk.folder, places or [folder / "any.key"])


def _permissions(about: About, root: Path, folder: Path, files: list[Path]) -> Check:
    if os.name == "nt":
        return about.unknown("permissions", "this system has no modes", "let nobody but the service's user read keys/")
    found = [folder] if folder.is_dir() else []
    open_ones = [p for p in [*found, *files] if _mode(p) & 0o077]
    if not open_ones:
        return about.ok("permissions", f"nobody else may read keys/ and {len(files)} key file(s)")
    names = ", ".join(_shown(p, root) for p in open_ones[:3]) + (", …" if len(open_ones) > 3 else "")
    told = f"{len(open_ones)} of keys/ and the key files can be read by others: {names}"
    return about.warning("permissions", told, f"chmod 700 {_shown(folder, root)}; chmod 600 the files in it")


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _git(about: About, root: Path, files: list[Path]) -> Check:
    if not any((p / ".git").exists() for p in (root.resolve(), *root.resolve().parents)):
        return about.ok("git", "the workspace is in no git repository")
    command = shutil.which("git")
    names = [os.path.relpath(p, root) for p in files]
    tracked = _run_git(command, root, "ls-files", "-z", "--", *names)
    ignored = _run_git(command, root, "check-ignore", "-z", "--stdin", told="\0".join(names))
    if tracked is None or ignored is None:
        return about.unknown("git", "git does not tell what it ignores", "see that keys/ stands in .gitignore")
    if tracked:
        told = f"{len(tracked)} key file(s) are in version control already"
        return about.warning("git", told, "git rm --cached them, add keys/ to .gitignore, and have the keys replaced")
    if open_ones := set(names) - ignored:
        return about.warning("git", f"git does not ignore {len(open_ones)} key file(s)", "add keys/ to .gitignore")
    return about.ok("git", "git ignores the key files")


def _run_git(command: str | None, root: Path, *arguments: str, told: str = "") -> set[str] | None:
    """What git lists; None where it cannot. A repository's own programs are not run."""
    if command is None:
        return None
    line = [command, "-c", "core.fsmonitor=false", "-C", str(root), *arguments]
    try:
        done = subprocess.run(line, input=os.fsencode(told), capture_output=True, timeout=_GIT_S, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    if done.returncode not in (0, 1):
        return None
    return {name for name in os.fsdecode(done.stdout).split("\0") if name}


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    except OSError:
        return []


def _is_harmless(path: Path) -> bool:
    """What others may read: public keys and certificates, notes, locks."""
    if path.suffix in (".lock", ".md") or path.name.startswith("README"):
        return True
    try:
        with path.open("rb") as file:
            begin = file.read(4096)
    except OSError:
        return False
    return any(word in begin for word in _PUBLIC) and b"PRIVATE" not in begin


def _shown(path: Path, root: Path) -> str:
    return os.path.relpath(path, root) if path.is_relative_to(root) else path.name


def _is_rsa(fact: KeyFact, half: str) -> bool:
    return fact.kind.startswith("RSA") and fact.kind.endswith(half)


def _secret_fields(table: AppSettings | VendorSettings) -> list[str]:
    """Settings of a table that refer to a key."""
    extras = {name: info.json_schema_extra for name, info in type(table).model_fields.items()}
    return [name for name, extra in extras.items() if isinstance(extra, dict) and "key" in extra]
