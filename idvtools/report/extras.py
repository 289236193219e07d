"""What the reports show beside the summary and the breaks: reasons, refused notifications, rejects."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

#: Notifications that failed their check; `file` may be dictionary-encoded.
REFUSED_SCHEMA = pa.schema(
    [
        ("received_at", pa.timestamp("ms", tz="UTC")),
        ("op_id", pa.string()),
        ("app_id", pa.string()),
        ("event", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
    ]
)

#: How many refused notifications, and how many rejected lines, a report lists.
LISTED = 200


@dataclass(frozen=True)
class Extras:
    """What a report lists besides the breaks.

    Parameters
    ----------
    reasons : dict of str to (int, Decimal)
        For the undecidable rows: reason -> rows, and the amount that the vendor charges on them.
    refused : pyarrow.Table
        Notifications that failed their check, columns of `REFUSED_SCHEMA`. Times are UTC.
    rejects : list of (str, int, str)
        The first lines that could not be read: file, line number from 1, why. No clear personal data.
    more_rejects : int
        How many there are besides.

    Examples
    --------
    >>> Extras(reasons={"no_status": (2, Decimal("6.00"))}).refused.num_rows
    0
    """

    reasons: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    refused: pa.Table = field(default_factory=REFUSED_SCHEMA.empty_table)
    rejects: list[tuple[str, int, str]] = field(default_factory=list)
    more_rejects: int = 0
