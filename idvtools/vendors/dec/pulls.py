"""What DEC gives to be pulled (dec.md sections 1, 2 and 5): daily statements, original files, parse results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from idvtools.errors import MalformedAnswerError
from idvtools.vendors.base import FileCall, OpState, PulledLink, Pulls, StatementCall, Unpacked, at_path, code_text
from idvtools.vendors.dec.settings import DecSettings
from idvtools.vendors.dec.signing import download_headers

#: `jsonResult` that says for good that there is no parse result.
_UNPARSED = frozenset({"11", "12", "101"})


def _links(path: str) -> Callable[[Unpacked, DecSettings], list[PulledLink]]:
    def links(opened: Unpacked, settings: DecSettings) -> list[PulledLink]:
        data = at_path(opened.trees["answer"], "data")
        urls, file_key = at_path(data, path), at_path(data, "ext.fileKey")
        urls = [urls] if isinstance(urls, str) else [] if urls is None else urls
        if not isinstance(data, dict) or not isinstance(urls, list) or not all(isinstance(u, str) and u for u in urls):
            raise MalformedAnswerError.answered(f"{path} is not a list of links", vendor="dec")
        key = file_key if isinstance(file_key, str) else None
        return [PulledLink(u, download_headers(u, key, settings.object_store)) for u in urls]

    return links


def _plain(opened: Unpacked, _: DecSettings) -> list[PulledLink]:
    url = at_path(opened.trees["answer"], "data.fileUrl")
    if not isinstance(url, str) or not url:
        raise MalformedAnswerError.answered("the answer holds no link of the statement", vendor="dec")
    return [PulledLink(url)]


def _state(opened: Unpacked) -> tuple[str | None, str | None, bool]:
    data: Any = at_path(opened.trees["answer"], "data")
    authorized = code_text(at_path(data, "authorizedTs"))
    return (
        code_text(at_path(data, "daStatus")),
        code_text(at_path(data, "jsonResult")),
        authorized not in (None, "", "0"),
    )


def _passwords(opened: Unpacked) -> list[str]:
    found = at_path(opened.trees["answer"], "data.ext.pdfPassword")
    found = [found] if isinstance(found, str) else found
    return [p for p in found if isinstance(p, str) and p] if isinstance(found, list) else []


def _given(state: OpState) -> bool:
    return (state.success or state.partial) and state.authorized


def _parsed(state: OpState) -> bool:
    return state.success and state.authorized and state.json_result not in _UNPARSED


def _name(app: str, day: date) -> str:
    return f"交易流水对账单_{app}_{day:%Y%m%d}.csv"


def _whole(op_id: str) -> str:
    """The operation that a child of an N-in-one belongs to."""
    return op_id.partition("-")[0]


PULLS = Pulls(
    files=(
        FileCall("original_files", lambda op_id: {"op_id": op_id}, _given, _links("fileUrl")),
        FileCall("parse_result", lambda op_id: {"op_id": op_id}, _parsed, _links("jsonFileUrl")),
    ),
    status="status",
    state=_state,
    statement=StatementCall(
        "statement",
        lambda day: {"date": f"{day:%Y%m%d}"},
        _plain,
        _name,
        ready=timedelta(hours=4),
        columns=frozenset({"da_id", "app_id", "site", "da_status", "charge_flag", "create_time"}),
    ),
    # 第一阶段取证完成: the first files are there, more may follow (seed 000 section 3.1).
    partial=frozenset({"9"}),
    keep_days=10,
    poll_for=timedelta(minutes=20),
    about=lambda opened: code_text(at_path(opened.trees["answer"], "data.daId")),
    parent=_whole,
    passwords=_passwords,
)
