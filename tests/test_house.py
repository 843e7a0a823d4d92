"""Keeps the floors: who may import whom, which room may open which vendor's door. Prints the offending line."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
OURS = ("bot", "config", "storage")

# the first room that matches a module's name is its room
ROOMS = {
    "bot.__main__": "command",
    "bot.doctor": "doctor",
    "bot.app": "app",
    "bot.webhook": "webhook",
    "bot.jobs": "jobs",
    "bot.pipeline": "pipeline",
    "bot.words": "words",
    "bot.attention": "attention",
    "bot.console": "console",
    "bot.mobile": "mobile",
    "bot.handlers": "handlers",
    "bot.desk": "desk",
    "bot.channels.base": "channels.base",
    "bot.channels": "channels",
    "bot.reports": "reports",
    "bot.texts": "texts",
    "bot.intents.base": "intents.base",
    "bot.intents": "intents",
    "bot": "bot",
    "storage": "storage",
    "config": "config",
}
EVERYTHING = frozenset(ROOMS.values())
MAY_IMPORT = {
    "command": EVERYTHING,
    "doctor": EVERYTHING - {"command"},
    "app": EVERYTHING - {"command", "doctor"},
    "webhook": {"channels", "channels.base", "pipeline", "desk", "reports", "storage", "config"},
    "jobs": {"channels", "channels.base", "pipeline", "desk", "reports", "storage", "config"},
    "pipeline": {"handlers", "intents", "intents.base", "channels.base", "desk", "texts", "storage", "config"},
    "attention": {"storage", "config"},
    "words": {"intents", "intents.base", "storage", "config"},
    "console": {"desk", "reports", "intents", "intents.base", "texts", "storage", "config"},
    "mobile": {"desk", "reports", "intents", "intents.base", "texts", "storage", "config"},
    "handlers": {"desk", "intents.base", "texts", "channels.base", "storage", "config"},
    "desk": {"texts", "storage", "config"},
    "channels": {"channels.base", "config", "storage"},
    "channels.base": {"config", "storage"},
    "reports": {"config", "storage", "texts"},
    "texts": {"config", "storage"},
    "intents": {"intents.base", "config"},
    "intents.base": {"config"},
    "bot": set(),
    "storage": {"config"},
    "config": set(),
}
DOORS = {
    "wechatpy": ("bot.channels",),
    "aiohttp": ("bot.channels",),
    "fastapi": ("bot.app", "bot.webhook", "bot.console", "bot.mobile"),
    "starlette": ("bot.app", "bot.webhook", "bot.console", "bot.mobile"),
    "apscheduler": ("bot.jobs.base",),
    "jieba": ("bot.intents.words",),
    "redis": ("storage.cache",),
    "alembic": ("storage.migrations",),
    "chinese_calendar": ("bot.desk.calendar",),
    "segno": ("bot.console.card_image",),
    "resvg_py": ("bot.console.card_image",),
    "uvicorn": ("bot.__main__",),
    "typer": ("bot.__main__",),
}
# the only places where an unknown error may be caught, and where the clock may be read
CATCH_ALL = ("bot/pipeline.py", "bot/jobs/base.py", "bot/channels/wecom_crypto.py", "bot/channels/wecom_message.py")
CLOCK = ("bot/app.py",)
TOP_LEVEL = {"bot", "storage", "config", "tests", "bench", "docs"}


def _files() -> list[Path]:
    return sorted(path for name in OURS for path in (HOME / name).rglob("*.py") if "versions" not in path.parts)


def _module(path: Path) -> str:
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return next(room for prefix, room in ROOMS.items() if module == prefix or module.startswith(prefix + "."))


def _imports(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, imported module, and whether the import stands inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(node) for top in ast.walk(tree) if isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef)
             for node in ast.walk(top)}  # fmt: skip
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            yield node.lineno, name, id(node) in inner  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(HOME)))
def test_a_file_imports_only_what_stands_lower(path: Path) -> None:
    module = _module(path)
    room = _room(module)
    wrong = []
    for line, name, inside in _imports(path):
        where = f"{path.relative_to(HOME)}:{line} imports {name}"
        top = name.split(".")[0]
        if top in OURS:
            theirs = _room(name)
            if theirs != room and theirs not in MAY_IMPORT[room]:
                wrong.append(f"{where}: {room} stands below {theirs}")
            if inside:
                wrong.append(f"{where} inside a function")
        elif top in DOORS and not any(module == door or module.startswith(door + ".") for door in DOORS[top]):
            wrong.append(f"{where}: the door of {top} is {DOORS[top]}")
    assert not wrong, "\n".join(wrong)


def test_handlers_do_not_know_each_other() -> None:
    wrong = [
        f"{path.name}:{line} imports {name}"
        for path in (HOME / "bot" / "handlers").glob("*.py")
        if path.name not in ("__init__.py", "base.py")
        for line, name, _ in _imports(path)
        if name.startswith("bot.handlers") and not name.startswith("bot.handlers.base")
    ]
    assert not wrong, wrong


def test_modules_form_no_circle() -> None:
    graph = {_module(path): {name for _, name, _ in _imports(path)} for path in _files()}
    known = set(graph)
    arrows = {
        module: {
            next((name for name in (target, target.rpartition(".")[0]) if name in known), "") for target in targets
        }
        - {"", module}
        for module, targets in graph.items()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path[path.index(module) :], module))
        if module not in done:
            for target in sorted(arrows[module]):
                visit(target, (*path, module))
            done.add(module)

    for module in sorted(arrows):
        visit(module, ())


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(HOME)))
def test_a_file_is_small_and_says_what_it_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300, "past 300 lines a file is two files"
    assert ast.get_docstring(ast.parse(source)), "the first line says what the file is"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(HOME)))
def test_unknown_errors_and_the_clock_have_their_places(path: Path) -> None:
    name = path.relative_to(HOME).as_posix()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if "except Exception" in line:
            assert name in CATCH_ALL, f"{name}:{number} catches everything"
        if "datetime.now(" in line or "utcnow(" in line:
            assert name in CLOCK, f"{name}:{number} reads the clock; time is handed in"


def test_the_top_level_is_fixed() -> None:
    folders = {path.name for path in HOME.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert folders - {"var"} <= TOP_LEVEL
    for name in ("utils", "helpers", "common", "manager"):
        assert not [path for path in _files() if name in (path.stem, *path.parts)], f"no home is called {name}"
