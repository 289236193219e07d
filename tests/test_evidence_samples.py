"""Files that nobody here wrote, and our own samples: each fits its layout, and the checks say what is so."""

# ruff: noqa: E501
from __future__ import annotations

import importlib.util
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from site_tables import outcome

from idvtools.evidence.reading import read_evidence

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
FACTS = {
    "csv/alipay_gb18030.csv": ("alipay-bill", {"row count": False, "row count 收入": True, "row count 支出": False, "row count 不计收支": False}),
    "csv/wechat_utf8.csv": ("wechat-bill", {"row count": False, "row count 收入": False, "row count 支出": False, "row count 中性交易": False}),
    "csv/jd_utf8bom.csv": (None, {"row count": True, "row count 支出": True, "total 支出": True, "row count 不计收支": True}),
    "csv/icbc_debit_v2.csv": ("bank-statement", {"printed total 记账金额(收入)": False, "printed total 记账金额(支出)": False, "balance chain": None}),
    "csv/hsbchk_debit.csv": ("bank-statement", {"balance chain HKD": False, "balance chain CNY": None}),
    "csv/cmb_credit.csv": (None, {}),
    "xls/ccb_biff8.xls": ("bank-statement", {"balance chain": False}),
    "xls/wechat.xlsx": ("wechat-bill", {"row count": False}),
}  # fmt: skip


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("name", FACTS)
def test_what_public_files_print_against_what_they_hold(name: str) -> None:
    table = read_evidence(CORPUS / name).parsed[0]
    layout, facts = FACTS[name]
    assert table.layout == layout
    assert {key: ok for key, ok in outcome(table).items() if key in facts} == facts
    said = {check.name: check.detail for check in table.checks}
    assert len(said) == len(table.checks)
    if "ccb" in name:
        assert said["balance chain"] == "breaks once before row 10: 46.00 missing (oldest first, 5 balances)"
        assert Decimal("515.02") in table.rows[10 - table.numbers[0]]
    if "jd" in name:
        assert said["total 支出"] == "1648.43 printed, 2277.70 read, 1648.43 net of refunds"
    if "hsbc" in name:  # as printed: 8,211.33 + 12,500.00 is not 4,288.67
        assert said["balance chain HKD"].startswith("breaks once before row 7: 16422.66 missing (newest first")


SAMPLES = Path(__file__).parents[1] / "sample_data" / "evidence"


@pytest.mark.parametrize(
    ("name", "layout", "rows"),
    [
        ("chiyu-zh-hans.zip", "chrome-chiyubank-jyj", 24), ("chiyu-zh-hant.zip", "chrome-chiyubank-jyj", 24),
        ("chiyu-en.zip", "chrome-chiyubank-jyj", 24), ("govhk-tax-receipt.zip", "chrome-govhk-tax", 1),
        ("alipay.csv", "alipay-bill", 5), ("alipay-zipcrypto.zip", "alipay-bill", 5), ("alipay-aes.zip", "alipay-bill", 5),
        ("wechat.xlsx", "wechat-bill", 4), ("bank.xls", "bank-statement", 40), ("bank.xlsx", "bank-statement", 40),
        ("bank.pdf", "bank-statement", 40), ("bank-is-html.xls", "bank-statement", 40), ("bank-is-tsv.xls", "bank-statement", 40),
        ("bank-hong-kong.pdf", "bank-statement", 19), ("bank.xml", "bank-statement", 12), ("locked-bank.xlsx", "bank-statement", 40),
        ("nested.zip", "bank-statement", 40), ("parse-result.json", "vendor-parse-result", 8),
    ],
)  # fmt: skip
def test_every_sample_is_read_and_every_check_holds(name: str, layout: str, rows: int) -> None:
    evidence = read_evidence(SAMPLES / name, id_no="A9999990" if "govhk" in name else "999999199001019990")
    table = evidence.parsed[-1]
    assert (table.layout, len(table.rows)) == (layout, rows)
    assert table.checks
    assert {check.ok for check in evidence.checks} == {True}


def maker(name: str) -> ModuleType:
    """A script of tests/evidence, by its name."""
    place = Path(__file__).parent / "evidence" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_samples_are_small_and_the_same_each_time() -> None:
    made = maker("make_samples").samples()
    assert sum(map(len, made.values())) < 1_500_000
    assert [name for name in made if (SAMPLES / name).read_bytes() != made[name]] == []
    assert set(made) == {p.name for p in SAMPLES.iterdir() if not p.name.startswith(".")} - {"README.md"}
    told = (SAMPLES / "README.md").read_text("utf-8")
    assert [name for name in made if name not in told] == []
