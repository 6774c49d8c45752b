"""GitHub Actions workflows to pipelines.

Source: "Workflow syntax for GitHub Actions" of GitHub's documentation. Reusable workflows of the same repository are
read and expanded with their inputs; those of another repository stay unresolved references.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.pipeline.github.subjects import GithubJob, GithubPipeline, GithubStep, Use
from gatekeeper.models.pipeline.github.triggers import default_branch, on, triggers
from gatekeeper.models.pipeline.ir import Job, Pipeline, Values, Workspace, normal, pairs, text_of
from gatekeeper.node import START, Fault, Node, Source
from gatekeeper.parsers import yaml

_JOBS = 500  # jobs of one workflow with all that it calls; GitHub's own matrix limit is 256
_CALLS = 4  # reusable workflows that call one another; GitHub allows ten, real ones use two


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The workflow of a file, its jobs (with those of local reusable workflows) and its steps."""
    documents = source.once(yaml.parse)
    for fault in documents.faults:
        yield fault._replace(technology="pipeline")
    for node in documents.nodes[:1]:
        if not node.is_mapping or not node["jobs"].is_mapping:
            yield Fault(
                source, node.mark if node.is_mapping else START, "not a workflow: it has no jobs", technology="pipeline"
            )
            continue
        pipeline = build(node, Workspace(tree, source.path.partition(".github/workflows/")[0]))
        if pipeline.__dict__["_count"] > _JOBS:
            yield Fault(
                source, node["jobs"].mark, f"more than {_JOBS} jobs: the others are not judged", technology="pipeline"
            )
        yield pipeline
        yield from pipeline.all_jobs
        for job in pipeline.jobs:
            yield from job.steps
            yield from (Use(each.node["uses"], job) for each in (job, *job.steps) if text_of(each.node["uses"]))


def build(node: Node, workspace: Workspace, caller: Job | None = None, depth: int = 0) -> Pipeline:
    """A workflow document as a pipeline; with `caller`, as the job that calls it sees it."""
    default = default_branch(node)
    pipeline = GithubPipeline(node, workspace, text_of(node["name"]), tuple(triggers(node, default)))
    pipeline.default_branch = default
    pipeline.caller = caller
    pipeline.env = dict(pairs(node["env"]))
    pipeline.shell = text_of(node.at("defaults.run.shell"))
    pipeline.folder = text_of(node.at("defaults.run.working-directory"))
    pipeline.inputs, pipeline.booleans = _called_with(node, caller) if caller else _dispatched_with(node)
    first = (caller.root.pipeline if caller else pipeline).__dict__
    jobs: list[Job] = []
    for id, child in pairs(node["jobs"]):
        first["_count"] = first.get("_count", 0) + 1
        if first["_count"] <= _JOBS:
            jobs.append(_job(child, pipeline, id, depth))
    pipeline.jobs = tuple(jobs)
    return pipeline


def _job(node: Node, pipeline: Pipeline, id: str, depth: int) -> Job:
    job = GithubJob(node, pipeline, id)
    needs = node["needs"]
    job.needs = tuple(text_of(each) for each in needs) if needs.is_list else (text_of(needs),) if needs.present else ()
    job.env = dict(pairs(node["env"]))
    job.shell = text_of(node.at("defaults.run.shell")) or pipeline.shell
    if not job.shell and "windows" in text_of(node["runs-on"]):
        job.shell = "pwsh"
    job.folder = text_of(node.at("defaults.run.working-directory")) or pipeline.folder
    steps = node["steps"]
    listed = enumerate(steps) if steps.is_list else ()
    job.steps = tuple(GithubStep(each, job, number) for number, each in listed if each.is_mapping)
    uses = text_of(node["uses"])
    if uses:
        job.called = _called(job, uses, depth)
        job.unresolved = "" if job.called else uses
    return job


def _called(job: Job, uses: str, depth: int) -> Pipeline | None:
    workspace = job.pipeline.workspace
    bare = uses.partition("@")[0]
    path = bare[2:] if bare.startswith(("./", "$/")) else workspace.home_of(bare)
    if not path or depth >= _CALLS:
        return None
    source = workspace.source(normal(path))
    try:
        nodes = source.once(yaml.parse).nodes if source else []
    except Unreadable:
        return None
    if not nodes or not nodes[0]["jobs"].is_mapping:
        return None
    return build(nodes[0], workspace, job, depth + 1)


def _called_with(node: Node, caller: Job) -> tuple[dict[str, Values], frozenset[str]]:
    """The inputs of a reusable workflow: what its caller gives, else the defaults."""
    given = dict(pairs(caller.node["with"]))
    values: dict[str, Values] = {}
    booleans: set[str] = set()
    for name, declared in pairs(on(node)["workflow_call"]["inputs"]):
        value = given.get(name, declared["default"])
        values[name.lower()] = caller.values(text_of(value)) if not value.is_mapping and not value.is_list else None
        if text_of(declared["type"]) == "boolean":
            booleans.add(name.lower())
    return values, frozenset(booleans)


def _dispatched_with(node: Node) -> tuple[dict[str, Values], frozenset[str]]:
    """The inputs of a manual start: what may be chosen; a free text may be anything."""
    values: dict[str, Values] = {}
    booleans: set[str] = set()
    for event in ("workflow_dispatch", "workflow_call"):
        for name, declared in pairs(on(node)[event]["inputs"]):
            if event == "workflow_call" and name.lower() in values:
                continue
            options = declared["options"]
            chosen = tuple(text_of(each) for each in options) if options.known and options.is_list else None
            values[name.lower()] = chosen or None
            if text_of(declared["type"]) == "boolean":
                booleans.add(name.lower())
    return values, frozenset(booleans)
