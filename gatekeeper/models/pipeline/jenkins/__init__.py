"""Jenkinsfiles to pipelines: declarative and scripted, with what they load from this repository.

Whether Jenkins builds one branch or all of them, and pull requests, is a setting of the job and not in the file: it is
taken to build all where the file asks for the branch, and left open else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.pipeline import branches
from gatekeeper.models.pipeline.ir import Trigger, Workspace
from gatekeeper.models.pipeline.jenkins.build import JOBS, STEPS, Builder
from gatekeeper.models.pipeline.jenkins.conditions import names, patterns, targets
from gatekeeper.models.pipeline.jenkins.subjects import Around, JenkinsJob, JenkinsPipeline, JenkinsStep
from gatekeeper.node import Fault, Node, Source, regex
from gatekeeper.parsers import groovy
from gatekeeper.parsers.groovy import Call

__all__ = ["JenkinsJob", "JenkinsPipeline", "JenkinsStep", "read"]

_BRANCHES = regex(
    r"\b(?:BRANCH_NAME|BRANCH_IS_PRIMARY|CHANGE_ID|CHANGE_TARGET|TAG_NAME|changeRequest|buildingTag)\b"
    r"|(?<![\w.$/-])branch[ \t]{0,20}\(?[ \t]{0,20}(?:pattern:[ \t]{0,20})?['\"]"
)
_CHANGES = regex(r"\b(?:CHANGE_ID|CHANGE_TARGET|CHANGE_BRANCH|changeRequest|ghprb\w{1,40})\b|['\"/]PR-")
_TAGS = regex(r"\b(?:TAG_NAME|buildingTag)\b|(?<![\w.$/-])tag[ \t]{0,20}\(?[ \t]{0,20}(?:pattern:[ \t]{0,20})?['\"]")
_NAMED = 20  # branches that one file names


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The pipeline of a Jenkinsfile, its stages and their steps."""
    script = source.once(groovy.parse)
    if source.path.endswith(".groovy") and not _holds_pipeline(source.path, script.block):
        return
    for fault in script.faults:
        yield fault._replace(technology="pipeline")
    pipeline, builder = build(source, tree, script.block)
    if len(builder.jobs) >= JOBS or builder.steps > STEPS:
        yield Fault(source, pipeline.span, "too many stages or steps: not all are judged", technology="pipeline")
    yield from _unread(pipeline)
    if not pipeline.jobs:
        return
    yield pipeline
    for job in pipeline.jobs:
        yield job
        yield from job.steps


def _holds_pipeline(path: str, block: groovy.Block) -> bool:
    """Whether a Groovy file is a pipeline itself: those in `vars/` and `src/` are read where they are called."""
    if path.rpartition("/")[2].lower().startswith("jenkinsfile"):
        return True
    return any(isinstance(each, Call) and each.name in ("pipeline", "node") for each in block.statements)


def _unread(pipeline: JenkinsPipeline) -> Iterator[Fault]:
    """What it leaves to somewhere else: a whole pipeline, or what by its name deploys."""
    if not pipeline.jobs and not pipeline.unresolved:
        yield _fault(pipeline.node, "it holds no stage and no step")
    for each in pipeline.unresolved[:1]:
        yield _fault(each.at, f"what {each.text} runs is not known: {each.why}")
    steps = [step for job in pipeline.jobs for step in job.steps if step.uses]
    named = [step for step in steps for fact in step.facts if fact.kind == "deploy" and fact.strength == "name"]
    if named and not pipeline.unresolved:
        what = named[0].uses.removeprefix("jenkins/")
        where = f"the shared library {pipeline.libraries[-1].name}" if pipeline.libraries else "no file here"
        yield _fault(named[0].node, f"where {what} deploys to is not known: it is in {where}")


def _fault(at: Node, words: str) -> Fault:
    ways = "keep a copy in .gatekeeper/vendor/LIBRARY/, map it under pipeline.kinds in gatekeeper.yaml, or attest it"
    return Fault(at.source, at.mark, words, reason="unresolved", technology="pipeline", hint=ways)


def build(source: Source, tree: Tree, block: groovy.Block) -> tuple[JenkinsPipeline, Builder]:
    """The pipeline of a file's statements."""
    end = min(len(source.text), 1)
    node = Node(None, source, source.span(0, end))
    pipeline = JenkinsPipeline(node, Workspace(tree), _title(source.path), ())
    pipeline.multibranch = bool(_BRANCHES.search(source.text))
    pipeline.changes = bool(_CHANGES.search(source.text))
    builder = Builder(pipeline)
    builder.block(block, Around())
    builder.leftover(Around())
    builder.close()
    pipeline.jobs = tuple(builder.jobs)
    pipeline.unresolved = tuple(builder.lost)
    pipeline.libraries = tuple(builder.libraries)
    pipeline.agents = tuple(builder.agents)
    pipeline.triggers = tuple(_triggers(pipeline, source))
    return pipeline, builder


def _title(path: str) -> str:
    """What a path says beyond that it is a Jenkinsfile: `Jenkinsfile.prod`, `deploy/prod/Jenkinsfile`."""
    return "" if path == "Jenkinsfile" else path


def _triggers(pipeline: JenkinsPipeline, source: Source) -> Iterator[Trigger]:
    at = pipeline.node
    around = [job.around for job in pipeline.jobs if isinstance(job, JenkinsJob)]
    around += [step.around for job in pipeline.jobs for step in job.steps if isinstance(step, JenkinsStep)]
    conditions = {id(each): each for some in around for each in some.conditions}.values()
    named = list(dict.fromkeys(name for each in conditions for name in names(each)))[:_NAMED]
    default = branches.default_of(named) or "main"
    pipeline.default_branch = default
    globs = list(dict.fromkeys(glob for each in conditions for glob in patterns(each)))[:_NAMED]
    asked = list(dict.fromkeys(name for each in conditions for name in targets(each)))[:_NAMED]
    pipeline.told = frozenset({default, *named, *globs})
    pipeline.targets = frozenset({default, *asked})
    yield Trigger("push", "push-default", at, default)
    for name in named:
        if name != default:
            yield Trigger("push", branches.ref_of(name, default), at, name)
    for pattern in globs:
        example = re.sub(r"[*?]+", "x", pattern)
        yield Trigger("push", branches.ref_of(example, default), at, example, pattern)
    yield Trigger("push", "push-other", at, "some-branch", "*")
    for name in dict.fromkeys((default, *asked)):
        yield Trigger("pull request", "pr", at, name)
    if _TAGS.search(source.text):
        yield Trigger("tag", "tag", at, "v1.0.0")
    for start in pipeline.starts:
        if start.name in ("cron", "parameterizedCron"):
            yield Trigger("schedule", "schedule", start.place, default)
        elif start.name == "upstream":
            yield Trigger("another job", "other", start.place, default)
    if pipeline.parameters:
        yield Trigger("a start by hand", "dispatch", at)
