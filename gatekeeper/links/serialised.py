"""What keeps two runs of a deployment apart, and whether a newer run ends an older one in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models import Spot
from gatekeeper.models.pipeline import Job, Trigger, expressions
from gatekeeper.models.pipeline.expressions import Tree, truth
from gatekeeper.models.pipeline.github.conditions import value_in
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.models.pipeline.jenkins.subjects import JenkinsPipeline
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.node import Missing, Node

# What is another one in every run, or for every commit.
_UNIQUE = frozenset("github.run_id github.run_number github.run_attempt github.sha github.event.head_commit.id".split())
_REFS = frozenset("github.ref github.ref_name github.event.release.tag_name github.event.release.id".split())
_CALLERS = 8


class Group(NamedTuple):
    """A group of which one run goes on at a time: its text, where, the job that is asked for its expressions, and
    where it is written whether a newer run cancels the one that goes on."""

    text: str
    at: Node
    owner: Job
    cancels: Node | None = None


def groups(job: Job) -> list[Group]:
    """The groups that a job runs in: its own, its pipeline's, and those of the jobs that call it."""
    return list(_groups(job))


def _groups(job: Job) -> Iterator[Group]:
    each: Job | None = job
    for _ in range(_CALLERS):
        if each is None:
            return
        whole = each.pipeline.node["concurrency"] if each.pipeline.platform == "github" else None
        for node in (each.concurrency, whole):
            if node is None or isinstance(node, Missing) or (each.pipeline.platform != "jenkins" and not node.present):
                continue
            if node.known and node.is_mapping and node["group"].present:
                cancels = node["cancel-in-progress"]
                yield Group(text_of(node["group"]), node["group"], each, cancels if cancels.present else None)
            else:
                yield Group(text_of(node), node, each)
        each = each.pipeline.caller


def holds_apart(group: Group, trigger: Trigger) -> bool:
    """Whether two runs that a trigger starts are in the same group; not where it is another one for each run."""
    if not group.text:
        return True
    trees = [expressions.parse(inner) for _, _, inner in expressions.found(group.text)]
    return not any(tree and _unique(tree, group.owner, trigger) for tree in trees)


def _unique(tree: Tree, job: Job, trigger: Trigger) -> bool:
    if tree[0] == "path":
        return tree[1] in _UNIQUE or (tree[1] in _REFS and trigger.ref in ("tag", "release"))
    if tree[0] == "||":
        for part in tree[1:]:
            if _unique(part, job, trigger):
                return True
            if _head(part, trigger) is not False:
                return False
        return False
    if tree[0] == "&&":
        return _unique(tree[-1], job, trigger) and truth(value_in(tree, job, trigger)) is not False
    return tree[0] == "call" and any(_unique(part, job, trigger) for part in tree[2])


def _head(tree: Tree, trigger: Trigger) -> bool | None:
    """`github.head_ref` is empty but for pull requests, and so is their number."""
    if tree[0] == "path" and tree[1] in ("github.head_ref", "github.event.number", "github.event.pull_request.number"):
        return trigger.ref.startswith("pr")
    return None


def cancelled(job: Job) -> tuple[Spot, bool] | None:
    """Where it is written that a newer run ends this deployment in the middle, and whether that is certain."""
    if job.pipeline.platform == "gitlab":
        return _interrupted(job)
    if isinstance(job.root.pipeline, JenkinsPipeline):
        return _aborted(job.root.pipeline)
    unknown: Spot | None = None
    for group in groups(job):
        if group.cancels is None:
            continue
        verdicts = {_cancels(group, trigger) for trigger in deploying(job) if holds_apart(group, trigger)}
        if True in verdicts:
            return group.cancels, True
        if None in verdicts:
            unknown = group.cancels if unknown is None else unknown
    return (unknown, False) if unknown is not None else None


def _interrupted(job: Job) -> tuple[Spot, bool] | None:
    """GitLab ends jobs with `interruptible: true` when the branch gets another commit: always with `on_new_commit:
    interruptible`, else only while no other job has started, and where the project says so."""
    at = job.node["interruptible"]
    if text_of(at) != "true" or {trigger.ref for trigger in deploying(job)} <= {"tag", "schedule"}:
        return None
    how = text_of(job.root.pipeline.node["workflow"]["auto_cancel"]["on_new_commit"])
    if how == "none":
        return None
    if how == "interruptible":
        return at, True
    before = (each.node["interruptible"] for each in job.ancestors())
    return (at, False) if all(text_of(node) == "true" for node in before) else None


def _aborted(pipeline: JenkinsPipeline) -> tuple[Spot, bool] | None:
    """Jenkins ends the build that goes on with `disableConcurrentBuilds(abortPrevious: true)`."""
    call = pipeline.options.get("disableConcurrentBuilds")
    value = call.arg("abortPrevious") if call is not None else None
    if call is None or value is None:
        return None
    said = value.node.value if value.node.known else None
    return None if said is False else (call.place, said is True)


def _cancels(group: Group, trigger: Trigger) -> bool | None:
    assert group.cancels is not None
    text = text_of(group.cancels).strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    tree = expressions.condition(text)
    if tree is None or group.owner.pipeline.platform != "github":
        return None
    return truth(value_in(tree, group.owner, trigger))


def apart(job: Job) -> bool:
    """Whether something keeps two deployments of a job from running at once, however they were started."""
    triggers = deploying(job)
    return any(all(holds_apart(group, trigger) for trigger in triggers) for group in groups(job))
