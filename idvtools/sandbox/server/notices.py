"""DEC's notifications, v2.0.0 (dec.md section 3): when, what, and how badly they are delivered."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from idvtools.crypto.rsa import sign_sha256
from idvtools.sandbox.messages import compact
from idvtools.sandbox.server.dec import child_list
from idvtools.sandbox.server.dec_operations import Operation
from idvtools.sandbox.server.dec_platform import Dec
from idvtools.sandbox.server.sender import Sender, check_target
from idvtools.vendors.dec import NOTIFICATION_ANSWER, decshash


@dataclass(frozen=True)
class Manner:
    """How notifications are delivered.

    Parameters
    ----------
    retries : sequence of float
        Seconds (real ones) to wait before each further try, while the answer is not the exact one.
    duplicates, late, lost : float
        Shares that come twice, after the next one, or never.
    delay_s : float
        How late the late and the second ones come.
    """

    retries: Sequence[float] = (0.2, 0.5, 1.0, 2.0)
    duplicates: float = 0.05
    late: float = 0.05
    lost: float = 0.03
    delay_s: float = 0.3

    def __post_init__(self) -> None:
        if any(not 0 <= s <= 1 for s in (self.duplicates, self.late, self.lost)):
            raise ValueError("duplicates, late and lost must be between 0 and 1")
        if any(not 0 <= s <= 3600 for s in (*self.retries, self.delay_s)):
            raise ValueError("retries and delay_s must be between 0 and 3600 seconds")


class Notices:
    """Sends DEC's notifications while somebody wants them.

    Parameters
    ----------
    dec : Dec
        Whose operations they are about.
    sender : Sender
        The way out.
    """

    def __init__(self, dec: Dec, sender: Sender) -> None:
        self._dec = dec
        self._sender = sender
        self._url: str | None = None
        self._manner = Manner()
        dec.watch = self.watch

    def to(self, url: str | None, manner: Manner | None = None) -> None:
        """Where to from now on; None: nowhere. Raises ValueError."""
        self._url = None if url is None else check_target(url)
        self._manner = manner or Manner()

    def watch(self, operation: Operation) -> None:
        """Notify of an operation as it goes on."""
        for number, moment in enumerate(operation.moments()):
            self._sender.at(moment, partial(self._due, operation, number, moment))

    def _due(self, operation: Operation, number: int, moment: int) -> None:
        url, manner = self._url, self._manner
        if url is None:
            return
        rng = self._dec.world.rng(f"dec/notify/{operation.serial}/{number}")
        nonce = f"{rng.getrandbits(128):032x}"
        turn, again = rng.random(), rng.random()
        if turn < manner.lost:
            self._dec.world.count("dec", "notification", "lost")
            return
        make = partial(self._signed, operation, moment, nonce)
        delays = [manner.delay_s if turn < manner.lost + manner.late else 0.0]
        if again < manner.duplicates:
            delays.append(delays[0] + manner.delay_s)
        for delay in delays:
            self._dec.world.count("dec", "notification")
            self._sender.post(url, make, _accepted, manner.retries, after_s=delay)

    def _signed(self, operation: Operation, moment: int, nonce: str) -> tuple[Mapping[str, str], bytes]:
        """Headers and body; the links in it are fresh."""
        body = self._body(operation, moment, nonce)
        digest = decshash(body, self._dec.world.secrets.app_keys[operation.app])
        signature = sign_sha256(digest.encode("ascii"), self._dec.world.secrets.platform_key)
        headers = {"Content-Type": "application/json; charset=utf-8", "DECSHASH": digest, "DECSSIGN": signature}
        return headers, body.encode("utf-8")

    def _body(self, operation: Operation, moment: int, nonce: str) -> str:
        state = operation.state(moment)
        taken = state.status in (9, 10)
        if state.status == 10 and state.json_result != 5:
            func = "daFileParsed"
        else:
            func = "daFailed" if state.final and not taken else "daUserAuthorized"
        ext: dict[str, object] = {
            "userId": operation.person.user_id,
            "fileKey": b64encode(self._dec.file_key(operation)).decode("ascii") if taken else "",
            "pdfPassword": self._dec.passwords(operation) if taken else [],
            "daSubStatus": state.sub_status,
        }
        if operation.children:
            ext["childDaList"] = child_list(operation, moment)
        data = {
            "bizAppId": operation.app, "daId": operation.op_id, "bizNo": operation.biz_no, "site": operation.site,
            "daStatus": state.status, "fileUrlList": self._dec.original_links(operation) if taken else [],
            "jsonResult": state.json_result, "authorizedTs": state.authorised_ms, "ext": ext,
        }  # fmt: skip
        return compact({"func": func, "v": "2.0.0", "auth": {"nonce": nonce}, "data": data})


def _accepted(status: int, answer: bytes) -> bool:
    """The exact answer, to the byte."""
    return status == 200 and answer == NOTIFICATION_ANSWER.encode("ascii")
