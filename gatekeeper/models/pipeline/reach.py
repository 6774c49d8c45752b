"""Which jobs run when: a pipeline played through for one trigger, in three values.

Each job says for itself when it runs; here is what that comes to for the jobs behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gatekeeper.models.pipeline.ir import Job, Pipeline, Run, Status, Step, Trigger

REFUSED = "refused"  # a job whose person does not let it start
_SUCCESS, _FAILURE = frozenset({"success"}), frozenset({"failure"})


class Played(NamedTuple):
    """One run: whether each job runs (None: not known from the files), by the id of the object."""

    runs: dict[int, bool | None]

    def of(self, job: Job) -> bool | None:
        return self.runs.get(id(job), False)


def play(
    pipeline: Pipeline, trigger: Trigger, forced: Mapping[int, str] | None = None, upstream: str = "success"
) -> Played:
    """The run that a trigger starts. `forced` gives results to jobs; `upstream` that of the workflow it follows."""
    played: dict[object, Played] = pipeline.__dict__.setdefault("_played", {})
    key = (trigger.event, trigger.ref, trigger.branch, trigger.pattern, upstream, *(forced or {}).items())
    if key not in played:
        runs: dict[int, bool | None] = {}
        _play(pipeline, Run(trigger, upstream=upstream), True, forced or {}, runs)
        played[key] = Played(runs)
    return played[key]


def step_runs(step: Step, trigger: Trigger, failed: bool = False) -> bool | None:
    """Whether a step of a job that runs is run, for a trigger; with `failed`, after an earlier step has failed."""
    return step.runs_in(trigger, failed)


def environment_for(job: Job, trigger: Trigger) -> str | None:
    """The environment a job names in the run that a trigger starts; None when that is not known, '' for none."""
    owner = job if job.environment or not job.pipeline.caller else job.pipeline.caller
    return owner.environment_in(trigger)


def _play(
    pipeline: Pipeline, run: Run, started: bool | None, forced: Mapping[int, str], runs: dict[int, bool | None]
) -> Status:
    statuses: dict[str, Status] = {}
    aboves: dict[str, frozenset[Status]] = {}  # each once: how often one was met decides nothing
    for job in ordered(pipeline):
        before = {name: statuses[name] for name in job.needs if name in statuses}
        above = frozenset(before.values()).union(*(aboves[name] for name in before))
        aboves[job.id] = above
        here = Run(run.trigger, before, tuple(above), run.upstream)
        ran = job.runs_in(here) if started is not False else False
        ran = False if started is False or ran is False else None if started is None or ran is None else True
        runs[id(job)] = ran
        inner = _play(job.called, run, ran, forced, runs) if job.called else _SUCCESS
        told = forced.get(id(job), "")
        result = frozenset({job.refused_in(run.trigger) if told == REFUSED else told}) if told else inner
        if result == _FAILURE and told != REFUSED and job.softened_in(run.trigger)[0] == "yes":
            result = _SUCCESS
        if ran is False and result != _FAILURE:
            result = frozenset({job.idle(here)})
        elif ran is None and result == _SUCCESS:
            result = frozenset({"success", job.idle(here)})
        statuses[job.id] = result
    return _FAILURE if _FAILURE in statuses.values() else _SUCCESS


def ordered(pipeline: Pipeline) -> Iterable[Job]:
    """The jobs of its file, each after those that it needs."""
    made: tuple[Job, ...] | None = pipeline.__dict__.get("_ordered")
    if made is None:
        done: dict[str, Job] = {}
        left = list(pipeline.jobs)
        while left:
            ready = [job for job in left if all(name in done or name not in pipeline.job for name in job.needs)]
            for job in ready or left:  # a circle: GitHub refuses it; here its jobs keep their order
                done[job.id] = job
            left = [job for job in left if job.id not in done]
        made = pipeline.__dict__["_ordered"] = tuple(done.values())
    return made
