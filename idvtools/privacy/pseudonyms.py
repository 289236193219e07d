"""Keyed pseudonyms: who has the workspace's key can join by them, and nobody gets back."""

from __future__ import annotations

import hashlib
from typing import Any

from idvtools.errors import InputError


def as_hex(numbers: Any) -> Any:
    """Pseudonyms as text: the 16 hex digits of each 64-bit number.

    Parameters
    ----------
    numbers : pyarrow.Int64Array
        As `Pseudonyms.numbers` gives them; nulls stay null.

    Returns
    -------
    pyarrow.StringArray

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_hex(pa.array([255, None, -1])).to_pylist()
    ['00000000000000ff', None, 'ffffffffffffffff']
    """
    import numpy as np  # noqa: PLC0415  masks and `scrub` shouldn't cost its import
    import pyarrow as pa  # noqa: PLC0415

    digits = numbers.fill_null(0).to_numpy().astype(">i8").tobytes().hex().encode("ascii")
    offsets = pa.py_buffer(np.arange(0, 16 * len(numbers) + 1, 16, dtype=np.int32))
    text = pa.StringArray.from_buffers(len(numbers), offsets, pa.py_buffer(digits))
    return text if numbers.null_count == 0 else pa.compute.if_else(numbers.is_valid(), text, None)


class Pseudonyms:
    """Keyed pseudonyms: the first 16 hex digits of HMAC-SHA256 (billing.md section 2).

    Parameters
    ----------
    key : bytes
        The workspace's pseudonym key (`idvtools.settings.Settings.pseudonym_key`).

    Examples
    --------
    >>> people = Pseudonyms(b"sixteen chars or more")
    >>> len(people.of("110101199001011234")), people.of("a") == people.of("a"), people
    (16, True, Pseudonyms(…))
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if not key:
            raise InputError("the pseudonym key is empty: anybody could compute the pseudonyms")
        # RFC 2104 by hand: the two keyed states are made once and copied, twice as fast as hmac.digest.
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(b ^ 0x36 for b in block))
        self._outer = hashlib.sha256(bytes(b ^ 0x5C for b in block))

    def of(self, value: str) -> str:
        """Pseudonym of one text, exactly as it is: nothing is trimmed or normalised."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.hexdigest()[:16]

    def column(self, values: Any) -> Any:
        """Pseudonyms of a column; each distinct text is computed once, nulls stay null.

        Parameters
        ----------
        values : pyarrow.Array or pyarrow.ChunkedArray
            Text (string, large_string, string_view), plain or dictionary encoded, or of type null.

        Returns
        -------
        pyarrow.StringArray
            As long as `values`, in the same order.

        Raises
        ------
        TypeError
            `values` is not text: an id that has been a number is damaged already.

        Examples
        --------
        >>> import pyarrow as pa
        >>> Pseudonyms(b"sixteen chars or more").column(pa.array(["a", None, "a"])).null_count
        1
        """
        import pyarrow as pa  # noqa: PLC0415  masks and `scrub` shouldn't cost its import

        if isinstance(values, pa.ChunkedArray):
            chunks = [self.column(chunk) for chunk in values.unify_dictionaries().chunks]
            return pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), pa.string())
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        kind = encoded.type.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            raise TypeError(f"pseudonyms are made of text, not of {kind}")
        names = [None if text is None else self.of(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(names, pa.string()).take(encoded.indices)

    def numbers(self, values: Any) -> Any:
        """Pseudonyms of a column as signed 64-bit numbers, which `as_hex` turns into the text of `of`.

        Parameters
        ----------
        values : pyarrow.StringArray
            Nulls stay null; each distinct text is computed once.

        Returns
        -------
        pyarrow.Int64Array

        Examples
        --------
        >>> import pyarrow as pa
        >>> people = Pseudonyms(b"sixteen chars or more")
        >>> as_hex(people.numbers(pa.array(["a"])))[0].as_py() == people.of("a")
        True
        """
        import numpy as np  # noqa: PLC0415
        import pyarrow as pa  # noqa: PLC0415

        encoded = values.dictionary_encode()
        new_inner, new_outer = self._inner.copy, self._outer.copy
        digests = []
        for value in encoded.dictionary.to_pylist():
            inner, outer = new_inner(), new_outer()
            inner.update(value.encode("utf-8", "surrogatepass"))
            outer.update(inner.digest())
            digests.append(outer.digest()[:8])
        numbers = np.frombuffer(b"".join(digests), dtype=">i8").astype(np.int64)
        return pa.array(numbers).take(encoded.indices)

    def __repr__(self) -> str:
        return "Pseudonyms(…)"
