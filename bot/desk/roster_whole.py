"""What the import demands of a table as a whole: parents, former codes, tags, dispatchers, workers. Never writes."""

from collections import defaultdict
from collections.abc import Sequence

from bot.desk.roster_book import Book, Line
from bot.desk.roster_known import Key
from bot.desk.roster_rows import is_active_grid
from storage.grid import GridLevel
from storage.person import RoleKind


def rename(book: Book, lines: Sequence[Line]) -> None:
    """Find the grids that get a new code, before anything that refers to them is compared."""
    stored = book.known.rows("网格")
    current = {line["网格代码"]: line.number for line in lines if line["网格代码"]}
    seen: dict[str, int] = {}
    renamed: dict[str, str] = {}
    for line in lines:
        old, new = line["原网格代码"], line["网格代码"]
        if not old or not new or old == new:
            continue
        if old in current:
            line.wrong("原网格代码", f"{old} 在第{current[old]}行还是现用代码，请核对")
        elif old in seen:
            line.wrong("原网格代码", f"与第{seen[old]}行重复，请核对")
        elif (old,) in stored and (new,) not in stored:
            renamed[old] = new
        seen.setdefault(old, line.number)
    if renamed:
        book.known.rename(renamed)


def parents(book: Book, lines: Sequence[Line]) -> None:
    """Every parent exists, in the same community, and nobody is his own ancestor."""
    for line in lines:
        wanted = book.wanted["网格"].get((line["网格代码"] or "",))
        if wanted is None or wanted.line is not line:
            continue
        if "上级网格代码" in line:
            wanted.values["parent_id"] = line.grid(wanted.values["community_id"], "上级网格代码")
    above: dict[Key, Key | None] = {key: values.get("parent_id") for key, values in book.final("网格")}
    for key, wanted in book.wanted["网格"].items():
        if _in_a_circle(key, above):
            wanted.line.wrong("上级网格代码", "上级网格绕成了一圈，请改正")
        level = (book.find("网格", key) or {}).get("level")
        if level == GridLevel.MICRO and above[key] is None and not wanted.line["上级网格代码"]:
            wanted.line.wrong("上级网格代码", "微网格要有上级网格，请补上")


def tags(book: Book) -> None:
    """Two communities with one tag would give two cases one number."""
    bearers: dict[str, list[Key]] = defaultdict(list)
    for key, values in book.final("社区"):
        bearers[values.get("tag", "")].append(key)
    for key, wanted in book.wanted["社区"].items():
        tag = wanted.values.get("tag", "")
        others = [other[0] for other in bearers.get(tag, []) if other != key]
        if tag and others:
            wanted.line.wrong("简称", f"“{tag}”已经是社区 {others[0]} 的简称，请换一个")


def dispatchers(book: Book) -> None:
    """Where roles are imported each community ends with exactly one dispatcher; else a missing one is only told."""
    told = {values["community_id"] for values in (each.values for each in book.wanted["角色"].values())}
    told |= set(book.wanted["社区"]) if book.wanted["角色"] else set()
    if any(sheet == "角色" for sheet, *_ in book.spoiled) or not (told or book.wanted["社区"]):
        return
    holders: dict[Key, list[Key]] = defaultdict(list)
    for key, values in book.final("角色"):
        if values.get("dispatcher"):
            holders[values["community_id"]].append(key)
    for community in sorted(told | set(book.wanted["社区"])):
        name = (book.find("社区", community) or {}).get("name", community[0])
        here = holders[community]
        if community not in told:
            if not here:
                book.warnings.append(f"社区“{name}”还没有兜底派单的人，请在角色表中给一人填“是”")
        elif not here:
            book.wrong("角色", f"角色：社区“{name}”没有兜底派单的人，请给正好一人填“是”")
        elif len(here) > 1:
            rows = [book.wanted["角色"][key].line.number for key in here if key in book.wanted["角色"]]
            where = f"（{'、'.join(f'第{row}行' for row in sorted(rows))}）" if rows else ""
            book.wrong("角色", f"角色：社区“{name}”有 {len(here)} 个兜底派单的人{where}，请只给一人填“是”")


def workers(book: Book) -> None:
    """Warn of working grids that nobody works; the import itself may go on."""
    if not book.wanted["网格"] and not book.wanted["角色"]:
        return
    worked = {
        values["grid_id"]
        for _, values in book.final("角色")
        if values["kind"] == RoleKind.WORKER and not values.get("standin")
    }
    for key, values in sorted(book.final("网格"), key=lambda pair: pair[0]):
        if is_active_grid(values, book.today) and key not in worked:
            book.warnings.append(f"网格“{values.get('name') or key[0]}”还没有全科网格员，请在角色表中补上")


def _in_a_circle(start: Key, above: dict[Key, Key | None]) -> bool:
    seen = {start}
    here = above.get(start)
    while here is not None and here not in seen:
        seen.add(here)
        here = above.get(here)
    return here == start
