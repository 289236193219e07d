"""Known layouts, one file each: which table is one of them, what differs, and whether it holds what it prints.

Every module beside this one that has a tuple ``LAYOUTS`` is part of it; see `idvtools.evidence.sites.declaring`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType

from idvtools.evidence.limits import Budget
from idvtools.evidence.model import Check, Member, Table
from idvtools.evidence.sites import bank_statement
from idvtools.evidence.sites.declaring import Layout, TextLayout
from idvtools.evidence.sites.fitting import Fit, fit
from idvtools.evidence.sites.retyping import retype
from idvtools.evidence.sites.surroundings import outside
from idvtools.evidence.tables.checks import all_checks

Layouts = Mapping[str, Layout | TextLayout]
#: How much of the text is looked through for marks: its head. Below, the rows of a statement name everybody.
_TEXT = 400


def declared(folders: Iterable[str], package: str) -> Layouts:
    """Collect the layouts of every module in a folder of a package, by name.

    Parameters
    ----------
    folders : iterable of str
        ``__path__`` of the package.
    package : str
        Its name.

    Raises
    ------
    ValueError
        Two layouts have one name.

    Examples
    --------
    >>> [name for name in declared(__path__, __name__) if name.startswith("chrome")]
    ['chrome-chiyubank-jyj', 'chrome-govhk-tax']
    """
    found: dict[str, Layout | TextLayout] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(folders)):
        for layout in getattr(import_module(f"{package}.{module}"), "LAYOUTS", ()):
            if layout.name in found:
                raise ValueError(f"layout {layout.name} is declared twice")
            found[layout.name] = layout
    return MappingProxyType(found)


#: All layouts by name.
LAYOUTS: Layouts = declared(__path__, __name__)


def names(layout: Layout | TextLayout) -> tuple[str, ...]:
    """Every value of ``site=`` that chooses a layout.

    Examples
    --------
    >>> names(LAYOUTS["wechat-bill"])
    ('wechat-bill', 'wechat', 'wechatpay')
    """
    return (layout.name, *(layout.also if isinstance(layout, Layout) else ()))


#: Every name that ``site=`` may have.
SITES = tuple(sorted({name for layout in LAYOUTS.values() for name in names(layout)}))


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
    budget: Budget,
    *,
    layouts: Layouts = LAYOUTS,
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
    budget : Budget
        What is left of the reading's time.
    layouts : mapping
        By name.

    Returns
    -------
    Applied
        The tables in their order; those of a text come after them.

    Examples
    --------
    >>> from idvtools.evidence.model import Column
    >>> from idvtools.evidence.limits import Limits
    >>> table = Table("a", "", (Column("x", "text"),), [("1",)])
    >>> apply([table], "", [], "chrome-nobank", Budget(Limits())).warnings
    ('no layout is known for site chrome-nobank; the file was read as any other',)
    """
    warnings: list[str] = []
    chosen = [layout for layout in layouts.values() if site in names(layout)] if site else []
    if site and not chosen:
        warnings.append(f"no layout is known for site {site}; the file was read as any other")
    known = chosen or list(layouts.values())
    of_text = [k.read(text, k in chosen) for k in known if isinstance(k, TextLayout)]
    of_tables = [k for k in known if isinstance(k, Layout)]
    beside: dict[str, set[str]] = {}  # the headings of all tables of a member: a mark may be one of them
    homes = [_home(table, members) for table in tables]
    for table, home in zip(tables, homes, strict=True):
        beside.setdefault(home, set()).update(c.name for c in table.columns)
    around = {home: " ".join((home, text[:_TEXT], *sorted(heads))) for home, heads in beside.items()}
    checker = _Checker(outside(text, tables), budget)
    done = [
        _apply(table, around[home], of_tables, bool(chosen), checker) for table, home in zip(tables, homes, strict=True)
    ]
    done += [table for table in of_text if table is not None]
    fitted = {table.layout for table in done}
    if chosen and not any(layout.name in fitted for layout in chosen):
        told = " or ".join(f"{k.name} ({k.title})" for k in chosen)
        warnings.append(f"nothing in it fits layout {told}")
    return Applied(tuple(done), tuple(warnings))


def _home(table: Table, members: Sequence[Member]) -> str:
    """Find the path of the member that a table is in; what stands in another member says nothing of it."""
    paths = [member.path for member in members]
    return max((p for p in paths if table.source.startswith(p)), key=len, default=" ".join(paths))


def _apply(table: Table, around: str, known: Sequence[Layout], chosen: bool, checker: _Checker) -> Table:
    checker.budget.tick()
    words = " ".join((table.name, *table.preamble, *table.footer, around)).lower()
    fits = [fit(layout, table, words, chosen=chosen) for layout in known]
    told = [f for f in fits if (chosen and f.places) or (not f.layout.generic and (f.full or f.near))]
    first = min((f.order for f in told), default=None)
    best = [f for f in told if f.order == first and f.full]
    if len(best) > 1:
        both = " and ".join(sorted(f.layout.name for f in best))
        said = f"fits layouts {both} equally well; none was applied, choose with site="
        return checker.of_unknown(replace(table, warnings=(*table.warnings, said)))
    if told and not best:
        table = _nearly(table, next(f for f in told if f.order == first))
    best = best or [f for f in fits if f.full and f.layout.generic][:1]
    return checker.of_fitted(table, best[0]) if best else checker.of_unknown(table)


def _nearly(table: Table, found: Fit) -> Table:
    said = f"nearly fits layout {found.layout.name} ({found.layout.title}): {found.differences()}"
    table = replace(table, warnings=(*table.warnings, said))
    return table.with_checks(Check("layout", False, said))


@dataclass(frozen=True, slots=True)
class _Checker:
    """Adds the checks to a table, with the lines that stand outside of it, as long as there is time."""

    lines: Sequence[str]
    budget: Budget

    def of_fitted(self, table: Table, found: Fit) -> Table:
        """Give the types that the layout declares, say what differs, and check."""
        table = replace(retype(table, found, self.budget), layout=found.layout.name)
        if found.count:
            said = f"{found.layout.title}: {found.differences()}"
            table = replace(table, warnings=(*table.warnings, said))
        return self._checked(table, found.places, sure=not found.layout.generic)

    def of_unknown(self, table: Table) -> Table:
        """Check a table of no known layout by what its headings say; a balance only beside dates."""
        places = fit(bank_statement.LAYOUT, table, "").places
        if "date" not in places:
            places = {key: place for key, place in places.items() if key != "balance"}
        return self._checked(table, places, sure=False)

    def _checked(self, table: Table, places: Mapping[str, int], *, sure: bool) -> Table:
        """Add the checks to those that the reader made by the headings alone; the declared columns decide if `sure`.

        Printed totals are always the reader's: it has seen under which columns they stand. Where nobody is sure which
        column is which, a check that holds is right: balances do not follow from one another by accident.
        """
        checks = {check.name: check for check in table.checks}
        known = not sure and any(c.ok is not None for c in table.checks if not c.name.startswith("type of"))
        for check in all_checks(table, places, self.lines, self.budget):
            other = checks.get(check.name)
            if other is None:
                better = not known or check.name.startswith(("row count", "total "))
            elif check.name.startswith("printed total"):
                better = False
            else:
                better = bool(check.ok) if known else check.ok is not None
            if better:
                checks[check.name] = check
        return replace(table, checks=tuple(checks.values()))
