"""Argo Workflows: the pods that a workflow makes, and where the text of their scripts comes from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from gatekeeper.models.kubernetes.network import listed
from gatekeeper.models.kubernetes.objects import Object, learn
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Node, regex

GROUP = "argoproj.io"
KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")

_PARAMETER = regex(r"\{\{[ \t]{0,8}(inputs|workflow)\.parameters\.([\w-]{1,80})[ \t]{0,8}\}\}")
_SHELLS = frozenset("sh bash ash dash zsh python python3 node ruby perl pwsh".split())


class Container(NamedTuple):
    """A container that a template of a workflow runs."""

    node: Node
    template: Node


class Filled(NamedTuple):
    """A parameter that becomes part of a script's text, and where."""

    parameter: str
    at: Node


class ArgoWorkflow(Object):
    """A Workflow of Argo, a template of one, or one on a schedule."""

    example_path = "workflows/workflow.yaml"
    may_be_remote = False

    @property
    def workflow(self) -> Node:
        """The workflow's spec."""
        return self.spec["workflowSpec"] if self.kind == "CronWorkflow" else self.spec

    @property
    def templates(self) -> list[Node]:
        return listed(self.workflow["templates"])

    @cached_property
    def containers(self) -> list[Container]:
        """The containers of its templates. Raises `Unresolved`."""
        return [Container(node, template) for template in self.templates for node in _containers(template)]

    @property
    def starts(self) -> bool:
        """Whether it is run as it stands: a template without an entrypoint lends its parts to others' pods."""
        return self.kind in ("Workflow", "CronWorkflow") or self.workflow["entrypoint"].present

    def fills_in(self) -> Iterator[Filled]:
        """The parameters that whoever starts it chooses, and that become part of a script. Raises `Unresolved`."""
        for container in self.containers:
            for node in _scripts(container):
                for match in _PARAMETER.finditer(node.text):
                    if self._chosen(match[1], match[2], container.template):
                        yield Filled(f"{match[1]}.parameters.{match[2]}", node)

    @cached_property
    def _known(self) -> dict[tuple[str, int], bool]:
        """What was found out about the inputs of templates; of one that is being asked about, nothing more comes."""
        return {}

    def _chosen(self, scope: str, name: str, template: Node) -> bool:
        """Whether a parameter's value comes from whoever starts the workflow. Raises `Unresolved`."""
        if scope == "workflow":
            return self._from_outside(name)
        key = (name, id(template))
        if key not in self._known:
            self._known[key] = False
            self._known[key] = self._given_from_outside(name, template)
        return self._known[key]

    def _given_from_outside(self, name: str, template: Node) -> bool:
        own = _named(template["inputs"]["parameters"], name)
        if own is not None and own["enum"].present:
            return False
        given = self._given(written(template["name"]), name)
        if not given and written(template["name"]) == written(self.workflow["entrypoint"]):
            return self._from_outside(name)
        if not given:  # a template that others use
            return own is None or not (own["value"].present and self.kind in ("Workflow", "CronWorkflow"))
        return any(
            self._chosen(match[1], match[2], outer)
            for value, outer in given
            for match in _PARAMETER.finditer(written(value))
        )

    def _from_outside(self, name: str) -> bool:
        """Whether a parameter of the workflow itself is left to whoever starts it."""
        own = _named(self.workflow["arguments"]["parameters"], name)
        if own is not None and own["enum"].present:
            return False
        return self.kind.endswith("Template") or own is None or not own["value"].present

    def _given(self, template: str, name: str) -> list[tuple[Node, Node]]:
        """What the steps and tasks here give for an input of a template, each with the template that they stand in."""
        steps = self._steps_by_template.get(template, ())
        values = [(_named(step["arguments"]["parameters"], name), outer) for step, outer in steps]
        return [(value["value"], outer) for value, outer in values if value is not None]

    @cached_property
    def _steps_by_template(self) -> dict[str, list[tuple[Node, Node]]]:
        """The steps and tasks by the template that they run, each with the one that it stands in."""
        found: dict[str, list[tuple[Node, Node]]] = {}
        for outer in self.templates:
            for step in _steps(outer):
                found.setdefault(written(step["template"]), []).append((step, outer))
        return found


def _containers(template: Node) -> Iterator[Node]:
    for field in ("container", "script"):
        if template[field].is_mapping:
            yield template[field]
    for others in (template["containerSet"]["containers"], template["initContainers"], template["sidecars"]):
        yield from listed(others)


def _scripts(container: Container) -> Iterator[Node]:
    """The texts of a container that a shell or another interpreter reads."""
    if container.node["source"].present:
        yield container.node["source"]
    command = container.node["command"]
    words = [written(word) for word in command] if command.is_list else []
    if words and words[0].rpartition("/")[2] in _SHELLS:
        arguments = container.node["args"]
        listed_ = [*command, *(arguments if arguments.is_list else ())]
        for flag, text in pairwise(listed_):
            if _READS.match(written(flag)):
                yield text
                return


_READS = regex(r"-[a-z]{0,4}[ce]\Z|-Command\Z")


def _steps(template: Node) -> Iterator[Node]:
    """The steps and tasks of a template, and the hooks that follow them."""
    steps = template["steps"]
    groups = [listed(group) if group.is_list else [group] for group in (steps if steps.is_list else ())]
    for step in [*(one for group in groups for one in group), *listed(template["dag"]["tasks"])]:
        yield step
        yield from (step["hooks"].value.values() if step["hooks"].is_mapping else ())


def _named(items: Node, name: str) -> Node | None:
    return next((each for each in listed(items) if written(each["name"]) == name), None)


learn({(GROUP, kind): ArgoWorkflow for kind in KINDS})
