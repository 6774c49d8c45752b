"""Delivery pipelines. GitHub Actions is read; of the other tools it is said that they are not judged."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.github.subjects import Use
from gatekeeper.models.pipeline.ir import (
    EnvRef,
    Fact,
    Job,
    Pipeline,
    Production,
    Run,
    Script,
    Status,
    Step,
    Trigger,
    Unresolved,
)
from gatekeeper.models.pipeline.kinds import INFRASTRUCTURE, SCANS, TESTS
from gatekeeper.models.pipeline.levels import Judgement, Level, before, holds, level
from gatekeeper.models.pipeline.reach import environment_for, play, step_runs
from gatekeeper.node import START, Fault, Source

__all__ = [
    "INFRASTRUCTURE",
    "SCANS",
    "TESTS",
    "Class",
    "EnvRef",
    "Fact",
    "Job",
    "Judgement",
    "Level",
    "Pipeline",
    "Production",
    "Run",
    "Script",
    "Status",
    "Step",
    "Trigger",
    "Unresolved",
    "Use",
    "before",
    "environment_for",
    "holds",
    "level",
    "play",
    "read",
    "step_runs",
]

_OTHERS = (
    (".gitlab-ci.", "GitLab CI"),
    ("jenkinsfile", "Jenkins"),
    ("azure-pipelines.", "Azure Pipelines"),
    (".circleci/config.", "CircleCI"),
    ("bitbucket-pipelines.", "Bitbucket Pipelines"),
)


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The pipelines, jobs and steps of one file, by whose tool the path says it is."""
    path = source.path
    if ".github/workflows/" in path:
        from gatekeeper.models.pipeline import github

        yield from github.read(source, tree)
        return
    tool = next((name for part, name in _OTHERS if part in path.lower()), "")
    if tool:
        yield Fault(
            source, START, f"{tool} is not judged by this version", reason="unsupported-tool", technology="pipeline"
        )
