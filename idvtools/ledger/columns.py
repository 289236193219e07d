"""The ledger's columns and buckets: the contract of ``ledger.parquet`` (workspace.md section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from idvtools.privacy import as_hex

_MS = pa.timestamp("ms", tz="UTC")
_MONEY = pa.decimal128(18, 2)

#: One row per operation or statement row, in this order of columns.
LEDGER_SCHEMA = pa.schema(
    [
        ("op_id", pa.string()),
        ("parent_op_id", pa.string()),
        ("app_id", pa.string()),
        ("biz_no", pa.string()),
        ("site", pa.string()),
        ("subject", pa.string()),
        ("day", pa.date32()),
        ("clock", _MS),
        ("clock_source", pa.string()),
        ("da_id_time", _MS),
        ("status", pa.int64()),
        ("status_name", pa.string()),
        ("status_source", pa.string()),
        ("sub_status", pa.string()),
        ("final", pa.bool_()),
        ("effective", pa.bool_()),
        ("json_result", pa.int64()),
        ("authorized_at", _MS),
        ("flags", pa.string()),
        ("billable", pa.bool_()),
        ("reason", pa.string()),
        ("winner_op_id", pa.string()),
        ("amount_ours", _MONEY),
        ("package_ours", pa.bool_()),
        ("statement_file", pa.string()),
        ("statement_line", pa.int64()),
        ("vendor_status", pa.int64()),
        ("vendor_sub_status", pa.string()),
        ("vendor_charge", pa.bool_()),
        ("vendor_package", pa.bool_()),
        ("vendor_create_time", _MS),
        ("amount_vendor", _MONEY),
        ("bucket", pa.string()),
        ("severity", pa.string()),
        ("cause", pa.string()),
        ("differing_fields", pa.string()),
        ("period_shift", pa.bool_()),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
    ]
)

MONEY = "decimal(18, 2)"

#: The nine buckets, the first that fits (billing.md section 5).
BUCKETS = (
    "duplicate_in_statement",
    "only_in_statement",
    "only_in_ours",
    "statement_missing",
    "undecidable",
    "overbilled",
    "underbilled",
    "fields_differ",
    "matched",
)

#: The buckets that are breaks.
BREAKS = (
    "duplicate_in_statement",
    "only_in_statement",
    "only_in_ours",
    "overbilled",
    "underbilled",
    "fields_differ",
)

REASONS = (
    "start_failed",
    "has_children",
    "billed_with_parent",
    "ineffective_status",
    "no_status",
    "unknown_status",
    "not_final",
    "unknown_subject",
    "unknown_day",
    "first_effective",
    "repeat_same_day",
    "earlier_undecided",
)

FLAGS = ("conflicting_final", "contradictory_requests", "not_in_requests", "subject_unreadable", "no_answer")

#: Names that the ledger works with as small numbers: their place in these tuples. Numbers travel through joins
#: and sorts far lighter than text, and become text again in `finish`.
NAMES: dict[str, tuple[str, ...]] = {
    "clock_source": ("request", "da_id"),
    "status_source": (
        "redirect",
        "notification_unchecked",
        "notification_hash_only",
        "poll",
        "notification_signed",
        "statement",
    ),
    "reason": REASONS,
    "bucket": BUCKETS,
    "severity": ("info", "money"),
    # Each set of flags has the number that its bits make.
    "flags": tuple(
        ";".join(flag for bit, flag in enumerate(FLAGS) if number >> bit & 1) for number in range(1 << len(FLAGS))
    ),
}


def code(column: str, name: str) -> int:
    """The number that stands for a name; a name that is not known is a mistake in the code.

    Examples
    --------
    >>> code("severity", "money")
    1
    """
    return NAMES[column].index(name)


def _working_type(field: pa.Field) -> str:
    if field.name in NAMES or field.name == "status_name":
        return "int8"
    if field.name.endswith("_file"):
        return "int32"
    if field.name == "subject" or pa.types.is_timestamp(field.type):
        return "int64"
    if pa.types.is_decimal(field.type):
        return MONEY
    return {pa.date32(): "int32", pa.bool_(): "boolean"}.get(field.type, str(field.type))


#: The same columns while they are worked out: moments in ms, days, files, subjects and names as numbers.
TYPES: dict[str, str] = {field.name: _working_type(field) for field in LEDGER_SCHEMA}


def dictionaries(file_names: Sequence[str], status_names: Sequence[str]) -> dict[str, pa.Array]:
    """What the numbers of each column stand for."""
    files = pa.array(file_names, pa.string())
    names = {column: pa.array(values, pa.string()) for column, values in NAMES.items()}
    return names | {
        "statement_file": files,
        "source_file": files,
        "status_name": pa.array(status_names, pa.string()),
    }


def finish(batch: pa.RecordBatch, names: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Columns as worked out (`TYPES`) in the form of the contract (`LEDGER_SCHEMA`).

    Names stay dictionary-encoded, which keeps a million rows small; written to Parquet they read back
    as plain text.
    """
    columns = []
    for field in LEDGER_SCHEMA:
        column = batch.column(field.name)
        if field.name in names:
            column = pa.DictionaryArray.from_arrays(column, names[field.name])
        elif field.name == "subject":
            column = as_hex(column)
        elif pa.types.is_timestamp(field.type):
            column = column.view(field.type)
        elif field.type == pa.date32():
            column = column.view(pa.date32())
        else:
            column = column.cast(field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=LEDGER_SCHEMA.names)
