"""Large text is read by Arrow, and comes to the same tables as the exact way, cell for cell."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_samples import read

from idvtools.evidence.model import Table


def both_ways(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[Table, Table]:
    """A file read the exact way, and by Arrow."""
    exact = read(data)
    with monkeypatch.context() as patch:
        patch.setattr("idvtools.evidence.text.delimited.LARGE", 0)
        patch.setattr("idvtools.evidence.text.fast._HEAD", 1_000)
        patch.setattr("idvtools.evidence.text.arrowtypes._SMALL", 0)
        return exact, read(data)


def alike(exact: Table, fast: Table) -> None:
    assert list(fast.rows) == list(exact.rows)
    assert list(fast.numbers) == list(exact.numbers)
    for field in ("columns", "header_row", "preamble", "footer", "checks", "warnings"):
        assert getattr(fast, field) == getattr(exact, field)
    assert fast.to_pandas().equals(exact.to_pandas())


#: Columns of a large file: what stands in row i.
KINDS = {
    "日期": lambda i: f"2026-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
    "Date of entry": lambda i: f"{i % 28 + 1}/{i % 12 + 1}/2026",
    "时刻": lambda i: f"2026-10-{i % 28 + 1:02d} 10:{i // 60 % 60:02d}:{i % 60:02d}",
    "姓名": lambda i: f"名{i * 7919 % 10_007}",
    "摘要": lambda i: ("工资", "", " 房租", "a, b", 'say "yes"')[i % 5],
    "数量": lambda i: str(i * 7919 % 10_007),
    "金额": lambda i: f"{(i * 7919 % 10_007 - 5_000) / 100:.2f}",
    "支出": lambda i: ("-", f"{i:,}.5", "", "¥1.00")[i % 4],
    "Rate": lambda i: f"{i}.{i % 1000:03d}",
    "流水号": lambda i: f" {10**17 + i}\t",
    "code": lambda i: f"{i:06d}",
    "收/支": lambda i: ("支出", "收入", "/")[i % 3],
    "备注": lambda i: "两\n行" if i % 90 == 5 else "",
    "混": lambda i: "x" if i % 40 == 7 else str(i),
}


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n') else cell


def test_a_currency_that_is_rare_in_a_large_file_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{i},{'$' if i == 3_333 else '¥'}{i}.50" for i in range(4_000)]
    exact, fast = both_ways(("编号,金额\n" + "\n".join(rows) + "\n").encode(), monkeypatch)
    assert [column.name for column in exact.columns] == ["编号", "金额", "金额_currency"]
    alike(exact, fast)


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=3, max_size=8, unique=True), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_large_file_reads_the_same_by_arrow_as_exactly(
    monkeypatch: pytest.MonkeyPatch, names: list[str], around: bool, ended: bool
) -> None:
    names = ["日期", *(name for name in names if name != "日期")]
    rows = [",".join(quoted(KINDS[name](i)) for name in names) for i in range(400)]
    text = ("账单\n共400笔记录\n支出：3笔，1.50元\n" if around else "") + ",".join(names) + "\n" + "\n".join(rows)
    if ended:
        text += "\n合计" + ",1.00" * (len(names) - 1)
    exact, fast = both_ways(text.encode(), monkeypatch)
    assert type(fast.rows).__name__ == "LargeRows"
    alike(exact, fast)


@pytest.mark.parametrize("header", ["日期,摘要,支出,收入,余额\n", ""])
@pytest.mark.parametrize("broken", [False, True])
def test_balances_of_a_large_file_chain_as_exactly(monkeypatch: pytest.MonkeyPatch, header: str, broken: bool) -> None:
    balance, lines = 100_000, []
    for i in range(1, 301):
        balance += -i if i % 3 else 5 * i
        shown = balance + (7 if broken and i == 200 else 0)
        flow = f"{i / 100:.2f}," if i % 3 else f",{i / 20:.2f}"
        lines.append(f"2026-{i // 28 % 12 + 1:02d}-{i % 28 + 1:02d},摘{i},{flow},{shown / 100:.2f}")
    exact, fast = both_ways((header + "\n".join(lines) + "\n").encode(), monkeypatch)
    assert type(fast.rows).__name__ == "LargeRows"
    alike(exact, fast)
    assert [check.ok for check in fast.checks] == ([not broken] if header else [])


@pytest.mark.parametrize("odd", ["合计,,300.00", "日期,摘要,金额", "第二章,,", ",,", "'0012',a,1.00"])
def test_what_is_odd_in_a_large_file_is_seen(monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    lines = [f"2026-10-{i % 28 + 1:02d},摘要{i},{i}.00" for i in range(300)]
    exact, fast = both_ways("\n".join(["日期,摘要,金额", *lines[:150], odd, *lines[150:]]).encode(), monkeypatch)
    assert isinstance(fast.rows, list)
    alike(exact, fast)


@pytest.mark.parametrize(
    "odd", [["2026-10-01,a,1.00,x"], ["2026-10-01,b"], ["2026-10-01,c,1.00,", '2026-10-01,"d,e",2.00,,y']]
)
@pytest.mark.parametrize("end", ["", ","])
def test_rows_of_another_length_in_a_large_file(monkeypatch: pytest.MonkeyPatch, odd: list[str], end: str) -> None:
    lines = [f"2026-10-{i % 28 + 1:02d},摘要{i},{i}.00{end}" for i in range(300)]
    text = "\n".join(["日期,摘要,金额", *lines[:150], *odd, *lines[150:200], *odd, *lines[200:]])
    exact, fast = both_ways(text.encode(), monkeypatch)
    assert type(fast.rows).__name__ == "LargeRows"
    alike(exact, fast)


def test_a_large_file_of_one_column_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, fast = both_ways(("卡号\n" + "\n".join(f"{i * 7919:010d}" for i in range(300))).encode(), monkeypatch)
    assert type(fast.rows).__name__ == "LargeRows"
    alike(exact, fast)
