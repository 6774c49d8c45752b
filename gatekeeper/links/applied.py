"""Which plan a job applies with Terraform: one that was saved and waited for somebody, or one made at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.pipeline import Fact, Job, Step, before
from gatekeeper.models.pipeline.kinds import unwrap
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.models.pipeline.shell import commands

_TOOLS = frozenset({"terraform", "tofu", "terragrunt"})
_TAKES_VALUE = frozenset("-var -var-file -target -replace -state -state-out -backup -parallelism -lock-timeout".split())
_COMPARES = ("dflook/terraform-apply", "dflook/tofu-apply")


class Applied(NamedTuple):
    """An apply: `reviewed` (a saved plan that something waited on), `at once` (saved, and nothing waits between),
    `anew` (planned at that moment) or `unknown`; and the step that made the plan."""

    how: str
    fact: Fact
    plan: Fact | None = None


def applied(job: Job) -> list[Applied]:
    """The applies of a job that its own steps show."""
    return list(_applied(job))


def destroyed(job: Job) -> bool:
    """Whether what it applies is destroyed again in the same run, by a step that certainly runs."""
    triggers = deploying(job)
    later = [job, *(each for each in job.root.pipeline.all_jobs if job in each.ancestors())]
    steps = [step for each in later for step in each.steps if "destroy" in step.run]
    return any(
        _destroys(step) and any(step.runs_in(trigger) or step.runs_in(trigger, failed=True) for trigger in triggers)
        for step in steps
    )


def _destroys(step: Step) -> bool:
    for script in step.scripts:
        words = unwrap(script.command.words)
        if words[:1] and words[0] in _TOOLS and {"destroy", "-destroy", "--destroy"} & set(words):
            return True
    return False


def _applied(job: Job) -> Iterator[Applied]:
    for fact in job.facts:
        if fact.kind != "deploy" or fact.strength != "strong":
            continue
        if fact.step.slug.startswith(_COMPARES):
            asks = fact.step.inputs.get("auto_approve", "false").lower()
            yield Applied({"false": "reviewed", "true": "anew"}.get(asks, "unknown"), fact)
        elif fact.tool in _TOOLS:
            yield _of_command(fact, job)


def _of_command(fact: Fact, job: Job) -> Applied:
    words = _words(fact.step, fact.order % 1000)
    if words is None:
        return Applied("unknown", fact)
    plain = _arguments(words)
    if not plain:
        return Applied("anew", fact)
    plan = _saves(job, plain[0])
    if plan is None:
        return Applied("unknown", fact)
    return Applied("reviewed" if _waits(plan, fact, job) else "at once", fact, plan)


def _words(step: Step, number: int) -> tuple[str, ...] | None:
    """The words of the command of a step's script that a fact stands for."""
    script = step.scripts
    if number < len(script):
        words = unwrap(script[number].command.words)
        if words[:1] and words[0] in _TOOLS and "apply" in words:
            return words
    for command in commands(step.run):
        words = unwrap(command.words)
        if words[:1] and words[0] in _TOOLS and "apply" in words:
            return words
    return None


def _arguments(words: tuple[str, ...]) -> list[str]:
    """What stands behind `apply` and is no option: the file of a saved plan."""
    rest = words[words.index("apply") + 1 :]
    found: list[str] = []
    for before_, word in zip(("", *rest), rest, strict=False):
        if word.startswith("-") or before_ in _TAKES_VALUE:
            continue
        found.append(word)
    return found


def _saves(job: Job, name: str) -> Fact | None:
    """The step before that saves a plan under a name."""
    last = name.rpartition("/")[2]
    for each in (job, *job.ancestors()):
        for fact in each.facts:
            if fact.kind == "plan" and fact.tool in _TOOLS and any(_out(fact.step, last)):
                return fact
    return None


def _out(step: Step, name: str) -> Iterator[bool]:
    for script in step.scripts:
        words = script.command.words
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
