"""Whether a deployment to production waits for a check, in the words of its rule."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gatekeeper.links.pipelines import cannot_do_without, depends, production_of
from gatekeeper.links.required_checks import settled
from gatekeeper.models.pipeline import Fact, Job, Judgement, Level
from gatekeeper.node import Node
from gatekeeper.project import Project


class Awaited(NamedTuple):
    """yes, required (the server lets nothing be merged without it; `at` says where), unknown or no, and why.

    `reason` is of UNKNOWN's closed list; `cites` are what the answer rests on.
    """

    word: Literal["yes", "required", "unknown", "no"]
    why: str = ""
    reason: str = "unresolved"
    at: Node | None = None
    cites: tuple[Fact, ...] = ()


def awaited(job: Job, kinds: frozenset[str], check: str, project: Project, *, by: str = "") -> Awaited:
    """Whether a job that deploys to production waits for a check of one of the kinds.

    `check` is what people call it, `by` what makes it where that has a name of its own.
    """
    judgement = depends(job, kinds, project)
    if cannot_do_without(judgement):
        return Awaited("yes")
    message = f"{job.id} deploys to production without waiting for a {check}: {_why(judgement, by or check)}"
    demanded = settled(judgement, job, project)
    if demanded and demanded.word == "yes" and demanded.at is not None:
        return Awaited("required", demanded.why, at=demanded.at)
    if demanded:
        more = f"; {demanded.next}" if demanded.next else ""
        return Awaited("unknown", f"{message}; {demanded.why}{more}", "needs-api")
    if judgement.level in (Level.INDIRECT, Level.UNKNOWN):
        return Awaited("unknown", message, "needs-api" if judgement.level is Level.INDIRECT else "unresolved")
    if judgement.cites and all(fact.strength == "name" for fact in judgement.cites):
        return Awaited("unknown", f"{message}; that it is one is said by its name alone")
    production = production_of(job, project)
    if production and not production.certain:
        return Awaited("unknown", f"{message}; held to be production because {production.why}")
    return Awaited("no", message, cites=judgement.cites)


def _why(judgement: Judgement, sought: str) -> str:
    if judgement.level is Level.UNKNOWN and not judgement.cites:
        return f"no recognised {sought}; {judgement.why}"
    if judgement.level is Level.SOFT:
        return f"{judgement.cites[0].step.label}: {judgement.why}"
    return judgement.why or f"no recognised {sought} in any pipeline"
