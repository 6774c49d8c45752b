"""Which deployments are of the same thing to a lower environment, and whether production comes after them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from gatekeeper.links.pipelines import deploying_tools, entries, production_of
from gatekeeper.models.pipeline import Class, Fact, Job, Pipeline, Trigger, holds, play
from gatekeeper.models.pipeline.environments import classify, together, tokens
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.node import Node
from gatekeeper.project import Project

_SAYS_NOTHING = frozenset(
    "deploy deploys deployment deploying release promote promotion rollout to the a and on in from for env environment "
    "workflow job app application main master cd ci cicd pipeline build test push image docker yml yaml service stack "
    "upgrade apply tf terraform apps run start manual auto automatic before after pre post non".split()
)
_REGIONS = frozenset("eu us ap west east north south central green blue".split())


class After(StrEnum):
    """How a production deployment stands to one to a lower environment."""

    WAITS = "waits"  # it comes after, and does not run when that failed
    SOFT = "soft"  # it comes after, and runs although that failed
    BESIDE = "beside"  # the same run or the same trigger starts both
    APART = "apart"  # something else starts it: a tag, a person
    UNKNOWN = "unknown"


class Lower(NamedTuple):
    """A deployment of the same thing to an environment that is certainly not production."""

    job: Job
    name: str


def lower_of(job: Job, project: Project) -> list[Lower]:
    """The deployments to lower environments of what a job deploys to production."""
    return project.once(("lower", id(job)), lambda project: list(_lower_of(job, project)))


def _lower_of(job: Job, project: Project) -> Iterator[Lower]:
    for each in project.once("lower deployments", _all_lower):
        if each.job is not job and _same(job, each.job, project):
            yield each


def _all_lower(project: Project) -> list[Lower]:
    found = []
    for pipeline in entries(project):
        for job in pipeline.all_jobs:
            deploys = "deploy" in job.kinds and "ephemeral" not in job.kinds and not job.never
            name = _lower_name(job, project) if deploys else ""
            if name:
                found.append(Lower(job, name))
    return found


def _lower_name(job: Job, project: Project) -> str:
    """The lower environment that a job deploys to, by the first sign that says anything; '' for none."""
    if production_of(job, project) is not None:
        return ""
    caller = job.pipeline.caller
    named = job.environment or (caller.environment if caller else None)
    if named:
        return (named.values or (named.raw,))[0] if named.cls is Class.NONPROD else ""
    targets = [word for fact in job.facts if fact.kind == "deploy" for word in fact.target.split()]
    said = [word for word in targets if classify(word) not in (Class.UNKNOWN, Class.PUBLISH)]
    if said:
        return said[0] if together(classify(word) for word in said) is Class.NONPROD else ""
    for name in names_of(job):
        cls = classify(name, place=False)
        if cls is not Class.UNKNOWN:
            return name if cls is Class.NONPROD else ""
    return ""


def names_of(job: Job) -> list[str]:
    """What a job, the job that calls its pipeline, and the pipeline of that are called."""
    outer = job.root
    file = outer.pipeline.name.rpartition(".")[0]
    return [name for name in (job.id, job.title, outer.id, outer.title, file, outer.pipeline.title) if name]


def _same(job: Job, other: Job, project: Project) -> bool:
    """Whether two jobs deploy the same thing: by the same pipeline that both call, or by the same tools and what their
    names say beside the environment."""
    if job.pipeline is other.pipeline and job.pipeline.caller:
        return False  # two jobs of one call deploy to one environment
    called = bool(job.pipeline.caller and other.pipeline.caller) and job.pipeline.path == other.pipeline.path
    if called and job.id != other.id:
        return False
    if not called and not deploying_tools(job) & deploying_tools(other):
        return False
    if job.root.pipeline is other.root.pipeline:
        mine, others = _stem(job.root.id), _stem(other.root.id)
    else:
        mine, others = (
            _stem(f"{job.root.pipeline.name} {job.root.id}"),
            _stem(f"{other.root.pipeline.name} {other.root.id}"),
        )
    if mine == others:
        return True
    return job.root.pipeline is other.root.pipeline and not others and _only(job, project)


def _only(job: Job, project: Project) -> bool:
    """Whether no other job of its pipeline deploys to production."""
    pipeline = job.root.pipeline
    return sum(1 for each in pipeline.all_jobs if production_of(each, project) is not None) == 1


def _stem(name: str) -> frozenset[str]:
    """What a name says beside the environment and that something is deployed."""
    words = (word for word in tokens(name) if len(word) > 1 and word not in _SAYS_NOTHING | _REGIONS)
    return frozenset(word for word in words if classify(word, place=False) is Class.UNKNOWN)


def after(job: Job, lower: Job) -> After:
    """Whether production comes after a deployment to a lower environment."""
    deploys = [fact for fact in lower.facts if fact.kind == "deploy"]
    if lower in job.ancestors():
        said = {_held(fact, job) for fact in deploys[:1]}
        return said.pop() if said else After.UNKNOWN
    triggers = deploying(job)
    if _follows(triggers, lower.root.pipeline):
        upstream = play(job.root.pipeline, triggers[0], upstream="failure").of(job)
        return After.WAITS if upstream is False else After.SOFT if upstream else After.UNKNOWN
    if not triggers:
        return After.UNKNOWN
    theirs = deploying(lower)
    mine = {_key(trigger, job.root.pipeline) for trigger in triggers}
    both = mine & {_key(trigger, lower.root.pipeline) for trigger in theirs}
    started = {trigger.ref for trigger in triggers}
    if both and not started <= {"dispatch", "other", "call"}:
        return After.BESIDE
    return After.APART


def _held(fact: Fact, job: Job) -> After:
    word = holds(fact, job)
    return {"yes": After.WAITS, "no": After.SOFT, "elsewhere": After.APART}.get(word, After.UNKNOWN)


def _follows(triggers: tuple[Trigger, ...], pipeline: Pipeline) -> bool:
    names = {pipeline.title, pipeline.path} - {""}
    return bool(triggers) and all(names & set(trigger.follows) for trigger in triggers)


def _key(trigger: Trigger, pipeline: Pipeline) -> tuple[str, str, str, str]:
    """What starts a run; two filters by path are two things."""
    filters = ""
    if pipeline.platform == "github":
        body = pipeline.node["on"][trigger.event]
        filters = " ".join(text_of(each) for name in ("paths", "paths-ignore") for each in _list(body[name]))
    return trigger.event, trigger.ref, trigger.pattern or trigger.branch, filters


def _list(node: Node) -> list[Node]:
    return list(node) if node.known and node.is_list else []


def choice_of(job: Job) -> str:
    """How one job comes to several environments: `at once` and `in order` for a matrix, `chosen` by who starts it.

    '' where nothing tells.
    """
    each: Job | None = job
    while each is not None:
        matrix = each.matrix
        if matrix.known and matrix.is_mapping:
            lists = [node for _, node in matrix.items() if node.known and node.is_list]
            if any(_holds_both(node) for node in lists):
                most = each.node["strategy"]["max-parallel"]
                if not most.present:
                    return "at once"
                return "in order" if most.known and most.text == "1" else ""
        each = each.pipeline.caller
    refs = {trigger.ref for trigger in deploying(job)}
    return "chosen" if refs and refs <= {"dispatch", "call", "other"} else ""


def _holds_both(node: Node) -> bool:
    texts = [text_of(value) for item in node for value in ([v for _, v in item.items()] if item.is_mapping else [item])]
    return together(cls for text in texts if (cls := classify(text)) is not Class.UNKNOWN) is Class.PARAMETRIC
