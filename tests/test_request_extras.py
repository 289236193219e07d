"""Further columns of a request log: kept for the user, personal data in them masked by name and by form."""

from __future__ import annotations

from pathlib import Path

import idvtools as idv
from idvtools.workspace import create

DA_ID = "zd1uahd82105326807007497246"
ID_NO = "999999199001011239"


def test_further_columns_are_kept_and_what_is_personal_is_masked(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    create(folder)
    (folder / "requests" / "a.csv").write_text(
        "requested_at,app_id,biz_no,site,access_way,error_code,da_id,id_no,remark,userName,parent,trace\n"
        f"2026-10-01T10:00:00+08:00,zd1uahd8,b1,x,h5,0,{DA_ID},{ID_NO},id {ID_NO} ok,测试甲,{DA_ID},abc-1\n",
        "utf-8",
    )
    (row,) = idv.Workspace(folder).requests("dec").to_dict("records")
    assert row["trace"] == "abc-1"
    assert row["parent"] == DA_ID
    assert row["userName"] == "测**"
    assert ID_NO not in str(row)
    assert row["remark"].startswith("id ")
    assert row["remark"].endswith(" ok")
