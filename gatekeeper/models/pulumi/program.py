"""A program of Pulumi as a module of the shared model: what its names mean, and how its stacks differ."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.pulumi.reading import Reader
from gatekeeper.models.pulumi.tokens import Token, Type, provider_of, type_of
from gatekeeper.models.terraform.blocks import ModuleCall, Variable
from gatekeeper.models.terraform.blocks import Provider as TerraformProvider
from gatekeeper.models.terraform.blocks import Resource as TerraformResource
from gatekeeper.models.terraform.foreign import ForeignModule
from gatekeeper.models.terraform.modules import Configuration, Context, Module
from gatekeeper.node import Expression, Fault, Node, Source
from gatekeeper.parsers import hcl, yaml

_NOT_READ = "is a property of a type that is not read"
_OF_PULUMI = ("pulumi.stack", "pulumi.project", "pulumi.organization", "pulumi.cwd")


class Resource(TerraformResource):
    """A resource of a program, by the type that it has in Terraform. `written_as` is its type in the program."""

    technology = "pulumi"
    technologies = ("terraform", "pulumi")
    example_path = "Pulumi.yaml"

    module: Program

    @property
    def written_as(self) -> str:
        return str(self.module.written.resources[self.label]["type"]._value)


class Provider(TerraformProvider):
    """A provider that a program or its configuration sets up."""

    technology = "pulumi"
    technologies = ("terraform", "pulumi")
    example_path = "Pulumi.yaml"


class Written:
    """The sections of a program; made once for all of its stacks."""

    def __init__(self, source: Source, root: Node, project: str, config: Node, tree: Tree) -> None:
        self.source = source
        self.root = root
        self.project = project
        self.tree = tree
        self.config = dict(_entries(config)) | dict(_entries(root["config"])) | dict(_entries(root["configuration"]))
        declared = {name: node for name, node in _entries(root["resources"]) if isinstance(node["type"]._value, str)}
        self.tokens = {name: Token.parse(str(node["type"]._value)) for name, node in declared.items()}
        made = {name for name, node in declared.items() if self._is_made(name, node)}
        self.kinds = {name: type_of(self.tokens[name]) for name in declared if name in made}
        self.resources = declared
        self.variables = dict(_entries(root["variables"]))
        self.reader = Reader(self.kinds, frozenset(declared) - made, frozenset(self.variables))
        self.blocks = [self._block(name, kind) for name, kind in self.kinds.items()]
        self.providers = list(self._providers())

    def _is_made(self, name: str, node: Node) -> bool:
        """Whether it is a resource that the program makes: none that is read (`get`), no provider."""
        return not node["get"].present and self.tokens[name].package != "pulumi"

    def _providers(self) -> Iterator[hcl.Block]:
        for name, node in self.resources.items():
            token = self.tokens[name]
            if token.package == "pulumi" and token.module == "providers":
                body = self.reader.body(node["properties"], Type(token.name))
                home = hcl.Home(node.source, "", node.key or node.span)
                alias = hcl.Attribute(home, "alias", 0, hcl.Literal(home, 0, 0, name))
                named = body._replace(attributes={**body.attributes, "alias": alias})
                yield hcl.Block("provider", (provider_of(token.name),), named, home, 0, 0, 0)
        yield from self._default_provider()

    def _default_provider(self) -> Iterator[hcl.Block]:
        """The provider that the configuration is about, where it says which tags everything gets."""
        given = [self.config, *(values for _, values in self.stacks)]
        node = next((each["aws:defaultTags"] for each in given if "aws:defaultTags" in each), None)
        if node is None:
            return
        home = hcl.Home(node.source, "", node.key or node.span)
        said = hcl.GetAttr(home, 0, 0, hcl.Variable(home, 0, 0, "var"), "aws:defaultTags")
        tags = hcl.Attribute(home, "tags", 0, hcl.GetAttr(home, 0, 0, said, "tags"))
        inner = hcl.Block("default_tags", (), hcl.Body({"tags": tags}, []), home, 0, 0, 0)
        yield hcl.Block("provider", ("aws",), hcl.Body({}, [inner]), home, 0, 0, 0)

    @property
    def unread(self) -> Iterator[tuple[str, Node]]:
        """The resources whose type is in no table, with the place of their type."""
        for name, node in self.resources.items():
            if name in self.kinds and not self.kinds[name].known:
                yield name, node["type"]

    @property
    def without_version(self) -> dict[str, Node]:
        """The packages of which a resource takes whatever version is installed, each with the type of the first."""
        pinned = {
            name for name, node in self.resources.items() if node["options"]["version"].present or node["get"].present
        }
        found: dict[str, Node] = {}
        for name, node in self.resources.items():
            package = self.tokens[name].package
            by = str(node["options"]["provider"]._value).strip("${} ")
            if package != "pulumi" and name not in pinned and by not in pinned:
                found.setdefault(package, node["type"])
        return found

    def _block(self, name: str, kind: Type) -> hcl.Block:
        node = self.resources[name]
        body = self.reader.body(node["properties"], kind)
        options = node["options"]
        lifecycle: dict[str, hcl.Attribute] = {}
        for option, attribute in (("protect", "prevent_destroy"), ("ignoreChanges", "ignore_changes")):
            if options[option].present:
                lifecycle[attribute] = self.reader._attribute(attribute, options[option])
        if options["dependsOn"].present:
            body.attributes["depends_on"] = self.reader._attribute("depends_on", options["dependsOn"])
        provider = options["provider"]
        if isinstance(provider._value, str):
            body.attributes["provider"] = _alias(provider, self.tokens[name].package)
        home = hcl.Home(node.source, "", node.key or node.span)
        rest = body.rest or ("" if kind.known else _NOT_READ)
        blocks = (
            [*body.blocks, hcl.Block("lifecycle", (), hcl.Body(lifecycle, []), home, 0, 0, 0)]
            if lifecycle
            else body.blocks
        )
        return hcl.Block("resource", (kind.name, name), hcl.Body(body.attributes, blocks, rest), home, 0, 0, 0)

    @cached_property
    def stacks(self) -> list[tuple[str, dict[str, Node]]]:
        """The values that each stack gives to the configuration, by the file they stand in."""
        folder = posixpath.dirname(self.root.source.path if not self.project else self.home)
        found: list[tuple[str, dict[str, Node]]] = []
        for path in self.tree.paths:
            name = posixpath.basename(path)
            if posixpath.dirname(path) == folder and stack_of(name):
                given = self._given(path)
                given["pulumi.stack"] = Node(stack_of(name), self.tree.source(path), self.root.span)
                found.append((path, given))
        return found

    @property
    def home(self) -> str:
        return self.source.path

    def _given(self, path: str) -> dict[str, Node]:
        try:
            nodes = self.tree.source(path).once(yaml.parse).nodes
        except Unreadable:
            return {}
        given: dict[str, Node] = {}
        for name, node in _entries(nodes[0]["config"]) if nodes else ():
            own, _, key = name.rpartition(":")
            given[key if own in ("", self.project) else name] = _revealed(node)
        return given


def _alias(said: Node, package: str) -> hcl.Attribute:
    """Which provider a resource is made by, as Terraform names it: `aws.east`."""
    text = f"{provider_of(package)}.{str(said._value).strip('${} ')}"
    home = hcl.Home(said.source, text, said.span)
    return hcl.Attribute(home, "provider", 0, hcl.Variable(home, 0, len(text), text))


def _revealed(node: Node) -> Node:
    """A value of the configuration; what is encrypted is not known."""
    if node.is_mapping and node["secure"].present:
        return Node(Expression("secure", "is encrypted"), node.source, node.span, node.key)
    return node


def stack_of(name: str) -> str:
    """The stack that a file holds the configuration of: `dev` for Pulumi.dev.yaml."""
    parts = name.split(".")
    return ".".join(parts[1:-1]) if len(parts) > 2 and parts[0] == "Pulumi" and parts[-1] in ("yaml", "yml") else ""


def _entries(node: Node) -> Iterator[tuple[str, Node]]:
    return iter(node._value.items() if node.is_mapping else ())


class Program(ForeignModule):
    """What a program declares, and what its names mean."""

    later = "is known only when Pulumi runs"

    def __init__(self, configuration: Configuration, written: Written, context: Context | None = None) -> None:
        self.written = written
        path = written.source.path
        super().__init__(configuration, path, [path], context)

    def _read(self) -> None:
        self.faults[self.directory] = []  # a file is a module of its own
        self.blocks = [Resource(syntax, self) for syntax in self.written.blocks]
        self.blocks += [Provider(syntax, self) for syntax in self.written.providers]

    @cached_property
    def variables(self) -> dict[str, Variable]:
        names = {**self.written.config, **dict.fromkeys((*_OF_PULUMI, "aws:defaultTags"), self.written.root)}
        return {name: Variable(_variable(name, node), self) for name, node in names.items()}

    @cached_property
    def locals(self) -> dict[str, hcl.Attribute]:
        return {name: self.written.reader._attribute(name, node) for name, node in self.written.variables.items()}

    @property
    def broken(self) -> bool:
        return False

    @cached_property
    def callers(self) -> list[ModuleCall]:
        return []

    def variable(self, name: str) -> Node:
        if name not in self._values:
            self._values[name] = self._value_of(name)
        return self._values[name]

    def _value_of(self, name: str) -> Node:
        if self.context and name in self.context.given:
            return self.context.given[name]
        stacks = [(label, given[name]) for label, given in self.written.stacks if name in given]
        if not self.context and stacks:
            differ = len(stacks) < len(self.written.stacks) or len({repr(node._value) for _, node in stacks}) > 1
            if differ and len(self.written.stacks) > 1:
                words = ", ".join(label for label, _ in self.written.stacks[:3])
                return Node(Expression(name, f"differs between {words}"), stacks[0][1].source, stacks[0][1].mark)
            return stacks[0][1]
        node = self.written.config.get(name)
        if node is None:
            at = self.written.root
            reason = "is known only when Pulumi runs" if name in _OF_PULUMI else "is not declared here"
            return Node(Expression(name, reason), at.source, at.mark)
        default = default_of(node)
        return default if default.present else Node(Expression(name, "is set for each stack"), node.source, node.mark)

    def _contexts(self) -> Iterator[Module]:
        if len(self.written.stacks) > 1:
            for label, given in self.written.stacks:
                yield self._within(Context(label, given))

    def _within(self, context: Context) -> Module:
        return Program(self.configuration, self.written, context)


def default_of(node: Node) -> Node:
    """What an entry of the configuration is where no stack says otherwise."""
    if not node.is_mapping:
        return node
    return node["default"] if node["default"].present else node["value"]


def _variable(name: str, node: Node) -> hcl.Block:
    home = hcl.Home(node.source, "", node.key or node.span)
    return hcl.Block("variable", (name,), hcl.Body({}, []), home, 0, 0, 0)


def subjects(written: Written, tree: Tree) -> Iterator[Subject | Fault]:
    """The resources of a program, and those that are not read."""
    program = Program(tree.once(Configuration), written)
    objects = {name for name, _ in written.unread if written.tokens[name].package == "kubernetes"}
    yield from (block for block in program.blocks if block.label not in objects)
    for name, at in written.unread:
        token = written.tokens[name]
        if token.package == "kubernetes" and (made := _manifest(name, token, written.resources[name])):
            from gatekeeper.models.kubernetes import of_nodes

            yield from of_nodes([made], "")
            continue
        technology = "kubernetes" if token.package == "kubernetes" else "terraform"
        words = f"{name}: the type {at.text} is not judged by this version"
        yield Fault(at.source, at.span, words, "unsupported-tool", technology)


def _manifest(name: str, token: Token, node: Node) -> Node | None:
    """An object of Kubernetes, whose properties are those of its manifest; None for what makes several."""
    group, _, version = (
        str(node["type"]._value).split(":")[1].partition("/") if token.module != "index" else ("", "", "")
    )
    if (
        not version.startswith("v")
        or group in ("helm.sh", "yaml", "kustomize")
        or token.name.endswith(("List", "Patch"))
    ):
        return None
    said = node["type"]
    properties = dict(_entries(node["properties"]))
    metadata = properties.get("metadata", Node({}, node.source, node.span, node.key))
    if metadata.is_mapping and not metadata["name"].present:  # Pulumi names it after the resource
        named = Node(name, node.source, node.key or node.span)
        metadata = Node({**metadata._value, "name": named}, metadata.source, metadata.span, metadata.key)
    api = Node(version if group == "core" else f"{group}/{version}", said.source, said.span, said.key)
    kind = Node(token.name, said.source, said.span, said.key)
    made = {**properties, "apiVersion": api, "kind": kind, "metadata": metadata}
    return Node(made, node.source, node.span, node.key)
