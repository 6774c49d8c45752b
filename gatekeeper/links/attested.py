"""Which attestations of a criterion hold for what is judged, and why the others do not."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper import git, signatures
from gatekeeper.discover import Unreadable
from gatekeeper.globs import covers
from gatekeeper.models.attestations import FOLDER, Attestation
from gatekeeper.project import Project


class Standing(NamedTuple):
    """Whether an attestation holds; if not, a reason of UNKNOWN's closed list, in words, and whether it was forged."""

    attestation: Attestation
    holds: bool
    reason: str = ""
    words: str = ""
    tampered: bool = False


class _Doubt(NamedTuple):
    reason: str
    words: str
    tampered: bool = False


def attested(criterion: str, project: Project, days: int, *, this_commit: bool = False) -> list[Standing]:
    """What people state about a criterion: first what holds, then the most recent.

    A statement is accepted for so many days. With `this_commit` it must be about the commit that is judged; one that
    only adds attestations to it is the same.
    """
    standings = []
    for attestation in project.by(Attestation, "criterion").get(criterion, ()):
        doubt = next(_doubts(attestation, project, days, this_commit), None)
        words = f"{attestation.path.rpartition('/')[2]} {doubt.words}" if doubt else ""
        standings.append(Standing(attestation, doubt is None, *(doubt._replace(words=words) if doubt else ())))
    return sorted(standings, key=lambda each: (not each.holds, -(each.attestation.on or datetime.date.min).toordinal()))


def _doubts(attestation: Attestation, project: Project, days: int, this_commit: bool) -> Iterator[_Doubt]:
    """Why it does not hold. What is over is not asked for its signature: its key may be gone by now."""
    if attestation.problem:
        yield _Doubt("unreadable", f"is malformed: {attestation.problem}")
        return
    yield from _out_of_time(attestation, project.today, days)
    yield from _of_somebody_else(attestation, project)
    if this_commit and not attestation.at_commit:
        yield _Doubt("wrong-subject", "names no at_commit, and this is attested of one commit")
    if attestation.at_commit and project.commit is None:
        yield _Doubt("wrong-subject", f"is about commit {attestation.at_commit[:7]}, and there is no commit here")
    if this_commit:
        yield from _of_another_commit(attestation, project)
    if attestation.covers:
        yield from _of_what_changed(attestation, project)


def _out_of_time(attestation: Attestation, today: datetime.date, days: int) -> Iterator[_Doubt]:
    on, expires = attestation.on, attestation.expires
    assert on and expires
    if on > today + datetime.timedelta(1):  # a day for time zones
        yield _Doubt("stale", f"is dated {on}, which is yet to come")
    last = attestation.last_day(days)
    if last < today:
        capped = f", {days} days after it was made: longer none is accepted" if last < expires else ""
        yield _Doubt("attestation-expired", f"expired on {last}{capped}")


def _of_somebody_else(attestation: Attestation, project: Project) -> Iterator[_Doubt]:
    """What is wrong about its signature, where it carries one."""
    doubt = project.once(
        ("signature", attestation.path, attestation.email), lambda project: _signature(attestation, project)
    )
    if isinstance(doubt, _Doubt):
        yield doubt
    elif doubt and doubt != attestation.email:
        yield _Doubt("unbound", f"is signed by {doubt}, not by {attestation.email or 'a `by` with an email'}")


def _signature(attestation: Attestation, project: Project) -> _Doubt | str:
    """Who signed it; '' for nobody."""
    tree, path = project.tree, attestation.path
    detached = f"{path}.sig"
    if detached not in tree and detached not in tree.below(FOLDER):
        return ""
    try:
        data, signature = bytes(tree.data(path)), bytes(tree.data(detached))
    except Unreadable as error:
        return _Doubt("unreadable", f"has a signature that cannot be read: {error}")
    try:
        allowed = bytes(tree.data(signatures.ALLOWED))
    except Unreadable as error:
        return _Doubt("unreadable", f"is signed, and there is no {signatures.ALLOWED} to verify against: {error}")
    found = signatures.verify(data, signature, allowed, attestation.email)
    if found.valid:
        return found.signer
    return _Doubt("wrong-subject" if found.checked else "tool-error", f"is signed, but {found.words}", found.checked)


def _of_another_commit(attestation: Attestation, project: Project) -> Iterator[_Doubt]:
    commit = project.commit
    assert commit
    if not commit.id.startswith(attestation.at_commit):
        changed = _since(attestation.at_commit, project, but=FOLDER)
        if changed is None:
            yield _absent(attestation.at_commit)
        elif changed:
            words = (
                f"is about commit {attestation.at_commit[:7]}; this is {commit.id[:7]}, which changes {min(changed)}"
            )
            yield _Doubt("wrong-subject", words)
    if commit.dirty:
        changed = git.changed_here(project.tree.root, but=FOLDER)
        if changed is None or changed:
            yield _Doubt("wrong-subject", f"is about a commit, from which this working copy differs{_named(changed)}")


def _of_what_changed(attestation: Attestation, project: Project) -> Iterator[_Doubt]:
    """It ends with the first change to what it covers, whether committed or not."""
    short = attestation.at_commit[:7]
    changed = _since(attestation.at_commit, project)
    if changed is None:
        yield _absent(attestation.at_commit)
        return
    for path in sorted(filter(attestation.covering, changed)):
        yield _Doubt("wrong-subject", f"covers {path}, which has changed since commit {short}")
    here = project.once("working copy", _working_copy)
    if here is None:
        yield _Doubt("wrong-subject", "covers paths of which git cannot say whether they have changed")
        return
    for path in sorted(filter(attestation.covering, here)):
        yield _Doubt("wrong-subject", f"covers {path}, which differs from what is committed")
    for glob in attestation.covers:
        if not any(covers(glob, path) for path in project.tree.paths):
            yield _Doubt("wrong-subject", f"covers nothing that exists: {glob}")


def _since(at_commit: str, project: Project, but: str = "") -> set[str] | None:
    commit = project.commit
    assert commit
    root = project.tree.root
    return project.once(("since", at_commit, but), lambda _: git.changed_since(root, at_commit, commit.id, but=but))


def _working_copy(project: Project) -> set[str] | None:
    """What is not committed: changed, or new."""
    root = project.tree.root
    changed = git.changed_here(root) if project.commit and project.commit.dirty else set()
    new = git.untracked(root)
    return None if changed is None or new is None else changed | new


def _absent(at_commit: str) -> _Doubt:
    words = f"is about commit {at_commit[:12]}, which is not in this clone: fetch the whole history (fetch-depth: 0)"
    return _Doubt("wrong-subject", words)


def _named(changed: set[str] | None) -> str:
    return f": {min(changed)}" if changed else ""
