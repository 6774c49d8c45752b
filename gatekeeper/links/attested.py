"""Which attestations of a criterion hold for what is judged, and why the others do not."""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper import git
from gatekeeper.discover import Unreadable
from gatekeeper.globs import covers
from gatekeeper.models.attestations import FOLDER, Attestation
from gatekeeper.node import regex
from gatekeeper.project import Project

MOST = 200  # statements of one criterion, well formed and in time, that are held against what is here
ASKED = 500  # signatures that are verified and commits that are compared, for all criteria together
_COMPARED = 2_000_000  # times that a glob is held against a path
_WILD = regex(r"[*?\[]")


class Standing(NamedTuple):
    """Whether an attestation holds; if not, a reason of UNKNOWN's closed list, in words, and whether it was forged.

    `untold`: it may hold all the same; what would tell, such as its commit or ssh-keygen, is not here.
    """

    attestation: Attestation
    holds: bool
    reason: str = ""
    words: str = ""
    tampered: bool = False
    untold: bool = False


class _Doubt(NamedTuple):
    reason: str
    words: str
    tampered: bool = False
    untold: bool = False


_TOO_MANY = _Doubt(
    "unreadable", f"is not looked at: at most {MOST} statements of a criterion are; remove what is over", untold=True
)
_TOO_MUCH = _Doubt(
    "unreadable", "is not looked at: all attestations together ask for more comparisons than are made", untold=True
)


def attested(criterion: str, project: Project, days: int, *, this_commit: bool = False) -> list[Standing]:
    """What people state about a criterion: first what holds, then the most recent.

    A statement is accepted for so many days. With `this_commit` it must be about the commit that is judged; one that
    only adds attestations to it is the same.
    """
    name = ("attested", criterion, days, this_commit)
    return project.once(name, lambda project: _standings(criterion, project, days, this_commit))


def standing_of(attestation: Attestation, project: Project, days: int) -> Standing:
    """How one statement stands, as `attested` says."""

    def index(project: Project) -> dict[Attestation, Standing]:
        return {each.attestation: each for each in attested(attestation.criterion, project, days)}

    return project.once(("standing", attestation.criterion, days), index)[attestation]


def _standings(criterion: str, project: Project, days: int, this_commit: bool) -> list[Standing]:
    statements = project.by(Attestation, "criterion").get(criterion, [])
    doubts = {each: next(_of_its_own(each, project.today, days), None) for each in statements}
    # Those that deny come first: while one of them is not looked at, none that says `met` may hold.
    in_time = sorted((each for each in statements if not doubts[each]), key=lambda each: (each.met, -_made(each)))
    stopped: _Doubt | None = None
    for count, each in enumerate(in_time):
        doubts[each] = stopped or (_doubt(each, project, this_commit) if count < MOST else _TOO_MANY)
        stopped = doubts[each] if doubts[each] in (_TOO_MANY, _TOO_MUCH) else None
    standings = [_standing(each, doubts[each]) for each in statements]
    return sorted(standings, key=lambda each: (not each.holds, -_made(each.attestation)))


def _made(attestation: Attestation) -> int:
    return (attestation.on or datetime.date.min).toordinal()


def _standing(attestation: Attestation, doubt: _Doubt | None) -> Standing:
    if doubt is None:
        return Standing(attestation, True)
    words = f"{attestation.path.rpartition('/')[2]} {doubt.words}"
    return Standing(attestation, False, doubt.reason, words, doubt.tampered, doubt.untold)


def _of_its_own(attestation: Attestation, today: datetime.date, days: int) -> Iterator[_Doubt]:
    """Why it does not hold whatever is here. What is over is not asked for its signature: its key may be gone."""
    if attestation.problem:
        yield _Doubt("unreadable", f"is malformed: {attestation.problem}")
        return
    on, expires = attestation.on, attestation.expires
    assert on and expires
    if on > today + datetime.timedelta(1):  # a day for time zones
        yield _Doubt("stale", f"is dated {on}, which is yet to come")
    last = attestation.last_day(days)
    if last < today:
        capped = f", {days} days after it was made: longer none is accepted" if last < expires else ""
        yield _Doubt("attestation-expired", f"expired on {last}{capped}")


class _Exhausted(Exception):
    """More was to be compared than is."""


class _Effort:
    """What may still be done to hold statements against what is here. Raises `_Exhausted` past that."""

    def __init__(self) -> None:
        self._asked = ASKED
        self._compared = _COMPARED

    def ask(self) -> None:
        self._asked -= 1
        if self._asked < 0:
            raise _Exhausted

    def compare(self) -> None:
        self._compared -= 1
        if self._compared < 0:
            raise _Exhausted


def _effort(project: Project) -> _Effort:
    return project.once("effort for attestations", lambda _: _Effort())


def _doubt(attestation: Attestation, project: Project, this_commit: bool) -> _Doubt | None:
    def make(project: Project) -> _Doubt | None:
        try:
            return next(_doubts(attestation, project, this_commit), None)
        except _Exhausted:
            return _TOO_MUCH

    return project.once(("doubt", attestation, this_commit), make)


def _doubts(attestation: Attestation, project: Project, this_commit: bool) -> Iterator[_Doubt]:
    """Why it does not hold for what is here."""
    yield from _of_somebody_else(attestation, project)
    if not attestation.at_commit:
        if this_commit:
            yield _Doubt("wrong-subject", "names no at_commit, and this is attested of one commit")
        return
    commit = project.commit
    if commit is None:
        yield _Doubt("wrong-subject", f"is about commit {attestation.at_commit[:7]}, and there is no commit here")
        return
    if this_commit:
        yield from _of_another_commit(attestation, project, commit)
    if attestation.covers:
        yield from _of_what_changed(attestation, project, commit)


def _of_somebody_else(attestation: Attestation, project: Project) -> Iterator[_Doubt]:
    """What is wrong about its signature, where it carries one."""
    detached = f"{attestation.path}.sig"
    if detached not in project.tree and detached not in project.once("files of attestations", _files):
        return
    signer = project.once(
        ("signature", attestation.path, attestation.email), lambda project: _signature(attestation, detached, project)
    )
    if isinstance(signer, _Doubt):
        yield signer
    elif signer != attestation.email:
        yield _Doubt("unbound", f"is signed by {signer}, not by {attestation.email or 'a `by` with an email'}")


def _files(project: Project) -> frozenset[str]:
    return frozenset(project.tree.below(FOLDER))


def _signature(attestation: Attestation, detached: str, project: Project) -> _Doubt | str:
    """Who signed it."""
    from gatekeeper import signatures

    tree = project.tree
    try:
        data, signature = bytes(tree.data(attestation.path)), bytes(tree.data(detached))
    except Unreadable as error:
        return _Doubt("unreadable", f"has a signature that cannot be read: {error}")
    try:
        allowed = bytes(tree.data(signatures.ALLOWED))
    except Unreadable as error:
        return _Doubt("unreadable", f"is signed, and there is no {signatures.ALLOWED} to verify against: {error}")
    _effort(project).ask()
    found = signatures.verify(data, signature, allowed, attestation.email)
    if found.valid:
        return found.signer
    reason = "wrong-subject" if found.checked else "tool-error"
    return _Doubt(reason, f"is signed, but {found.words}", found.checked, untold=not found.checked)


def _of_another_commit(attestation: Attestation, project: Project, commit: git.Commit) -> Iterator[_Doubt]:
    if not commit.id.startswith(attestation.at_commit):
        changed = _since(attestation.at_commit, project, commit, but=FOLDER)
        if changed is None:
            yield _absent(attestation.at_commit)
        elif changed.paths:
            short, here = attestation.at_commit[:7], commit.id[:7]
            yield _Doubt("wrong-subject", f"is about commit {short}; this is {here}, which changes {changed.paths[0]}")
    if commit.dirty:
        root = project.tree.root
        differing = project.once(("changed here", FOLDER), lambda _: git.changed_here(root, but=FOLDER))
        if differing is None or differing:
            words = f"is about a commit, from which this working copy differs{_named(differing)}"
            yield _Doubt("wrong-subject", words, untold=differing is None)


def _of_what_changed(attestation: Attestation, project: Project, commit: git.Commit) -> Iterator[_Doubt]:
    """It ends with the first change to what it covers, whether committed or not."""
    effort = _effort(project)
    changed = _since(attestation.at_commit, project, commit)
    if changed is None:
        yield _absent(attestation.at_commit)
        return
    path = changed.first(attestation.covers, effort)
    if path:
        yield _Doubt("wrong-subject", f"covers {path}, which has changed since commit {attestation.at_commit[:7]}")
    here = project.once("working copy", _working_copy)
    if here is None:
        yield _Doubt("wrong-subject", "covers paths of which git cannot say whether they have changed", untold=True)
        return
    path = here.first(attestation.covers, effort)
    if path:
        yield _Doubt("wrong-subject", f"covers {path}, which differs from what is committed")
    every = project.once("every path", lambda project: _Paths(project.tree.paths))
    for glob in attestation.covers:
        if not every.first([glob], effort):
            yield _Doubt("wrong-subject", f"covers nothing that exists: {glob}")


class _Paths:
    """Paths in order, for globs to be held against; what each comes to is kept."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = sorted(paths)
        self._found: dict[str, str] = {}

    def first(self, globs: Iterable[str], effort: _Effort) -> str:
        """The first path that one of the globs means; '' when there is none."""
        return min(filter(None, (self._first(glob, effort) for glob in globs)), default="")

    def _first(self, glob: str, effort: _Effort) -> str:
        if glob not in self._found:
            self._found[glob] = next(self._meant(glob, effort), "")
        return self._found[glob]

    def _meant(self, glob: str, effort: _Effort) -> Iterator[str]:
        wild = _WILD.search(glob)
        folder = glob[: glob.rfind("/", 0, wild.start()) + 1] if wild else f"{glob.rstrip('/')}/"
        itself = folder[:-1]
        if next(self._beginning(itself), "") == itself and covers(glob, itself):
            yield itself
        for path in self._beginning(folder):
            effort.compare()
            if covers(glob, path):
                yield path

    def _beginning(self, words: str) -> Iterator[str]:
        """The paths that begin so; one that is just that comes first."""
        for at in range(bisect_left(self.paths, words), len(self.paths)):
            if not self.paths[at].startswith(words):
                return
            yield self.paths[at]


def _since(at_commit: str, project: Project, commit: git.Commit, but: str = "") -> _Paths | None:
    """The paths that changed since a commit; None when it is not here."""

    def make(project: Project) -> _Paths | None:
        _effort(project).ask()
        changed = git.changed_since(project.tree.root, at_commit, commit.id, but=but)
        return None if changed is None else _Paths(changed)

    return project.once(("since", at_commit, but), make)


def _working_copy(project: Project) -> _Paths | None:
    """What is not committed: changed, or new."""
    root = project.tree.root
    changed = git.changed_here(root) if project.commit and project.commit.dirty else set()
    new = git.untracked(root)
    return None if changed is None or new is None else _Paths(changed | new)


def _absent(at_commit: str) -> _Doubt:
    words = f"is about commit {at_commit[:12]}, which is not in this clone: fetch the whole history (fetch-depth: 0)"
    return _Doubt("wrong-subject", words, untold=True)


def _named(changed: set[str] | None) -> str:
    return f": {min(changed)}" if changed else ""
