"""AES keys that were fetched by a pull: none is lost when the next one comes."""

from __future__ import annotations

import json
from base64 import b64decode

from sandbox_room import APP, BANK, Room

import idvtools as idv
from idvtools.crypto.aes import decrypt_text


def test_every_fetched_key_stays(dec: Room) -> None:
    answers = []
    for _ in range(3):
        dec.sandbox.dec.rotate(APP)
        [op] = dec.sandbox.dec.plant(1, site=BANK)
        ws = idv.Workspace(dec.folder)
        assert ws.pull("dec", ops=[op.op_id], renew_keys=True).complete
        [entry] = [e for e in ws.vault().find(op_id=op.op_id) if e.name == "original_files.answer.json"]
        answers.append(json.loads(ws.vault().read(entry.sha256))["data"]["fileUrl"][0])
    files = sorted((dec.folder / "keys").glob("session-dec-*.json"))
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    keys = [b64decode(json.loads(f.read_text())["values"]["aes_key"]) for f in files]
    assert len(keys) == len(set(keys)) == 3
    # Which of them reads which answer: one each.
    assert sorted(sum(_reads(key, text) for text in answers) for key in keys) == [1, 1, 1]


def _reads(key: bytes, text: str) -> bool:
    try:
        return decrypt_text(text, key).startswith("http")
    except idv.IdvError:
        return False
