#!/usr/bin/env python3
"""The two commands of this project, on a bare Python: ``python3 dev.py run`` and ``python3 dev.py test``.

Standard library only. Makes ``.venv``, installs the locked packages (uv where it is there, else pip), then runs.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
USAGE = """用法：
  python3 dev.py run [--fresh]    安装并启动演示社区，打开打印出来的网址即可；--fresh 清掉上次的演示数据
  python3 dev.py test [参数…]     运行全部检查和测试；后面的参数原样交给 pytest"""


def main(arguments: list[str]) -> int:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print(f"需要 Python 3.11–3.13，现在是 {sys.version.split()[0]}。请换一个版本，例如：python3.12 dev.py run")
        return 2
    match arguments:
        case ["run", *rest] if set(rest) <= {"--fresh"}:
            return run(fresh="--fresh" in rest)
        case ["test", *rest]:
            return test(rest)
    print(USAGE)
    return 0 if arguments in (["-h"], ["--help"]) else 2


def run(*, fresh: bool) -> int:
    install("requirements.txt")
    env = {"GRIDBOT_DATA_DIR": str(HOME / "var"), **os.environ, "PYTHONUTF8": "1"}
    data = Path(env["GRIDBOT_DATA_DIR"])
    if fresh:
        for name in ("gridbot.db", "gridbot.db-wal", "gridbot.db-shm"):
            (data / name).unlink(missing_ok=True)
    env.setdefault("GRIDBOT_PORT", str(free_port(8000)))
    try:
        return subprocess.call([str(PYTHON), "-m", "bot", "serve"], cwd=HOME, env=env)
    except KeyboardInterrupt:
        return 0


def test(arguments: list[str]) -> int:
    install("requirements-dev.txt")
    steps = [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-m", "pytest", "-n", "auto", *arguments],
    ]
    results = [subprocess.call([str(PYTHON), *step], cwd=HOME) for step in steps]
    return max(map(abs, results))


def install(lock: str) -> None:
    """Bring ``.venv`` to the lock; a stamp of lock and interpreter makes the second time instant."""
    wanted = hashlib.sha256((HOME / lock).read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / f".{lock}.sha256"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        print("正在建立运行环境 .venv …", flush=True)
        subprocess.check_call([sys.executable, "-m", "venv", str(VENV)])
    print(f"正在安装 {lock}（第一次需要一两分钟）…", flush=True)
    uv = shutil.which("uv")
    tool = [uv, "pip", "install", "--python", str(PYTHON)] if uv else [str(PYTHON), "-m", "pip", "install", "--quiet"]
    subprocess.check_call([*tool, "--require-hashes", "-r", str(HOME / lock)])
    stamp.write_text(wanted)


def free_port(first: int) -> int:
    """``first`` or the next port that nobody uses."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    return first


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        print(f"这一步没有成功：{' '.join(map(str, error.cmd[:4]))} …")
        print("请看上面的提示；多半是网络不通，或缺少 python3-venv 组件。")
        sys.exit(1)
