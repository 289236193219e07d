"""Links asked for from OneNET, and its pushes: in order, overturned, repeated, with what its document leaves open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from idvtools.sandbox.exchanges.journal import Journal, phone
from idvtools.sandbox.messages import compact
from idvtools.sandbox.people import Person
from idvtools.vendors.onenet import PUSH_ANSWER, authorization

_MESSAGES = {"0": "认证成功", "1": "待审核", "2": "认证不通过", "3": "二次稽查通过", "4": "二次稽查不通过"}
_RETRIES_MS = (3_000, 6_000, 12_000)


class _Desk:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def number(self) -> str:
        """A business number, of 26 characters."""
        return f"OneNET{self.journal.calendar.local(self.journal.now_ms):%Y%m%d%H%M%S}{self.journal.digits(6)}"

    def ask(self, person: Person, **answer: Any) -> str:
        """We ask for a link; the business number that was answered."""
        request = self.journal.request("auth_url", phone=phone(person), callback_url="https://we.example.com/onenet")
        number = self.number()
        url = f"https://onenet.example.com/check?param={self.journal.secret()}&signature={self.journal.secret()}"
        data = {"busi_seq": number, "auth_url": url}
        self.journal.sent(request, answer or {"errno": 0, "error": "succ", "data": data})
        return number

    def push(
        self,
        person: Person,
        number: str,
        status: str,
        *,
        table: str = "custInfo",
        seconds: bool = False,
        message: str = "",
        retries: int = 0,
        person_number: str = "",
        answered: bool = False,
        **more: Any,
    ) -> None:
        """The platform tells the result; three more times if it does not see our answer."""
        self.journal.wait(95_000)
        unit = 1000 if seconds else 1
        now = self.journal.now_ms // unit
        born = datetime.strptime(person.id_no[6:14], "%Y%m%d").replace(tzinfo=UTC)
        result = {
            "auditStatus": status, "transactionID": "230030" + self.journal.digits(20), "busiSeq": number,
            "phone": phone(person), "responseTime": now, "auditMessage": message or _MESSAGES.get(status, "其他"),
        }  # fmt: skip
        who = {
            "custName": person.name, "custCertNo": person.id_no, "custCertAddr": f"合成省样例市虚构路{person.number}号",
            "gender": str(int(person.id_no[16]) % 2), "nation": "汉", "birthday": int(born.timestamp() * 1000) // unit,
            "issuingAuthority": "样例市公安局", "certValidDate": 1577836800000 // unit,
            "certExpDate": 2208988800000 // unit, "createTime": now, "modifyTime": now,
            "busiSeq": person_number or number, "channelId": "OneNET",
        }  # fmt: skip
        body = compact({"auditResult": result, **({table: who} if table else {}), **more})
        self.journal.received(body, answer=PUSH_ANSWER if answered else None)
        for pause in _RETRIES_MS[:retries]:
            self.journal.received(body, wait_ms=pause)


def write(journal: Journal) -> None:
    """Plant the exchanges."""
    desk, new = _Desk(journal), journal.people.new
    passed, refused, checked, plain = new(), new(), new(), new(with_x=True)
    number = desk.ask(passed)
    desk.push(passed, number, "1", answered=True)
    desk.push(passed, number, "0", retries=3)
    desk.push(passed, number, "4", message=f"二次稽查：证件号{passed.id_no}与人像不符")  # overturns the 0

    number = desk.ask(refused)
    desk.push(refused, number, "1", table="auditInfo", seconds=True)
    desk.push(refused, number, "2", table="auditInfo", seconds=True, retries=1)
    number = desk.ask(checked)
    desk.push(checked, number, "0", table="auditInfo", person_number=desk.number())
    journal.line(b"\xff\xfe\xff not text at all \xff")
    desk.push(checked, number, "3", seconds=True)

    number = desk.ask(plain)
    desk.push(plain, number, "2", table="", message="用户取消")
    desk.push(plain, number, "0", auditInfo={"custName": plain.name, "busiSeq": number, "level": "L2"})  # both objects
    desk.push(plain, number, "7")  # a status that the document does not list
    desk.ask(new(), errno=10001, error="invalid parameter: phone")

    request = journal.request("auth_url", phone=phone(new()), callback_url="https://we.example.com/onenet")
    forged = authorization(b"another access key", journal.now_ms // 1000 + 600)
    headers = {**request.headers, "Authorization": forged}
    journal.sent(replace(request, headers=headers), {"errno": 10403, "error": "auth failed"}, status=403)
