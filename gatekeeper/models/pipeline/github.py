"""GitHub Actions workflows to pipelines.

Source: "Workflow syntax for GitHub Actions" of GitHub's documentation. Reusable workflows of the same repository are
read and expanded with their inputs; those of another repository stay unresolved references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.pipeline import environments
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.ir import Job, Pipeline, Step, Trigger, Use, Values, Workspace, normal, pairs, text_of
from gatekeeper.node import START, Fault, Node, Source
from gatekeeper.parsers import yaml

_DEFAULTS = ("main", "master", "trunk")
_RELEASE = frozenset("release releases rel hotfix stable version versions deploy deployment".split())
_JOBS = 500  # jobs of one workflow with all that it calls; GitHub's own matrix limit is 256
_PUSHES = 50  # branches that one trigger names
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
    default = _default_branch(node)
    pipeline = Pipeline(node, workspace, text_of(node["name"]), tuple(_triggers(node, default)))
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
    job = Job(node, pipeline, id)
    needs = node["needs"]
    job.needs = tuple(text_of(each) for each in needs) if needs.is_list else (text_of(needs),) if needs.present else ()
    job.env = dict(pairs(node["env"]))
    job.shell = text_of(node.at("defaults.run.shell")) or pipeline.shell
    if not job.shell and "windows" in text_of(node["runs-on"]):
        job.shell = "pwsh"
    job.folder = text_of(node.at("defaults.run.working-directory")) or pipeline.folder
    steps = node["steps"]
    job.steps = tuple(Step(each, job, n) for n, each in enumerate(steps) if each.is_mapping) if steps.is_list else ()
    uses = text_of(node["uses"])
    if uses:
        job.called = _called(job, uses, depth)
        job.unresolved = "" if job.called else uses
    return job


def _called(job: Job, uses: str, depth: int) -> Pipeline | None:
    if not uses.startswith(("./", "$/")) or depth >= _CALLS:
        return None
    source = job.pipeline.workspace.source(normal(uses[2:].partition("@")[0]))
    try:
        nodes = source.once(yaml.parse).nodes if source else []
    except Unreadable:
        return None
    if not nodes or not nodes[0]["jobs"].is_mapping:
        return None
    return build(nodes[0], job.pipeline.workspace, job, depth + 1)


def _called_with(node: Node, caller: Job) -> tuple[dict[str, Values], frozenset[str]]:
    """The inputs of a reusable workflow: what its caller gives, else the defaults."""
    given = dict(pairs(caller.node["with"]))
    values: dict[str, Values] = {}
    booleans: set[str] = set()
    for name, declared in pairs(_on(node)["workflow_call"]["inputs"]):
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
        for name, declared in pairs(_on(node)[event]["inputs"]):
            options = declared["options"]
            chosen = tuple(text_of(each) for each in options) if options.known and options.is_list else None
            values[name.lower()] = chosen or None
            if text_of(declared["type"]) == "boolean":
                booleans.add(name.lower())
    return values, frozenset(booleans)


# triggers


def _on(node: Node) -> Node:
    return node["on"]


def _texts(node: Node) -> list[str]:
    if not node.known or not node.present:
        return []
    return [text_of(each) for each in node] if node.is_list else [text_of(node)]


def _default_branch(node: Node) -> str:
    """The default branch, as far as the filters tell: `main`, `master` or `trunk`, or the only branch that is named."""
    named = [
        b for event in ("push", "pull_request", "pull_request_target") for b in _texts(_on(node)[event]["branches"])
    ]
    for name in _DEFAULTS:
        if name in named:
            return name
    pushed = _texts(_on(node)["push"]["branches"])
    if len(pushed) == 1 and not set("*?[!+") & set(pushed[0]) and _branch_class(pushed[0], "") != "push-release":
        return pushed[0]
    return "main"


def _triggers(node: Node, default: str) -> Iterator[Trigger]:
    on = _on(node)
    if on.is_mapping:
        events = [(event, body) for event, body in on.items()]
    else:
        events = [(text_of(each), each) for each in (on if on.is_list else (on,))]
    for event, body in events:
        if event == "push":
            yield from _pushes(body, default)
        elif event in ("pull_request", "pull_request_review", "pull_request_target"):
            branches = [b for b in _texts(body["branches"]) if not set("*?[!+") & set(b)]
            base = default if default in branches or not branches else branches[0]
            yield Trigger(event, "pr-target" if event == "pull_request_target" else "pr", body, base)
        else:
            refs = {
                "workflow_dispatch": "dispatch",
                "workflow_call": "call",
                "schedule": "schedule",
                "release": "release",
            }
            yield Trigger(event, refs.get(event, "workflow_run" if event == "workflow_run" else "other"), body, default)


def _pushes(body: Node, default: str) -> Iterator[Trigger]:
    branches, tags = _texts(body["branches"]), _texts(body["tags"])
    ignored = _texts(body["branches-ignore"])
    only_tags = body["tags"].present or body["tags-ignore"].present
    only_branches = body["branches"].present or body["branches-ignore"].present
    if only_branches or not only_tags:
        yield from _pushed_branches(body, branches, ignored, default)
    if only_tags or not only_branches:
        pattern = next((tag for tag in tags if not tag.startswith("!")), "")
        yield Trigger(
            "push", "tag", body, _example(pattern, "1.0.0") if pattern not in ("", "*", "**") else "v1.0.0", pattern
        )


def _pushed_branches(body: Node, branches: list[str], ignored: list[str], default: str) -> Iterator[Trigger]:
    if not branches:
        if not any(fnmatchcase(default, pattern) for pattern in ignored):
            yield Trigger("push", "push-default", body, default)
        yield Trigger("push", "push-other", body, "some-branch", "*")
        return
    refused = [pattern[1:] for pattern in branches if pattern.startswith("!")]
    seen_default = False
    for branch in branches[:_PUSHES]:
        at = next((each for each in body["branches"] if each.known and each.text == branch), body)
        if branch.startswith("!"):
            continue
        if not set("*?[+") & set(branch):
            seen_default = seen_default or branch == default
            yield Trigger("push", _branch_class(branch, default), at, branch)
            continue
        if fnmatchcase(default, branch) and not seen_default and not any(fnmatchcase(default, p) for p in refused):
            seen_default = True
            yield Trigger("push", "push-default", at, default)
        example = "some-branch" if branch in ("*", "**") else _example(branch, "x")
        if not any(fnmatchcase(example, p) for p in refused):
            yield Trigger(
                "push", _branch_class(example, default), at, example, "*" if branch in ("*", "**") else branch
            )


def _branch_class(branch: str, default: str) -> str:
    if branch == default:
        return "push-default"
    words = set(environments.tokens(branch))
    if words & _RELEASE or environments.classify(branch, place=False) is Class.PROD or re.match(r"v?\d", branch):
        return "push-release"
    return "push-default" if branch in _DEFAULTS else "push-other"


def _example(pattern: str, filler: str) -> str:
    """A name that a filter pattern matches."""
    plain = re.sub(r"\[(\w)[^\]]{0,40}\]", r"\1", pattern)
    return re.sub(r"\*+", filler, plain).replace("?", "").replace("+", "")
