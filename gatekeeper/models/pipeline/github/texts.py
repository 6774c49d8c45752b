"""Every expression of a workflow, with its place: what rules about expressions go through, made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.models.pipeline.expressions import Tree, condition, found, parse, walk
from gatekeeper.models.pipeline.github.subjects import GithubJob, GithubPipeline
from gatekeeper.models.pipeline.ir import Job, line_of, text_of
from gatekeeper.node import Node


class Written(NamedTuple):
    """One expression: its tree (None: GitHub refuses it), its text, the node that holds it, and on which line of it."""

    tree: Tree | None
    text: str
    node: Node
    line: int = 0

    @property
    def at(self) -> Node:
        """Where it stands."""
        return line_of(self.node, self.line)


def written(pipeline: GithubPipeline) -> tuple[Written, ...]:
    """The expressions between `${{` and `}}`, and conditions, which need no braces."""
    made: tuple[Written, ...] | None = pipeline.__dict__.get("_written")
    if made is None:
        own = (each for job in pipeline.jobs for each in _conditions(job))
        made = pipeline.__dict__["_written"] = (*_between_braces(pipeline.node.texts()), *own)
    return made


def written_in(job: GithubJob) -> Iterator[Written]:
    """The same of one job."""
    yield from _between_braces(job.texts)
    yield from _conditions(job)


def secrets_named(nodes: Iterable[Node]) -> dict[str, Node]:
    """The secrets that expressions name, in lower case, each with the first text that does; '' for all there are."""
    named: dict[str, Node] = {}
    for each in _between_braces(node for node in nodes if "secrets" in node.text.lower()):
        for part in walk(each.tree) if each.tree else ():
            context, _, name = part[1].partition(".") if part[0] == "path" else ("", "", "")
            if context == "secrets":
                named.setdefault(name, each.node)
    return named


def _between_braces(nodes: Iterable[Node]) -> Iterator[Written]:
    for node in nodes:
        text = node.text
        for start, _, inner in found(text) if "${{" in text else ():
            yield Written(parse(inner), inner, node, text.count("\n", 0, start))


def _conditions(job: Job) -> Iterator[Written]:
    for cond in (job.cond, *(step.cond for step in job.steps)):
        text = text_of(cond)
        if text and "${{" not in text:
            yield Written(condition(text), text, cond)
