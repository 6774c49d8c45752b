"""Every expression of a workflow, with its place: what rules about expressions go through, made once."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.models.pipeline.expressions import Tree, condition, found, parse
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.ir import line_of, text_of
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
        made = pipeline.__dict__["_written"] = (*_between_braces(pipeline.node), *_conditions(pipeline))
    return made


def _between_braces(document: Node) -> list[Written]:
    listed: list[Written] = []
    for node in document.texts():
        text = node.text
        for start, _, inner in found(text) if "${{" in text else ():
            listed.append(Written(parse(inner), inner, node, text.count("\n", 0, start)))
    return listed


def _conditions(pipeline: GithubPipeline) -> list[Written]:
    conds = [cond for job in pipeline.jobs for cond in (job.cond, *(step.cond for step in job.steps))]
    return [
        Written(condition(text_of(cond)), text_of(cond), cond)
        for cond in conds
        if text_of(cond) and "${{" not in text_of(cond)
    ]
