"""A night with DEC: every call, an AES key that is rotated in between, notifications that can be trusted or not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from Crypto.Cipher import PKCS1_v1_5
from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idvtools.crypto.aes import encrypt_text
from idvtools.crypto.rsa import sign_sha256
from idvtools.sandbox.clockwork import APPS, COMBO_SITE, SITES, DaIds
from idvtools.sandbox.exchanges.files import jpeg
from idvtools.sandbox.exchanges.journal import Journal
from idvtools.sandbox.keys import Secrets
from idvtools.sandbox.messages import compact, iso
from idvtools.sandbox.people import Person
from idvtools.vendors.dec import decshash

Manner = Literal["signed", "hash_only", "tampered", "wrong_sign", "bare"]


@dataclass(frozen=True)
class _Run:
    """One evidence-taking, as far as both sides know it."""

    op_id: str
    app: str
    site: str
    biz_no: str
    person: Person


class _Night:
    def __init__(self, journal: Journal, secrets: Secrets) -> None:
        self.journal, self.secrets = journal, secrets
        self._ids = DaIds(journal.rng)
        self._count = 0

    def key(self, app: str, key_id: str | None = None) -> bytes:
        """The AES key in use (or another one)."""
        key_id = key_id or self.journal.calendar.key_at(app, self.journal.now_ms)
        return self.secrets.aes[app, key_id]

    def start(self, app: str, site: str, person: Person, *, key_id: str | None = None, **more: Any) -> _Run:
        """A start that is accepted; with `key_id` its fields are encrypted with a key of another time."""
        return self._start(app, site, person, None, key_id, more)

    def refused(
        self, error: tuple[int, str], app: str, site: str, person: Person, *, key_id: str | None = None, **more: Any
    ) -> None:
        """A start that is not."""
        self._start(app, site, person, error, key_id, more)

    def _start(
        self,
        app: str,
        site: str,
        person: Person,
        error: tuple[int, str] | None,
        key_id: str | None,
        more: dict[str, Any],
    ) -> _Run:
        self._count += 1
        biz_no, forged, bare = f"x{self._count:06d}", more.pop("forged", False), more.pop("bare", False)
        session = {"aes_key": b64encode(self.key(app, key_id)).decode()} if key_id else None
        request = self.journal.request(
            "start", app=app, session=session, site=site, biz_no=biz_no, open_id=person.open_id, id_no=person.id_no,
            user_name=person.name, access_way="h5", width=390, height=844,
            **{"user_claim": "face checked", "user_agent": "Mozilla/5.0 (synthetic)", **more},
        )  # fmt: skip
        run = _Run(self._ids.make(app, self.journal.now_ms + 21), app, site, biz_no, person)
        url = f"https://vdi.example.com/e/{run.op_id}?vcode={self.journal.secret()}"
        answer = _error(*error) if error else _ok({"daId": run.op_id, "redirectUrl": url})
        if forged:  # somebody changed the body after it was signed
            assert request.body is not None
            request = replace(request, body=request.body.replace(b'"width":390', b'"width":391'))
        if bare:  # a log of envelopes, without URL and headers
            assert request.body is not None
            self.journal.line({"request": request.body.decode(), "response": compact(answer)})
        else:
            self.journal.sent(request, answer)
        return run

    def status(self, run: _Run, code: int, sub: int = 0, result: int = 5, children: object = ()) -> None:
        """We ask for the status."""
        ext = {"daSubStatus": sub, "childDaList": children, "fileKey": ""}
        data = {
            "daId": run.op_id, "daStatus": code, "appId": run.app, "browsingSite": run.site, "bizNo": run.biz_no,
            "jsonResult": result, "certResult": 0, "authorizedTs": self.journal.now_ms - 60_000, "ext": ext,
        }  # fmt: skip
        self.journal.call("status", _ok(data), app=run.app, op_id=run.op_id)

    def pull(self, call: str, run: _Run, *, key_id: str | None = None, error: tuple[int, str] | None = None) -> None:
        """We fetch original files or the parse result; links, key and passwords come encrypted."""
        request = self.journal.request(call, app=run.app, op_id=run.op_id)
        key = self.key(run.app, key_id)
        url = f"https://files.example.com/{run.op_id}.zip?q-signature={self.journal.secret()}"
        ext: dict[str, Any] = {"fileKey": encrypt_text(self._file_key(), key)}
        data: dict[str, Any] = {"daId": run.op_id, "bizNo": run.biz_no, "site": run.site, "ext": ext}
        if call == "original_files":
            ext["pdfPassword"] = [encrypt_text(self.journal.secret(12), key)]
            data["fileUrl"] = [encrypt_text(url, key)]
        else:
            data |= {"jsonResult": 10, "jsonFileUrl": [encrypt_text(url, key)]}
        self.journal.sent(request, _error(*error) if error else _ok(data))

    def notify(self, run: _Run, code: int, manner: Manner, *, claims: int | None = None, **more: Any) -> None:
        """The platform tells a status; `claims` is what a forger made of it."""
        body = self._notification(run, code, **more)
        headers: dict[str, str] = {}
        if manner != "bare":
            headers["DECSHASH"] = decshash(body, self.secrets.app_keys[run.app])
        if manner in ("signed", "tampered"):
            headers["DECSSIGN"] = sign_sha256(headers["DECSHASH"].encode(), self.secrets.platform_key)
        elif manner == "wrong_sign":
            headers["DECSSIGN"] = b64encode(self.journal.rng.randbytes(256)).decode()
        if claims is not None:
            body = body.replace(f'"daStatus":{code},', f'"daStatus":{claims},', 1)
        if manner == "bare":
            self.journal.line(body.encode())
        else:
            self.journal.received(body, headers)

    def back(self, run: _Run, code: int) -> None:
        """The user comes back to our page; what the link says is the front end's word."""
        self.journal.wait(3_000)
        query = urlencode({"bizNo": run.biz_no, "daId": run.op_id, "site": run.site, "daStatus": code})
        moment = iso(self.journal.calendar, self.journal.now_ms)
        self.journal.line({"received_at": moment, "url": f"https://we.example.com/back?{query}"})

    def _notification(
        self, run: _Run, code: int, *, sub: int = 0, result: int = 5, children: Sequence[object] = ()
    ) -> str:
        func = "daFailed" if code > 10 else "daFileParsed" if result == 10 else "daUserAuthorized"
        ext: dict[str, Any] = {"userId": run.person.user_id, "daSubStatus": sub}
        urls = []
        if code == 10:
            urls = [f"https://files.example.com/{run.op_id}.zip?q-signature={self.journal.secret()}"]
            ext |= {"fileKey": self._file_key(), "pdfPassword": [self.journal.secret(12)]}
        if children:
            ext["childDaList"] = list(children)
        data = {
            "bizAppId": run.app, "daId": run.op_id, "bizNo": run.biz_no, "site": run.site, "daStatus": code,
            "fileUrlList": urls, "jsonResult": result, "authorizedTs": self.journal.now_ms - 45_000, "ext": ext,
        }  # fmt: skip
        return compact({"func": func, "v": "2.0.0", "auth": {"nonce": self.journal.token(32)}, "data": data})

    def _file_key(self) -> str:
        return b64encode(b"SECRET" + self.journal.rng.randbytes(26)).decode()

    def new_key(self, app: str, key_id: str) -> None:
        """We fetch the new AES key; it comes encrypted for our RSA key."""
        public = self.journal.keys.require(app).private("private_key").public_key()
        raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        cipher = PKCS1_v1_5.new(RSA.import_key(raw), self.journal.rng.randbytes)
        self.journal.call(
            "update_aes_key", _ok({"aeskey": b64encode(cipher.encrypt(self.key(app, key_id))).decode()}), app=app
        )


def _ok(data: object) -> dict[str, Any]:
    return {"errorCode": 0, "errorMessage": "OK", "data": data}


def _error(code: int, message: str) -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": message, "data": None}


def _child(run: _Run, number: int, site: str, status: object, sub: object) -> dict[str, object]:
    return {"daId": f"{run.op_id}-{number}", "site": site, "daStatus": status, "daSubStatus": sub}


def write(journal: Journal, secrets: Secrets) -> None:
    """Plant the exchanges, from twenty minutes before the rotation of the first app's key."""
    (app, other), (bank, tax), people = APPS, SITES, journal.people
    first, second = journal.calendar.rotations[0]
    journal.now_ms = second.valid_from - 20 * 60_000
    night = _Night(journal, secrets)
    states = [{"status": "1", "site": bank, "description": "ok"}, {"status": "0", "site": tax, "description": "维护中"}]
    journal.call("site_states", _ok(states), app=app, sites=[bank, tax])

    well = people.new()
    journal.call(
        "upload_agreement", _ok({"result": True}), app=app, id_no=well.id_no, site=bank, content=jpeg("agreement"),
        file_name="agreement.pdf",
    )  # fmt: skip
    run = night.start(app, bank, well, user_claim=f"本人{well.name}申请", lang="zh")
    night.notify(run, 5, "signed")
    night.status(run, 9)
    night.notify(run, 10, "signed", result=10)
    night.back(run, 10)
    night.pull("original_files", run)
    night.pull("parse_result", run)

    failed = night.start(other, tax, people.new(with_x=True))
    night.notify(failed, 41, "hash_only", sub=100564)
    night.status(failed, 41, 100564)
    night.pull("original_files", failed, error=(-44021, "DA_FAILED_EXCEPTION"))
    doubtful = night.start(app, bank, people.new())
    night.notify(doubtful, 44, "signed", sub=100099)
    night.notify(doubtful, 44, "tampered", sub=100099, claims=10)
    night.notify(doubtful, 10, "wrong_sign", result=10)
    night.notify(doubtful, 44, "bare", sub=100099)

    combined = night.start(app, COMBO_SITE, people.new(), child_sites=[bank, tax])
    children = [_child(combined, 0, bank, 10, 0), _child(combined, 1, tax, "43", "60028")]
    night.notify(combined, 10, "signed", result=10, children=children)
    night.status(combined, 10, 0, 10, children)
    journal.line(
        b'{"requested_at":"2026-10-09T01:58:00.000+08:00","request":{"method":"POST","url":"https://vdi.example.com/api/d'
    )

    # The key changes; what was encrypted with the one before is on its way still.
    journal.now_ms = second.valid_from + 2_000
    late = people.new()
    night.refused((-44050, "AES_DECRYPT_EXCEPTION"), app, tax, late, key_id=first.key_id)
    night.new_key(app, second.key_id)
    retried = night.start(app, tax, late)
    night.pull("original_files", run, key_id=first.key_id)
    night.pull("parse_result", retried, error=(-44001, "PARSE_FAILED"))
    night.status(retried, 77)
    night.notify(retried, 43, "signed", sub=60028)
    night.refused((-48025, "DataSourceUnavailable"), app, tax, people.new())
    night.refused((-50005, "SignInvalid"), app, bank, people.new(), forged=True)
    night.start(other, bank, people.new(), bare=True)
    lost = journal.calendar.lost
    night.start(lost[0], bank, people.new(), key_id=next(k for a, k in secrets.aes if a == lost[0] and "lost" in k))
    envelope = {"v": "1.0.0", "auth": {"appId": app, "nonce": journal.token(32)}, "arg": {"daId": run.op_id}}
    journal.line({"request": envelope, "response": _error(-43024, "NO_DB_RECORD")})
    url = f"https://files.example.com/recon/{app}.csv?q-signature={journal.secret()}"
    journal.call("statement", _ok({"fileUrl": url}), app=app, date="20261008")
