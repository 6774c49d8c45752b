"""Globs over paths below the root, as settings and attestations write them."""

from __future__ import annotations


def covers(glob: str, path: str) -> bool:
    """Whether a glob means a path, or a folder above it. `*` and `?` stay within a name, `**` is any number of folders.

    Takes at most steps of one times steps of the other.
    """
    from fnmatch import fnmatchcase

    wanted, steps = glob.rstrip("/").split("/"), path.split("/")
    at = step = 0
    last, resumed = -1, 0  # the `**` met last, and up to where it reaches
    while at < len(wanted):
        if wanted[at] == "**":
            last, resumed = at, step
            at += 1
        elif step < len(steps) and fnmatchcase(steps[step], wanted[at]):
            at, step = at + 1, step + 1
        elif last >= 0 and resumed < len(steps):
            resumed += 1
            at, step = last + 1, resumed
        else:
            return False
    return True
