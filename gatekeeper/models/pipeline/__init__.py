"""Delivery pipelines of GitHub Actions, GitLab CI and Jenkins; of other tools it is said that they are not judged."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

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
from gatekeeper.models.pipeline_files import GITHUB, GITLAB, JENKINS, tool_of
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

_READERS = {GITHUB: "github", GITLAB: "gitlab", JENKINS: "jenkins"}


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The pipelines, jobs and steps of one file, by whose tool the path says it is."""
    tool = tool_of(source.path)
    if tool in _READERS:
        yield from import_module(f"gatekeeper.models.pipeline.{_READERS[tool]}").read(source, tree)
    elif tool:
        words = f"{tool} is not judged by this version"
        yield Fault(source, START, words, reason="unsupported-tool", technology="pipeline")
