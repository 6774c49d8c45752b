"""What analysers said before, by content: tool, version, arguments, files, and our own code that makes an answer.

Entries are JSON in a folder of the user's alone. One that is not exactly what was put there is not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

import msgspec

from gatekeeper.analysers.program import is_inside
from gatekeeper.models.evidence.facts import Scan

ENTRIES = 200
SIZE = 50_000_000  # bytes of one entry
PACKAGE = Path(__file__).parent.parent


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    scan: Scan


def key(tool: str, program: str, version: str, calls: Sequence[Sequence[str]], files: Iterable[tuple[str, str]]) -> str:
    """The name of an entry. `files` are paths, each with the hash of what is given to the tool."""
    about = [list(_code()), tool, program, version, calls, list(files)]
    return sha256(msgspec.json.encode(about)).hexdigest()


def _code() -> Iterator[tuple[str, str]]:
    """The modules by which files are chosen and answers read, each with its hash: one that is changed may do it
    otherwise. Of `models` and `parsers` they are not all, but no list of them would stay true."""
    for folder in ("analysers", "models", "parsers"):
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            yield str(path.relative_to(PACKAGE)), sha256(path.read_bytes()).hexdigest()


class Cache:
    """The entries of this user. Without a folder that is theirs alone and outside of the repository there are none."""

    def __init__(self, root: Path) -> None:
        self._folder = _folder(root)

    def get(self, key: str) -> Scan | None:
        """What was said, or None."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}.json"
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(handle, "rb") as file:
                about = os.fstat(handle)
                if not (stat.S_ISREG(about.st_mode) and _is_ours(about)):
                    return None
                entry = msgspec.json.decode(file.read(SIZE), type=_Entry)
            os.utime(path)
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
            return None
        return entry.scan if entry.key == key else None

    def put(self, key: str, scan: Scan) -> None:
        """Keep what was said, and of all that is kept the newest. That this may fail is no fault."""
        if self._folder is None:
            return
        path = self._folder / f"{key}.{token_hex(4)}.new"
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(msgspec.json.encode(_Entry(key, scan)))
            os.replace(path, self._folder / f"{key}.json")
            self._prune(self._folder)
        except (OSError, ValueError):
            path.unlink(missing_ok=True)

    def _prune(self, folder: Path) -> None:
        kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in kept[ENTRIES:]:
            path.unlink(missing_ok=True)


def _folder(root: Path) -> Path | None:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "gatekeeper"
    if not folder.is_absolute() or is_inside(folder, root):
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = os.lstat(folder)
        if not (stat.S_ISDIR(about.st_mode) and _is_ours(about)):
            return None
        if os.name == "posix" and about.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        return None
    return folder


def _is_ours(about: os.stat_result) -> bool:
    """Whether nobody else could have written it."""
    return os.name != "posix" or (about.st_uid == os.getuid() and not about.st_mode & 0o022)
