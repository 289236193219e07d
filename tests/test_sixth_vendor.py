"""A sixth vendor is one new file and its codes: nothing else of the package is touched, and all of it works."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import idvtools

ADDED = Path(__file__).parent / "sixth_vendor"
SECRET = "acme secret that must not show"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the two files in it, and a workspace beside it."""
    home = tmp_path_factory.mktemp("home")
    package = home / "idvtools"
    shutil.copytree(Path(idvtools.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ADDED / "acme.py", package / "vendors")
    shutil.copy(ADDED / "acme_code.csv", package / "vendors" / "codes")
    return home


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=home,
        env={"PYTHONPATH": str(home), "PATH": "", "ACME": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )


def cli(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(home, "-c", "from idvtools.cli import main; main()", *arguments)


@pytest.fixture(scope="module")
def workspace(home: Path) -> Path:
    assert cli(home, "init", "ws").returncode == 0
    settings = home / "ws" / "idvtools.toml"
    assert "[vendors.acme]" in settings.read_text("utf-8"), "its template is in what init writes"
    settings.write_text(
        '[vendors.acme]\nbase_url = "https://acme.example.com"\n'
        '[[vendors.acme.apps]]\nid = "a"\nsecret = {env = "ACME"}\n'
    )
    return home / "ws"


def test_its_settings_are_known_and_checked(home: Path, workspace: Path) -> None:
    listed = cli(home, "keys", "ws", "--json")
    assert listed.returncode == 0, listed.stderr
    [key] = json.loads(listed.stdout)["keys"]
    assert (key["vendor"], key["app"], key["key"], key["source"]) == ("acme", "a", "secret", "env=ACME")
    assert SECRET not in listed.stdout
    bad = home / "bad"
    bad.mkdir()
    (bad / "idvtools.toml").write_text('[vendors.acme]\nbase_urk = "x"\n[vendors.other]\n')
    wrong = cli(home, "keys", "bad")
    assert wrong.returncode == 2
    assert "vendors.acme.base_urk: unknown key; did you mean base_url?" in wrong.stderr
    assert "unknown vendor; this version knows acme, dec, onenet, tencent, webank, westdex" in wrong.stderr


def test_its_calls_are_signed_and_its_log_is_decoded(home: Path, workspace: Path) -> None:
    script = """
import json, idvtools as idv
from idvtools import vendors
ws = idv.Workspace("ws")
request = vendors.get("acme").request("check", ws.keys("acme"), user_name="张三丰")
sent = {"method": request.method, "url": request.url, "headers": dict(request.headers), "body": request.body.decode()}
with open("log.jsonl", "w", encoding="utf-8") as log:
    for no, rc in enumerate(["A0", "A1", "A7"]):
        print(json.dumps({"request": sent, "response": {"no": str(no), "rc": rc}}), file=log)
    sent["body"] = sent["body"].replace("三", "四")
    print(json.dumps({"request": sent, "response": {"no": "3", "rc": "A0"}}), file=log)
frame = ws.decode_log("acme", "log.jsonl")
columns = ["op_id", "outcome", "code_name_zh", "check", "user_name"]
print(frame[columns].fillna("-").to_json(orient="values", force_ascii=False))
"""
    done = run(home, "-c", script)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["0", "success", "通过", "ok", "张**"],
        ["1", "rejected", "不一致", "ok", "张**"],
        ["2", "unknown", "-", "ok", "张**"],
        ["3", "success", "通过", "failed", "张**"],
    ]
    shown = cli(home, "decode", "ws", "log.jsonl", "--vendor", "acme")
    assert "4 exchanges: rejected 1, success 2, unknown 1" in shown.stdout
    assert "三丰" not in shown.stdout


def test_a_declaration_that_contradicts_itself_does_not_load(home: Path, workspace: Path) -> None:
    """A wrong table is found when the vendor is defined, not in the middle of a month."""
    codes = home / "idvtools" / "vendors" / "codes" / "acme_code.csv"
    good = codes.read_text("utf-8")
    for bad, why in (
        ("A2,x,x,won,,e,s,\n", "won is no outcome"),
        ("A2,x,x,success,oops,e,s,\n", "oops is no error"),
        ("A2,x,x,success,,,s,\n", "edition and source must be named"),
        ("A0,x,x,success,,e,s,\n", "a code stands twice"),
        ("A2,x,x,success,temporary,e,s,\n", "a success in acme_code is an error, too"),
    ):
        codes.write_text(good + bad, "utf-8")
        done = run(home, "-c", "from idvtools import vendors; vendors.get('acme')")
        assert done.returncode == 1
        assert why in done.stderr
    codes.write_text(good, "utf-8")
