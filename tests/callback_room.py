"""A callback log made by hand, with the truth that is written down beside it: for the tests of the log as evidence.

Everybody in it is planted: whatever is found of them in an output is a leak.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from front_door import APP, APP_KEY, PEOPLE, SETTINGS, Bench, Op, clock, envelope, lines

from idvtools.vendors.webank import encode_plain, sign_plain

SALT = "a-salt-of-webank-16"
PHONE = "13812345678"
FILE_KEY = "c3VwZXItc2VjcmV0LWZpbGUta2V5LTAwMDAwMDAwMDA="
LINK = "https://bucket-1250000000.cos.ap-guangzhou.myqcloud.com/f.zip?q-sign-algorithm=sha1&q-signature=0a1b2c3d4e5f"
LINK_SECRET = "q-signature=0a1b2c3d4e5f"
ADDRESS = "海淀区中关村南大街五号院七单元"
PASSPORT = "E87654321"
#: Clear text that may stand nowhere but in the input.
SECRETS = [*(t for person in PEOPLE for t in person), PHONE, FILE_KEY, LINK_SECRET, ADDRESS, PASSPORT, APP_KEY, SALT]
WEBANK_SETTINGS = """
[vendors.webank]
base_url = "https://capapi.example.com"

[[vendors.webank.apps]]
id = "wxhiw5xt6q4qtmwcrn"
secret = {file = "keys/webank-secret.txt"}
salt = {file = "keys/salt.txt"}
"""

# Our start requests, all on 5 October 2026; `made` is what the daId itself tells.
A = Op(clock(5, 9), 0, 1, 10)  # delivered three times, signed
B = Op(clock(5, 10), 1, 2, 9)  # hash only, first stage; two polls
C = Op(clock(5, 11), 2, 3, 10)  # forged ones only
D = Op(clock(5, 12), 0, 4, 77)  # a code that nobody lists, in a bare body
E = Op(clock(5, 13), 1, 5, 10)  # N-in-one: itself and its child -0 ended, its child -1 did not
F = Op(clock(5, 14), 2, 6, 10)  # never notified, one poll that says 10
G = Op(clock(5, 15), 0, 7, 20)  # received 7 s before its id's own time
STARTED = (A, B, C, D, E, F, G)
#: Somebody's that we did not start.
X = Op(clock(5, 16), 1, 8, 25)


def at(op: Op, seconds: float) -> datetime:
    return op.when + timedelta(seconds=seconds)


def unsigned(item: dict[str, Any]) -> dict[str, Any]:
    """Without DECSSIGN: the hash alone holds."""
    return item | {"headers": {"DECSHASH": item["headers"]["DECSHASH"]}}


def forged(item: dict[str, Any], seconds: float = 0) -> dict[str, Any]:
    when = datetime.fromisoformat(item["received_at"]) + timedelta(seconds=seconds)
    return item | {
        "received_at": when.isoformat(timespec="milliseconds"),
        "headers": item["headers"] | {"DECSHASH": "0" * 64},
    }


def child(op: Op, number: int, status: int) -> str:
    return op.body(daId=f"{op.op_id}-{number}", daStatus=status)


def push(busi_seq: str, status: int, when: datetime) -> dict[str, Any]:
    """A push of OneNET's, with a person in it."""
    id_no, name = PEOPLE[0]
    body = {
        "auditResult": {
            "auditStatus": str(status),
            "transactionID": f"T{busi_seq}",
            "busiSeq": busi_seq,
            "phone": PHONE,
            "responseTime": round(when.timestamp() * 1000),
            "auditMessage": "",
        },
        "custInfo": {"custName": name, "custCertNo": id_no, "custCertAddr": ADDRESS, "gender": "1"},
    }
    return {"received_at": when.isoformat(), "headers": {}, "body": json.dumps(body, ensure_ascii=False)}


def reverse(
    kind: str, seq_no: str, when: datetime, *, op: str | None = "W001", salt: str = SALT, legacy: bool = False
) -> dict[str, Any]:
    """A call of WeBank's to us, with a person in it."""
    id_no, name = PEOPLE[1]
    told = {"name": name, "idNo": id_no, "phone": PHONE} | ({"BIZ_SEQ_NO": op} if op else {})
    plain, stamp = encode_plain(told), str(round(when.timestamp() * 1000))
    signature = sign_plain(plain, salt, stamp)
    body = {
        "Plain": plain,
        "Signature": signature[:32] if legacy else signature,
        "Timestamp": stamp,
        "transName": kind,
        "SeqNo": seq_no,
    }
    return {"received_at": when.isoformat(), "headers": {}, "body": json.dumps(body)}


def poll(op: Op, status: int, when: datetime) -> dict[str, Any]:
    data = {"daId": op.op_id, "appId": APP, "bizNo": op.biz_no, "browsingSite": op.site, "daStatus": status}
    return {"polled_at": when.isoformat(), "response": {"errorCode": 0, "errorMessage": "OK", "data": data}}


A_BODY = A.body(
    fileUrlList=[LINK], ext={"userId": PEOPLE[0][1], "fileKey": FILE_KEY, "pdfPassword": [PEOPLE[0][0][-6:]]}
)
E_BODY = E.body(
    ext={
        "childDaList": [
            {"daId": f"{E.op_id}-0", "site": E.site, "daStatus": "10", "daSubStatus": "0"},
            {"daId": f"{E.op_id}-1", "site": E.site, "daStatus": "5", "daSubStatus": "0"},
        ]
    }
)
ONENET_AT, WEBANK_AT = clock(6, 8), clock(6, 9)

#: callbacks/a.jsonl, one item a line, and what is true of it: `None` where the line cannot be read.
FIRST: list[tuple[Any, tuple[str, str, int] | None]] = [
    # op, check, retry
    (envelope(A_BODY, at(A, 300)), (A.op_id, "ok", 0)),
    (unsigned(envelope(B.body(), at(B, 600))), (B.op_id, "hash_only", 0)),
    (forged(envelope(C.body(), at(C, 60))), (C.op_id, "failed", 0)),
    ("nothing of a notification in here", None),
    (forged(envelope(C.body(), at(C, 60)), 5), (C.op_id, "failed", 1)),
    (D.body(), (D.op_id, "unchecked", 0)),
    (envelope(E_BODY, at(E, 90)), (E.op_id, "ok", 0)),
    (envelope(child(E, 0, 10), at(E, 91)), (f"{E.op_id}-0", "ok", 0)),
    (envelope(child(E, 1, 5), at(E, 92)), (f"{E.op_id}-1", "ok", 0)),
    ("", None),
]
#: callbacks/b.jsonl
SECOND: list[tuple[Any, tuple[str, str, int] | None]] = [
    (envelope(A_BODY, at(A, 330)), (A.op_id, "ok", 1)),
    (envelope(A_BODY, at(A, 2100)), (A.op_id, "ok", 2)),
    (envelope(G.body(), at(G, -7)), (G.op_id, "ok", 0)),
    (envelope(X.body(), at(X, 30)), (X.op_id, "ok", 0)),
    (f'{{"data": {{"daStatus": 10, "userName": "{PEOPLE[0][1]}"}}}}', None),
    (push("B1", 1, ONENET_AT), ("B1", "unchecked", 0)),
    (push("B1", 0, ONENET_AT + timedelta(seconds=60)), ("B1", "unchecked", 0)),
    (push("B1", 0, ONENET_AT + timedelta(seconds=63)), ("B1", "unchecked", 1)),
    (push("B1", 4, ONENET_AT + timedelta(hours=2)), ("B1", "unchecked", 0)),
    (push("B2", 1, ONENET_AT), ("B2", "unchecked", 0)),
    (reverse("auth", "s1", WEBANK_AT), ("W001", "ok", 0)),
    (reverse("auth", "s1", WEBANK_AT + timedelta(seconds=10)), ("W001", "ok", 1)),
    (reverse("close", "s1", WEBANK_AT + timedelta(seconds=20)), ("W001", "ok", 0)),
    (reverse("auth", "s2", WEBANK_AT, op="W002", salt="somebody-elses-salt"), ("W002", "failed", 0)),
    (reverse("auth", "s3", WEBANK_AT, op=None, legacy=True), ("s3", "unchecked", 0)),
]
POLLS = [poll(B, 8, at(B, 1200)), poll(B, 9, at(B, 1800)), poll(F, 10, at(F, 900))]

#: The truth, counted by hand from the two lists.
SUMMARY = {
    "lines": 24,  # 9 that are not blank, and 15
    "notifications": 22,
    "rejects": 2,
    "duplicates": 4,  # A twice, B1's 0 once, auth s1 once; C's are forged
    "checks": {"ok": 11, "hash_only": 1, "unchecked": 7, "failed": 3},
    "operations": 14,  # A-G, E-0, E-1, X, B1, B2, W001, s3; W002 is forged
    "without_final": 6,  # B, C, D, E-1, F, B2
    "unknown_operations": 1,  # X
    "retried": 3,  # A, B1's 0, auth s1
    "before_created": 1,  # G
    "requests_known": True,
}


@dataclass
class Room(Bench):
    """A workspace with these logs."""

    ops: tuple[Op, ...] = STARTED
    logs: dict[str, list[Any]] = field(
        default_factory=lambda: {"a.jsonl": [i for i, _ in FIRST], "b.jsonl": [i for i, _ in SECOND]}
    )
    settings: str = SETTINGS + WEBANK_SETTINGS

    def make(self) -> Room:
        super().make()
        self.path("callbacks/notify.jsonl").unlink()
        self.write("keys/salt.txt", SALT)
        self.write("keys/webank-secret.txt", "w" * 64)
        self.write("idvtools.toml", self.settings)
        self.write("polls/polls.jsonl", lines(POLLS))
        for name, items in self.logs.items():
            self.write(f"callbacks/{name}", lines(items))
        return self
