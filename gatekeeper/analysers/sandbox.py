"""How a program is run that reads what strangers wrote: away from the repository, with nothing that is ours to lose.

It has an empty folder to stand in and an empty home, so no configuration; an environment of a few names, so no
credentials; no proxy that answers, so no network by way of HTTP; bounds of time, memory and output. What it started is
ended with it.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic, sleep

from gatekeeper.analysers.program import safe_path, version_in
from gatekeeper.analysers.tool import Output, Program
from gatekeeper.models.evidence.artifact import Unusable

SECONDS = 120.0
MEMORY = 4 << 30  # bytes of address space
OUTPUT = 256 << 20  # bytes of any one file that it writes

# Limits are set in a process of one thread that then becomes the program: in a fork of ours, other threads' locks hang.
_LIMITED = """
import os, resource, sys
for name, value in (("AS", int(sys.argv[1])), ("FSIZE", int(sys.argv[2])), ("CORE", 0), ("CPU", int(sys.argv[3]))):
    kind = getattr(resource, "RLIMIT_" + name)
    most = resource.getrlimit(kind)[1]
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        pass  # macOS does not bound address space
os.execv(sys.argv[4], sys.argv[4:])
"""

_RUNNING: set[int] = set()  # the programs that are not ended; none of them is reaped
_ENDING = Lock()


@contextmanager
def sandbox(program: Path, tool: Program, root: Path) -> Iterator[Sandbox]:
    """A place to run one program in, gone at the end. `root` is the repository that it must not start anything of."""
    with TemporaryDirectory(prefix="gatekeeper-", ignore_cleanup_errors=True) as folder:
        top = Path(os.path.realpath(folder))
        for name in ("tree", "home", "empty", "tmp"):
            (top / name).mkdir()
        yield Sandbox(top, program, tool, safe_path(root))


class Sandbox:
    """A folder of its own for one program; `tree` is for the copy of what it judges."""

    def __init__(self, top: Path, program: Path, tool: Program, path: str) -> None:
        self.tree = top / "tree"
        self._top = top
        self._program = program
        self._tool = tool
        self._path = path

    def version(self) -> str:
        """What the program says its version is. Raises `Unusable`."""
        said = self.run(("--version",))
        found = version_in((said.out + b"\n" + said.err).decode("utf-8", "replace"))
        if said.code or not found:
            words = f"{self._program} --version names no version: install a release of {self._tool.name}"
            raise Unusable("tool-error", words)
        return found

    def run(self, arguments: tuple[str, ...]) -> Output:
        """Run the program. Raises `Unusable` when it cannot be started or takes too long."""
        with open(self._top / "out", "w+b") as out, open(self._top / "err", "w+b") as err:
            try:
                process = subprocess.Popen(
                    self._command(arguments),
                    cwd=self._top / "empty",
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise Unusable("tool-error", f"{self._program} cannot be started: {type(error).__name__}") from None
            _RUNNING.add(process.pid)
            try:
                in_time = _ends(process)
            finally:
                _end(process.pid)
                code = process.wait()
            if not in_time:
                raise Unusable("tool-error", f"{self._tool.name} was stopped after {SECONDS:g} seconds")
            return Output(code, _content(out.fileno()), _content(err.fileno()))

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        command = [str(self._program), *arguments]
        if os.name != "posix" or not sys.executable:
            return command
        limits = (str(MEMORY), str(OUTPUT), str(int(SECONDS * 4) + 1))  # of processor time, on several cores
        return [sys.executable, "-I", "-S", "-c", _LIMITED, *limits, *command]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("SYSTEMROOT", "WINDIR", "PATHEXT") if name in os.environ}
        home = str(self._top / "home")
        nowhere = "http://127.0.0.1:9"  # the discard port: whoever asks the network all the same is refused at once
        proxies = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return {
            **kept,
            **dict.fromkeys(proxies, nowhere),
            **dict.fromkeys(("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), home),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._top / "tmp")),
            "PATH": self._path,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            **self._tool.environment,
        }


def _content(handle: int) -> bytes:
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read(OUTPUT)


def _ends(process: subprocess.Popen[bytes]) -> bool:
    """Whether a program ends in time. It is not reaped: once it is, its number and its group's may be another's."""
    until = monotonic() + SECONDS
    while not _has_ended(process):
        if monotonic() >= until:
            return False
        sleep(0.02)
    return True


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    return process.poll() is not None  # Windows keeps the number; on macOS an older Python has no other way


def _end(process: int) -> None:
    """End a program and all it started, before it is reaped."""
    with _ENDING:
        if process not in _RUNNING:
            return
        _RUNNING.discard(process)
        try:
            if os.name == "posix":
                os.killpg(process, signal.SIGKILL)
            else:
                os.kill(process, signal.SIGTERM)
        except OSError:
            pass  # it has ended


@atexit.register
def _end_all() -> None:
    for process in list(_RUNNING):
        _end(process)
