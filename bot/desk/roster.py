"""The import of reference data: checks a whole file, then writes what differs. Never half of it, never a deletion.

``import_tables`` works in the caller's transaction and touches nothing before every row has passed. Rows are told
apart by natural keys (codes, estate and number, channel and id), so importing a file twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlmodel import Session

from bot.desk.roster_book import Book, Line, Wanted
from bot.desk.roster_known import GROUP_GRIDS, NOUNS, Key, Known, Stored, Values
from bot.desk.roster_layout import SHEETS, Sheet
from bot.desk.roster_rows import CHECKS
from bot.desk.roster_whole import dispatchers, parents, rename, tags, workers
from bot.desk.sheets import RawTable, Tables, WrongRows
from storage.audit import AuditRow
from storage.grid import GridCode
from storage.group import GroupGrid
from storage.revision import bump

__all__ = ["Count", "Summary", "WrongRows", "import_tables"]

Progress = Callable[[int, int], None]
_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Count:
    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True)
class Summary:
    """What the import did, by sheet name, and what somebody should still look at."""

    counts: dict[str, Count]
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(count.new or count.changed for count in self.counts.values())

    def __str__(self) -> str:
        lines = [f"{name}：新增 {n.new}，更新 {n.changed}，未变 {n.same}" for name, n in self.counts.items()]
        return "\n".join([*lines, *(f"提醒：{warning}" for warning in self.warnings)])


def import_tables(
    session: Session,
    tables: Tables,
    *,
    now: datetime,
    actor: str,
    door: str,
    progress: Progress | None = None,
) -> Summary:
    """Bring the reference data to what ``tables`` say; tables and columns that are absent stay as they are.

    Raises ``WrongRows`` with every mistake before anything is written. ``progress(done, total)`` counts each row
    twice: once checked, once written. An import that changes nothing leaves no trace in audit or revision.
    """
    steps = _Steps(progress, 2 * sum(len(table.rows) for table in tables.values()))
    book = Book(Known(session), now)
    here = [sheet for sheet in SHEETS if sheet.name in tables]
    _check_headers(here, tables)
    for sheet in here:
        _check_rows(book, sheet, tables[sheet.name], steps)
    tags(book)
    dispatchers(book)
    workers(book)
    if book.errors:
        raise WrongRows(book.errors)
    summary = _Writer(session, book, steps).write(here)
    if summary.changed:
        counts = {sheet.stem: asdict(summary.counts[sheet.name]) for sheet in here}
        session.add(AuditRow(at=now, actor=actor, door=door, verb="import", subject="roster", data=counts))
        bump(session)
        session.flush()
    return summary


class _Steps:
    """Tells the caller how far the work is, now and then."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = 0

    def forward(self, rows: int) -> None:
        before, self._done = self._done, self._done + rows
        if self._progress and (self._done // _EVERY > before // _EVERY or self._done == self._total):
            self._progress(self._done, self._total)


def _check_headers(here: Sequence[Sheet], tables: Tables) -> None:
    errors = [
        f"{sheet.name}：缺少“{column.title}”这一列，请补上"
        for sheet in here
        for column in sheet.columns
        if column.key and column.title not in tables[sheet.name].headers
    ]
    if errors:
        raise WrongRows(errors)


def _check_rows(book: Book, sheet: Sheet, table: RawTable, steps: _Steps) -> None:
    lines = [Line(book, sheet, raw) for raw in table.rows]
    if sheet.name == "网格":
        rename(book, lines)
    check = CHECKS[sheet.name]
    for line in lines:
        check(line)
        if not line.settled:
            line.give_up()
        steps.forward(1)
    if sheet.name == "网格":
        parents(book, lines)


class _Writer:
    """Writes the checked rows, each table after those it refers to."""

    def __init__(self, session: Session, book: Book, steps: _Steps) -> None:
        self._session, self._book, self._steps = session, book, steps
        self._ids: dict[str, dict[Key, int]] = {}

    def write(self, sheets: Sequence[Sheet]) -> Summary:
        counts: dict[str, Count] = {}
        for sheet in sheets:
            counts[sheet.name] = self._table(sheet.name)
        return Summary(counts, list(dict.fromkeys(self._book.warnings)))

    def _table(self, name: str) -> Count:
        stored = self._book.known.rows(name)
        fresh: list[tuple[Key, Values]] = []
        changes: list[tuple[Stored, Values]] = []
        wanted: dict[Key, Wanted] = self._book.wanted[name]
        recoded = {former.grid for former in self._book.former} if name == "网格" else set()
        touched = 0
        for key, row in wanted.items():
            old = stored.get(key)
            if old is None:
                fresh.append((key, NOUNS[name].defaults | row.values))
                continue
            different = {column: value for column, value in row.values.items() if old.values[column] != value}
            if different:
                changes.append((old, different))
            touched += bool(different) or key in recoded
        self._insert(name, fresh)
        self._update(name, changes)
        if name == "网格":
            self._keep_former_codes()
        self._steps.forward(len(wanted))
        return Count(len(fresh), touched, len(wanted) - len(fresh) - touched)

    def _insert(self, name: str, fresh: list[tuple[Key, Values]]) -> None:
        table = NOUNS[name].table
        ids = self._known(name)
        while fresh:
            # a micro-grid waits for the round after its parent
            ready = [(k, v) for k, v in fresh if v.get("parent_id") is None or v["parent_id"] in ids]
            fresh = [(k, v) for k, v in fresh if not (v.get("parent_id") is None or v["parent_id"] in ids)]
            rows = [self._resolved(name, values) for _, values in ready]
            statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
            ids.update(zip((key for key, _ in ready), self._session.execute(statement, rows).scalars(), strict=True))
            if name == "群":
                self._link([(ids[key], values[GROUP_GRIDS]) for key, values in ready])

    def _update(self, name: str, changes: list[tuple[Stored, Values]]) -> None:
        table = NOUNS[name].table
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for old, different in changes:
            values = self._resolved(name, different)
            if values:
                alike[tuple(values)].append({"_id": old.id} | {f"_{column}": value for column, value in values.items()})
            if GROUP_GRIDS in different:
                self._session.execute(delete(GroupGrid).where(GroupGrid.__table__.c.group_id == old.id))  # type: ignore[attr-defined]
                self._link([(old.id, different[GROUP_GRIDS])])
        for columns, rows in alike.items():
            settings: dict[str, Any] = {column: bindparam(f"_{column}") for column in columns}
            self._session.execute(update(table).where(table.c.id == bindparam("_id")).values(settings), rows)

    def _link(self, groups: list[tuple[int, frozenset[Key]]]) -> None:
        grids = self._known("网格")
        rows = [{"group_id": group, "grid_id": grids[key]} for group, served in groups for key in sorted(served)]
        if rows:
            self._session.execute(insert(GroupGrid.__table__), rows)  # type: ignore[attr-defined]

    def _keep_former_codes(self) -> None:
        ids = self._known("网格")
        rows = [
            {"grid_id": ids[each.grid], "code": each.code, "valid_from": each.starts, "valid_to": each.ends}
            for each in self._book.former
        ]
        if rows:
            self._session.execute(insert(GridCode.__table__), rows)  # type: ignore[attr-defined]

    def _resolved(self, name: str, values: Values) -> dict[str, Any]:
        """The columns as the table has them: keys become row ids."""
        refs = NOUNS[name].refs
        return {
            column: self._known(refs[column])[value] if column in refs and value is not None else value
            for column, value in values.items()
            if column != GROUP_GRIDS
        }

    def _known(self, name: str) -> dict[Key, int]:
        if name not in self._ids:
            self._ids[name] = {key: stored.id for key, stored in self._book.known.rows(name).items()}
        return self._ids[name]
