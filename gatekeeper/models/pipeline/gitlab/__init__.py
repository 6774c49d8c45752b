"""GitLab CI to pipelines.

A `.gitlab-ci.yml` is read with all that it includes (`loader.py`), `extends` and refers to (`merging.py`); what its
conditions come to for each way in which a pipeline starts is said by `decisions.py`. Files that are included are read
through the file that includes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.pipeline.gitlab.decisions import let_in
from gatekeeper.models.pipeline.gitlab.loader import Included, Loaded, entries, load
from gatekeeper.models.pipeline.gitlab.merging import RESERVED, fault, flat, texts, with_entries, written
from gatekeeper.models.pipeline.gitlab.subjects import (
    GitlabJob,
    GitlabPipeline,
    GitlabStep,
    Include,
    InputUse,
    JobImage,
)
from gatekeeper.models.pipeline.gitlab.templates import FROM
from gatekeeper.models.pipeline.gitlab.triggers import MOST, default_branch, named, own_names, triggers, untold
from gatekeeper.models.pipeline.ir import Trigger, Unresolved, Workspace, pairs, text_of
from gatekeeper.node import Fault, Node, Open, Source

__all__ = ["GitlabJob", "GitlabPipeline", "GitlabStep", "Include", "InputUse", "JobImage", "read"]

JOBS = 1000  # of one pipeline with its child pipelines
_CHILDREN = 3  # pipelines that start one another; GitLab allows two levels
_STAGES = ("build", "test", "deploy")
_DEFAULTS = (
    "image", "services", "before_script", "after_script", "artifacts", "cache", "hooks", "id_tokens", "interruptible",
    "retry", "tags", "timeout",
)  # fmt: skip
_GLOBAL = ("image", "services", "cache", "before_script", "after_script")
_RUNS = ("script", "trigger", "run")
_NUMBERED = re.compile(r"(.{1,255}?)(?: \d{1,4}/\d{1,4}|: \[.{0,500}\])\Z", re.DOTALL)


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The pipeline of a file with its jobs and steps; nothing where it holds only what others include."""
    if source.path in tree.once(_included_elsewhere):
        return
    root = source.path.rpartition("/")[0]
    loaded = load(source, tree, f"{root}/" if root else "")
    if loaded is None:
        return
    yield from loaded.faults
    pipeline = build(loaded, Workspace(tree, f"{root}/" if root else ""))
    if not pipeline.jobs and not pipeline.unresolved:
        return
    yield from pipeline.faults
    yield pipeline
    for job in pipeline.all_jobs:
        yield job
        yield from job.steps
    yield from {_place(each.at): Include(each, pipeline) for each in loaded.includes}.values()
    yield from _images(pipeline)
    yield from (InputUse(each, pipeline) for each in loaded.interpolated)


def _place(node: Node) -> tuple[str, int, int]:
    return node.source.path, node.span.line, node.span.column


def _images(pipeline: GitlabPipeline) -> Iterator[JobImage]:
    """Each place that names an image, once."""
    done: set[tuple[str, int, int]] = set()
    for job in pipeline.all_jobs:
        if isinstance(job, GitlabJob) and not job.borrowed:
            services = job.node["services"]
            for each in (job.node["image"], *(services if services.known else ())):
                named = each["name"] if each.is_mapping else each
                if text_of(named) and _place(named) not in done:
                    done.add(_place(named))
                    yield JobImage(named, job)


def _included_elsewhere(tree: Tree) -> frozenset[str]:
    """Files named like a pipeline that the repository's own pipeline includes or starts as a child."""
    names = [path for path in tree.paths if path.endswith((".gitlab-ci.yml", ".gitlab-ci.yaml"))]
    first = next((path for path in names if "/" not in path), None)
    if first is None or len(names) == 1:
        return frozenset()
    loaded = load(tree.source(first), tree)
    if loaded is None:
        return frozenset()
    started = {
        text.lstrip("/")
        for node in loaded.root.value.values()
        if node.is_mapping
        for each in entries(node["trigger"]["include"])
        if each.kind == "local"
        for text in (each.text,)
    }
    return (loaded.files | started) - {first}


def build(loaded: Loaded, workspace: Workspace, caller: GitlabJob | None = None, depth: int = 0) -> GitlabPipeline:
    """A configuration as a pipeline; with `caller`, as the child of the job that starts it."""
    node = loaded.root
    found = [each for _, child in _jobs(node) for each in named(child)] + list(named(node["workflow"]))
    default = caller.root.pipeline.default_branch if caller else default_branch(found)
    pipeline = GitlabPipeline(node, workspace, text_of(node["workflow"]["name"]), ())
    pipeline.loaded = loaded
    pipeline.default_branch = default
    pipeline.own_names = own_names(found)
    pipeline.caller = caller
    pipeline.env = dict(pairs(node["variables"]))
    pipeline.unresolved = loaded.unresolved
    every = triggers(found, default, _start_of(node))
    pipeline.triggers = tuple(each for each in every if _lets(pipeline, each))
    top = pipeline.top = caller.pipeline.top if caller else pipeline
    if caller:
        top.faults += loaded.faults
        told = {_way(each) for each in top.triggers}
        top.triggers += tuple(each for each in pipeline.triggers if _way(each) not in told and _lets(top, each))
    if untold(found):
        top.told = False
        top.faults.append(fault(_start_of(node), f"names more than {MOST} branches: not all of them are told apart"))
    made: list[GitlabJob] = []
    for id, child in _jobs(node):
        top.count += 1
        if top.count == JOBS + 1:
            top.faults.append(fault(child, f"more than {JOBS} jobs: the others are not judged"))
            top.unresolved += (Unresolved(f"what comes behind the first {JOBS} jobs", child, "it is too much"),)
        if top.count > JOBS:
            break
        made.append(_job(_with_defaults(child, node, loaded.missing), pipeline, id))
    kept = tuple(job for job in made if not (job.borrowed and job.never))
    _order(kept, _stages(node))
    pipeline.jobs = kept
    for job in kept:
        _start(job, depth)
    return pipeline


def _start_of(node: Node) -> Node:
    return node["workflow"] if node["workflow"].present else node


def _way(trigger: Trigger) -> tuple[str, str, str, str]:
    return trigger.event, trigger.ref, trigger.branch, trigger.pattern


def _lets(pipeline: GitlabPipeline, trigger: Trigger) -> bool:
    """Whether its `workflow` lets a pipeline start; where that is not known, it is the same for all jobs."""
    context = pipeline.context(trigger, pipeline.env)
    return let_in(pipeline.node["workflow"]["rules"], context) is not False


# jobs


def _jobs(node: Node) -> Iterator[tuple[str, Node]]:
    for name, child in pairs(node):
        if name not in RESERVED and not name.startswith(".") and child.known and child.is_mapping:
            yield name, child


def _with_defaults(node: Node, root: Node, missing: bool) -> Node:
    """A job with what it inherits."""
    wanted = node["inherit"]["default"]
    names = set(texts(wanted)) if wanted.is_list else set() if text_of(wanted) == "false" else set(_DEFAULTS)
    entries: dict[str, Node] = dict(node.value)
    for name in _DEFAULTS:
        given = root["default"][name]
        if not given.present and name in _GLOBAL:
            given = root[name]
        if name in names and name not in entries and given.present:
            entries[name] = given
    if missing and not any(key in entries for key in _RUNS):
        return Open(entries, node.source, node.span, node.key, "is in an include that cannot be read here")
    return with_entries(node, entries)


def _job(node: Node, pipeline: GitlabPipeline, id: str) -> GitlabJob:
    job = GitlabJob(node, pipeline, id)
    wanted = node["inherit"]["variables"]
    given = dict(pairs(node["variables"]))
    job.env = given
    if wanted.present:
        kept = set(texts(wanted)) if wanted.is_list else None
        if kept is not None or text_of(wanted) == "false":
            job.env = {**{name: _nothing(node) for name in pipeline.env if name not in (kept or ())}, **given}
    job.stage = text_of(node["stage"]) or text_of(node["type"])
    job.conditions = tuple(pipeline.loaded.conditional.get(id, ()))
    job.template = text_of(node[FROM])
    job.steps = tuple(_steps(node, job))
    return job


def _nothing(node: Node) -> Node:
    return Node(None, node.source, node.span, node.key)


def _steps(node: Node, job: GitlabJob) -> Iterator[GitlabStep]:
    lines = (*flat(node["before_script"]), *flat(node["script"]))
    if node["run"].is_list and not lines:
        for number, each in enumerate(node["run"]):
            if each.is_mapping:
                step = GitlabStep(each, job, number)
                step.lines = tuple(flat(each["script"]))
                yield step
    elif lines or job.template or not written(node, "trigger").present:
        step = GitlabStep(node["script"] if node["script"].present else node, job, 0)
        step.lines = lines
        yield step
    after = tuple(flat(node["after_script"]))
    if after and not written(node, "trigger").present:
        step = GitlabStep(node["after_script"], job, 1)
        step.lines = after
        step.heard = False
        yield step


# order


def _stages(node: Node) -> dict[str, int]:
    written = texts(node["stages"]) or texts(node["types"]) or list(_STAGES)
    names = [".pre", *(name for name in written if name not in (".pre", ".post")), ".post"]
    return {name: number for number, name in enumerate(names)}


def _order(jobs: Sequence[GitlabJob], stages: Mapping[str, int]) -> None:
    """What each job waits for: what it says it needs, else every job of an earlier stage."""
    by_stage: dict[int, list[GitlabJob]] = {}
    known = {job.id for job in jobs}
    for job in jobs:
        job.position = stages.get(job.stage or "test", -1)
        by_stage.setdefault(job.position, []).append(job)
    for job in jobs:
        needs = written(job.node, "needs")
        job.explicit = needs.present
        if needs.present:
            job.needs, job.optional = _needs(needs, known)
        else:
            job.needs = _earlier(job.position, by_stage)


def _earlier(at: int, by_stage: Mapping[int, list[GitlabJob]]) -> tuple[str, ...]:
    """The jobs of the stages before one, back to a stage with a job that itself waits for all that is before it."""
    found: list[str] = []
    for stage in sorted((stage for stage in by_stage if 0 <= stage < at), reverse=True):
        found = [*(job.id for job in by_stage[stage]), *found]
        if not all(written(job.node, "needs").present for job in by_stage[stage]):
            break
    return tuple(found)


def _needs(node: Node, known: set[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    names: list[str] = []
    optional: set[str] = set()
    for each in flat(node):
        if not each.known:
            continue
        if each.is_mapping and (each["pipeline"].present or each["project"].present):
            continue
        text = text_of(each["job"]) if each.is_mapping else text_of(each)
        if text not in known:
            match = _NUMBERED.match(text)
            text = match[1] if match and match[1] in known else text
        names.append(text)
        if each.is_mapping and text_of(each["optional"]) == "true":
            optional.add(text)
    return tuple(dict.fromkeys(names)), frozenset(optional)


# child pipelines


def _start(job: GitlabJob, depth: int) -> None:
    """The pipeline that a job starts: read here when it is written here."""
    trigger = written(job.node, "trigger")
    if not trigger.present:
        return
    if not trigger.known or not trigger.is_mapping:
        job.unresolved = text_of(trigger) or "the pipeline that it starts"
        return
    if trigger["project"].present or not trigger["include"].present:
        job.unresolved = text_of(trigger["project"]) or "the pipeline that it starts"
        return
    listed = list(entries(trigger["include"]))
    tree = job.pipeline.workspace.tree
    root = job.pipeline.workspace.root
    paths = [f"{root}{each.text.lstrip('/')}" for each in listed if each.kind == "local"]
    if len(paths) != len(listed) or not paths or depth >= _CHILDREN or any(path not in tree for path in paths):
        artifact = any(each.known and each.is_mapping and each["artifact"].present for each in flat(trigger["include"]))
        job.unresolved = "a pipeline that is generated at run time" if artifact else _words(listed)
        return
    loaded = _child(paths, job, listed[0].whole["inputs"])
    if loaded is None:
        job.unresolved = _words(listed)
        return
    job.called = build(loaded, job.pipeline.workspace, job, depth + 1)


def _words(listed: list[Included]) -> str:
    return ", ".join(each.text for each in listed[:3]) or "the pipeline that it starts"


def _child(paths: list[str], job: GitlabJob, inputs: Node) -> Loaded | None:
    tree = job.pipeline.workspace.tree
    given = dict(inputs.items()) if inputs.known and inputs.is_mapping else {}
    try:
        found = [load(tree.source(path), tree, job.pipeline.workspace.root, given) for path in paths]
    except Unreadable:
        return None
    loaded = [each for each in found if each is not None]
    if len(loaded) != 1:  # several files at once: merging them would need them as one
        return None
    return loaded[0]
