"""Keys with periods: which one was valid when, which one read what, and what may be told about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, NoReturn

import numpy as np

from idvtools.crypto.aes import Mode, Reason, decrypt_column

#: Keys to try for a text, relative to the one that was valid: itself, the one before, the one after.
_NEIGHBOURS = (0, -1, 1)


@dataclass(frozen=True, slots=True)
class TimedKey:
    """A key that is valid from a moment (ms UTC) until the next key's."""

    key_id: str
    valid_from_ms: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFact:
    """What may be told about a key: everything but the key.

    Parameters
    ----------
    app : str or None
        The app it belongs to; None for a key of the vendor as a whole.
    name : str
        Its setting, with the key's id where it has one: ``aes_keys 2026-10a``.
    kind : str
        For example ``AES-128``, ``RSA-2048 private``, ``secret text``.
    fingerprint : str
        `idvtools.crypto.digests.fingerprint`; of an RSA key that of the pair. Empty for a text that a person
        may have thought up: its digest could be guessed back.
    source : str
        Where it was read from: ``file=…`` or ``env=…``.
    valid_from, valid_to : datetime or None
        Its period, with an offset; `valid_to` (not included) is the next key's `valid_from`.
    """

    app: str | None
    name: str
    kind: str
    fingerprint: str
    source: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Reading(NamedTuple):
    """A column read with a keyring: texts, the id of the key that read each, and why the others are null."""

    texts: list[str | None]
    key_ids: list[str | None]
    reasons: list[Reason | None]

    def __repr__(self) -> str:
        return f"Reading({len(self.texts)} texts, {self.texts.count(None)} of them null)"


class Keyring:
    """The AES keys of one app, in order of time.

    Examples
    --------
    >>> from idvtools.crypto.aes import encrypt_text
    >>> ring = Keyring([TimedKey("a", 0, b"a" * 16), TimedKey("b", 1000, b"b" * 16)])
    >>> read = ring.decrypt([encrypt_text("x", b"a" * 16), encrypt_text("y", b"b" * 16)], [1500, 1500])
    >>> read.texts, read.key_ids
    (['x', 'y'], ['a', 'b'])
    """

    def __init__(self, keys: Sequence[TimedKey]) -> None:
        self._keys = sorted(keys, key=lambda k: k.valid_from_ms)
        self._starts = np.array([k.valid_from_ms for k in self._keys], dtype=np.int64)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(k.key_id for k in self._keys)})"

    def __len__(self) -> int:
        return len(self._keys)

    def __reduce__(self) -> NoReturn:
        raise TypeError("opened keys are not pickled")

    def with_key(self, key: TimedKey) -> Keyring:
        """The same ring with one more key.

        Examples
        --------
        >>> Keyring([TimedKey("a", 100, bytes(16))]).with_key(TimedKey("b", 200, bytes(16))).at(200).key_id
        'b'
        """
        return Keyring([*self._keys, key])

    def at(self, moment_ms: int) -> TimedKey | None:
        """The key to encrypt with at a moment (ms UTC); None before the first one.

        Examples
        --------
        >>> ring = Keyring([TimedKey("a", 100, bytes(16))])
        >>> ring.at(99), ring.at(100).key_id
        (None, 'a')
        """
        index = int(np.searchsorted(self._starts, moment_ms, side="right")) - 1
        return self._keys[index] if index >= 0 else None

    def decrypt(self, texts: Sequence[str | None], moments_ms: Sequence[int | None], mode: Mode = "ecb") -> Reading:
        """Decrypt texts, each with the key valid at its moment, then with its neighbours.

        Parameters
        ----------
        texts : sequence of str or None
            Base64 cipher texts.
        moments_ms : sequence of int or None
            When each was written (ms UTC); None tries every key, the newest first.

        Returns
        -------
        Reading
            A text that no key reads is null; its reason is that of the last key tried, or None where there is no key.
        """
        found = Reading([None] * len(texts), [None] * len(texts), [None] * len(texts))
        if not self._keys:
            return found
        known = np.array([m is not None for m in moments_ms], dtype=bool)
        moments = np.array([m or 0 for m in moments_ms], dtype=np.int64)
        valid = np.searchsorted(self._starts, moments, side="right") - 1
        open_ = np.array([t is not None for t in texts], dtype=bool)
        for step in _NEIGHBOURS:
            self._try(texts, found, open_ & known, valid + step, mode)
        for index in reversed(range(len(self._keys))):
            self._try(texts, found, open_ & ~known, np.full(len(texts), index), mode)
        return found

    def _try(
        self, texts: Sequence[str | None], found: Reading, wanted: np.ndarray, which: np.ndarray, mode: Mode
    ) -> None:
        for index, key in enumerate(self._keys):
            rows = [i for i in np.flatnonzero(wanted & (which == index)).tolist() if found.texts[i] is None]
            if not rows:
                continue
            read, reasons = decrypt_column([texts[i] for i in rows], key.key, mode)
            for i, text, reason in zip(rows, read, reasons, strict=True):
                found.reasons[i] = reason
                if text is not None:
                    found.texts[i] = text
                    found.key_ids[i] = key.key_id
