"""Encrypted columns and keys with periods: what decrypts, under which key, and what must not."""

from __future__ import annotations

import base64
import hashlib
from itertools import pairwise

import pytest
from Crypto.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st

from idvtools.crypto.aes import decrypt_column, decrypt_text, encrypt_text, load_aes_key
from idvtools.crypto.keyring import Keyring, TimedKey
from idvtools.errors import DecryptionError, KeyFormatError

KEY = hashlib.sha256(b"one").digest()[:16]
OTHER = hashlib.sha256(b"other").digest()[:16]
KEYS = st.binary(min_size=16, max_size=16)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


def encrypted(raw: bytes, key: bytes = KEY) -> str:
    """Blocks as they are, without padding, in Base64."""
    return base64.b64encode(AES.new(key, AES.MODE_ECB).encrypt(raw)).decode()


def padded(raw: bytes) -> bytes:
    """With PKCS#7 padding."""
    missing = 16 - len(raw) % 16
    return raw + bytes([missing]) * missing


# ---- one text


@given(TEXTS, KEYS)
def test_what_was_encrypted_decrypts(text: str, key: bytes) -> None:
    sent = encrypt_text(text, key)
    assert decrypt_text(sent, key) == text
    assert sent == encrypted(padded(text.encode()), key)


@given(TEXTS, KEYS, KEYS)
def test_another_key_never_gives_the_text(text: str, key: bytes, wrong: bytes) -> None:
    if key != wrong:
        assert decrypt_column([encrypt_text(text, key)], wrong).texts != [text]


def test_padding_that_fits_by_chance_is_no_text() -> None:
    """Once in 256 keys the padding is valid; not one of them makes a text of an id number."""
    sent = encrypt_text("99999919900307123X", KEY)
    blob = base64.b64decode(sent)
    fitting = 0
    for attempt in range(4000):
        wrong = hashlib.sha256(f"wrong {attempt}".encode()).digest()[:16]
        plain = AES.new(wrong, AES.MODE_ECB).decrypt(blob)
        fitting += 1 <= plain[-1] <= 16 and plain.endswith(plain[-1:] * plain[-1])
        assert decrypt_column([sent], wrong).texts == [None]
    assert fitting >= 5


# ---- a column with broken rows in it

BROKEN: dict[str, str | None] = {
    "null": None,
    "empty": "",
    "not Base64": "你好",
    "not Base64 in ASCII": "abc!efgh",
    "Base64 with a line break inside": encrypt_text("99999919900307123X", KEY)[:20] + "\n" + "A" * 24,
    "cut by a character": encrypt_text("99999919900307123X", KEY)[:-1],
    "cut by some bytes": encrypt_text("99999919900307123X", KEY)[:-4],
    "cut by a block": base64.b64encode(base64.b64decode(encrypt_text("99999919900307123X" * 2, KEY))[:32]).decode(),
    "another key": encrypt_text("99999919900307123X", OTHER),
    "padding of 0": encrypted(b"0123456789abcde\x00"),
    "padding of 17": encrypted(b"0123456789abcde\x11"),
    "padding that does not agree": encrypted(b"0123456789abc\x01\x02\x03"),
    "not UTF-8": encrypted(padded(b"\xff\xfe1234")),
    "UTF-8 cut in a character": encrypted(padded("张三".encode()[:-1])),
    "a line feed": encrypted(padded(b"12345\n6789")),
    "a NUL": encrypted(padded(b"12345\x006789")),
    "a DEL": encrypted(padded(b"12345\x7f6789")),
}
GOOD = ["99999919900307123X", "99999919900307123x", "张三", "O'Néill 😀", " ", "a" * 16]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_row_is_null_and_no_other(broken: str | None) -> None:
    good = [encrypt_text(text, KEY) for text in GOOD]
    column = [*good[:3], broken, *good[3:], broken]
    assert decrypt_column(column, KEY).texts == [*GOOD[:3], None, *GOOD[3:], None]
    if broken is not None:
        with pytest.raises(DecryptionError):
            decrypt_text(broken, KEY)


@given(st.lists(st.sampled_from(GOOD) | st.sampled_from(sorted(BROKEN)).map(lambda name: (name,)), max_size=30))
def test_any_mixture_is_null_exactly_where_it_is_broken(rows: list[str | tuple[str]]) -> None:
    column = [encrypt_text(row, KEY) if isinstance(row, str) else BROKEN[row[0]] for row in rows]
    assert decrypt_column(column, KEY).texts == [row if isinstance(row, str) else None for row in rows]


def test_control_characters_beyond_ascii_are_control_characters_too() -> None:
    """Unicode's control characters are U+0000..U+001F and U+007F..U+009F (billing.md section 9 excludes none)."""
    column = [encrypt_text(f"12345{control}6789", KEY) for control in "\x80\x85\x9f"]
    assert decrypt_column(column, KEY).texts == [None, None, None]


@pytest.mark.parametrize("size", [0, 15, 17, 24])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError):
        load_aes_key(base64.b64encode(b"x" * size).decode())


@pytest.mark.parametrize("text", ["not Base64", "你好", "abc"])
def test_a_key_that_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        load_aes_key(text)


# ---- the keyring: by time, then neighbours


def ring_of(starts: list[int], order: list[int]) -> tuple[Keyring, list[bytes]]:
    """A ring of one key for each start, handed over in any order."""
    keys = [hashlib.sha256(f"ring {n}".encode()).digest()[:16] for n in range(len(starts))]
    timed = [TimedKey(str(n), start, keys[n]) for n, start in enumerate(starts)]
    return Keyring([timed[n] for n in order]), keys


@given(st.data())
def test_the_key_of_the_time_and_its_neighbours_decrypt_and_no_other(data: st.DataObject) -> None:
    starts = sorted(data.draw(st.sets(st.integers(1, 10**13), min_size=1, max_size=6)))
    ring, keys = ring_of(starts, data.draw(st.permutations(range(len(starts)))))
    edges = [0, *starts, 10**13 + 1]
    # -1: before the first key; its only neighbour is the first one
    last = len(starts) - 1
    rows = data.draw(st.lists(st.tuples(st.integers(-1, last), st.integers(0, last)), max_size=12))
    moments = [data.draw(st.integers(edges[valid + 1], edges[valid + 2] - 1)) for valid, _ in rows]
    texts = [encrypt_text(f"person {n}", keys[used]) for n, (_, used) in enumerate(rows)]
    wanted = [f"person {n}" if abs(valid - used) <= 1 else None for n, (valid, used) in enumerate(rows)]
    assert ring.decrypt(texts, moments).texts == wanted


def test_a_key_holds_from_its_first_millisecond_on() -> None:
    """Of four keys the one before last must not be tried a millisecond before its neighbour's time."""
    ring, keys = ring_of([0, 1000, 2000, 3000], [0, 1, 2, 3])
    sent = [encrypt_text("x", key) for key in keys]
    assert ring.decrypt(sent, [1999] * 4).texts == ["x", "x", "x", None]
    assert ring.decrypt(sent, [2000] * 4).texts == [None, "x", "x", "x"]


def test_where_two_keys_fit_the_one_valid_at_the_time_wins() -> None:
    """A text that both keys open, found among 10^9 (billing.md section 9): chance must not choose the person."""
    first, second = (hashlib.sha256(f"idvtools test key valid {n}".encode()).digest()[:16] for n in ("first", "second"))
    sent = base64.b64encode(bytes.fromhex("afd32d5a3220df20aa7fd076782ab5ee")).decode()
    by_first, by_second = '&x&.QHNx="K}"N-', "000001773920939"
    assert [decrypt_text(sent, key) for key in (first, second)] == [by_first, by_second]
    ring = Keyring([TimedKey("second", 1000, second), TimedKey("first", 0, first)])
    assert ring.decrypt([sent, sent, sent], [0, 999, 1000]).texts == [by_first, by_first, by_second]


def test_a_text_of_unknown_time_is_tried_under_every_key() -> None:
    ring, keys = ring_of([0, 1000, 2000, 3000], [3, 1, 0, 2])
    texts = [*(encrypt_text("x", key) for key in keys), encrypt_text("x", KEY), None]
    assert ring.decrypt(texts, [None] * 6).texts == ["x", "x", "x", "x", None, None]


def test_an_empty_ring_opens_nothing() -> None:
    assert Keyring([]).decrypt([encrypt_text("x", KEY), None], [0, None]).texts == [None, None]


def test_a_ring_never_shows_its_keys() -> None:
    ring, keys = ring_of([0, 1000], [0, 1])
    shown = repr(ring) + repr(TimedKey("k", 0, keys[0]))
    for key in keys:
        assert repr(key)[2:-1] not in shown
        assert base64.b64encode(key).decode() not in shown
        assert key.hex() not in shown.lower()
    assert all(a != b for a, b in pairwise(keys))
