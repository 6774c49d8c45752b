"""What git knows of the repository. It is asked with its hooks, monitors and filters off: nothing that the repository
configures is run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Commit(NamedTuple):
    """What is checked out, and whether tracked files differ from it."""

    id: str
    dirty: bool


def commit_of(root: Path) -> Commit | None:
    """The commit checked out at `root`; None outside git and before the first commit."""
    words = ("status", "--porcelain=v2", "--branch", "-uno", "--ignore-submodules=all", "--", ".")
    status = ask(root, *words, without=_filters(root))
    lines = (status or b"").decode("utf-8", "replace").splitlines()
    head = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if head == "(initial)":
        return None
    return Commit(head, any(not line.startswith("#") for line in lines))


def _filters(root: Path) -> list[str]:
    """The settings of content filters: commands of the repository's choice, run where files meet the index."""
    listed = ask(root, "config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$") or b""
    return [os.fsdecode(name) for name in sorted(set(listed.split(b"\0"))) if name]


def named(root: Path, revision: str) -> str | None:
    """The whole id of the commit that people call so (`HEAD~2`, `v1.4`, an abbreviation); None when there is none."""
    if not revision or revision.startswith("-") or "\0" in revision:
        return None
    found = ask(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return found.decode("ascii", "replace").strip() if found else None


def changed_since(root: Path, since: str, commit: str, *, but: str = "") -> set[str] | None:
    """The paths that differ between two commits; None when git has not got them both (a shallow clone).

    Those below `root` and relative to it; with `but`, those of the whole repository that are not below that folder.
    """
    ends = [end for end in (_whole(root, since), _whole(root, commit)) if end]
    words = ("diff-tree", "-r", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
    return _differing(root, words, ends, but) if len(ends) == 2 else None


def _whole(root: Path, id: str) -> str | None:
    """A commit by its id or the beginning of it. A branch or tag of that name does not count, and would come first."""
    found = named(root, id) if _HASH.match(id) else None
    return found if found and found.startswith(id) else None


def changed_here(root: Path, *, but: str = "") -> set[str] | None:
    """The tracked paths that differ from the commit checked out, staged or not, as `changed_since` gives them."""
    words = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
    return _differing(root, words, ["HEAD"], but, _filters(root))


def _differing(
    root: Path, words: Sequence[str], ends: Sequence[str], but: str, without: Sequence[str] = ()
) -> set[str] | None:
    where = (":(top)", f":(exclude){but}") if but else ()
    return _paths(ask(root, *words, *(() if but else ("--relative",)), *ends, "--", *where, without=without))


def untracked(root: Path) -> set[str] | None:
    """The paths below `root` that git neither tracks nor ignores."""
    return _paths(ask(root, "ls-files", "-o", "--exclude-standard", "-z", "--", "."))


def tracked(root: Path) -> set[str]:
    """The paths below `root` that are part of what git records."""
    return _paths(ask(root, "ls-files", "-z", "--", ".")) or set()


def _paths(listed: bytes | None) -> set[str] | None:
    return None if listed is None else {os.fsdecode(name) for name in listed.split(b"\0") if name}


def origin_of(root: Path) -> str:
    """Where the repository comes from, without anybody's credentials; '' when it does not say."""
    url = (ask(root, "config", "--get", "remote.origin.url") or b"").decode("utf-8", "replace").strip()
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", url)


def owner_and_name(url: str) -> str:
    """`owner/name` of a repository's address (https, ssh or scp form), in lower case; '' when it has none."""
    words = url.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")
    return "/".join(words[-2:]).lower() if len(words) > 2 else ""


_HASH = re.compile(r"[0-9a-f]{7,64}\Z")


def ask(root: Path, *words: str, feed: bytes | None = None, without: Sequence[str] = ()) -> bytes | None:
    """What git prints, or None when it is not there or refuses. Runs nothing that the repository configures.

    `without` are settings that are emptied: by environment, since `-c` cannot name one with `=` in it.
    """
    import subprocess

    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    environment["GIT_NO_REPLACE_OBJECTS"] = "1"  # a commit is what its id says
    environment["GIT_CONFIG_COUNT"] = str(len(without))
    for number, name in enumerate(without):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": ""}
    if "GIT_INDEX_FILE" in os.environ:  # what `git commit` is about to record
        environment["GIT_INDEX_FILE"] = os.path.abspath(os.environ["GIT_INDEX_FILE"])
    safe = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")
    try:
        done = subprocess.run(
            ("git", *safe, *words), cwd=root, env=environment, input=feed, capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
