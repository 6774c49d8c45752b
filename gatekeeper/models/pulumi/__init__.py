"""Pulumi: programs in YAML, read into the model that Terraform has, and the configuration of stacks.

Its providers are made of Terraform's, so a resource stands here under the type and attributes that it has there. Of
programs in other languages it is said that they are not judged.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper.discover import Tree, is_test_data
from gatekeeper.models import Subject
from gatekeeper.models.terraform.blocks import Text, Written
from gatekeeper.node import START, Fault, Node, Source, Span
from gatekeeper.parsers import hcl, yaml


class Project(Subject):
    """A Pulumi.yaml: `node` is all of it."""

    technology = "pulumi"
    technologies = ("terraform", "pulumi")
    example_path = "Pulumi.yaml"

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.packages: dict[str, Node] = {}

    @property
    def span(self) -> Span:
        return self.node["name"].span if self.node["name"].present else START

    @property
    def unpinned(self) -> dict[str, Node]:
        """The packages of its resources for which no version is written, each with the first type of it."""
        named = {name for section in ("packages", "plugins") for name, _ in _items(self.node[section])}
        listed = self.node.at("plugins.providers")
        named |= {str(each["name"]._value) for each in (listed._value if listed.is_list else ())}
        return {name: at for name, at in self.packages.items() if name not in named}


class Setting(Written):
    """An entry of the configuration that a project declares."""

    technology = "pulumi"
    technologies = ("terraform", "pulumi")
    example_path = "Pulumi.yaml"

    def __init__(self, name: str, node: Node) -> None:
        super().__init__(node, hcl.Body({}, []))
        self.setting = name

    @property
    def name(self) -> str:
        return self.setting

    @property
    def span(self) -> Span:
        return self.node.key or self.node.span

    @property
    def secret(self) -> bool:
        """Whether its values are kept encrypted. Raises `Unresolved`."""
        return bool(self.node.is_mapping and self.node["secret"] == True)  # noqa: E712  # compares a node

    def texts(self) -> Iterator[Text]:
        from gatekeeper.models.pulumi.program import default_of

        default = default_of(self.node)
        if isinstance(default._value, str):
            yield Text(self.setting.rpartition(":")[2], default._value, default.source, default.span, True)


class Stack(Written):
    """A file of the configuration of one stack. What is encrypted (`secure`) is not read."""

    technology = "pulumi"
    technologies = ("terraform", "pulumi")
    example_path = "Pulumi.prod.yaml"

    def __init__(self, node: Node) -> None:
        super().__init__(node, hcl.Body({}, []))

    @property
    def span(self) -> Span:
        return START

    def texts(self) -> Iterator[Text]:
        waiting = [(name.rpartition(":")[2], each) for name, each in _items(self.node["config"])]
        while waiting:
            name, node = waiting.pop()
            if node.is_mapping:
                waiting += [(key, child) for key, child in _items(node) if key != "secure"]
            elif node.is_list:
                waiting += [(name, child) for child in node._value]
            elif isinstance(node._value, str):
                yield Text(name, node._value, node.source, node.span, True)


def _items(node: Node) -> Iterator[tuple[str, Node]]:
    return iter(node._value.items() if node.is_mapping else ())


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The project of a Pulumi.yaml with its resources, or the configuration of a stack."""
    documents = source.once(yaml.parse)
    yield from (fault._replace(technology="terraform") for fault in documents.faults)
    for root in documents.nodes[:1]:
        if not root.is_mapping:
            continue
        name = posixpath.basename(source.path).lower()
        if name in ("pulumi.yaml", "pulumi.yml"):
            yield from _project(root, source, tree)
        elif root["config"].present:
            yield Stack(root)


def _project(root: Node, source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    said = root["runtime"]
    runtime = said["name"] if said.is_mapping else said
    if not isinstance(runtime._value, str):
        yield _fault(runtime if runtime.present else root, "expected 'runtime:' with a name, such as yaml")
        return
    project = Project(root)
    yield project
    yield from (Setting(name, node) for name, node in _items(root["config"]))
    if runtime.text != "yaml" or said.at("options.compiler").present:
        words = f"Pulumi programs in {runtime.text} are not judged by this version"
        if runtime.text == "yaml":
            words = "a Pulumi program that is compiled to YAML is not judged by this version"
        yield Fault(source, runtime.span, words, reason="unsupported-tool", technology="terraform")
        return
    program = _program(root, source, tree)
    if program is None:
        yield _fault(root, "its program, Main.yaml, holds nothing that can be read")
        return
    yield from _malformed(program)
    from gatekeeper.models.pulumi.program import Written as Sections
    from gatekeeper.models.pulumi.program import subjects

    name = str(root["name"]._value)
    sections = Sections(program.source, program, name, root["config"], tree)
    project.packages = sections.without_version
    yield from subjects(sections, tree)


def _fault(at: Node, words: str) -> Fault:
    return Fault(at.source, at.mark, words, technology="terraform")


def _malformed(program: Node) -> Iterator[Fault]:
    """What of a program is not of the form that it must have, and is left out."""
    for name in ("resources", "variables", "config"):
        if program[name].present and not program[name].is_mapping:
            yield _fault(program[name], f"expected a mapping below '{name}:'")
    for name, node in _items(program["resources"]):
        if not isinstance(node["type"]._value, str):
            yield Fault(
                node.source, node.key or node.span, f"{name} has no type: expected aws:s3:BucketV2 or the like",
                technology="terraform",
            )  # fmt: skip


def _program(root: Node, source: Source, tree: Tree) -> Node | None:
    """Where the resources stand: in the project's own file, or in the Main.yaml of its folder."""
    if root["resources"].present or root["variables"].present:
        return root
    main = root["main"]
    folder = posixpath.join(posixpath.dirname(source.path), main.text if main.known else "")
    path = posixpath.normpath(posixpath.join(folder, "Main.yaml"))
    if path not in tree or is_test_data(path):
        return root
    nodes = tree.source(path).once(yaml.parse).nodes
    return nodes[0] if nodes else None
