"""What GitLab's own templates and catalog components add to a pipeline: a dated table, `templates.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from gatekeeper.models.pipeline.gitlab.decisions import STUB
from gatekeeper.models.pipeline.gitlab.merging import RESERVED
from gatekeeper.node import Node

_TABLE = Path(__file__).with_name("templates.yaml")
DOES, FAILS, FROM = "\0does", "\0fails", "\0from"  # keys of a job of the table, which no file can write
_GIVEN = ("stage", "allow_failure")  # inputs of components that are called as the keys are
_OURS = {"does": DOES, "fails": FAILS}


class Template(NamedTuple):
    """One row: its name, the page that says so, and the configuration."""

    name: str
    source: str
    config: dict[str, Any]


@lru_cache(maxsize=1)
def table() -> dict[str, Template]:
    """The rows by every name that `include: template` may give, and by the end of a component's path."""
    from yaml import CSafeLoader, load

    found: dict[str, Template] = {}
    for row in load(_TABLE.read_text(encoding="utf-8"), CSafeLoader):
        template = Template(row["names"][0], row["source"], row["config"])
        found.update(dict.fromkeys(row["names"], template))
        found.update({f"component {name}": template for name in row.get("components", ())})
    return found


def component(path: str) -> Template | None:
    """The row of a component: `gitlab.com/components/sast/sast@2`, whatever the host and the version."""
    steps = path.partition("@")[0].split("/")
    if len(steps) < 3 or steps[-3] != "components":
        return None
    return table().get(f"component {steps[-2]}/{steps[-1]}")


def as_node(template: Template, at: Node, inputs: Node) -> Node:
    """The configuration of a row, standing where it is included; `inputs` may give its jobs another stage."""
    entries = {name: _node(value, at, "") for name, value in template.config.items()}
    given = {name: inputs[name] for name in _GIVEN if inputs[name].present}
    for name, node in entries.items():
        if node.is_mapping and name not in RESERVED:
            node.value.update({key: value for key, value in given.items() if key in node.value})
            node.value[FROM] = Node(template.name, at.source, at.span, at.key)
    return Node(entries, at.source, at.span, at.key)


def _node(value: Any, at: Node, key: str) -> Node:
    tag = STUB if key == "rules" else ""
    if isinstance(value, dict):
        made: Any = {_OURS.get(name, name): _node(child, at, name) for name, child in value.items()}
    elif isinstance(value, list):
        made = [_node(child, at, "") for child in value]
    else:
        made = value
    return Node(made, at.source, at.span, at.key, tag)
