"""Root to sources: which files there are, which are judged, and why the others are not.

Nothing in the repository is executed: git is asked with its hooks, monitors and filters off, files are opened without
following links, only regular ones, only below the root, only up to a size.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gatekeeper.git import ask
from gatekeeper.node import Source

if TYPE_CHECKING:
    from mmap import mmap

T = TypeVar("T")

SIZE_LIMIT = 5_000_000  # bytes; the largest real manifest seen has 810 KB
MOST_EVIDENCE = 10_000  # files of one folder
EVIDENCE_LIMIT = 512_000_000  # bytes; a report is mapped, not copied

TEST_DATA = frozenset(
    "test tests testdata test-data test_data fixture fixtures __tests__ __fixtures__ __mocks__ mocks".split()
)
VENDORED = frozenset("node_modules vendor third_party .terraform .terragrunt-cache .venv venv site-packages".split())
_NOT_WALKED = frozenset({".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox"})


EXCLUDED = "excluded by "  # why a file is skipped that the settings leave out
LINK = "a link"  # why a file is not read that is none
UNREAD = "no rule reads this kind of file"  # why a file is skipped that is not left out


class Unreadable(Exception):
    """A file's text is not to be had; the message says why, without the path."""


class Unwritable(Exception):
    """A file is not written; the message says which path stands in the way, and how."""


class Skip(NamedTuple):
    """A file that is not judged, and why."""

    path: str
    reason: str


class Tree:
    """The repository's paths, whether judged or not: what rules ask when they want to know if something exists."""

    def __init__(self, root: Path, paths: Iterable[str], contents: dict[str, str | bytes] | None = None) -> None:
        self.root = root
        self.paths = sorted(paths)
        self._known = set(self.paths)
        self._contents = contents  # staged or example content, where the files on disk are not what is judged
        self._folders: set[str] | None = None
        self._sources: dict[str, Source] = {}
        self._made: dict[object, Any] = {}
        self.told: dict[str, Any] = {}  # what settings say that models must know
        self._changed: dict[str, str] = {}

    def with_changes(self, texts: dict[str, str]) -> Tree:
        """The same repository, with other texts of some of its files."""
        made = Tree(self.root, self.paths, self._contents)
        made._changed = dict(texts)
        made.told = self.told
        return made

    def __contains__(self, path: str) -> bool:
        return path in self._known

    def once(self, make: Callable[[Tree], T]) -> T:
        """`make(self)`, made once: what a model must know of other files (which kustomization lists a patch)."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @property
    def folders(self) -> set[str]:
        """Every folder that holds a file, '' for the root."""
        if self._folders is None:
            self._folders = {""}
            for path in self.paths:
                while (path := path.rpartition("/")[0]) not in self._folders:
                    self._folders.add(path)
        return self._folders

    def exists(self, path: str) -> bool:
        """Whether a file or folder of that path (below the root, `/` between) is in the repository."""
        clean = os.path.normpath(path).replace(os.sep, "/")
        return clean in (".", "") or clean in self._known or clean in self.folders

    def source(self, path: str) -> Source:
        """The source of one of the paths. Its text raises `Unreadable`."""
        if path not in self._sources:
            self._sources[path] = Source(path, lambda: self._read(path))
        return self._sources[path]

    def executable(self, path: str) -> bool | None:
        """Whether the file may be executed; None when that cannot be told (content that is not on disk)."""
        if self._contents is not None or path not in self._known:
            return None
        return self._has_bit(path) if self.once(_keeps_modes) else None

    def _has_bit(self, path: str) -> bool | None:
        try:
            return bool(os.lstat(self.root / path).st_mode & 0o111)
        except OSError:
            return None

    def data(self, path: str) -> bytes | mmap:
        """The bytes of a file, also of one that git ignores. Raises `Unreadable`."""
        if path in self._changed:
            return self._changed[path].encode("utf-8", "surrogateescape")
        if self._contents is None:
            return read_data(self.root, path)
        content = self._contents.get(path)
        if content is None:
            raise Unreadable("no such file")
        return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content

    def below(self, folder: str) -> list[str]:
        """Every regular file below a folder, also those that git ignores; no link is followed."""
        if self._contents is not None:
            return [path for path in self.paths if path.startswith(f"{folder}/")]
        root, top = os.path.realpath(self.root), os.path.realpath(self.root / folder)
        if top != os.path.normpath(os.path.join(root, folder)) or not top.startswith(root + os.sep):
            return []  # outside, or by a link
        if not os.path.isdir(top):
            return []
        found = (f"{folder}/{path}" for path in islice(_walk(Path(top)), MOST_EVIDENCE))
        return sorted(path for path in found if stat.S_ISREG(os.lstat(self.root / path).st_mode))

    def _read(self, path: str) -> str:
        if path in self._changed:
            return self._changed[path]
        if self._contents is not None:
            content = self._contents.get(path, b"")
            return content if isinstance(content, str) else decode(content)
        return read_text(self.root, path)


def _keeps_modes(tree: Tree) -> bool:
    """Whether the files here have the modes that git gave them: some archives, copies and systems keep none."""
    if os.name != "posix" or (tree.root / ".git").exists():
        return os.name == "posix"
    return any(tree._has_bit(path) and not (tree.root / path).is_symlink() for path in tree.paths)


def read_text(root: Path, path: str) -> str:
    """The text of a regular file below `root`. Raises `Unreadable`; never follows a link, blocks, or reads too much."""
    handle, size = _opened(root, path)
    with os.fdopen(handle, "rb") as file:
        if size > SIZE_LIMIT:
            raise Unreadable(f"larger than {SIZE_LIMIT // 1_000_000} MB")
        try:
            return decode(file.read(SIZE_LIMIT + 1))
        except OSError as error:
            raise Unreadable((error.strerror or "cannot be read").lower()) from None


def read_data(root: Path, path: str) -> bytes | mmap:
    """The bytes of a regular file below `root`, mapped into memory. Raises `Unreadable`, as `read_text` does."""
    from mmap import ACCESS_READ, mmap

    handle, size = _opened(root, path)
    with os.fdopen(handle, "rb") as file:
        if size > EVIDENCE_LIMIT:
            raise Unreadable(f"larger than {EVIDENCE_LIMIT // 1_000_000} MB")
        return mmap(file.fileno(), 0, access=ACCESS_READ) if size else b""


def _opened(root: Path, path: str) -> tuple[int, int]:
    """A handle to a regular file below `root`, and its size in bytes. Raises `Unreadable`."""
    full = root / path
    try:
        folder = os.path.realpath(full.parent)
        top = os.path.realpath(root)
        if folder != top and not folder.startswith(top + os.sep):
            raise Unreadable("a link leads out of the repository")
        handle = os.open(full, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except ValueError:
        raise Unreadable("no name that a file can have") from None
    except OSError as error:
        raise Unreadable(LINK if full.is_symlink() else (error.strerror or "cannot be opened").lower()) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise Unreadable("not a regular file")
    return handle, status.st_size


def write_below(root: Path, path: str, data: bytes | mmap, *, replace: bool) -> None:
    """Write a file below `root`, with its folders, as a whole or not at all. Raises `Unwritable`.

    Nothing is written through a link below `root`: where it leads is the repository's choice. Without `replace` nothing
    may stand there yet.
    """
    target = root / path
    try:
        _check_way(root, path)
        if not replace and target.exists():
            raise Unwritable(f"{target}: exists already")
        target.parent.mkdir(parents=True, exist_ok=True)
        if replace:
            _write_new(target.with_name(f".{os.urandom(8).hex()}"), data, target)
        else:
            _write_new(target, data)
    except OSError as error:
        raise Unwritable(f"{target}: cannot be written: {(error.strerror or 'unknown').lower()}") from None


def _check_way(root: Path, path: str) -> None:
    """Raises `Unwritable` when a path is none below `root`, or a link or no folder is on the way."""
    steps = path.split("/")
    if not {"", ".", ".."}.isdisjoint(steps):
        raise Unwritable(f"{path}: is no path below {root}")
    for end in range(1, len(steps) + 1):
        place = root.joinpath(*steps[:end])
        if place.is_symlink():
            raise Unwritable(f"{place}: is a link; nothing is written through it")
        if end < len(steps) and place.exists() and not place.is_dir():
            raise Unwritable(f"{place}: is no folder")


def _write_new(place: Path, data: bytes | mmap, target: Path | None = None) -> None:
    """Write a file where none is, then move it to `target`; an interruption too leaves nothing of it."""
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if target:
            if target.exists():
                place.chmod(stat.S_IMODE(target.stat().st_mode))
            os.replace(place, target)
    except BaseException:  # an interruption too; it goes on from here
        place.unlink(missing_ok=True)
        raise


def decode(data: bytes) -> str:
    """Bytes as text: UTF-8, or UTF-16 when it starts with its mark. Raises `Unreadable`."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in data[:8192]:
        raise Unreadable("binary")
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"not {encoding.removesuffix('-sig').upper()} text (byte {error.start})") from None


def discover(root: Path, *, staged: bool = False) -> Tree:
    """The repository's files: what git tracks or would add, else what a walk finds; with `staged`, the index.

    Raises FileNotFoundError and NotADirectoryError for the root, `Unreadable` when `staged` and git cannot say.
    """
    if not root.exists():
        raise FileNotFoundError(root)
    if not root.is_dir():
        raise NotADirectoryError(root)
    if staged:
        contents: dict[str, str | bytes] = dict(_staged(root))
        return Tree(root, contents, contents)
    paths = _git_files(root)
    if not paths:  # not a repository, or a folder that it ignores: what is named is judged
        paths = list(_walk(root))
    return Tree(root, paths)


def is_test_data(path: str, root: str = ".") -> bool:
    """Whether a path lies in a folder of test data below `root`: what stands there is not what is delivered."""
    below = path if root == "." else path[len(root) :]
    return not TEST_DATA.isdisjoint(below.split("/")[:-1])


def sort_out(tree: Tree, exclude: Iterable[str] = ()) -> tuple[list[str], list[Skip]]:
    """Which paths are to be judged, and the others with the reason. `exclude` holds globs (`docs/old/**`)."""
    from fnmatch import translate
    from re import compile as regex

    patterns = [(glob, regex(translate(glob))) for glob in exclude]
    judged: list[str] = []
    skipped: list[Skip] = []
    for path in tree.paths:
        folders = path.split("/")[:-1]
        excluded = next((glob for glob, pattern in patterns if pattern.match(path)), None)
        if path.startswith(".gatekeeper/"):  # what people state is read whatever the settings leave out
            judged.append(path)
        elif excluded:
            skipped.append(Skip(path, f"{EXCLUDED}{excluded}"))
        elif is_test_data(path):
            skipped.append(Skip(path, "test data"))
        elif not VENDORED.isdisjoint(folders):
            skipped.append(Skip(path, "vendored"))
        else:
            judged.append(path)
    return judged, skipped


def _walk(root: Path) -> Iterator[str]:
    for folder, names, files in os.walk(root, followlinks=False):
        names[:] = sorted(n for n in names if n not in _NOT_WALKED)
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        linked = [n for n in names if os.path.islink(os.path.join(folder, n))]
        for name in (*files, *linked):
            yield f"{prefix}{name}"


def _git_files(root: Path) -> list[str]:
    listed = ask(root, "ls-files", "-t", "-co", "--exclude-standard", "-z", "--", ".")
    entries = ((entry[:1], os.fsdecode(entry[2:])) for entry in (listed or b"").split(b"\0") if entry)
    # A tracked file that was deleted is not there; a submodule is a folder. What a sparse checkout leaves out (S) is
    # part of the commit: it stays, and cannot be read.
    return sorted(
        {name for tag, name in entries if (tag == b"S" or os.path.lexists(root / name)) and not _folder(root / name)}
    )


def _folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def is_staged(root: Path, path: str) -> bool:
    return ask(root, "cat-file", "-e", f":./{path}") is not None


def staged_text(root: Path, path: str) -> str:
    """The text of one file as it is staged. Raises `Unreadable`."""
    data = ask(root, "cat-file", "blob", f":./{path}")
    if data is None:
        raise Unreadable("is not staged")
    return decode(data)


def _staged(root: Path) -> Iterator[tuple[str, bytes]]:
    listed = ask(root, "ls-files", "-s", "-z", "--", ".")
    if listed is None:
        raise Unreadable("--staged needs a git repository")
    entries = []
    for entry in listed.split(b"\0"):
        about, _, name = entry.partition(b"\t")
        mode, _, rest = about.partition(b" ")
        if mode in (b"100644", b"100755"):  # no links, no submodules
            entries.append((os.fsdecode(name), rest.split(b" ")[0]))
    asked = b"".join(blob + b"\n" for _, blob in entries)
    answer = ask(root, "cat-file", "--batch", feed=asked)
    if answer is None:
        raise Unreadable("--staged: git cannot give what is staged; a partial clone has to fetch it first")
    at = 0
    for path, _blob in entries:
        end = answer.index(b"\n", at)
        facts = answer[at:end].split(b" ")
        if len(facts) != 3:  # id, type and size, or that it is missing
            raise Unreadable(f"--staged: git has not got what is staged of {path}; in a partial clone, fetch it first")
        size = int(facts[2])
        yield path, answer[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
