"""The ways back from a deployment: by itself, by a button, in writing, or by how versions are brought out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatekeeper.links.chosen_versions import chosen_version
from gatekeeper.links.pipelines import entries, later, production_of, ships
from gatekeeper.links.ran import Ran, ran
from gatekeeper.links.returning import By, Way, declared
from gatekeeper.links.ways_of_tools import GITOPS, deployments
from gatekeeper.links.written_ways import Written, rollback_scripts, written_ways
from gatekeeper.models import Place
from gatekeeper.models.pipeline import Fact, Job, play, step_runs
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.node import START
from gatekeeper.project import Project


def rolls_out(job: Job, project: Project) -> bool:
    """Whether it ships a build of the service, and does not go back to an earlier one."""
    return ships(job, project) and not _is_rollback(job)


def _is_rollback(job: Job) -> bool:
    """Whether a job goes back rather than forward: by its own name, or by that of a pipeline with one such purpose."""
    names = [tokens(name) for name in (job.id, job.title, job.root.pipeline.name.rpartition(".")[0])]
    return any(("rollback" in words or {"roll", "back"} <= {*words}) and not _also_forward(words) for words in names)


_FORWARD = frozenset("deploy deploys deployment release releases upgrade upgrades promote rollout".split())
_JOINS = frozenset("and or with auto automatic automatically".split())


def _also_forward(words: Sequence[str]) -> bool:
    """`deploy-and-rollback`, `Deploy with automatic rollback`: it goes forward first."""
    first = next((number for number, word in enumerate(words) if word in _FORWARD), len(words))
    return not _JOINS.isdisjoint(words[first:])


def ways_back(job: Job, project: Project) -> list[Way]:
    """Every way back from what a job deploys, the strongest kind first, and of a kind the certain ones."""
    return project.once(("ways back", id(job)), lambda project: _ordered(job, project))


_RANK: tuple[By, ...] = ("itself", "button", "writing", "strategy")


def _ordered(job: Job, project: Project) -> list[Way]:
    tools = [each.tool for each in deployments(job, project)]
    found = [
        *_on_failure(job, project),
        *declared(job, tools, project),
        *_buttons(job, tools, project),
        *_in_writing(job, tools, project),
        *_named_version(job),
    ]
    return sorted(found, key=lambda way: (_RANK.index(way.by), not way.certain))


def on_failure(job: Job, project: Project) -> list[Way]:
    """What the pipeline itself does to go back when the deployment, or a check behind it, fails."""
    return project.once(("on failure", id(job)), lambda project: [*_on_failure(job, project)])


def _on_failure(job: Job, project: Project) -> Iterator[Way]:
    commands = ran(job, project)
    first = next((n for n, each in enumerate(commands) if "deploy" in each.kinds), None)
    deploy = job.deploy or next((fact for fact in job.facts if fact.kind == "deploy"), None)
    for number, each in enumerate(commands):
        behind = number > first if first is not None else deploy is not None and each.order >= deploy.order
        if behind and "rollback" in each.kinds and _answers_failure(each, job):
            yield Way("itself", f"`{' '.join(each.words[:3])}` when the deployment fails", each.place)
    for fact in job.facts:
        named = fact.kind == "rollback" and fact.strength == "name"
        if named and deploy and fact.order > deploy.order and _only_failed(fact, job):
            yield Way("itself", f"step {fact.step.label}, by its name", fact.place, False)
    for each_later in later(job):
        yield from _in_later_job(job, each_later)


def _answers_failure(each: Ran, job: Job) -> bool:
    return each.fallback or any(
        step_runs(each.step, trigger, failed=True) is not False and step_runs(each.step, trigger) is False
        for trigger in deploying(job)
    )


def _only_failed(fact: Fact, job: Job) -> bool:
    return any(step_runs(fact.step, trigger, failed=True) is not False for trigger in deploying(job))


def _in_later_job(job: Job, later: Job) -> Iterator[Way]:
    facts = [fact for fact in later.facts if fact.kind == "rollback" or (fact.kind == "deploy" and _is_rollback(later))]
    if not facts:
        return
    fact = next((fact for fact in facts if fact.strength != "name"), facts[0])
    root = job.root.pipeline
    between = [each for each in (job, *later.ancestors()) if each is job or job in each.ancestors()]
    runs = [play(root, trigger, {id(failed): "failure"}).of(later) for trigger in deploying(job) for failed in between]
    if any(ran is not False for ran in runs):
        sure = fact.strength != "name" and any(runs)
        yield Way("itself", f"job {later.id} when the deployment or a check of it fails", later, sure)


def _buttons(job: Job, tools: Sequence[str], project: Project) -> Iterator[Way]:
    chosen = chosen_version(job, project)
    if chosen:
        words = f"a start by hand with `{chosen.input}` deploys an earlier version"
        yield Way("button", words, chosen.step, chosen.certain)
    for each in project.once("jobs that may go back", _may_go_back):
        if each is not job and (way := _other_job(each, job, tools, project)):
            yield way


def _may_go_back(project: Project) -> list[Job]:
    """The jobs that may be a way back from another's deployment when somebody starts them."""
    jobs = [job for pipeline in entries(project) for job in pipeline.all_jobs]
    return [job for job in jobs if _goes_back(job) or production_of(job, project)]


def _goes_back(job: Job) -> bool:
    """Whether somebody starts it to go back: by what it does, else by what it is called."""
    by_hand = bool(job.asked) or any(trigger.ref == "dispatch" for trigger in job.root.pipeline.triggers)
    return by_hand and (any(_rolls_back(fact) for fact in job.facts) or _is_rollback(job))


def _rolls_back(fact: Fact) -> bool:
    return fact.kind == "rollback" and fact.strength != "name"


def _other_job(each: Job, job: Job, tools: Sequence[str], project: Project) -> Way | None:
    """What a job of any pipeline does when somebody starts it: it rolls back, or deploys the version it is told."""
    way = _rollback_job(each, job, tools, project)
    if way or job.root.pipeline is each.root.pipeline or not production_of(each, project):
        return way
    chosen = chosen_version(each, project)
    if chosen is None or not {*tools} & {other.tool for other in deployments(each, project)}:
        return None
    return Way("button", f"{each.name} deploys the version that `{chosen.input}` says", chosen.step, chosen.certain)


def _rollback_job(each: Job, job: Job, tools: Sequence[str], project: Project) -> Way | None:
    """A job that somebody starts to go back from the deployment of another."""
    if not _goes_back(each) or (job in each.ancestors() and not each.asked):
        return None
    facts = [fact for fact in each.facts if _rolls_back(fact)]
    own = {other.tool for other in deployments(each, project)}
    sure = bool(facts) or bool(own & {*tools})
    return Way("button", f"{each.name} rolls back when it is started", facts[0].place if facts else each, sure)


def _in_writing(job: Job, tools: Sequence[str], project: Project) -> Iterator[Way]:
    fitting = [each for each in written_ways(project) if _fits(each, job, tools)]
    for each in sorted(fitting, key=lambda each: (each.tool not in tools, not each.back)):
        yield Way("writing", f"{each.document.path}:{each.at.span.line} says `{each.text}`", each.at)
    for path in rollback_scripts(project)[:5]:
        yield Way("writing", f"there is a script {path}", Place(project.tree.source(path), START))


def _named_version(job: Job) -> Iterator[Way]:
    """That a job checks out what something before it names, say a file: an earlier version can be named there."""
    for step in job.steps:
        ref = step.inputs.get("ref", "") if step.slug == "actions/checkout" else ""
        if any(context in ref for context in ("needs.", "env.", "steps.", "vars.")):
            yield Way("strategy", "it deploys the version that something before it names", step)
            return


def _fits(written: Written, job: Job, tools: Sequence[str]) -> bool:
    """Whether a command goes back from what the job deploys."""
    if written.tool == "git":
        return GITOPS in tools or any(trigger.event == "push" for trigger in job.root.pipeline.triggers)
    return written.tool in ("pipeline", "script") or written.tool in tools
