"""What we and they wrote down: requests, notifications, polls, statements, as typed tables; rejects."""

from idvtools.records.rejects import Reject
from idvtools.records.sql import from_sql

__all__ = ["Reject", "from_sql"]
