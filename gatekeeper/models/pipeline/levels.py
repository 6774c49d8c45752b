"""How far a deployment depends on a check: from ENFORCED (it cannot run unless the check passed) down to ABSENT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from gatekeeper.models.pipeline.ir import Fact, Job, Pipeline, Trigger
from gatekeeper.models.pipeline.reach import play, step_runs


class Level(StrEnum):
    """How far a deployment depends on a check.

    ENFORCED: the check comes before on every path, can fail, and the deployment then does not run. CHAINED: the same
    across pipelines. INDIRECT: another pipeline runs the check, and whether it is required is not in the files. SOFT:
    it comes before but cannot stop the deployment. UNCONNECTED: it runs beside or after. ABSENT: nothing recognised.
    """

    ENFORCED = "enforced"
    CHAINED = "chained"
    INDIRECT = "indirect"
    UNKNOWN = "unknown"
    SOFT = "soft"
    UNCONNECTED = "unconnected"
    ABSENT = "absent"


class Judgement(NamedTuple):
    """A level, the facts that it rests on, and why in a few words."""

    level: Level
    cites: tuple[Fact, ...] = ()
    why: str = ""


class _Held(NamedTuple):
    fact: Fact
    word: str  # yes | unknown | no | elsewhere (not in the runs that deploy)
    why: str


def level(deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline]) -> Judgement:
    """The level of a deploying job for a check of one of the kinds. `pipelines` are all of the repository's."""
    triggers = deploying(deploy)
    held = [_holds(fact, deploy, triggers) for fact in before(deploy) if fact.kind in kinds]
    firm = [each.fact for each in held if each.word == "yes"]
    if firm:
        return Judgement(Level.ENFORCED, tuple(firm), "")
    chained = _chained(deploy, kinds, pipelines, triggers)
    if chained and chained.level is Level.CHAINED:
        return chained
    open_ = [each for each in held if each.word == "unknown"]
    if open_:
        return Judgement(Level.UNKNOWN, tuple(each.fact for each in open_), open_[0].why)
    remote = [job for job in (deploy.root, deploy, *deploy.ancestors()) if job.unresolved]
    if remote:
        return Judgement(Level.UNKNOWN, (), f"{remote[0].unresolved} is in another repository")
    missing = deploy.root.pipeline.unresolved
    if missing:
        return Judgement(Level.UNKNOWN, (), f"{missing[0].text} cannot be read here: {missing[0].why}")
    indirect = _indirect(deploy, kinds, pipelines, held)
    soft = [each for each in held if each.word == "no"]
    met = {id(each.fact.step) for each in held}
    beside = tuple(f for f in deploy.root.pipeline.facts if f.kind in kinds and id(f.step) not in met)
    if chained:
        return chained
    if indirect:
        return Judgement(
            Level.INDIRECT,
            indirect,
            f"{indirect[0].step.job.root.pipeline.name} runs it; whether its check is required is not in the files",
        )
    if soft:
        return Judgement(Level.SOFT, tuple(each.fact for each in soft), soft[0].why)
    if beside:
        return Judgement(Level.UNCONNECTED, beside, _beside(beside[0], deploy))
    open_steps = unclassified(deploy)
    if open_steps:
        return Judgement(
            Level.UNKNOWN, (), f"{open_steps} step{'s' if open_steps > 1 else ''} before it could not be classified"
        )
    return Judgement(Level.ABSENT)


def holds(fact: Fact, deploy: Job) -> str:
    """Whether a deployment waits for a fact before it: yes, no, unknown, or elsewhere (not in the runs that deploy)."""
    return _holds(fact, deploy, deploying(deploy)).word


def deploying(deploy: Job) -> tuple[Trigger, ...]:
    """The triggers for which the job deploys: those that certainly do, else those that may; manual starts last."""
    pipeline = deploy.root.pipeline
    verdicts = [(trigger, play(pipeline, trigger).of(deploy)) for trigger in pipeline.triggers if trigger.ref != "call"]
    automatic = [(t, ran) for t, ran in verdicts if t.ref != "dispatch" and ran is not False]
    chosen = automatic or [(t, ran) for t, ran in verdicts if ran is not False]
    certain = tuple(t for t, ran in chosen if ran)
    return certain or tuple(t for t, _ in chosen)


def before(deploy: Job) -> Iterable[Fact]:
    """The facts that come before the first deployment of a job: earlier in it, and in the jobs above it."""
    first = deploy.deploy or next((fact for fact in deploy.facts if fact.kind == "deploy"), None)
    yield from (fact for fact in deploy.own_facts if first is None or fact.order < first.order)
    for job in deploy.ancestors():
        yield from job.facts


def unclassified(deploy: Job) -> int:
    """How many steps before the first deployment do something that is not known."""
    first = deploy.deploy
    limit = first.step.index if first else len(deploy.steps)
    own = [step for step in deploy.steps if step.index < limit]
    return sum(1 for step in (*own, *(s for job in deploy.ancestors() for s in job.steps)) if not step.classified)


def _holds(fact: Fact, deploy: Job, triggers: tuple[Trigger, ...]) -> _Held:
    """Whether the deployment waits for a fact before it, and does not run when it fails."""
    gate = fact.step.job
    for trigger in triggers:
        ran = True if gate is deploy and gate.unresolved else step_runs(fact.step, trigger)
        if ran is False:
            return _Held(fact, "elsewhere", f"{fact.step.label} does not run for {trigger.words}")
        if ran is None:
            return _Held(fact, "unknown", f"whether {fact.step.label} runs depends on its if:")
        verdict = _same_job(fact, deploy, trigger) if gate is deploy else _other_job(fact, gate, deploy, trigger)
        if verdict:
            return verdict
    if fact.blocking == "yes":
        return _Held(fact, "yes", "")
    return _Held(fact, fact.blocking, fact.reason)


def _same_job(fact: Fact, deploy: Job, trigger: Trigger) -> _Held | None:
    first = deploy.deploy or next(f for f in deploy.facts if f.kind == "deploy")
    if fact.step is first.step:
        return None
    runs = step_runs(first.step, trigger, failed=True)
    if runs is False:
        return None
    return _Held(fact, "no" if runs else "unknown", f"{first.step.label} runs although {fact.step.label} failed")


def _other_job(fact: Fact, gate: Job, deploy: Job, trigger: Trigger) -> _Held | None:
    pipeline = deploy.root.pipeline
    ran = play(pipeline, trigger).of(gate)
    if ran is False:
        return _Held(fact, "elsewhere", f"job {gate.id} does not run for {trigger.words}")
    runs = play(pipeline, trigger, {id(gate): "failure"}).of(deploy)
    if runs:
        why = gate.soft[1] and f"job {gate.id} has {gate.soft[1]}"
        return _Held(fact, "no", why or f"job {deploy.id} runs although job {gate.id} failed: its if: lets it")
    if runs is None:
        return _Held(fact, "unknown", f"whether job {deploy.id} runs when job {gate.id} failed depends on its if:")
    if ran is None and play(pipeline, trigger, {id(gate): "skipped"}).of(deploy):
        return _Held(fact, "unknown", f"job {deploy.id} runs also when job {gate.id} is skipped")
    return None


def _chained(
    deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline], triggers: tuple[Trigger, ...]
) -> Judgement | None:
    """A pipeline that starts after another one: does it wait for that one's success?"""
    waits = [fact for fact in before(deploy) if fact.kind == "wait"]
    if waits:
        found = tuple(f for p in pipelines for f in p.facts if f.kind in kinds)
        if found:
            return Judgement(Level.CHAINED, (*waits, *found), f"{waits[0].tool} waits for checks")
    if not triggers or any(trigger.ref != "workflow_run" for trigger in triggers):
        return None
    names = {name for trigger in triggers for name in trigger.follows}
    upstream = [p for p in pipelines if (p.title or p.path) in names and p is not deploy.root.pipeline]
    found = tuple(f for p in upstream for f in p.facts if f.kind in kinds and f.blocking == "yes")
    if not found:
        return None
    runs = play(deploy.root.pipeline, triggers[0], upstream="failure").of(deploy)
    if runs is False:
        return Judgement(Level.CHAINED, found, f"it starts after {upstream[0].name} succeeded")
    if runs is None:
        return Judgement(
            Level.UNKNOWN, found, f"whether it waits for the success of {upstream[0].name} depends on its if:"
        )
    return Judgement(
        Level.SOFT, found, f"it starts after {upstream[0].name}, also when that failed: no check of its conclusion"
    )


def _indirect(deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline], held: list[_Held]) -> tuple[Fact, ...]:
    own = deploy.root.pipeline
    other = [
        f for p in pipelines if p is not own and p.entry for f in p.facts if f.kind in kinds and f.blocking != "no"
    ]
    same = [each.fact for each in held if each.word == "elsewhere"]
    return (*same, *other)


def _beside(fact: Fact, deploy: Job) -> str:
    gate = fact.step.job
    if gate is deploy:
        return f"{fact.step.label} comes after the deployment"
    if deploy in gate.ancestors():
        return f"job {gate.id} runs after it"
    return f"job {gate.id} runs beside it: nothing makes it wait"
