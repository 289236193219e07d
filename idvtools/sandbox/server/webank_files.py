"""WeBank's files: up, down, and up with a notice to the business (seed 002 section 4.5)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idvtools.errors import InputError
from idvtools.sandbox.messages import compact
from idvtools.sandbox.server.webank_access import Access, envelope, query_of, reply
from idvtools.sandbox.server.wire import RefusedError, digits, json_object, media_type, strict_base64, told
from idvtools.sandbox.server.world import World

_FORMAT = re.compile(r"[0-9A-Za-z.]{1,16}", re.ASCII)
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_LARGEST_FIELD = 64 << 20
Parts = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class _File:
    app_id: str
    name: str = field(repr=False)
    content: bytes = field(repr=False)
    hash_value: str


class Files:
    """The files of all apps; each app sees its own.

    Parameters
    ----------
    world : World
        Clock and seed.
    access : Access
        Whose signatures hold.

    Attributes
    ----------
    notices : list
        The bizContent of uploads with notice, in order; None where there was none.
    """

    def __init__(self, world: World, access: Access) -> None:
        self._world = world
        self._access = access
        self._rng = world.rng("webank/files")
        self._files: dict[str, _File] = {}
        self.notices: list[str | None] = []

    def routes(self) -> list[Route]:
        """The endpoints."""
        return [
            Route("/api/s/up/upload", self._upload, methods=["POST"]),
            Route("/api/s/up/download", self._download, methods=["GET"]),
            Route("/up/s/{biz_path:path}/uploadJson", self._upload_json, methods=["POST"]),
            Route("/up/s/{biz_path:path}/uploadForm", self._upload_form, methods=["POST"]),
        ]

    def plant(self, app_id: str, name: str, content: bytes) -> tuple[str, str]:
        """Let a file be there; its FILE_ID and its HASH_VALUE."""
        with self._world.lock:
            file_id = digits(self._rng, 56)
            found = self._files[file_id] = _File(app_id, name, content, _md5(content))
        return file_id, found.hash_value

    def content(self, file_id: str) -> bytes:
        """What a file holds. Raises InputError where there is none."""
        with self._world.lock:
            if file_id not in self._files:
                raise InputError("there is no such file")
            return self._files[file_id].content

    def damage(self, file_id: str) -> None:
        """Let a file change after its hash value was told. Raises InputError where there is none."""
        with self._world.lock:
            self._files[file_id] = replace(self._files[file_id], content=self.content(file_id) + b"?")

    async def _upload(self, request: Request) -> Response:
        parts, _ = await _form(request)

        def done() -> dict[str, str]:
            app_id = self._signed(request, "1.0.0")
            if parts is None or len(parts) != 1:
                raise RefusedError("60840002")
            listed = [
                {"HASH_VALUE": hash_value, "FILE_ID": file_id, "FILE_NAME": name}
                for name, file_id, hash_value in self._keep(app_id, parts)
            ]
            head = {"CODE": "60840000", "FILE_LIST": listed, "DESC": told("webank", "platform", "60840000")}
            return {"jsonData": compact(head)}

        return reply(self._world, "upload", done, "60840000", envelope(self._world, self._rng))

    async def _upload_json(self, request: Request) -> Response:
        body = json_object(await request.body()) if media_type(request) == "application/json" else None

        def done() -> dict[str, Any]:
            app_id, asked = self._signed(request, "2.0.0"), body or {}
            content, name = strict_base64(asked.get("file")), asked.get("fileName")
            if content is None or not isinstance(name, str):
                raise RefusedError("60840002")
            return self._noticed(app_id, [(name, content)], asked.get("bizContent"))

        return reply(self._world, "upload_json", done, "60840000")

    async def _upload_form(self, request: Request) -> Response:
        parts, fields = await _form(request)

        def done() -> dict[str, Any]:
            app_id = self._signed(request, "2.0.0")
            if not parts:
                raise RefusedError("60840002")
            return self._noticed(app_id, parts, fields.get("bizContent"))

        return reply(self._world, "upload_form", done, "60840000")

    async def _download(self, request: Request) -> Response:
        found: list[_File] = []
        kind = request.query_params.get("contentType", "image/jpeg")

        def look() -> dict[str, str]:
            query = query_of(request, "60840002")
            app_id = self._access.check(query, "1.0.0", kind="sign")
            with self._world.lock:
                file = self._files.get(query.get("fileId", ""))
            if file is None or file.app_id != app_id or not _CONTENT_TYPE.fullmatch(kind):
                raise RefusedError("60840002")
            if file.hash_value != query.get("hashValue", "").lower():
                raise RefusedError("60840002")
            found.append(file)
            return {}

        answered = reply(self._world, "download", look, "60840000", envelope(self._world, self._rng))
        return Response(found[0].content, headers={"Content-Type": kind}) if found else answered

    def _signed(self, request: Request, version: str) -> str:
        query = query_of(request, "60840002")
        app_id = self._access.check(query, version, kind="sign")
        if not told("webank", "file_type", query.get("fileType", "")):
            raise RefusedError("60840002")
        if not _FORMAT.fullmatch(query.get("fileFormat", "")):
            raise RefusedError("60840002")
        return app_id

    def _noticed(self, app_id: str, parts: Parts, content: object) -> dict[str, Any]:
        if content is not None and (
            not isinstance(content, str) or json_object(content.encode("utf-8", "surrogatepass")) is None
        ):
            raise RefusedError("60840002")
        listed = [
            {"fileName": name, "fileId": file_id, "hashValue": hash_value}
            for name, file_id, hash_value in self._keep(app_id, parts)
        ]
        with self._world.lock:
            self.notices.append(content)
        return {"fileList": listed}

    def _keep(self, app_id: str, parts: Parts) -> list[tuple[str, str, str]]:
        if not all(name and content for name, content in parts):
            raise RefusedError("60840002")
        return [(name, *self.plant(app_id, name, content)) for name, content in parts]


async def _form(request: Request) -> tuple[Parts | None, Mapping[str, str]]:
    """The files called ``file`` of a multipart form, and its other fields; None where it is none."""
    if media_type(request) != "multipart/form-data":
        await request.body()
        return None, {}
    try:
        async with request.form(max_part_size=_LARGEST_FIELD) as form:
            return await _files(form), {name: value for name, value in form.items() if isinstance(value, str)}
    except (HTTPException, MultiPartException):
        return None, {}


async def _files(form: FormData) -> Parts:
    given = [value for value in form.getlist("file") if isinstance(value, UploadFile)]
    return [(file.filename or "", await file.read()) for file in given]


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
