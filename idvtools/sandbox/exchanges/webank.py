"""A morning with WeBank: tokens and tickets, business calls, files, and what it sends to us."""

from __future__ import annotations

import hashlib
from typing import Any

from idvtools.sandbox.exchanges.files import jpeg
from idvtools.sandbox.exchanges.journal import Journal, phone
from idvtools.sandbox.messages import compact, iso
from idvtools.sandbox.people import Person
from idvtools.vendors.webank import answer_reverse, encode_plain, file_hash, sign_plain

_IMAGE = {"Content-Type": "image/jpeg"}


class _Morning:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.session: dict[str, str] = {}

    def time(self) -> str:
        """The bank's way to write a time."""
        return f"{self.journal.calendar.local(self.journal.now_ms):%Y%m%d%H%M%S}"

    def envelope(self, code: str, message: str, **more: Any) -> dict[str, Any]:
        """What every answer to a signed call has."""
        numbers = {"BizSeqNo": self.journal.digits(32), "ConsumerSeqNo": self.journal.digits(20)}
        return {**numbers, "transactionTime": self.time(), "code": code, "msg": message, **more}

    def sign_in(self) -> None:
        """A new token and a new ticket, which make the old ones worthless."""
        token, ticket = self.journal.secret(64), self.journal.secret(64)
        life = {"expire_time": self.journal.now_ms + 3_600_000, "expire_in": "3600"}
        good = {"code": "60850000", "msg": "请求成功", "transactionTime": self.time()}
        self.journal.call("access_token", {**good, "access_token": token, **life})
        self.session = {"access_token": token}
        tickets = [{"value": ticket, **life}]
        self.journal.call("api_ticket", {**good, "tickets": tickets}, session=self.session, type="sign")
        self.session["ticket"] = ticket

    def business(self, answer: object, **fields: Any) -> None:
        """A business call on a person."""
        self.journal.call(
            "business", answer, session=self.session, path="kyc", service_code="U001", body=_body(self.journal, fields)
        )

    def reverse(
        self, plain: str, *, signature: str | None = None, number: str = "", answer: tuple[str, str] | None = None
    ) -> None:
        """A message of the bank's, with our answer where that is logged."""
        journal, salt = self.journal, self.journal.keys.require(None).text("salt")
        stamp = str(journal.now_ms + 8_900)
        body = {
            "Plain": plain, "Signature": signature or sign_plain(plain, salt, stamp), "Timestamp": stamp,
            "transName": "SynAccountNotify", "SeqNo": number or stamp + journal.digits(9),
        }  # fmt: skip
        code, text = answer or ("", "")
        reply = answer_reverse(body, salt, code=code, text=text, timestamp=stamp) if answer else None
        journal.received(compact(body), answer=reply)


def _body(journal: Journal, fields: dict[str, Any]) -> dict[str, Any]:
    person = journal.people.new()
    return {
        "ID_NO": person.id_no, "ID_TYPE": "01", "USER_NAME": person.name, "MOBILE": phone(person),
        "USER_ID": person.user_id, "WX_OPEN_ID": person.open_id, "SYS_SEQ_NO": journal.digits(20),
        "REQUEST_TIME": journal.now_ms, **fields,
    }  # fmt: skip


def _told(person: Person, **more: Any) -> str:
    who = {"ID_NO": person.id_no, "USER_NAME": person.name, "MOBILE": phone(person)}
    return encode_plain({"merchantno": "00000006", "product_cd": "230001", "req_nbr": "syn001", **who, **more})


def write(journal: Journal) -> None:
    """Plant the exchanges."""
    morning = _Morning(journal)
    morning.sign_in()
    good = {"CODE": "66590000", "DESC": "交易成功"}
    user = {"USER_ID": journal.people.new().user_id}
    ticket = {"value": journal.secret(64), "expire_in": "300", "expire_time": journal.now_ms + 300_000}
    journal.call(
        "api_ticket", {"code": "60850000", "msg": "请求成功", "transactionTime": morning.time(), "tickets": [ticket]},
        session=morning.session, type="user", user_data=compact(user), merchant_id="00000006",
    )  # fmt: skip
    morning.business(morning.envelope("60840000", "系统处理成功", jsonData=compact(good)))
    failed = {"CODE": "66591203", "DESC": "证件号与姓名不符"}
    morning.business(morning.envelope("60840000", "系统处理成功", jsonData=compact(failed)))
    # Somebody fetched a token elsewhere: ours is worth nothing any more.
    morning.business(morning.envelope("60841018", "接入签名不正确"))
    morning.sign_in()
    morning.business(morning.envelope("60840000", "系统处理成功", jsonData=good))  # an object instead of a string
    whole = morning.envelope("60840000", "系统处理成功", jsonData="@")
    morning.business(compact(whole).replace("@", compact(good)))  # the inner quotes lost their backslashes
    numbered = morning.envelope("60840000", "系统处理成功", jsonData=compact(good))
    numbered["ConsumerseqNo"] = numbered.pop("ConsumerSeqNo")
    morning.business(numbered, VERSION="1.0.0")
    _lost_in_the_line(morning, good)
    morning.business(morning.envelope("60840003", "交易超时"))
    morning.business(morning.envelope("60840002", "未满足接口输入要求"), MOBILE="")
    morning.business(morning.envelope("60840000", "系统处理成功"))
    journal.call(
        "api_ticket", {"code": "60851004", "msg": "access_token已过期", "transactionTime": morning.time()},
        session=morning.session, type="sign",
    )  # fmt: skip
    journal.line(b'{"requested_at":"2026-10-12T09:40:00.000+08:00","request":{"method":"GET"}} trailing')
    _files(morning)
    _reverse(morning)


def _lost_in_the_line(morning: _Morning, good: dict[str, str]) -> None:
    """Bodies logged as JSON, with the bank's broken jsonData in the middle: the line itself is no JSON."""
    journal = morning.journal
    answer = compact(morning.envelope("60840000", "系统处理成功", jsonData="@")).replace("@", compact(good))
    asked = compact(_body(journal, {}))
    url = "https://capapi.example.com/api/s/kyc/U001"
    line = f'{{"requested_at":"{iso(journal.calendar, journal.now_ms)}","request":{{"method":"POST","url":"{url}",'
    journal.line(f'{line}"headers":{{}},"body":{asked}}},"response":{{"status":200,"body":{answer}}}}}'.encode())


def _files(morning: _Morning) -> None:
    journal, session = morning.journal, morning.session
    content = jpeg("business licence")
    hash_value, file_id = file_hash(content), journal.digits(16)
    sent: dict[str, Any] = {"file_type": "002", "file_format": "jpg", "file_name": "licence.jpg", "content": content}
    listed = {
        "CODE": "60840000",
        "FILE_LIST": [{"HASH_VALUE": hash_value, "FILE_ID": file_id, "FILE_NAME": "licence.jpg"}],
    }
    journal.call(
        "upload", morning.envelope("60840000", "系统处理成功", jsonData=compact(listed)), session=session, **sent
    )
    wanted: dict[str, Any] = {"file_id": file_id, "hash_value": hash_value}
    journal.call("download", morning.envelope("60840002", "文件不存在"), session=session, **wanted)
    request = journal.request("download", session=session, content_type="image/jpeg", **wanted)
    journal.sent(request, None, headers=_IMAGE)  # bodies that are no text are not logged
    done = {"code": "60840000", "msg": "ok"}
    told = {"fileList": [{"fileName": "licence.jpg", "fileId": journal.digits(16), "hashValue": hash_value}]}
    notify: dict[str, Any] = {"path": "biz/notify", "biz_content": '{"ORDER":"syn1"}'}
    form = {"file_type": "002", "file_format": "jpg", "files": [("licence.jpg", content)]}
    for call, files in (("upload_json", sent), ("upload_form", form)):
        journal.call(call, {**done, **told}, session=session, **notify, **files)


def _reverse(morning: _Morning) -> None:
    journal = morning.journal
    first = _told(journal.people.new(), BIZ_SEQ_NO=journal.digits(32))
    number = str(journal.now_ms) + journal.digits(9)
    morning.reverse(first, number=number, answer=("0012", "时间戳过期"))
    morning.reverse(first, number=number, answer=("0000", "系统处理成功"))  # sent again: SeqNo is the same
    forged = hashlib.sha256(b"another salt").hexdigest()
    morning.reverse(_told(journal.people.new()), signature=forged, answer=("0010", "签名验证失败"))
    morning.reverse(_told(journal.people.new()), signature=hashlib.md5(b"x", usedforsecurity=False).hexdigest())
    morning.reverse("not%20JSON")
