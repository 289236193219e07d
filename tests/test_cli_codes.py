"""`idvtools codes`: what a code means, where it stands, and that an unknown one is not guessed."""

from __future__ import annotations

from click.testing import CliRunner, Result

from idvtools import vendors
from idvtools.cli import main


def codes(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["codes", *arguments])


def test_one_code_with_its_outcome_advice_and_source() -> None:
    told = codes("webank", "60841018").output
    assert "platform  60841018  auth_failed  接入签名不正确" in told
    assert "retry: once refreshed" in told
    assert "seed 002 appendix 2.2" in told


def test_a_code_of_several_tables_shows_in_each() -> None:
    told = codes("dec", "10").output
    assert "da_status  10  success  取证成功" in told
    assert "json_result  10  success  解析成功的终态" in told


def test_a_sub_status_is_explained_by_the_narrowest_rows() -> None:
    told = codes("dec", "100564").output
    assert "触发APP风控黑盒" in told
    assert "建议让用户适时重试" in told
    assert "beside daStatus 41" in told
    assert "系统失败" not in told, "the range around it does not speak"


def test_all_codes_of_a_vendor() -> None:
    for name in vendors.names():
        told = codes(name)
        assert told.exit_code == 0
        for table in vendors.get(name).tables.values():
            for row in table.rows:
                assert f"  {row.code}  " in told.output


def test_what_no_edition_lists_is_said() -> None:
    for arguments in (("dec", "12345"), ("tencent", "no"), ("acme", "1")):
        refused = codes(*arguments)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("error: ")
        assert refused.stderr.count("\n") == 1
