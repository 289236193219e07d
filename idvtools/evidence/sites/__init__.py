"""Known layouts, one file each: which table is one of them, what differs, and whether it holds what it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from idvtools.evidence.checks import all_checks
from idvtools.evidence.model import Check, Member, Table
from idvtools.evidence.sites import (
    alipay,
    bank_statement,
    chrome_chiyubank_jyj,
    chrome_govhk_tax,
    parse_result,
    wechat,
)
from idvtools.evidence.sites.declaring import Layout
from idvtools.evidence.sites.fitting import Fit, fit, retype

#: Layouts of tables by name. `chrome_govhk_tax` is one of a text, beside them.
LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        alipay.LAYOUT,
        bank_statement.LAYOUT,
        chrome_chiyubank_jyj.LAYOUT,
        parse_result.LAYOUT,
        wechat.LAYOUT,
    )
}
#: Every name that ``site=`` may have.
SITES = tuple(sorted({*LAYOUTS, *(a for layout in LAYOUTS.values() for a in layout.also), chrome_govhk_tax.NAME}))
#: How much of the text is looked through for marks.
_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Applied:
    """Tables with layout, types, checks and warnings; and what is to be said of the file as a whole."""

    tables: tuple[Table, ...]
    warnings: tuple[str, ...]


def apply(
    tables: Sequence[Table],
    text: str,
    members: Sequence[Member],
    site: str | None,
    *,
    layouts: Mapping[str, Layout] = LAYOUTS,
) -> Applied:
    """Look for known layouts, and check every table against itself, known or not.

    Parameters
    ----------
    tables : sequence of Table
        What the readers found.
    text : str
        Text of the file, for layouts that are no tables, and for marks.
    members : sequence of Member
        Their paths may hold a mark.
    site : str or None
        The layout that the user (or the notification) says it is; see `SITES`.
    layouts : mapping
        Of tables, by name.

    Returns
    -------
    Applied
        The tables in their order; receipts of a text come after them.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> apply([Table("a", "", (Column("x", "text"),), [("1",)])], "", [], "chrome-nobank").warnings
    ('no layout is known for site chrome-nobank; the file was read as any other',)
    """
    warnings: list[str] = []
    chosen = next((k for k in layouts.values() if site == k.name or site in k.also), None)
    receipt = chrome_govhk_tax.receipts(text, chosen=site == chrome_govhk_tax.NAME)
    if site and chosen is None and site != chrome_govhk_tax.NAME:
        warnings.append(f"no layout is known for site {site}; the file was read as any other")
    if site == chrome_govhk_tax.NAME and receipt is None:
        warnings.append(f"does not look like {site}: none of the labels of a receipt is in its text")
    names = (*(member.path for member in members), *(c.name for table in tables for c in table.columns))
    done = [_apply(table, " ".join((*names, text[:_TEXT])), chosen, layouts) for table in tables]
    if chosen and not any(table.layout == chosen.name for table in done):
        warnings.append(f"no table fits layout {chosen.name} ({chosen.title})")
    return Applied((*done, *([receipt] if receipt else [])), tuple(warnings))


def _apply(table: Table, around: str, chosen: Layout | None, layouts: Mapping[str, Layout]) -> Table:
    words = " ".join((table.name, *table.preamble, *table.footer, around)).lower()
    tried = [chosen] if chosen else list(layouts.values())
    fits = [fit(layout, table, words, chosen=layout is chosen) for layout in tried]
    full = [f for f in fits if f.full]
    best = [f for f in full if not f.layout.generic] or full
    best = [f for f in best if f.score == max(b.score for b in best)]
    near = [f for f in fits if f.near] or [f for f in fits if chosen and f.places and not f.full]
    if len(best) == 1:
        table = _fitted(table, best[0])
    elif best:
        names = " and ".join(sorted(f.layout.name for f in best))
        said = f"fits layouts {names} equally well; none was applied, choose with site="
        table = replace(table, warnings=(*table.warnings, said))
    if near and (not best or best[0].layout.generic):  # a bank statement, but not quite that bank's
        table = _nearly(table, max(near, key=lambda f: f.score))
    return table if len(best) == 1 else _unknown(table)


def _fitted(table: Table, found: Fit) -> Table:
    table = replace(retype(table, found), layout=found.layout.name)
    if found.new and not found.layout.generic:
        said = f"{found.layout.title}: {found.differences()}"
        table = replace(table, warnings=(*table.warnings, said))
    return _checked(table, found.places, sure=not found.layout.generic)


def _nearly(table: Table, found: Fit) -> Table:
    said = f"nearly fits layout {found.layout.name} ({found.layout.title}): {found.differences()}"
    table = replace(table, warnings=(*table.warnings, said))
    return table.with_checks(Check("layout", False, said))


def _unknown(table: Table) -> Table:
    """Check a table of no known layout by what its headings say; a balance only beside dates."""
    places = fit(bank_statement.LAYOUT, table, "").places
    if "date" not in places:
        places = {key: place for key, place in places.items() if key != "balance"}
    return _checked(table, places, sure=False)


def _checked(table: Table, places: Mapping[str, int], *, sure: bool) -> Table:
    """Add the checks; where the reader made some by the headings alone, the declared columns decide if `sure`.

    Printed totals are always the reader's: it has seen under which columns they stand.
    """
    checks = {check.name: check for check in table.checks}
    if not sure and any(check.ok is not None for check in table.checks if not check.name.startswith("type of")):
        return table
    for check in all_checks(table, places):
        other = checks.get(check.name)
        kept = other is not None and other.ok is not None and check.name.startswith("printed total")
        if not kept and (other is None or check.ok is not None):
            checks[check.name] = check
    return replace(table, checks=tuple(checks.values()))
