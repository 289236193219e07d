"""Results fetched from Tencent: passed and not, with files and without, as numbers and as text."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from idvtools.sandbox.exchanges.files import MP4, PNG, jpeg
from idvtools.sandbox.exchanges.journal import Journal, phone
from idvtools.sandbox.messages import compact
from idvtools.sandbox.people import Person
from idvtools.vendors.tencent import Cipher, encrypt_data, signature


def _result(person: Person, secret: str, code: object = 0, message: str = "通过", **more: Any) -> dict[str, Any]:
    birthday = person.id_no[6:14]
    return {
        "ID": person.id_no,
        "name": person.name,
        "phone": phone(person),
        "sex": "女" if int(person.id_no[16]) % 2 == 0 else "男",
        "nation": "汉",
        "ID_address": f"合成省样例市虚构路{person.number}号",
        "ID_birth": birthday,
        "ID_authority": "样例市公安局",
        "ID_valid_date": "2020.01.01-2040.01.01",
        "validatedata": secret,
        "yt_errorcode": code,
        "yt_errormsg": message,
        "livestatus": code,
        "livemsg": "OK" if str(code) == "0" else message,
        "comparestatus": 0,
        "comparemsg": "OK",
        "type": 0,
        **more,
    }


def _buffers() -> dict[str, str]:
    files = {"frontpic": jpeg("front"), "backpic": jpeg("back"), "video": MP4}
    files |= {"videopic1": PNG, "videopic2": PNG, "videopic3": jpeg("still")}
    return {name: b64encode(content).decode() for name, content in files.items()}


def write(journal: Journal) -> None:
    """Plant the exchanges."""
    app = journal.keys.require(None)
    key = app.blob("result_key")

    def token() -> str:
        return "-".join(journal.token(n).lower() for n in (8, 4, 4, 4, 12))

    def sealed(result: dict[str, Any], cipher: Cipher = "aes-256-ecb", secret: bytes = key) -> dict[str, Any]:
        return {"errorcode": 0, "errormsg": "success", "data": encrypt_data(compact(result), secret, cipher)}

    def result(code: object = 0, message: str = "通过", **more: Any) -> dict[str, Any]:
        return _result(journal.people.new(), journal.secret(12), code, message, **more)

    def fetch(answer: object, *, status: int = 200, **arguments: Any) -> None:
        journal.call("fetch", answer, status=status, **{"token": token(), "info_type": 1, **arguments})

    first = token()
    journal.received(compact({"token": first, "errCode": "0"}))
    fetch(sealed(result()), token=first)
    fetch(sealed(result(sim="92.7", **_buffers())), info_type=0)
    fetch(sealed(result(frontpic=b64encode(jpeg("front")).decode(), video="no base64!")), info_type="0")
    second = token()
    journal.received(compact({"extraData": {"token": second, "errCode": "602"}}))
    fetch(sealed(result(602, "视频活体检测没通过")), token=second)
    fetch(sealed(result("607", "视频像素太低，建议更换手机")))
    fetch(sealed(result("0", comparestatus="604", comparemsg="没有达到匹配阈值")))
    fetch(sealed(result(605, "二次验证照片信息拉取为空")))
    fetch(sealed(result(612, "未检测到声音", **_buffers())), info_type=0)
    journal.line(b"java.net.SocketTimeoutException: Read timed out at com.example.iauth.Client.fetch(Client.java:88)")
    fetch(sealed(result(699, "新错误")))
    fetch({"errorcode": 12, "errormsg": "token expired"})
    fetch({"errorcode": "8", "errormsg": "system error"})
    fetch(sealed(result(), "aes-256-cbc"), crypt_type=2)
    fetch(sealed(result(), "aes-256-cbc"))  # the request did not ask for CBC
    wrapped = sealed(result(0, channel="miniapp"))
    lines = [wrapped["data"][i : i + 76] for i in range(0, len(wrapped["data"]), 76)]
    fetch({**wrapped, "data": "\r\n".join(lines)})
    fetch(sealed(result(), secret=b"another key, of 32 characters..."))
    fetch({"errorcode": 0, "errormsg": "success", "data": ""})
    fetch("<html><body>502 Bad Gateway</body></html>", status=502)
    request = journal.request("fetch", token=token(), info_type=1)
    other = signature(str(app.app_id), "getdetectinfo", "another secret", 600, journal.now_ms // 1000)
    answer = {"errorcode": 6, "errormsg": "data signature error"}
    journal.sent(replace(request, headers={**request.headers, "signature": other}), answer)
    form = {"token": token(), "appid": app.app_id, "info_type": "1"}  # some clients send a form
    request = journal.request("fetch", token=form["token"])
    headers = {**request.headers, "Content-Type": "application/x-www-form-urlencoded"}
    journal.sent(replace(request, headers=headers, body=urlencode(form).encode()), sealed(result()))
