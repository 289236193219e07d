"""What the ledger computes from: three typed tables, in any engine.

Moments are milliseconds UTC (``…_ms``), `file_id` and `line` say where a row stands, ids are text.
"""

from __future__ import annotations

import ibis

#: Our start requests, one row an exchange, `row_no` unique. `op_id` is null for a start that failed;
#: `subject` is a pseudonym
#: (`privacy.Pseudonyms.numbers`); `subject_state` is one of clear, decrypted, unreadable, missing.
REQUESTS = ibis.schema(
    {
        "row_no": "int64",
        "op_id": "string",
        "app_id": "string",
        "biz_no": "string",
        "site": "string",
        "access_way": "string",
        "error_code": "int64",
        "subject": "int64",
        "subject_state": "string",
        "requested_ms": "int64",
        "file_id": "int32",
        "line": "int64",
    }
)

#: Reports on an operation's status, refused notifications left out. `trust` is `rules.Trust`.
REPORTS = ibis.schema(
    {
        "op_id": "string",
        "parent_op_id": "string",
        "app_id": "string",
        "biz_no": "string",
        "site": "string",
        "status": "int64",
        "sub_status": "string",
        "json_result": "int64",
        "authorized_ms": "int64",
        "received_ms": "int64",
        "trust": "int8",
        "file_id": "int32",
        "line": "int64",
    }
)

#: Rows of the vendor's statement. `row_no` is unique; `file_day` is the day number of the file.
STATEMENT = ibis.schema(
    {
        "row_no": "int64",
        "op_id": "string",
        "parent_op_id": "string",
        "biz_no": "string",
        "app_id": "string",
        "site": "string",
        "status": "int64",
        "sub_status": "string",
        "json_result": "int64",
        "authorized_ms": "int64",
        "charge": "boolean",
        "package": "boolean",
        "created_ms": "int64",
        "file_day": "int32",
        "file_id": "int32",
        "line": "int64",
    }
)
