"""The log of our own polls: one line each, whatever form the vendor's answer has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from idvtools.pull.polls import PollLog

AT = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "received",
    [
        b'{"errorCode": 0,\r\n  "data": {"daStatus": 10}}\n',
        b'\xef\xbb\xbf{"errorCode": 0}',
        b'{"n": 1.10,\n "big": 12345678901234567890123}',
        b'{"half a character": "\\ud800",\n "data": null}',
    ],
)
def test_an_answer_is_one_line_and_says_what_it_said(tmp_path: Path, received: bytes) -> None:
    log = PollLog(tmp_path / "polls", AT)
    log.add(AT, received)
    log.add(AT, b"{}")
    first, second = log.path.read_bytes().splitlines()
    said = json.loads(first, parse_float=str)
    assert said["polled_at"] == "2026-10-01T08:30:00.000+00:00"
    assert said["response"] == json.loads(received.decode("utf-8-sig"), parse_float=str)
    assert json.loads(second)["response"] == {}
