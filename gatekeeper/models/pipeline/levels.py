"""How far a deployment depends on a check: from ENFORCED (it cannot run unless the check passed) down to ABSENT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from gatekeeper.models.pipeline.ir import Fact, Job, Pipeline, Step, Trigger
from gatekeeper.models.pipeline.reach import REFUSED, play, step_runs


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
    if not triggers:
        return Judgement(Level.UNKNOWN, (), "no run that the files show has it deploy")
    held = [_holds(fact, deploy, triggers) for fact in before(deploy) if fact.kind in kinds]
    firm = [each.fact for each in held if each.word == "yes"]
    doubt = _doubt(firm, deploy) if firm else ""
    if firm and not doubt:
        return Judgement(Level.ENFORCED, tuple(firm), "")
    chained = _chained(deploy, kinds, pipelines, triggers)
    if chained and chained.level is Level.CHAINED:
        return chained
    if firm:
        return Judgement(Level.UNKNOWN, tuple(firm), doubt)
    open_ = [each for each in held if each.word == "unknown"]
    if open_:
        return Judgement(Level.UNKNOWN, tuple(each.fact for each in open_), open_[0].why)
    unread = _unread(deploy)
    if unread:
        return Judgement(Level.UNKNOWN, (), unread)
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
    return _nowhere(deploy, kinds, pipelines)


def _nowhere(deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline]) -> Judgement:
    """The level where neither its own pipeline nor one that meets a change has such a check."""
    open_steps = unclassified(deploy)
    if open_steps:
        return Judgement(
            Level.UNKNOWN, (), f"{open_steps} step{'s' if open_steps > 1 else ''} before it could not be classified"
        )
    apart = _apart(kinds, pipelines)
    if apart:
        name = apart[0].step.job.root.pipeline.name
        return Judgement(Level.UNCONNECTED, apart, f"{name} starts by hand or on a schedule: nothing waits for it")
    return Judgement(Level.ABSENT)


def _apart(kinds: frozenset[str], pipelines: Sequence[Pipeline]) -> tuple[Fact, ...]:
    """The checks that no change starts."""
    others = [p for p in pipelines if p.entry and not _meets_change(p) and not kinds.isdisjoint(p.kinds)]
    return tuple(fact for p in others for fact in p.facts if fact.kind in kinds and fact.strength != "name")


def _unread(deploy: Job) -> str:
    """What comes before the deployment and cannot be read here; '' where all can."""
    remote = [job for job in (deploy.root, deploy, *deploy.ancestors()) if job.unresolved]
    if remote:
        return f"{remote[0].unresolved} is in another repository"
    missing = deploy.root.pipeline.unresolved
    if missing:
        return f"{missing[0].text} cannot be read here: {missing[0].why}"
    started = next((fact for fact in before(deploy) if fact.kind == "trigger" and fact.blocking == "yes"), None)
    if started and deploy.root.pipeline.platform == "jenkins":
        return f"{started.step.words} waits for another job, whose pipeline is not here"
    return ""


def holds(fact: Fact, deploy: Job) -> str:
    """Whether a deployment waits for a fact before it: yes, no, unknown, or elsewhere (not in the runs that deploy)."""
    return _holds(fact, deploy, deploying(deploy)).word


def holds_in(fact: Fact, deploy: Job, trigger: Trigger) -> tuple[str, str]:
    """`holds` for one way in which the pipeline starts, and why in a few words."""
    held = _holds(fact, deploy, (trigger,))
    return held.word, held.why


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
    at = next((number for number, fact in enumerate(deploy.facts) if fact is first), len(deploy.facts))
    yield from deploy.own_facts[:at]  # in their order: of a script or a recipe that does it all, too
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
    found: _Held | None = None
    for trigger in triggers:
        verdict = _holds_for(fact, deploy, trigger)
        if verdict and verdict.word == "no":
            return verdict
        found = found or verdict
    if found:
        return found
    if fact.blocking == "yes":
        return _Held(fact, "yes", "")
    return _Held(fact, fact.blocking, fact.reason)


def _holds_for(fact: Fact, deploy: Job, trigger: Trigger) -> _Held | None:
    gate = fact.step.job
    ran = True if gate is deploy and gate.unresolved else step_runs(fact.step, trigger)
    if ran is False:
        return _Held(fact, "elsewhere", f"{fact.step.words} does not run for {trigger.words}")
    if ran is None:
        return _Held(fact, "unknown", f"whether {fact.step.words} runs depends on {gate.says_when}")
    return _same_job(fact, deploy, trigger) if gate is deploy else _other_job(fact, gate, deploy, trigger)


def _doubt(firm: list[Fact], deploy: Job) -> str:
    """Why a check that holds by what can be read is not yet one that was judged; '' where nothing says so."""
    if all(fact.strength == "name" for fact in firm):
        return f"that {firm[0].step.words} is one is said by its name alone"
    jobs = {fact.step.job.root.pipeline for fact in firm if fact.step.job is not deploy}
    unread = next((each for pipeline in jobs if pipeline.merges for each in pipeline.unresolved), None)
    if unread:
        return f"{unread.text} cannot be read here, and may add to the jobs of this file: {unread.why}"
    return _by_hand(firm, deploy)


def _by_hand(firm: list[Fact], deploy: Job) -> str:
    """A start by hand that certainly deploys, and for which none of the checks runs."""
    pipeline = deploy.root.pipeline
    for trigger in pipeline.triggers:
        if trigger.ref == "dispatch" and play(pipeline, trigger).of(deploy):
            held = [_holds(fact, deploy, (trigger,)) for fact in firm]
            if all(each.word in ("no", "elsewhere") for each in held):
                return f"a start by hand deploys without it: {held[0].why}"
    return ""


def _same_job(fact: Fact, deploy: Job, trigger: Trigger) -> _Held | None:
    """A deployment of the same job that does not mind whether the steps before it failed."""
    found = [f for f in deploy.facts if f.kind == "deploy" and f.strength != "name"]
    first = found[0] if found else next(f for f in deploy.facts if f.kind == "deploy")
    for each in found or [first]:
        if fact.step is each.step:
            continue
        runs = step_runs(each.step, trigger, failed=True)
        if runs is False or (each is not first and step_runs(each.step, trigger) is False):
            continue
        return _Held(fact, "no" if runs else "unknown", f"{each.step.words} runs although {fact.step.words} failed")
    return None


def _other_job(fact: Fact, gate: Job, deploy: Job, trigger: Trigger) -> _Held | None:
    pipeline = deploy.root.pipeline
    ran = play(pipeline, trigger).of(gate)
    if ran is False:
        return _Held(fact, "elsewhere", f"job {gate.id} does not run for {trigger.words}")
    refused = fact.kind == "approval" and fact.order < 0
    runs = play(pipeline, trigger, {id(gate): REFUSED if refused else "failure"}).of(deploy)
    if runs:
        why = gate.soft[1] and f"job {gate.id} has {gate.soft[1]}"
        words = f"job {deploy.id} runs although job {gate.id} failed: {deploy.says_when} lets it"
        return _Held(fact, "no", why or words)
    if runs is None:
        words = f"whether job {deploy.id} runs when job {gate.id} failed depends on {deploy.says_when}"
        return _Held(fact, "unknown", words)
    idle = ("skipped", "absent") if pipeline.platform == "gitlab" else ("skipped",)
    if ran is None and any(play(pipeline, trigger, {id(gate): word}).of(deploy) for word in idle):
        return _Held(fact, "unknown", f"job {deploy.id} runs also when job {gate.id} is skipped")
    return None


def _chained(
    deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline], triggers: tuple[Trigger, ...]
) -> Judgement | None:
    """A deployment that waits for another pipeline: by an action that waits for its checks, or by following it."""
    waited = _waited(deploy, kinds, pipelines, triggers)
    if waited:
        return waited
    if not triggers or any(trigger.ref != "workflow_run" for trigger in triggers):
        return None
    names = {name for trigger in triggers for name in trigger.follows}
    upstream = [p for p in pipelines if (p.title or p.path) in names and p is not deploy.root.pipeline]
    own = [[f for f in p.facts if f.kind in kinds and f.blocking == "yes" and _pushed(f)] for p in upstream]
    found = tuple(fact for facts in own for fact in facts)
    if not found:
        return None
    runs = play(deploy.root.pipeline, triggers[0], upstream="failure").of(deploy)
    if runs:
        why = f"it starts after {upstream[0].name}, also when that failed: no check of its conclusion"
        return Judgement(Level.SOFT, found, why)
    if runs is None:
        return Judgement(
            Level.UNKNOWN, found, f"whether it waits for the success of {upstream[0].name} depends on its if:"
        )
    doubt = _doubt_of_chain(own, upstream, deploy)
    if doubt:
        return Judgement(Level.UNKNOWN, found, doubt)
    return Judgement(Level.CHAINED, found, f"it starts after {upstream[0].name} succeeded")


def _doubt_of_chain(own: Sequence[Sequence[Fact]], upstream: Sequence[Pipeline], deploy: Job) -> str:
    """Why the success of the pipelines that it follows is not yet that of the check; '' where nothing says so."""
    for facts, pipeline in zip(own, upstream, strict=True):
        if not facts:  # each of them starts it
            return f"it starts also after {pipeline.name}, where no such check was seen"
        if not any(_surely(fact) for fact in facts):
            return f"{pipeline.name} succeeds also without {facts[0].step.words}"
        if all(fact.strength == "name" for fact in facts):
            return f"that {facts[0].step.words} is one is said by its name alone"
    for trigger in deploy.root.pipeline.triggers:
        if trigger.ref == "dispatch" and play(deploy.root.pipeline, trigger).of(deploy):
            return f"a start by hand deploys without {upstream[0].name}"
    return ""


def _surely(fact: Fact) -> bool:
    """Whether it runs however its pipeline starts, pull requests aside."""
    pipeline = fact.step.job.root.pipeline
    starts = [t for t in pipeline.triggers if t.ref not in ("pr", "pr-target", "call", "dispatch")]
    starts = starts or [t for t in pipeline.triggers if t.ref != "call"]
    return all(play(pipeline, t).of(fact.step.job) and step_runs(fact.step, t) for t in starts)


def _waited(
    deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline], triggers: tuple[Trigger, ...]
) -> Judgement | None:
    """A step before the deployment that waits for checks of the same commit, of which one is such a check."""
    waits = [fact for fact in before(deploy) if fact.kind == "wait"]
    if not waits:
        return None
    refs = {(trigger.event, trigger.ref) for trigger in triggers}
    beside = [p for p in pipelines if p.entry and refs & {(t.event, t.ref) for t in p.triggers}]
    facts = [f for p in beside for f in p.facts if f.kind in kinds and f.blocking == "yes"]
    for wait in waits:
        if _holds(wait, deploy, triggers).word != "yes":
            continue
        found = tuple(fact for fact in facts if _is_waited_for(fact.step.job, wait.step))
        if any(fact.strength != "name" for fact in found):
            return Judgement(Level.CHAINED, (wait, *found), f"{wait.tool} waits for checks")
    return None


_CHECK_INPUTS = ("check-name", "checkname", "check_name")
_PATTERN_INPUTS = ("check-regexp", "match_pattern")


def _is_waited_for(job: Job, step: Step) -> bool:
    """Whether the checks that a step waits for hold that job: by its name, or all of them where it names none."""
    named = {step.inputs[key] for key in _CHECK_INPUTS if step.inputs.get(key)}
    if any(step.inputs.get(key) for key in _PATTERN_INPUTS) or "failure" in step.inputs.get("allowed-conclusions", ""):
        return False
    return not named or bool(named & {job.id, job.title})


def _pushed(fact: Fact) -> bool:
    """Whether it runs when its pipeline does, for every push that starts it."""
    job, pipeline = fact.step.job, fact.step.job.root.pipeline
    pushes = [trigger for trigger in pipeline.triggers if trigger.event == "push"] or list(pipeline.triggers)
    return all(play(pipeline, t).of(job) is not False and step_runs(fact.step, t) is not False for t in pushes)


def _indirect(deploy: Job, kinds: frozenset[str], pipelines: Sequence[Pipeline], held: list[_Held]) -> tuple[Fact, ...]:
    own = deploy.root.pipeline
    others = [p for p in pipelines if p is not own and p.entry and not kinds.isdisjoint(p.kinds) and _meets_change(p)]
    other = [f for p in others for f in p.facts if f.kind in kinds and f.blocking != "no"]
    same = [each.fact for each in held if each.word == "elsewhere"]
    return (*same, *sorted(other, key=lambda fact: fact.strength == "name"))


def _meets_change(pipeline: Pipeline) -> bool:
    """Whether it may run because of a change, so that a merge can depend on it: not by a schedule or by hand alone."""
    return any(trigger.ref not in ("schedule", "dispatch", "call") for trigger in pipeline.triggers)


def _beside(fact: Fact, deploy: Job) -> str:
    gate = fact.step.job
    if gate is deploy:
        return f"{fact.step.words} comes after the deployment"
    if deploy in gate.ancestors():
        return f"job {gate.id} runs after it"
    return f"job {gate.id} runs beside it: nothing makes it wait"
