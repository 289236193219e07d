"""The floor: the month by hand-written SQL, no checks, no reasons: ``floor_duckdb.py WORKSPACE OUT.parquet``."""

from __future__ import annotations

import sys

import duckdb

EFFECTIVE = "(9,10,14,20,21,24,25,42,44,101)"


def main(workspace: str, out: str) -> None:
    """Read, judge, match, write the buckets."""
    con = duckdb.connect()
    con.sql("set timezone = 'Asia/Shanghai'; set memory_limit = '6GB'")
    con.sql(
        f"""create table reports as
        select data.daId da_id, max_by(data.daStatus, (data.daStatus >= 10, data.daStatus)) st
        from read_json('{workspace}/callbacks/*.jsonl', format = 'newline_delimited', columns = {{func: 'varchar',
        data: 'struct(daId varchar, daStatus int, jsonResult int, authorizedTs bigint)'}}) group by 1"""
    )
    con.sql(
        f"""create table statement as
        select * from read_csv('{workspace}/statements/*.csv', header = true, all_varchar = true)"""
    )
    con.sql(
        f"""create table ours as select r.*, n.st, st in {EFFECTIVE} e, requested_at::date d, epoch_ms(requested_at) ms
        from '{workspace}/requests/*.parquet' r left join reports n using (da_id)"""
    )
    con.sql(
        """create table firsts as select app_id, id_no, site, d, arg_min(da_id, (ms, da_id)) win
        from ours where e group by all"""
    )
    con.sql(
        f"""copy (select o.da_id, o.app_id, o.site, o.d, o.st, o.e, f.win = o.da_id and e b, f.win,
        s.charge_flag, s.da_status,
        case when o.da_id is null then 'only_in_statement' when s.da_id is null then 'only_in_ours'
        when (s.charge_flag = 'Y') and not coalesce(f.win = o.da_id, false) then 'overbilled'
        when s.charge_flag = 'N' and f.win = o.da_id then 'underbilled'
        when s.da_status::int <> o.st then 'fields_differ' else 'matched' end bucket
        from ours o left join firsts f using (app_id, id_no, site, d) full join statement s on s.da_id = o.da_id)
        to '{out}'"""
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
