"""What a vendor's file is made of: declaration, calls, callbacks, fields, code tables, keys, messages, books."""

from idvtools.vendors.base.books import Books, CheckKeys, CheckResult, Message, load_statuses
from idvtools.vendors.base.callbacks import Callbacks, Deliveries, Verdicts
from idvtools.vendors.base.calls import Call, Draft, Unpacked
from idvtools.vendors.base.codes import Code, CodeTable, Outcome, code_text, tables
from idvtools.vendors.base.declaration import Ask, Vendor
from idvtools.vendors.base.decoding import Decoded, to_frame
from idvtools.vendors.base.fields import Attachment, Field, attachment, moment, split_buffers, token
from idvtools.vendors.base.health import ByHand, Health, Probe
from idvtools.vendors.base.keys import AppKeys, Keys, open_keys
from idvtools.vendors.base.messages import (
    Exchange,
    Http,
    Request,
    Stamp,
    at_path,
    dump_json,
    parse_json,
    read_exchange,
    with_path,
)
from idvtools.vendors.base.pulls import FileCall, OpState, PulledLink, Pulls, StatementCall

__all__ = [
    "AppKeys",
    "Ask",
    "Attachment",
    "Books",
    "ByHand",
    "Call",
    "Callbacks",
    "CheckKeys",
    "CheckResult",
    "Code",
    "CodeTable",
    "Decoded",
    "Deliveries",
    "Draft",
    "Exchange",
    "Field",
    "FileCall",
    "Health",
    "Http",
    "Keys",
    "Message",
    "OpState",
    "Outcome",
    "Probe",
    "PulledLink",
    "Pulls",
    "Request",
    "Stamp",
    "StatementCall",
    "Unpacked",
    "Vendor",
    "Verdicts",
    "at_path",
    "attachment",
    "code_text",
    "dump_json",
    "load_statuses",
    "moment",
    "open_keys",
    "parse_json",
    "read_exchange",
    "split_buffers",
    "tables",
    "to_frame",
    "token",
    "with_path",
]
