"""Write a month of any size for measuring: ``month.py FOLDER OPERATIONS``.

Requests as one Parquet file (clear id_no), notifications as bare bodies, a statement a day and app. One statement
row in 5,000 has the wrong charge, one in 2,000 is missing. The same size gives the same month.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

MONTH = "2026-10"
_START_MS = 1790784000000  # 2026-10-01 00:00 in Shanghai
_EFFECTIVE = "(9,10,14,20,21,24,25,42,44,101)"
_SETTINGS = """[workspace]
timezone = "Asia/Shanghai"
pseudonym_key = {file = "keys/p.key"}

[vendors.dec]
base_url = "https://vdi.example.com"

[[vendors.dec.prices]]
site = "*"
unit_price = "3.00"
currency = "CNY"
valid_from = 2026-01-01
"""


def write_month(folder: Path, operations: int) -> None:
    """Write a workspace with `operations` operations into `folder`."""
    for name in ("requests", "callbacks", "statements", "keys"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "keys/p.key").write_text("x" * 32)
    (folder / "idvtools.toml").write_text(_SETTINGS)
    con = duckdb.connect()
    # One thread: random() is drawn in the order of rows only then.
    con.sql("set timezone = 'Asia/Shanghai'; set threads = 1")
    con.execute("select setseed(0.42)").fetchall()
    con.sql(
        f"""create table drawn as select i,
        ['zd1uahd8', 'zd1zl4kd', 'de1jvbe1'][1 + (random() * 2.999)::int % 3] app_id,
        ['chrome-chiyubank-jyj', 'chrome-govhk-tax'][1 + (random() < 0.5)::int] site,
        '4403011990' || lpad(((random() * {operations} / 4)::bigint)::varchar, 8, '0') id_no,
        ({_START_MS} + (random() * 31 * 86400000)::bigint) t, random() r from range({operations}) rows (i)"""
    )
    con.sql(
        """create table planned as select *,
        app_id || ((((t + 12 - 1288834974657) << 22) | (i % 4194304))::varchar) da_id,
        case when r < .6 then 10 when r < .7 then 20 when r < .8 then 25 when r < .85 then 41 when r < .9 then 43
        when r < .95 then 44 else 13 end st from drawn"""
    )
    con.sql(
        f"""copy (select make_timestamptz(t * 1000) requested_at, app_id, 'b' || i biz_no, site, id_no,
        'h5' access_way, 0 error_code, da_id from planned order by t) to '{folder}/requests/r.parquet'"""
    )
    con.sql(
        f"""copy (select to_json({{func: case when st = 10 then 'daUserAuthorized' else 'daFailed' end, v: '2.0.0',
        auth: {{nonce: md5(i::varchar)}}, data: {{bizAppId: app_id, daId: da_id, bizNo: 'b' || i, site: site,
        daStatus: st, jsonResult: case when st = 10 then 10 else 5 end,
        authorizedTs: case when st = 10 then t + 60000 else 0 end, ext: {{userId: ''}}}}}})
        from (select * from planned union all select * from planned where i % 10 = 0) order by t)
        to '{folder}/callbacks/n.jsonl' (format csv, header false, quote '', escape '', delimiter '\x01')"""
    )
    con.sql(
        f"""create table booked as select *, (make_timestamptz((t + 12) * 1000))::date d, st in {_EFFECTIVE} e
        from planned"""
    )
    con.sql(
        """create table charged as select *, e and row_number() over
        (partition by app_id, id_no, site, d order by e desc, t, da_id) = 1 f from booked"""
    )
    for day, app in con.sql("select distinct d, app_id from charged order by all").fetchall():
        target = folder / "statements" / f"交易流水对账单_{app}_{day:%Y%m%d}.csv"
        con.sql(
            f"""copy (select da_id, 'b' || i biz_no, app_id, site, 'h5' access_way, st da_status, '' da_sub_status,
            case when st = 10 then 10 else 5 end json_result,
            case when st = 10 then t + 60000 else 0 end authorize_time,
            case when f <> (hash(i) % 5000 = 0) then 'Y' else 'N' end charge_flag, 'N' charge_package,
            'Y' user_protocol_upload_flag,
            strftime(make_timestamptz((t + 12) * 1000), '%Y-%m-%d %H:%M:%S') create_time
            from charged where d = '{day}' and app_id = '{app}' and hash(i) % 2000 <> 1)
            to '{target}' (header true)"""
        )
    con.close()


if __name__ == "__main__":
    write_month(Path(sys.argv[1]), int(sys.argv[2]))
