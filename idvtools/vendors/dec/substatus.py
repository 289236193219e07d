"""daSubStatus: why an operation failed (seed 000 section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from idvtools.vendors.base import code_text
from idvtools.vendors.base.codes import FOLDER, read_rows


@dataclass(frozen=True, slots=True)
class SubStatus:
    """One row of the daSubStatus tables (seed 000 section 9, those in its HTML comments included).

    It explains; it never decides billing. The same sub-status can stand in several rows: for other sites and
    scenarios, or inside a range.
    """

    first: int
    last: int
    da_status: str
    json_result: str
    family_zh: str
    family_en: str
    site_zh: str
    site_en: str
    result_zh: str
    result_en: str
    name_zh: str
    name_en: str
    advice_zh: str
    advice_en: str
    edition: str
    source: str


@cache
def sub_statuses() -> tuple[SubStatus, ...]:
    """All rows, in the seed's order.

    Examples
    --------
    >>> len(sub_statuses()), sub_statuses()[0].name_zh
    (65, '网站不可访问')
    """
    found = []
    for row in read_rows(FOLDER / "dec_da_sub_status.csv"):
        rest = {k: v for k, v in row.items() if k not in ("code", "code_to")}
        found.append(SubStatus(int(row["code"]), int(row["code_to"]), **rest))
    return tuple(found)


def explain_sub_status(da_status: object, da_sub_status: object) -> tuple[SubStatus, ...]:
    """What a daSubStatus means beside a daStatus: all rows that fit, those of the narrowest range only.

    Rows whose daStatus agrees win over those where it does not; a success, 0 and what no table lists need no
    explanation.

    Examples
    --------
    >>> [s.advice_zh for s in explain_sub_status("41", "100564")]
    ['建议让用户适时重试']
    >>> [s.site_zh for s in explain_sub_status(44, 100402)], explain_sub_status(10, 0)
    (['芝麻分'], ())
    """
    status, text = code_text(da_status), code_text(da_sub_status)
    if text is None or not text.isdecimal() or len(text) > 9 or int(text) == 0:
        return ()
    fitting = [s for s in sub_statuses() if s.first <= int(text) <= s.last]
    agreeing = [s for s in fitting if s.da_status == status] or ([] if status == "10" else fitting)
    narrowest = min((s.last - s.first for s in agreeing), default=0)
    return tuple(s for s in agreeing if s.last - s.first == narrowest)
