"""The ledger's columns and buckets: the contract of ``ledger.parquet`` (workspace.md section 3)."""

from __future__ import annotations

import pyarrow as pa

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


def _engine_type(field: pa.Field) -> str:
    if field.name.endswith("_file"):
        return "int32"
    if pa.types.is_timestamp(field.type):
        return "int64"
    if pa.types.is_decimal(field.type):
        return MONEY
    return {pa.date32(): "int32", pa.bool_(): "boolean"}.get(field.type, str(field.type))


#: The same columns while they are worked out: moments in ms, days and files as numbers.
TYPES: dict[str, str] = {field.name: _engine_type(field) for field in LEDGER_SCHEMA}


def finish(batch: pa.RecordBatch, file_names: pa.Array) -> pa.RecordBatch:
    """Columns as worked out (`TYPES`) in the form of the contract (`LEDGER_SCHEMA`).

    File names stay dictionary-encoded, which keeps a million rows small; written to Parquet they read
    back as plain text.
    """
    columns = []
    for field in LEDGER_SCHEMA:
        column = batch.column(field.name)
        if field.name.endswith("_file"):
            column = pa.DictionaryArray.from_arrays(column, file_names)
        elif pa.types.is_timestamp(field.type):
            column = column.view(field.type)
        elif field.type == pa.date32():
            column = column.view(pa.date32())
        else:
            column = column.cast(field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=LEDGER_SCHEMA.names)


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
