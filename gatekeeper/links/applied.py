"""Which plan a job applies with Terraform: one that was saved and waited for somebody, or one made at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.pipelines import later
from gatekeeper.links.ran import ran_in
from gatekeeper.models.pipeline import Fact, Job, Step, before
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.project import Project

_TOOLS = frozenset({"terraform", "tofu", "terragrunt"})
_TAKES_VALUE = frozenset("-var -var-file -target -replace -state -state-out -backup -parallelism -lock-timeout".split())
_COMPARES = ("dflook/terraform-apply", "dflook/tofu-apply")


class Applied(NamedTuple):
    """An apply: `reviewed` (a saved plan that something waited on), `at once` (saved, and nothing waits between),
    `anew` (planned at that moment) or `unknown`; and the step that made the plan."""

    how: str
    fact: Fact
    plan: Fact | None = None


def applied(job: Job, project: Project) -> list[Applied]:
    """The applies of a job, by its own steps or by what those run of the repository; made once."""
    return project.once(("applied", id(job)), lambda project: list(_applied(job, project)))


def destroyed(job: Job, project: Project) -> bool:
    """Whether what it applies is destroyed again in the same run, by a step that certainly runs."""
    triggers = deploying(job)
    steps = [step for each in (job, *later(job)) for step in each.steps if not step.never]
    return any(
        any(each.own and each.words[0] in _TOOLS and _DESTROYS & {*each.words} for each in ran_in(step, project))
        and any(step.runs_in(trigger) or step.runs_in(trigger, failed=True) for trigger in triggers)
        for step in steps
    )


_DESTROYS = frozenset({"destroy", "-destroy", "--destroy"})


def _calls(step: Step, project: Project) -> Iterator[tuple[str, ...]]:
    """The commands of Terraform that a step leads to."""
    return (each.words for each in ran_in(step, project) if each.words[0] in _TOOLS)


def _applied(job: Job, project: Project) -> Iterator[Applied]:
    for fact in job.facts:
        if fact.kind != "deploy" or fact.strength == "name":
            continue
        if fact.step.slug.startswith(_COMPARES):
            asks = fact.step.inputs.get("auto_approve", "false").lower()
            yield Applied({"false": "reviewed", "true": "anew"}.get(asks, "unknown"), fact)
        elif fact.tool in _TOOLS:
            yield _of_command(fact, job, project)


def _of_command(fact: Fact, job: Job, project: Project) -> Applied:
    words = _words(fact, project)
    if words is None:
        return Applied("unknown", fact)
    plain = _arguments(words)
    if not plain:
        return Applied("anew", fact)
    plan = _saves(job, plain[0], project)
    if plan is None:
        return Applied("unknown", fact)
    return Applied("reviewed" if _waits(plan, fact, job) else "at once", fact, plan)


def _words(fact: Fact, project: Project) -> tuple[str, ...] | None:
    """The words of the command that a fact stands for."""
    applies = [each for each in ran_in(fact.step, project) if each.words[0] in _TOOLS and "apply" in each.words]
    return next((each.words for each in (*(e for e in applies if e.order == fact.order), *applies)), None)


def _arguments(words: tuple[str, ...]) -> list[str]:
    """What stands behind `apply` and is no option: the file of a saved plan."""
    rest = words[words.index("apply") + 1 :]
    found: list[str] = []
    for before_, word in zip(("", *rest), rest, strict=False):
        if word.startswith("-") or before_ in _TAKES_VALUE:
            continue
        found.append(word)
    return found


def _saves(job: Job, name: str, project: Project) -> Fact | None:
    """The step before that saves a plan under a name."""
    last = name.rpartition("/")[2]
    for each in (job, *job.ancestors()):
        for fact in each.facts:
            if fact.kind == "plan" and fact.tool in _TOOLS and any(_out(fact.step, last, project)):
                return fact
    return None


def _out(step: Step, name: str, project: Project) -> Iterator[bool]:
    for words in _calls(step, project):
        for before_, word in zip(("", *words), words, strict=False):
            flag, _, value = word.partition("=")
            given = value if flag.lstrip("-") == "out" else word if before_.lstrip("-") == "out" else ""
            if given and given.rpartition("/")[2] == name:
                yield True


def _waits(plan: Fact, fact: Fact, job: Job) -> bool:
    """Whether something waits between the plan and the apply: an approval, or an environment of the applying job."""
    made = plan.step.job
    if made is not job and job.environment is not None:
        return True
    for each in before(job):
        if each.kind != "approval":
            continue
        there = each.step.job
        if there is job and (made is not job or plan.order < each.order < fact.order):
            return True
        if there is not job and (made in there.ancestors() or (made is there and plan.order < each.order)):
            return True
    return False
