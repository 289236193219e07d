"""idvtools.toml: what it gives, and what each mistake says."""

from __future__ import annotations

import copy
import pickle
import re
import stat
import threading
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from idvtools import vendors
from idvtools.errors import SettingsError
from idvtools.settings import Secret, Settings
from idvtools.settings import load as load_settings
from idvtools.settings import secrets as secrets_module
from idvtools.settings.places import Places, dotted

HUSH = "hush-hush-this-is-secret"
DER = b"\x30\x82\x01\x0a\xff\x00 \n"

FULL = """\
[workspace]
timezone = "Asia/Hong_Kong"
pseudonym_key = {file = "keys/pseudonym.key"}

[vendors.dec]
base_url = "https://vdi.example.com/"
notify_public_key = {file = "keys/notify.der"}
fallback_status = "statement"
n_in_one = "children"

[[vendors.dec.apps]]
id = "zd1uahd8"
app_key = {env = "APP_KEY"}
private_key = {file = "keys/private.pem"}

[[vendors.dec.apps.aes_keys]]
id = "new"
valid_from = 2026-09-28T02:00:00+08:00
key = {file = "keys/aes.b64"}

[[vendors.dec.apps.aes_keys]]
id = "old"
valid_from = 2026-09-27T17:59:59Z
key = {env = "OLD_AES"}

[[vendors.dec.apps]]
id = "de1y1kdr"

[[vendors.dec.prices]]
site = "*"
unit_price = "3.00"
currency = "CNY"
valid_from = 2026-01-01
valid_to = 2026-12-31

[[vendors.dec.prices]]
site = "chrome-govhk-tax"
unit_price = "0"
currency = "CNY"
valid_from = 2026-01-01
"""
ENVIRON = {"APP_KEY": f" {HUSH}-app\n", "OLD_AES": f"{HUSH}-old", "EMPTY": "  "}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "notify.der").write_bytes(DER)
    (keys / "private.pem").write_text(f"\ufeff\n{HUSH}-private\r\n", encoding="utf-8")
    (keys / "aes.b64").write_text(f"{HUSH}-aes\n")
    (keys / "empty").write_text(" \n")
    (keys / "short").write_text(f"{HUSH[:10]}\n")
    (keys / "large").write_bytes(b"x" * ((1 << 20) + 1))
    return tmp_path


TEMPLATE = vendors.template()


def load(folder: Path, environ: dict[str, str] | None = None) -> Settings:
    return load_settings(folder, environ, shapes=vendors.shapes())


def settings_of(folder: Path, text: str) -> Settings:
    (folder / "idvtools.toml").write_text(text, encoding="utf-8")
    return load(folder, ENVIRON)


def problems_of(folder: Path, text: str) -> list[str]:
    """The problems of a settings file as ``row: message``; checks what holds for all of them."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(SettingsError) as caught:
        settings_of(folder, text)
    assert set(folder.rglob("*")) - set(before) <= {folder / "idvtools.toml"}, "nothing is written"
    assert all(p.file == "idvtools.toml" for p in caught.value.problems)
    assert "hush" not in str(caught.value)
    assert "Input should" not in str(caught.value)
    assert caught.value.__context__ is None, "pydantic's error would carry the values along"
    return [f"{p.row}: {p.message}" for p in caught.value.problems]


# ---- what a good file gives


def test_a_full_file(folder):
    settings = settings_of(folder, FULL)
    dec = settings.vendor("dec")
    assert settings.workspace.timezone == "Asia/Hong_Kong"
    assert (dec.base_url, dec.fallback_status, dec.n_in_one) == ("https://vdi.example.com", "statement", "children")
    assert dec.notify_public_key.reveal() == DER, "a DER key may end in white space: it stays"
    app, bare = dec.apps
    assert (app.id, app.app_key.reveal(), app.private_key.reveal()) == (
        "zd1uahd8",
        f"{HUSH}-app".encode(),
        f"{HUSH}-private".encode(),
    )
    assert [(k.id, k.key.reveal().decode()) for k in app.aes_keys] == [("old", f"{HUSH}-old"), ("new", f"{HUSH}-aes")]
    assert app.aes_keys[1].valid_from == datetime(2026, 9, 27, 18, tzinfo=UTC)
    assert (bare.app_key, bare.private_key, bare.aes_keys) == (None, None, ())
    everywhere, tax = dec.prices
    assert (everywhere.site, everywhere.unit_price, everywhere.currency) == ("*", Decimal("3.00"), "CNY")
    assert (everywhere.valid_from, everywhere.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (tax.unit_price, tax.valid_to) == (Decimal(0), None)


@pytest.mark.parametrize("text", ["", "[workspace]\n", "\ufeff[vendors.dec]\r\n"])
def test_everything_has_a_default(folder, text):
    settings = settings_of(folder, text)
    assert settings.workspace.timezone == "Asia/Shanghai"
    assert repr(settings.workspace.pseudonym_key) == "PseudonymKey(file=keys/pseudonym.key)"
    if "dec" in settings.vendors:
        dec = settings.vendor("dec")
        assert (dec.base_url, dec.notify_public_key, dec.apps, dec.prices) == (None, None, (), ())
        assert (dec.fallback_status, dec.n_in_one) == ("none", "auto")


def test_settings_are_frozen(folder):
    settings = settings_of(folder, FULL)
    with pytest.raises(ValidationError):
        settings.vendor("dec").n_in_one = "auto"
    with pytest.raises(TypeError):
        settings.vendors["dec"] = None


def test_a_vendor_without_a_table_names_the_lines_to_add(folder):
    settings = settings_of(folder, "")
    with pytest.raises(SettingsError, match=r"add the line \[vendors\.dec\]"):
        settings.vendor("dec")
    with pytest.raises(SettingsError, match=r"add the line \[vendors\.webank\]"):
        settings.vendor("webank")


def test_the_process_environment_is_the_default(folder, monkeypatch):
    monkeypatch.setenv("IDV_TEST_KEY", "from outside")
    (folder / "idvtools.toml").write_text('[vendors.dec]\nnotify_public_key = {env = "IDV_TEST_KEY"}')
    assert load(folder).vendor("dec").notify_public_key.reveal() == b"from outside"


@pytest.mark.parametrize("outside", ["{up}/key.pem", "../{name}/key.pem"])
def test_a_key_may_lie_outside_of_the_workspace(folder, tmp_path_factory, outside):
    other = tmp_path_factory.mktemp("other")
    (other / "key.pem").write_text("outside")
    path = outside.format(up=other, name=other.name)
    settings = settings_of(folder, f'[vendors.dec]\nnotify_public_key = {{file = "{path}"}}')
    assert settings.vendor("dec").notify_public_key.reveal() == b"outside"


# ---- the template


def test_the_template_is_valid_as_it_stands(folder):
    dec = settings_of(folder, TEMPLATE).vendor("dec")
    assert (dec.base_url, dec.notify_public_key, dec.apps, dec.prices) == (None, None, (), ())


def test_the_examples_in_the_template_are_valid(folder):
    for name in ("notify_public_key.pem", "rsa_private_key_pkcs8.pem", "aes-2026-10a.b64", "vault.key"):
        (folder / "keys" / name).write_text("x" * 24)
    (folder / "idvtools.toml").write_text(re.sub(r"(?m)^#(?=\S)", "", TEMPLATE), encoding="utf-8")
    named = re.findall(r'env = "(\w+)"', TEMPLATE)
    settings = load(folder, dict.fromkeys(named, "k" * 64))
    assert tuple(settings.vendors) == vendors.names(), "every vendor has its examples"
    assert all(settings.vendor(name).apps for name in vendors.names())
    dec = settings.vendor("dec")
    [app], [price] = dec.apps, dec.prices
    given_secrets = (dec.notify_public_key, app.app_key, app.private_key, app.aes_keys[0].key)
    assert all(isinstance(secret, Secret) for secret in given_secrets)
    assert (dec.base_url, app.id, price.valid_to) == ("https://vdi.example.com", "zd1uahd8", date(2026, 12, 31))


# ---- one mistake, one message

_APP = '[[vendors.dec.apps]]\nid = "a"\n'
_KEY = '[[vendors.dec.apps.aes_keys]]\nid = "k"\nvalid_from = 2026-01-01T00:00:00Z\nkey = {file = "keys/aes.b64"}\n'
_PRICE = '[[vendors.dec.prices]]\nsite = "*"\nunit_price = "3"\ncurrency = "CNY"\nvalid_from = 2026-01-01\n'
_REFERENCE = '{file = "keys/…"} or {env = "…"}'
_OFFSET = 'is a fixed offset; name a place, such as "Asia/Shanghai", for its calendar decides'
_NO_ZONE = 'is not an IANA time zone such as "Asia/Shanghai"'
_NO_TIERS = "monthly tiers are not known to this version of idvtools yet; remove them, unit_price alone is used"
_NO_VENDOR = "unknown vendor; this version knows dec, onenet, tencent, webank, westdex"
_ADDRESS = 'must be the address of the platform, such as "https://vdi.example.com", without ? and #'
_QUOTE_IT = 'quote it: money is text, so that no cent is lost, for example unit_price = "3.00"'
_DATE = "must be a date without quotes, such as valid_from = 2026-01-01, not"
_TIME = "valid_from = 2026-09-28T02:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        # unknown keys
        ("workspac = 1", "1: workspac", "unknown key; did you mean workspace?"),
        ("zzz = 1", "1: zzz", "unknown key; known here: workspace, vendors"),
        ("[workspace]\ntime_zone = 1", "2: workspace.time_zone", "unknown key; did you mean timezone?"),
        ("[vendors.dec]\nBASE_URL = 1", "2: vendors.dec.BASE_URL", "unknown key; did you mean base_url?"),
        (_APP + f'appkey = "{HUSH}"', "3: vendors.dec.apps[0].appkey", "unknown key; did you mean app_key?"),
        (_APP + _KEY + "vald_from = 1", "7: vendors.dec.apps[0].aes_keys[0].vald_from",
         "unknown key; did you mean valid_from?"),
        (_PRICE + "price = 1", "6: vendors.dec.prices[0].price", "unknown key; did you mean unit_price?"),
        (_APP + 'n_in_one = "auto"', "3: vendors.dec.apps[0].n_in_one",
         "unknown key here; n_in_one belongs under [vendors.dec] (a key belongs to the header above it)"),
        (_PRICE + "tiers = []", "6: vendors.dec.prices[0].tiers", _NO_TIERS),
        ("[vendors.dec]\ntiers = []", "2: vendors.dec.tiers", _NO_TIERS),
        ("[vendors.acme]\nx = 1", "1: vendors.acme", _NO_VENDOR),
        ("vendors.acme = 1", "1: vendors.acme", _NO_VENDOR),
        # wrong types
        ("workspace = 1", "1: workspace", "must be a table, not a whole number"),
        ("vendors = []", "1: vendors", "must be a table, not a list"),
        ("[vendors]\ndec = true", "2: vendors.dec", "must be a table, not true or false"),
        ("[vendors.dec.apps]", "1: vendors.dec.apps",
         "must be a list of tables, each under a header [[vendors.dec.apps]], not a table"),
        (_APP + f'aes_keys = ["{HUSH}"]', "3: vendors.dec.apps[0].aes_keys[0]", "must be a table, not text"),
        ("[workspace]\ntimezone = 8", "2: workspace.timezone", "must be text in quotes, not the whole number 8"),
        ("[vendors.dec]\nn_in_one = 1.5", "2: vendors.dec.n_in_one",
         'must be "auto", "children" or "parent", not the number 1.5'),
        ('[vendors.dec]\nfallback_status = "x"', "2: vendors.dec.fallback_status",
         'must be "none" or "statement", not the text "x"'),
        ("[[vendors.dec.apps]]", "1: vendors.dec.apps[0].id", 'is missing: add id = "zd1uahd8"'),
        ('[[vendors.dec.apps]]\nid = " a"', "2: vendors.dec.apps[0].id",
         "must be text without spaces around it, and not empty"),
        # zone and address
        ('[workspace]\ntimezone = "+08:00"', "2: workspace.timezone", f'"+08:00" {_OFFSET}'),
        ('[workspace]\ntimezone = "Etc/GMT-8"', "2: workspace.timezone", f'"Etc/GMT-8" {_OFFSET}'),
        *(
            (f'[workspace]\ntimezone = "{zone}"', "2: workspace.timezone", f'the text "{zone}" {_NO_ZONE}')
            for zone in ("Asia/Peking", "", "Asia", "../x", "localtime", "right/UTC")
        ),
        *(
            (f'[vendors.dec]\nbase_url = "{url}"', "2: vendors.dec.base_url", _ADDRESS)
            for url in ("a.b", "ftp://a.b", "https://", "https://a b", "https://a?x=1", "https://a:b", "https://[a")
        ),
        (f'[vendors.dec]\nbase_url = "https://me:{HUSH}@a.b"', "2: vendors.dec.base_url",
         "a URL with a user name or password in it is refused: secrets only by reference"),
        # money
        (_PRICE.replace('"3"', "3.00"), "3: vendors.dec.prices[0].unit_price", _QUOTE_IT),
        (_PRICE.replace('"3"', "3"), "3: vendors.dec.prices[0].unit_price", _QUOTE_IT),
        (_PRICE.replace('"3"', "true"), "3: vendors.dec.prices[0].unit_price",
         'must be a decimal number in quotes, such as "3.00", not true'),
        (_PRICE.replace('"3"', '"-3"'), "3: vendors.dec.prices[0].unit_price",
         'must not be negative, the text "-3" is'),
        *(
            (_PRICE.replace('"3"', f'"{price}"'), "3: vendors.dec.prices[0].unit_price",
             f'must be a plain decimal number such as "3.00", not the text "{price}"')
            for price in ("", "3,00", "NaN", "1e3", "Infinity", "3.", "３", "1_0")
        ),
        (_PRICE.replace("CNY", "rmb"), "4: vendors.dec.prices[0].currency",
         'must be three capital letters such as "CNY", not the text "rmb"'),
        (_PRICE + _PRICE.replace("CNY", "HKD").replace("*", "x"), "9: vendors.dec.prices[1].currency",
         "one currency per vendor: HKD here, CNY above"),
        (_PRICE + _PRICE, "10: vendors.dec.prices[1].valid_from",
         'another price of the site "*" is valid from the same day'),
        (_PRICE + "valid_to = 2025-12-31", "6: vendors.dec.prices[0].valid_to",
         "2025-12-31 is before valid_from (2026-01-01)"),
        # days and times
        (_PRICE.replace("2026-01-01", '"2026-01-01"'), "5: vendors.dec.prices[0].valid_from",
         f'{_DATE} the text "2026-01-01"'),
        (_PRICE.replace("2026-01-01", "2026-01-01T00:00:00Z"), "5: vendors.dec.prices[0].valid_from",
         f"{_DATE} the time 2026-01-01 00:00:00+00:00"),
        (_APP + _KEY.replace("00Z", "00"), "5: vendors.dec.apps[0].aes_keys[0].valid_from",
         f"the time 2026-01-01 00:00:00 has no offset: write for example {_TIME}"),
        (_APP + _KEY.replace("T00:00:00Z", ""), "5: vendors.dec.apps[0].aes_keys[0].valid_from",
         f"must be a time without quotes, such as {_TIME}, not the date 2026-01-01"),
        (_APP + _KEY.replace("2026-01-01T00:00:00Z", "07:30:00"), "5: vendors.dec.apps[0].aes_keys[0].valid_from",
         f"must be a time without quotes, such as {_TIME}, not the time of day 07:30:00"),
        # what stands twice
        (_APP + _APP, "4: vendors.dec.apps[1].id", "another app has this id"),
        (_APP + _KEY + _KEY.replace("2026", "2025"), "8: vendors.dec.apps[0].aes_keys[1].id",
         "another key of this app has this id"),
        (_APP + _KEY + _KEY.replace('"k"', '"l"').replace("T00:00:00Z", "T08:00:00+08:00"),
         "9: vendors.dec.apps[0].aes_keys[1].valid_from", "another key of this app is valid from the same time"),
    ],
)  # fmt: skip
def test_one_mistake_one_message(folder, text, place, message):
    assert problems_of(folder, text) == [f"{place}: {message}"]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (f'"{HUSH}"', f"secrets only by reference: write {_REFERENCE}, never the secret itself"),
        (f'["{HUSH}"]', f"secrets only by reference: write {_REFERENCE}, never the secret itself"),
        (f'{{value = "{HUSH}"}}', f"unknown key value in a reference to a secret: write {_REFERENCE}"),
        (f'{{File = "{HUSH}"}}', "unknown key File in a reference to a secret: did you mean file?"),
        ("{}", f"a reference to a secret has exactly one key: write {_REFERENCE}"),
        ('{file = "a", env = "B"}', f"a reference to a secret has exactly one key: write {_REFERENCE}"),
        ("{file = 1}", "file must be the path of a file, as text in quotes"),
        ('{env = " "}', "env must be the name of an environment variable, as text in quotes"),
        (
            f'{{env = "{HUSH}"}}',
            "env must be the name of an environment variable (letters, digits and _), not its value",
        ),
        *(
            (f'{{file = "{key}"}}', "file must be the path of a key file; this looks like the key itself")
            for key in (
                "2EdTm/RolkL0RjVBXhSAUA==",
                "0123456789abcdef" * 4,
                "-----BEGIN KEY",
                "MIIE/+" * 30,
                "a\\u0000b",
            )
        ),
        ('{env = "NOT_SET"}', "the environment variable NOT_SET is not set"),
        ('{env = "EMPTY"}', "the environment variable EMPTY is empty"),
        ('{file = "keys/none.pem"}', "there is no file keys/none.pem"),
        ('{file = "../../none.pem"}', "there is no file ../../none.pem"),
        ('{file = "/none/none.pem"}', "there is no file /none/none.pem"),
        ('{file = "keys/empty"}', "keys/empty is empty"),
        ('{file = "keys"}', "keys is a folder, a key file belongs here"),
        ('{file = "keys/empty/x"}', "keys/empty/x cannot be read (not a directory)"),
        ('{file = "/dev/zero"}', "/dev/zero is not a plain file"),
        ('{file = "keys/large"}', "keys/large has 1048577 bytes, too many for a key: is it the right file?"),
    ],
)
def test_references_to_secrets(folder, reference, problem):
    for field in ("app_key", "private_key"):
        found = problems_of(folder, f"{_APP}{field} = {reference}")
        assert found == [f"3: vendors.dec.apps[0].{field}: {problem}"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("aes.b64", "6: vendors.dec.apps[0].aes_keys[0].key: keys/aes.b64 cannot be read (permission denied)"),
        ("idvtools.toml", "None: cannot be read (permission denied)"),
    ],
)
def test_a_file_without_permission(folder, monkeypatch, name, problem):
    read_bytes = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)  # root, who runs tests in a container, may read everything
    assert problems_of(folder, _APP + _KEY) == [problem]


def test_every_problem_at_once_in_the_order_of_the_file(folder):
    found = problems_of(
        folder,
        '[workspace]\ntimezone = "UTC+8"\ncolour = 1\n[vendors.foo]\na = 1\n[vendors.dec]\nn_in_one = "x"\n'
        '[[vendors.dec.apps]]\nid = 5\napp_key = {env = "NOPE"}\n[[vendors.dec.apps]]\nid = "a"\n'
        '[[vendors.dec.apps]]\nid = "a"\n[[vendors.dec.prices]]\nunit_price = 3.0\ncurrency = "CNY"\n',
    )
    assert [p.partition(": ")[0] + " " + p.split(": ")[1] for p in found] == [
        "2 workspace.timezone",
        "3 workspace.colour",
        "4 vendors.foo",
        "7 vendors.dec.n_in_one",
        "9 vendors.dec.apps[0].id",
        "10 vendors.dec.apps[0].app_key",
        "14 vendors.dec.apps[2].id",
        "15 vendors.dec.prices[0].site",
        "15 vendors.dec.prices[0].valid_from",
        "16 vendors.dec.prices[0].unit_price",
    ]


# ---- a file that is no TOML, or no file


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[workspace]\ntimezone = Asia/Shanghai", "2: not valid TOML: invalid value"),
        ("a = 1\na = 2\n", "2: not valid TOML: cannot overwrite a value"),
        (f'[vendors.dec]\nnotify_public_key = "{HUSH}', '2: not valid TOML: unterminated string'),
        ("a = [1,\n2", "2: not valid TOML: unclosed array"),
        ("a = " + "9" * 5000, "None: not valid TOML"),
        ("a = " + "[" * 5000, "None: not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_toml(folder, text, problem):
    assert problems_of(folder, text) == [problem]


def test_a_file_that_is_not_utf8(folder):
    (folder / "idvtools.toml").write_bytes('# ok\n# 注释\n'.encode("gbk"))  # fmt: skip
    with pytest.raises(SettingsError, match=r"^idvtools\.toml:2: is not UTF-8 text"):
        load(folder)


def test_no_file(folder):
    with pytest.raises(SettingsError, match="idvtools init"):
        load(folder)
    with pytest.raises(SettingsError, match="idvtools init"):
        load(folder / "nowhere")
    (folder / "idvtools.toml").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        load(folder)


# ---- secrets keep silent


def test_a_secret_does_not_show(folder):
    settings = settings_of(folder, FULL)
    key = settings.vendor("dec").apps[0].app_key
    assert repr(key) == str(key) == f"{key}" == "Secret(env=APP_KEY)"
    for text in (repr(settings), str(settings), repr(settings.model_dump())):
        assert "hush" not in text
        assert "Secret(file=keys/private.pem)" in text


def test_a_secret_is_no_value():
    key = Secret("env=X", HUSH.encode())
    assert key != Secret("env=X", HUSH.encode())
    assert copy.copy(key) is copy.deepcopy(key) is key
    with pytest.raises(AttributeError):
        key.source = "env=Y"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


# ---- the pseudonym key


def test_the_pseudonym_key_is_made_on_first_use(folder):
    settings = settings_of(folder, '[workspace]\npseudonym_key = {file = "private/deep/p.key"}')
    path = folder / "private" / "deep" / "p.key"
    assert not path.parent.exists(), "loading writes nothing"
    key = settings.pseudonym_key()
    assert re.fullmatch(rb"[0-9a-f]{64}", key)
    assert path.read_bytes().strip() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["p.key"], "nothing is left over"
    assert settings.pseudonym_key() == key == load(folder, ENVIRON).pseudonym_key()
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings.workspace.pseudonym_key)


def test_an_existing_pseudonym_key_stays(folder):
    (folder / "keys" / "pseudonym.key").write_text("  sixteen letters! \n")
    settings = settings_of(folder, "")
    assert settings.pseudonym_key() == b"sixteen letters!"
    assert (folder / "keys" / "pseudonym.key").read_text() == "  sixteen letters! \n"
    assert "sixteen" not in repr(settings)


def test_a_pseudonym_key_from_the_environment(folder):
    assert settings_of(folder, '[workspace]\npseudonym_key = {env = "APP_KEY"}').pseudonym_key().startswith(b"hush")


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ('{file = "keys/short"}', "the pseudonym key in keys/short is too short: 16 characters at least, or others can "
         "guess id numbers from pseudonyms"),
        ('{file = "keys/empty"}', "keys/empty is empty"),
        ('{file = "keys"}', "keys is a folder, a key file belongs here"),
        ('{env = "NOT_SET"}', "the environment variable NOT_SET is not set"),
        (f'"{HUSH}"', f"secrets only by reference: write {_REFERENCE}, never the secret itself"),
    ],
)  # fmt: skip
def test_problems_of_the_pseudonym_key(folder, reference, problem):
    found = problems_of(folder, f"[workspace]\npseudonym_key = {reference}")
    assert found == [f"2: workspace.pseudonym_key: {problem}"]


def test_a_pseudonym_key_that_cannot_be_made(folder):
    settings = settings_of(folder, '[workspace]\npseudonym_key = {file = "keys/dangling"}')
    (folder / "keys" / "dangling").symlink_to(folder / "nowhere" / "x")
    with pytest.raises(SettingsError, match=r"workspace\.pseudonym_key: there is no file keys/dangling"):
        settings.pseudonym_key()
    settings = settings_of(folder, '[workspace]\npseudonym_key = {file = "later/p.key"}')
    (folder / "later").write_text("a file where a folder should be")
    with pytest.raises(SettingsError, match=r"later/p\.key cannot be made \("):
        settings.pseudonym_key()


def test_the_first_of_several_processes_wins(folder):
    every = [settings_of(folder, "") for _ in range(8)]
    keys: list[bytes] = []
    start = threading.Barrier(len(every))

    def use(settings: Settings) -> None:
        start.wait()
        keys.append(settings.pseudonym_key())

    threads = [threading.Thread(target=use, args=(s,)) for s in every]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == len(every)
    assert len(set(keys)) == 1


@pytest.mark.parametrize("winner", [None, "the key of another process"])
def test_a_file_system_without_hard_links(folder, monkeypatch, winner):
    path = folder / "keys" / "pseudonym.key"

    def no_link(source: str, target: Path) -> None:
        if winner:
            path.write_text(winner)
        raise OSError(secrets_module.errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(secrets_module.os, "link", no_link)
    key = settings_of(folder, "").pseudonym_key()
    assert key == winner.encode() if winner else re.fullmatch(rb"[0-9a-f]{64}", key)
    assert path.read_bytes().strip() == key
    assert not list(path.parent.glob(".pseudonym*"))


def test_a_disk_that_fails(folder, monkeypatch):
    def no_space(source: str, target: Path) -> None:
        raise OSError(secrets_module.errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(secrets_module.os, "link", no_space)
    with pytest.raises(SettingsError, match=r"cannot be made \(no space left on device\)"):
        settings_of(folder, "").pseudonym_key()
    assert not list((folder / "keys").glob("*pseudonym*"))


# ---- the locator

_TRICKY = '''\
# [not.a.header]
top = 1
[a]            # comment with [brackets] and "quotes
text = """
[b]
x = 1 \\"""
"""
raw = \'\'\'
y = "\'\'\'
list = [
  "]", # ]
  {z = 1},
]
"quoted key" . sub = 2
[[a.items]]
n = 1
[a.items.more]
n = 2
[[a.items]]
[[a.items.deep]]
[[a.items.deep]]
n = 3
[ 'b' . "c" ]
n = {d = 4}
'''


@pytest.mark.parametrize(
    ("path", "row"),
    [
        (("top",), 2),
        (("a",), 3),
        (("a", "text"), 4),
        (("a", "raw"), 8),
        (("a", "list"), 10),
        (("a", "list", 1, "z"), 10),  # inside a value: the line it begins on
        (("a", "quoted key", "sub"), 14),
        (("a", "items"), 15),
        (("a", "items", 0, "n"), 16),
        (("a", "items", 0, "more", "n"), 18),
        (("a", "items", 1), 19),
        (("a", "items", 1, "missing"), 19),
        (("a", "items", 1, "deep", 0), 20),
        (("a", "items", 1, "deep", 1, "n"), 22),
        (("b", "c", "n", "d"), 24),
        (("not",), None),
        ((), None),
    ],
)
def test_places(path, row):
    tomllib.loads(_TRICKY)
    assert Places(_TRICKY).row(path) == row


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("vendors", "dec", "apps", 0, "aes_keys", 2, "key"), "vendors.dec.apps[0].aes_keys[2].key"),
        (("a b", ""), '"a b".""'),
        (("x" * 100,), f'"{"x" * 60}…"'),
    ],
)
def test_dotted(path, text):
    assert dotted(path) == text


@given(st.text())
def test_the_locator_takes_any_toml(text):
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    Places(text)
