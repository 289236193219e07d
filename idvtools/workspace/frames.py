"""A workspace's records as tidy DataFrames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from idvtools.ledger.frame import to_pandas
from idvtools.privacy import as_hex
from idvtools.records.exchanges import decode_file
from idvtools.records.intake import Intake
from idvtools.vendors.base import Keys, Vendor, to_frame

if TYPE_CHECKING:
    import pandas as pd


def _times(table: pa.Table) -> pa.Table:
    """Columns ``…_ms`` as UTC times under the name ``…_at``, `file_id` as the file's name."""
    for i, name in enumerate(table.column_names):
        if name.endswith("_ms"):
            stamp = table[name].cast(pa.timestamp("ms", tz="UTC"))
            table = table.set_column(i, name.removesuffix("_ms") + "_at", stamp)
    return table


def _frame(intake: Intake, sql: str) -> pd.DataFrame:
    table = _times(intake.con.sql(sql).to_arrow_table())
    names = pa.array(intake.file_names(), pa.string())
    files = names.take(table["file_id"].combine_chunks())
    table = table.set_column(table.schema.get_field_index("file_id"), "file", files)
    if "subject" in table.column_names:
        place = table.schema.get_field_index("subject")
        table = table.set_column(place, "subject", as_hex(table["subject"].combine_chunks()))
    return to_pandas(table)


def exchanges_frame(path: Path, vendor: Vendor, keys: Keys, *, reveal: bool) -> pd.DataFrame:
    """A log of exchanges, one row each, in the order of the file; what cannot be read is a row with its `problem`."""
    rows = (
        {
            **(record.row() if record else {"vendor": vendor.name}),
            "problem": problem,
            "file": path.name,
            "line": number,
        }
        for number, record, problem in decode_file(path, vendor, keys, reveal=reveal)
    )
    frame = to_frame(rows)
    for name in ("problem", "file", "line"):
        frame[name] = frame.pop(name) if name in frame else None
    return frame


def key_usage(requests: pd.DataFrame) -> pd.DataFrame:
    """Which key read which id numbers of our requests: `app_id, key_id, values, first_at, last_at`.

    `key_id` is missing for values that no key reads.
    """
    sealed = requests[requests["subject_state"].isin(["decrypted", "unreadable"])]
    grouped = sealed.groupby(["app_id", "subject_key"], dropna=False, sort=True)["requested_at"]
    table = grouped.agg(values="size", first_at="min", last_at="max").reset_index()
    return table.rename(columns={"subject_key": "key_id"})


def requests_frame(intake: Intake) -> pd.DataFrame:
    """Our start requests, one row each.

    Columns `requested_at, op_id, app_id, biz_no, site, access_way, error_code, subject, subject_state, subject_key`
    (the id of the key that read the id number), `file, line`. Then the log's own further columns; personal ones masked.
    """
    frame = _frame(
        intake,
        """select requested_ms, op_id, app_id, biz_no, site, access_way, error_code, subject, subject_state,
        subject_key,
        requests.file_id, requests.line, extra from requests left join request_extras using (file_id, line)
        order by requests.file_id, requests.line""",
    )
    extra = frame.pop("extra")
    if extra.notna().any():
        rows = [json.loads(text) if isinstance(text, str) else {} for text in extra]
        for name in dict.fromkeys(key for row in rows for key in row):
            frame[name] = [row.get(name) for row in rows]
    return frame


def statement_frame(intake: Intake) -> pd.DataFrame:
    """Columns `created_at, op_id, app_id, biz_no, site, status, sub_status, json_result, authorized_at, charge`.

    And `package`, `file`, `line`.
    """
    return _frame(
        intake,
        """select created_ms, op_id, app_id, biz_no, site, status, sub_status, json_result, authorized_ms, charge,
        package, file_id, line from statement order by file_id, line""",
    )
