"""Which jobs deploy to production, and how far they depend on what comes before them."""

from __future__ import annotations

from gatekeeper.models.pipeline import (
    INFRASTRUCTURE,
    TESTS,
    Fact,
    Job,
    Judgement,
    Level,
    Pipeline,
    Production,
    Trigger,
    level,
    play,
    step_runs,
)
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.project import Project


def entries(project: Project) -> list[Pipeline]:
    """The pipelines that something other than a pipeline starts."""
    return project.once("entries", lambda project: [each for each in project.all(Pipeline) if each.entry])


def production_of(job: Job, project: Project) -> Production | None:
    """Why a job is held to deploy to production; None for one that is not.

    A guess (a deployment from the default branch, a release) counts only where nothing in the repository says more.
    """
    return project.once("production jobs", _production_jobs).get(id(job))


def depends(job: Job, kinds: frozenset[str], project: Project) -> Judgement:
    """The level at which a deploying job depends on a check of one of the kinds; made once."""
    return project.once(("depends", id(job), kinds), lambda project: _depends(job, kinds, project))


def _depends(job: Job, kinds: frozenset[str], project: Project) -> Judgement:
    if kinds > TESTS:  # what tests says more than a plan
        judgement = depends(job, TESTS, project)
        if cannot_do_without(judgement):
            return judgement
    return level(job, kinds, project.all(Pipeline))


def ships(job: Job, project: Project) -> bool:
    """Whether it deploys a build of the service to production, and not infrastructure alone."""
    return production_of(job, project) is not None and bool(deploying_tools(job) - INFRASTRUCTURE)


def deploying_tools(job: Job) -> set[str]:
    return {fact.tool for fact in job.facts if fact.kind == "deploy"}


def later(job: Job) -> list[Job]:
    """The jobs that come after a job, in its own pipeline."""
    return [each for each in job.root.pipeline.all_jobs if job in each.ancestors()]


def deploys_in(job: Job, trigger: Trigger) -> bool | None:
    """Whether a job deploys in the run that a trigger starts; None where the files do not say."""
    ran = play(job.root.pipeline, trigger).of(job)
    steps = [_deploys(fact, trigger) for fact in job.facts if fact.kind == "deploy"]
    if ran is False or (steps and all(each is False for each in steps)):
        return False
    return True if ran and (not steps or any(steps)) else None


def _deploys(fact: Fact, trigger: Trigger) -> bool | None:
    """Whether a step deploys in that run. A script that is given variables of its own may only plan."""
    runs = step_runs(fact.step, trigger)
    return None if runs and fact.strength != "strong" and fact.step.env_nodes else runs


def tests_for(job: Job) -> frozenset[str]:
    """The kinds that count as a test before a deployment: for infrastructure alone, a plan or a validation is one."""
    tools = deploying_tools(job)
    if not tools or not tools <= INFRASTRUCTURE or any("image" in each.kinds for each in (job, *job.ancestors())):
        return TESTS  # a build of the service goes out with it
    return TESTS | {"plan", "validate"}


def cannot_do_without(judgement: Judgement) -> bool:
    """Whether the check certainly passed before the deployment."""
    return judgement.level in (Level.ENFORCED, Level.CHAINED)


def _production_jobs(project: Project) -> dict[int, Production]:
    found = {
        id(job): production
        for pipeline in entries(project)
        for job in pipeline.all_jobs
        if (production := _configured(job, project) or job.production)
        and not _excluded(job, project)
    }  # fmt: skip
    if any(production.certain for production in found.values()):
        return {key: production for key, production in found.items() if not production.guessed}
    return found


def _configured(job: Job, project: Project) -> Production | None:
    named = _named(job, project.settings.environments.production)
    return Production(True, f"environment {named}, by gatekeeper.yaml") if named and job.deploy else None


def _excluded(job: Job, project: Project) -> bool:
    return bool(_named(job, project.settings.environments.nonproduction))


def _named(job: Job, words: list[str]) -> str:
    environment = job.environment
    if not words or not environment:
        return ""
    wanted = {word.lower() for word in words}
    for value in environment.values or (environment.raw,):
        if value.lower() in wanted or wanted & set(tokens(value)):
            return value
    return ""
