"""Write the table of well-known actions' tags and the commits they mean, from git tags of clones.

    python scripts/make_action_pins.py 2026-11-26 actions/checkout=/clones/checkout ... > \
        gatekeeper/models/pipeline/github/action_pins.tsv

A tag that is moved (`v4`) is written with the version that it means on that day: `v4  <commit>  v4.2.2`.
"""

from __future__ import annotations

import re
import subprocess
import sys

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_MAJORS = 4  # the newest of each action


def numbers(name: str) -> tuple[int, int, int]:
    """The version that a tag names; -1 for what it leaves out."""
    found = _VERSION.fullmatch(name)
    assert found
    major, minor, patch = (int(each) if each else -1 for each in found.groups())
    return major, minor, patch


def tags(folder: str) -> dict[str, str]:
    """Each tag that is a version, and the commit that it leads to."""
    refs = subprocess.run(
        ["git", "-C", folder, "for-each-ref", "--format=%(refname:short) %(objectname) %(*objectname)", "refs/tags"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = {}
    for line in refs.splitlines():
        name, *objects = line.split()
        if _VERSION.fullmatch(name):
            found[name] = objects[-1]
    return found


def rows(slug: str, folder: str) -> list[str]:
    known = tags(folder)
    whole = {name: commit for name, commit in known.items() if name.count(".") == 2}
    majors = sorted({numbers(name)[0] for name in known}, reverse=True)[:_MAJORS]
    written = []
    for name in sorted(known, key=numbers):
        same = sorted((other for other, commit in whole.items() if commit == known[name]), key=len)
        exact = name if name in whole else same[-1] if same else ""
        if exact and numbers(name)[0] in majors:
            written.append(f"{slug.lower()}\t{name}\t{known[name]}\t{exact}")
    return written


def main(date: str, pairs: list[str]) -> None:
    print(f"# Tags of well-known actions, of {date} (scripts/make_action_pins.py): action, tag, commit, version.")
    for pair in sorted(pairs):
        slug, _, folder = pair.partition("=")
        print("\n".join(rows(slug, folder)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
