"""Globs: what they mean, the slow way, and that hostile ones end."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.globs import covers

steps = st.sampled_from(["a", "b", "ab", "*", "a*", "?", "**"])
paths = st.lists(st.sampled_from(["a", "b", "ab", "ba"]), min_size=1, max_size=5)


def means(glob: list[str], path: list[str]) -> bool:
    """The same question, answered the slow way."""
    if not glob:
        return True
    if glob[0] == "**":
        return any(means(glob[1:], path[at:]) for at in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], glob[0]) and means(glob[1:], path[1:])


@given(st.lists(steps, min_size=1, max_size=6), paths)
def test_globs(glob: list[str], path: list[str]) -> None:
    assert covers("/".join(glob), "/".join(path)) == means(glob, path)


def test_a_star_stays_in_its_folder_and_a_folder_covers_what_is_below() -> None:
    assert covers("infra/*.tf", "infra/rds.tf")
    assert not covers("infra/*.tf", "infra/old/rds.tf")
    assert covers("infra/**/*.tf", "infra/rds.tf")
    assert covers("infra/", "infra/old/rds.tf")
    assert not covers("infra", "infrastructure/rds.tf")


def test_a_hostile_glob_ends() -> None:
    assert not covers("/".join(["**", "a"] * 500), "/".join(["a"] * 499))
    assert not covers("*a" * 200 + "b", "a" * 250)
