"""What a competent analyst writes in a notebook today, pandas only: ``baseline_pandas.py WORKSPACE OUT.parquet``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

EFFECTIVE = [9, 10, 14, 20, 21, 24, 25, 42, 44, 101]


def _bucket(row: pd.Series) -> str:
    if row["_merge"] == "right_only":
        return "only_in_statement"
    if row["_merge"] == "left_only":
        return "only_in_ours"
    charged = row["charge_flag"] == "Y"
    if charged and not row["billable"]:
        return "overbilled"
    if not charged and row["billable"]:
        return "underbilled"
    return "fields_differ" if int(row["da_status"]) != row["status"] else "matched"


def main(workspace: Path, out: Path) -> None:
    """Read, judge, match, write the buckets."""
    rows = []
    for file in workspace.glob("callbacks/*.jsonl"):
        with file.open(encoding="utf8") as lines:
            for line in lines:
                data = json.loads(line)["data"]
                rows.append((data["daId"], data["daStatus"]))
    reports = pd.DataFrame(rows, columns=["da_id", "status"])
    reports["final"] = reports.status >= 10
    reports = reports.sort_values(["final", "status"]).drop_duplicates("da_id", keep="last")[["da_id", "status"]]
    statement = pd.concat([pd.read_csv(file, dtype=str) for file in workspace.glob("statements/*.csv")])
    requests = pd.concat([pd.read_parquet(file) for file in workspace.glob("requests/*.parquet")])
    ours = requests.merge(reports, on="da_id", how="left")
    ours["effective"] = ours.status.isin(EFFECTIVE)
    ours["day"] = ours.requested_at.dt.tz_convert("Asia/Shanghai").dt.date
    effective = ours[ours.effective].sort_values(["requested_at", "da_id"])
    ours["billable"] = False
    ours.loc[effective[~effective.duplicated(["app_id", "id_no", "site", "day"])].index, "billable"] = True
    both = ours.merge(statement, on="da_id", how="outer", suffixes=("", "_v"), indicator=True)
    both["bucket"] = both.apply(_bucket, axis=1)
    both.to_parquet(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
