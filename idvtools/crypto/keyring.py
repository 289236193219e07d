"""Keys with periods: which one was valid when, and which ones to try after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from idvtools.crypto.aes import decrypt_column

#: Keys to try for a text, relative to the one that was valid: itself, the one before, the one after.
_NEIGHBOURS = (0, -1, 1)


@dataclass(frozen=True, slots=True)
class TimedKey:
    """A key that is valid from a moment (ms UTC) until the next key's."""

    key_id: str
    valid_from_ms: int
    key: bytes = field(repr=False)


class Keyring:
    """The AES keys of one app, in order of time.

    Examples
    --------
    >>> from idvtools.crypto.aes import encrypt_text
    >>> ring = Keyring([TimedKey("a", 0, b"a" * 16), TimedKey("b", 1000, b"b" * 16)])
    >>> ring.decrypt([encrypt_text("x", b"a" * 16), encrypt_text("y", b"b" * 16)], [1500, 1500])
    ['x', 'y']
    """

    def __init__(self, keys: Sequence[TimedKey]) -> None:
        self._keys = sorted(keys, key=lambda k: k.valid_from_ms)
        self._starts = np.array([k.valid_from_ms for k in self._keys], dtype=np.int64)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(k.key_id for k in self._keys)})"

    def __len__(self) -> int:
        return len(self._keys)

    def decrypt(self, texts: Sequence[str | None], moments_ms: Sequence[int | None]) -> list[str | None]:
        """Decrypt texts, each with the key valid at its moment, then with its neighbours.

        Parameters
        ----------
        texts : sequence of str or None
            Base64 cipher texts.
        moments_ms : sequence of int or None
            When each was written (ms UTC); None tries every key, the newest first.

        Returns
        -------
        list of str or None
            Clear texts, None where no key fits.
        """
        clear: list[str | None] = [None] * len(texts)
        if not self._keys:
            return clear
        known = np.array([m is not None for m in moments_ms], dtype=bool)
        moments = np.array([m or 0 for m in moments_ms], dtype=np.int64)
        valid = np.searchsorted(self._starts, moments, side="right") - 1
        open_ = np.array([t is not None for t in texts], dtype=bool)
        for step in _NEIGHBOURS:
            self._try(texts, clear, open_ & known, valid + step)
        for index in reversed(range(len(self._keys))):
            self._try(texts, clear, open_ & ~known, np.full(len(texts), index))
        return clear

    def _try(self, texts: Sequence[str | None], clear: list[str | None], wanted: np.ndarray, which: np.ndarray) -> None:
        for index, key in enumerate(self._keys):
            rows = [i for i in np.flatnonzero(wanted & (which == index)).tolist() if clear[i] is None]
            if rows:
                for i, text in zip(rows, decrypt_column([texts[i] for i in rows], key.key), strict=True):
                    clear[i] = text
