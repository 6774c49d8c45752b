"""Which evidence proves something about the revision that is judged: bound to it, of it, and not too old."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from gatekeeper.git import origin_of, tracked
from gatekeeper.models import Subject
from gatekeeper.models.evidence import Evidence, Origin
from gatekeeper.models.evidence.facts import Facts, Problem, Scan
from gatekeeper.node import Span
from gatekeeper.project import Project
from gatekeeper.rule import Measure, Place, Reason, Unknown, place
from gatekeeper.settings import BINDINGS

F = TypeVar("F", bound=Facts)


class Held(NamedTuple, Generic[F]):
    """One piece of evidence that holds."""

    evidence: Evidence
    facts: F

    @property
    def at(self) -> Place:
        return place(self.evidence)

    def line(self, number: int) -> Place:
        """A line of the artifact."""
        return Place(self.at.source, Span(max(number, 1), 1, max(number, 1), 1))

    def place_of(self, problem: Problem, project: Project) -> Place:
        """Where a scanner's result is shown: the line of the repository that it names, else its record."""
        if problem.path in project.tree and problem.line > 0:
            source = project.tree.source(problem.path)
            return Place(source, source.line_span(problem.line))
        return self.line(problem.record)

    def failed(self) -> Iterator[Unknown]:
        """For a report that shows nothing wrong: the answer where the command that wrote it failed all the same."""
        code = self.evidence.origin.exit_code
        if code:
            words = f"the command exited with {code} although its report shows nothing wrong"
            yield Unknown(self.at, f"{self.evidence.path}: {words}", Reason.TOOL_ERROR)

    def measure(self, words: str, total: int) -> Measure:
        return Measure(self.at, words, total, _made(self.evidence), self.evidence.origin.binding)


class Proofs(NamedTuple, Generic[F]):
    """The evidence of one kind: what holds, and why the rest does not. Both empty: there is none."""

    held: list[Held[F]]
    open: list[Unknown]


def proofs(
    kind: type[F],
    project: Project,
    formats: Sequence[str],
    *,
    max_age: int | None = None,
    any_commit: bool = False,
    where: Callable[[F], bool] = lambda facts: True,
) -> Proofs[F]:
    """Evidence of a kind of facts in some formats; `where` chooses among it.

    It must be about the commit that is judged unless `any_commit`: then its age alone (`max_age`, in days) says whether
    it still holds.
    """
    held: list[Held[F]] = []
    open_: list[Unknown] = []
    for evidence in project.all(Evidence):
        facts = evidence.facts
        if evidence.format not in formats:
            continue
        if evidence.trouble:
            words = f"{evidence.path}: {evidence.trouble.message}"
            open_.append(Unknown(evidence, words, Reason(evidence.trouble.reason)))
        elif isinstance(facts, kind) and where(facts):
            doubt = next(_doubts(evidence, project, max_age, any_commit), None)
            if doubt:
                open_.append(Unknown(evidence, f"{evidence.path}: {doubt[1]}", doubt[0]))
            else:
                held.append(Held(evidence, facts))
    return Proofs(held, open_)


def none(project: Project, words: str) -> Iterable[Unknown]:
    """The answer where there is no evidence at all: what was looked for."""
    yield Unknown(project.repository, words, Reason.NO_EVIDENCE)


def elsewhere(evidence: Evidence, repository: str, project: Project) -> list[Unknown]:
    """The answer where a snapshot is of another repository than the one that is judged (owner/name)."""
    ours = _ours(project)
    if not repository or not ours or repository.lower() == ours:
        return []
    words = f"{evidence.path} is about {repository}; this is {ours}"
    return [Unknown(evidence, words, Reason.WRONG_SUBJECT)]


def _ours(project: Project) -> str:
    return project.once("origin", lambda project: owner_and_name(origin_of(project.tree.root)))


def owner_and_name(url: str) -> str:
    """`owner/name` of a repository's address (https, ssh or scp form), in lower case; '' when it has none."""
    words = url.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")
    return "/".join(words[-2:]).lower() if len(words) > 2 else ""


def _doubts(
    evidence: Evidence, project: Project, max_age: int | None, any_commit: bool
) -> Iterator[tuple[Reason, str]]:
    origin, facts = evidence.origin, evidence.facts
    assert facts
    asked = project.settings.evidence.weakest(project.profile)
    if BINDINGS.index(origin.binding) < BINDINGS.index(asked):
        yield Reason.UNBOUND, f"nothing binds it to a commit ({origin.binding}); `gatekeeper evidence add` does"
    yield from _of_another_repository(origin, project)
    vouched = origin.binding in ("manifest", "signed")
    if not any_commit:
        if evidence.path in project.once("tracked", lambda project: tracked(project.tree.root)):
            yield Reason.UNBOUND, "is part of the commit, and was not made from it; let git ignore evidence"
        for commit in filter(None, (origin.commit, facts.commit)):  # a manifest does not outvote what it vouches for
            yield from _of_another_commit(commit, bool(origin.dirty or facts.dirty), project)
        if vouched and not origin.commit:
            yield Reason.WRONG_SUBJECT, "its manifest names no commit"
        if origin.binding == "itself" and not (origin.commit or facts.commit) and not _deployed(facts, project):
            yield Reason.UNBOUND, "names an image that nothing here deploys, and no commit"
    made = _made(evidence)
    if max_age is not None and made is None:
        yield Reason.STALE, f"does not say when it was made; at most {max_age} days old is asked"
    if made is not None:
        yield from _out_of_time(made, max_age, project)
    if vouched and not any_commit and origin.dirty is None:
        yield Reason.WRONG_SUBJECT, "its manifest does not say whether the working copy differed from the commit"


def _of_another_repository(origin: Origin, project: Project) -> Iterator[tuple[Reason, str]]:
    theirs = owner_and_name(origin.repository)
    if theirs and _ours(project) and theirs != _ours(project):
        yield Reason.WRONG_SUBJECT, f"is about {theirs}; this is {_ours(project)}"


def _deployed(facts: Facts, project: Project) -> bool:
    """Whether a scan is of an image that a workload here names by its digest."""
    if not isinstance(facts, Scan):
        return False
    model = Subject.registry.get("kubernetes.Container")
    references = [getattr(each, "reference", None) for each in (project.all(model) if model else ())]
    digests = {each.digest for each in references if each and each.digest}
    return any(digest in image for digest in digests for image in facts.images)


def _of_another_commit(commit: str, dirty: bool, project: Project) -> Iterator[tuple[Reason, str]]:
    if project.commit is None:
        yield Reason.WRONG_SUBJECT, f"is about commit {commit[:7]}, and there is no commit here to hold it against"
    elif not (len(commit) >= 7 and project.commit.id.startswith(commit.lower())):
        yield Reason.WRONG_SUBJECT, f"is about commit {commit[:7]}; this is {project.commit.id[:7]}"
    elif dirty:
        yield Reason.WRONG_SUBJECT, f"was made from a working copy that differs from commit {commit[:7]}"
    elif project.commit.dirty:
        yield Reason.WRONG_SUBJECT, f"is about commit {commit[:7]}, from which this working copy differs"


def _made(evidence: Evidence) -> datetime.datetime | None:
    """When it was made: the earlier of what it says and what its manifest says."""
    said = evidence.facts.made if evidence.facts else None
    return min(filter(None, (evidence.origin.made, said)), default=None)


def _day(made: datetime.datetime) -> datetime.date:
    try:
        return made.astimezone(datetime.UTC).date()
    except OverflowError:  # at either end of the calendar
        return made.date()


def _out_of_time(made: datetime.datetime, max_age: int | None, project: Project) -> Iterator[tuple[Reason, str]]:
    days = (project.today - _day(made)).days
    if made.year < 2000:
        yield Reason.STALE, f"says that it was made in the year {made.year}"
    elif days < -1:  # a day for time zones
        yield Reason.STALE, f"was made on {made.date()}, which is yet to come"
    elif max_age is not None and days > max_age:
        yield Reason.STALE, f"is {days} days old; at most {max_age} are asked"
