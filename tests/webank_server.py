"""A WeBank platform on loopback, as strict as seed 002: one valid token, one valid ticket, every signature verified."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

APP_ID, SECRET = "wxtest0000000000", "a secret of the test platform"


class Platform:
    """What the server knows and counts."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.token = self.ticket = ""
        self.refuse = 0  # business calls that are answered with `code` whatever the signature
        self.code = "60841017"
        self.url = ""
        self.lock = threading.Lock()

    def answer(self, path: str, query: dict[str, str], body: str) -> dict[str, object]:  # noqa: PLR0911
        with self.lock:
            name = path.rpartition("/")[2]
            self.calls[name] += 1
            if name == "access_token":
                if (query["app_id"], query["secret"], query["grant_type"]) != (APP_ID, SECRET, "client_credential"):
                    return {"code": "60851009", "msg": "无效的appid"}
                self.token, self.ticket = secrets.token_hex(32), ""  # a new token takes every ticket with it
                return {"code": "60850000", "msg": "系统处理成功", "access_token": self.token, "expire_in": "3600"}
            if name == "api_ticket":
                if query["access_token"] != self.token:
                    return {"code": "60851002", "msg": "无效的access_token"}
                self.ticket = secrets.token_hex(32)
                return {
                    "code": "60850000",
                    "msg": "系统处理成功",
                    "tickets": [{"value": self.ticket, "expire_in": "3600"}],
                }
            if self.refuse:
                self.refuse -= 1
                return {"code": self.code, "msg": "ticket验证失败", "BizSeqNo": "B0"}
            # Written out by hand, not with the code under test: ASCII only, so that bytes sort as Java does.
            values = [query["app_id"], query["version"], query["nonce"], body, self.ticket, *[query.get("type", "")]]
            expected = hashlib.sha1("".join(sorted(v for v in values if v)).encode()).hexdigest().upper()
            if not self.ticket or query["sign"] != expected:
                return {"code": "60841018", "msg": "接入签名不正确", "BizSeqNo": "B0"}
            done = json.dumps({"CODE": "66590000", "DESC": "交易成功"})
            return {"code": "60840000", "msg": "系统处理成功", "BizSeqNo": "B1", "jsonData": done}


@contextmanager
def running() -> Iterator[Platform]:
    """The platform, listening on a port of its own."""
    platform = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            answer = json.dumps(platform.answer(parts.path, dict(parse_qsl(parts.query)), body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
