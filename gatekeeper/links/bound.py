"""Whether evidence is about the repository and the commit that are judged, bound well enough, and not too old."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from gatekeeper.git import origin_of, owner_and_name, tracked
from gatekeeper.models import Subject
from gatekeeper.models.evidence import Evidence, Origin
from gatekeeper.models.evidence.facts import Facts, Scan
from gatekeeper.project import Project
from gatekeeper.settings import BINDINGS


def doubt(evidence: Evidence, project: Project, max_age: int | None, any_commit: bool) -> tuple[str, str] | None:
    """Why evidence proves nothing: a reason of UNKNOWN's closed list, and words. None where it holds.

    It must be about the commit that is judged unless `any_commit`: then its age alone (`max_age`, in days) counts.
    """
    return next(_doubts(evidence, project, max_age, any_commit), None)


def of_another(repository: str, project: Project) -> str:
    """That something is about another repository (owner/name) than the one that is judged, in words; else ''."""
    here = ours(project)
    return f"is about {repository}; this is {here}" if repository and here and repository.lower() != here else ""


def ours(project: Project) -> str:
    """`owner/name` of the repository that is judged, in lower case; '' where nothing says it."""
    return project.once("origin", lambda project: owner_and_name(origin_of(project.tree.root)))


def _doubts(evidence: Evidence, project: Project, max_age: int | None, any_commit: bool) -> Iterator[tuple[str, str]]:
    origin, facts = evidence.origin, evidence.facts
    assert facts
    asked = project.settings.evidence.weakest(project.profile)
    if BINDINGS.index(origin.binding) < BINDINGS.index(asked):
        yield "unbound", f"nothing binds it to a commit ({origin.binding}); `gatekeeper evidence add` does"
    yield from _of_another_repository(origin, project)
    vouched = origin.binding in ("manifest", "signed")
    if not any_commit:
        if evidence.path in project.once("tracked", lambda project: tracked(project.tree.root)):
            yield "unbound", "is part of the commit, and was not made from it; let git ignore evidence"
        for commit in filter(None, (origin.commit, facts.commit)):  # a manifest does not outvote what it vouches for
            yield from _of_another_commit(commit, bool(origin.dirty or facts.dirty), project)
        if vouched and not origin.commit:
            yield "wrong-subject", "its manifest names no commit"
        if origin.binding == "itself" and not (origin.commit or facts.commit) and not _deployed(facts, project):
            yield "unbound", "names an image that nothing here deploys, and no commit"
    when = made(evidence)
    if max_age is not None and when is None:
        yield "stale", f"does not say when it was made; at most {max_age} days old is asked"
    if when is not None:
        yield from _out_of_time(when, max_age, project)
    if vouched and not any_commit and origin.dirty is None:
        yield "wrong-subject", "its manifest does not say whether the working copy differed from the commit"


def _of_another_repository(origin: Origin, project: Project) -> Iterator[tuple[str, str]]:
    theirs = owner_and_name(origin.repository)
    if theirs and ours(project) and theirs != ours(project):
        yield "wrong-subject", f"is about {theirs}; this is {ours(project)}"


def _deployed(facts: Facts, project: Project) -> bool:
    """Whether a scan is of an image that a workload here names by its digest."""
    if not isinstance(facts, Scan):
        return False
    model = Subject.registry.get("kubernetes.Container")
    references = [getattr(each, "reference", None) for each in (project.all(model) if model else ())]
    digests = {each.digest for each in references if each and each.digest}
    return any(digest in image for digest in digests for image in facts.images)


def _of_another_commit(commit: str, dirty: bool, project: Project) -> Iterator[tuple[str, str]]:
    if project.commit is None:
        yield "wrong-subject", f"is about commit {commit[:7]}, and there is no commit here to hold it against"
    elif not (len(commit) >= 7 and project.commit.id.startswith(commit.lower())):
        yield "wrong-subject", f"is about commit {commit[:7]}; this is {project.commit.id[:7]}"
    elif dirty:
        yield "wrong-subject", f"was made from a working copy that differs from commit {commit[:7]}"
    elif project.commit.dirty:
        yield "wrong-subject", f"is about commit {commit[:7]}, from which this working copy differs"


def made(evidence: Evidence) -> datetime.datetime | None:
    """When it was made: the earlier of what it says and what its manifest says."""
    said = evidence.facts.made if evidence.facts else None
    return min(filter(None, (evidence.origin.made, said)), default=None)


def _day(made: datetime.datetime) -> datetime.date:
    try:
        return made.astimezone(datetime.UTC).date()
    except OverflowError:  # at either end of the calendar
        return made.date()


def _out_of_time(made: datetime.datetime, max_age: int | None, project: Project) -> Iterator[tuple[str, str]]:
    days = (project.today - _day(made)).days
    if made.year < 2000:
        yield "stale", f"says that it was made in the year {made.year}"
    elif days < -1:  # a day for time zones
        yield "stale", f"was made on {made.date()}, which is yet to come"
    elif max_age is not None and days > max_age:
        yield "stale", f"is {days} days old; at most {max_age} are asked"
