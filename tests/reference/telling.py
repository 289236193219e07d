"""How what happened reaches us: request log, notifications, polls; with all that is lost, doubled, late and forged."""

from __future__ import annotations

from dataclasses import replace

from .model import App, Child, Notice, Poll, Proof, Start
from .scene import DAY, HOUR, SECOND, Scene, Truth, sub_status

PROOFS: dict[Proof, float] = {"signed": 0.6, "hash_only": 0.2, "none": 0.2}
FORGERIES: list[Proof] = ["bad_hash", "bad_sign"]
START_ERRORS = [-50002, -43037, -45001, -48025]


def readable(app: App | None, requested_at: int, key: bytes) -> bool:
    """Tell whether a right reading decrypts: the key valid at the time, then the previous, then the next."""
    keys = [] if app is None else sorted(app.aes_keys, key=lambda key: key.valid_from)
    current = sum(key.valid_from <= requested_at for key in keys) - 1
    return any(0 <= k < len(keys) and keys[k].key == key for k in (current, current - 1, current + 1))


def log_start(scene: Scene, truth: Truth) -> Start:
    """Log a start as sent: in clear, or with the key of the day, a neighbour's, or one that nobody has any more."""
    app = next((app for app in scene.apps if app.id == truth.app_id), None)
    plain = Start(truth.da_id, truth.app_id, truth.biz_no, truth.site, truth.sent_at, truth.person, None, truth.person)
    if scene.chance(0.4):
        return replace(plain, requested_at=None) if scene.chance(0.15) else plain
    keys = [] if app is None else [key.key for key in app.aes_keys]
    current = 0 if app is None else max(sum(key.valid_from <= truth.sent_at for key in app.aes_keys) - 1, 0)
    place = current + scene.rng.choices([0, -1, 1, -2], [80, 7, 6, 2])[0]
    lost = scene.chance(0.03) or not 0 <= place < len(keys)
    key = scene.rng.randbytes(16) if lost else keys[place]
    subject = truth.person if readable(app, truth.sent_at, key) else None
    return replace(plain, aes_key=key, subject=subject)


def failed_start(scene: Scene, number: int) -> Start:
    """Log a start that was answered with an error."""
    truth = scene.truth(number)
    start = replace(log_start(scene, truth), da_id=None, error_code=scene.rng.choice(START_ERRORS))
    return replace(start, requested_at=None) if start.aes_key is None and scene.chance(0.15) else start


def _children(scene: Scene, truth: Truth) -> tuple[Child, ...]:
    """List the children as one report does: perhaps not all of them, perhaps with an older status."""
    told = []
    for child in truth.children:
        if scene.chance(0.9):
            status = child.status if scene.chance(0.8) else scene.status()
            told.append(Child(child.da_id, child.site, status, sub_status(child.da_id, status)))
    return tuple(told)


def _came(scene: Scene, truth: Truth) -> int:
    """Choose when a report came, from few instants, so that some come together."""
    return truth.sent_at + scene.rng.choice([60 * SECOND, 60 * SECOND, 600 * SECOND, HOUR, 40 * DAY])


def _notice(scene: Scene, truth: Truth, status: int, proof: Proof | None = None) -> Notice:
    rng = scene.rng
    proof = proof or rng.choices(list(PROOFS), list(PROOFS.values()))[0]
    bare = proof == "none" and scene.chance(0.6)
    return Notice(
        truth.da_id, truth.app_id, truth.biz_no, truth.site, status, sub_status(truth.da_id, status),
        rng.choice([5, truth.json_result]) if status == 10 else 5, truth.authorized_ts, _children(scene, truth),
        None if bare else _came(scene, truth), proof, bare,
    )  # fmt: skip


def notices(scene: Scene, truth: Truth) -> list[Notice]:
    """Let the platform notify, more or less."""
    rng = scene.rng
    told = [] if scene.chance(0.1) else [_notice(scene, truth, truth.status)]
    if scene.chance(0.12):
        told.append(_notice(scene, truth, rng.choice([5, 8, 9, 0, -4])))
    if scene.chance(0.07):
        told.append(_notice(scene, truth, rng.choice([10, 20, 25, 41, 13, 44])))
    if scene.chance(0.04):
        told.append(_notice(scene, truth, rng.choice([77, 999, 1234])))
    if truth.status == 10 and told and scene.chance(0.4):
        told.append(replace(_notice(scene, truth, 10), json_result=truth.json_result))
    if truth.status == 10 and told and scene.chance(0.06):
        # Its instant is its own, so that no two different results have equal claims.
        other = rng.choice([value for value in (10, 11, 12, 13) if value != truth.json_result])
        own_instant = truth.sent_at + 300 * SECOND + 7
        told.append(replace(_notice(scene, truth, 10, "signed"), json_result=other, received_at=own_instant))
    if scene.chance(0.08):
        told.append(_notice(scene, truth, rng.choice([10, 10, 20, 13, 41]), rng.choice(FORGERIES)))
    if told and scene.chance(0.02):
        told = [_notice(scene, truth, n.status, rng.choice(FORGERIES)) for n in told]
    again = [notice for notice in told if scene.chance(0.15)]
    for notice in again:
        late = notice.received_at is not None and scene.chance(0.5) and notice.json_result in (5, truth.json_result)
        told.append(replace(notice, received_at=_came(scene, truth) + 11) if late else notice)
    return told


def polls(scene: Scene, truth: Truth) -> list[Poll]:
    """Let us have asked, now and then."""
    told = []
    for _ in range(scene.rng.choices([0, 1, 2], [8, 2, 0.5])[0]):
        status = truth.status if scene.chance(0.75) else scene.rng.choice([5, 9, 8, 10, 20, 41, 0])
        poll = Poll(
            truth.da_id, truth.app_id, truth.biz_no, truth.site, status, sub_status(truth.da_id, status),
            scene.rng.choice([5, truth.json_result]) if status == 10 else 5, truth.authorized_ts,
            _children(scene, truth), _came(scene, truth),
        )  # fmt: skip
        told.append(poll)
    return told
