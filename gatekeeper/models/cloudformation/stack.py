"""A template as a module of the shared model: what its names mean, and how environments differ in it.

A parameter has the value that the repository's parameter files give it, else the only one that is allowed, else its
default. Where the values that are allowed name environments (`dev`, `prod`), the template is looked at in each.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import VENDORED, Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.cloudformation import (
    ENDINGS,
    OUR_TRANSFORMS,
    Loose,
    Parameter,
    Template,
    holds_template,
    parsed,
    texts_of,
)
from gatekeeper.models.cloudformation.intrinsics import Names, Reader, Target, literal, shape, snake
from gatekeeper.models.cloudformation.mapping import Mapper, place_of
from gatekeeper.models.cloudformation.serverless import with_globals
from gatekeeper.models.cloudformation.types import Type, type_of
from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.blocks import Block, ModuleCall, Output, Repeated, Text, Variable
from gatekeeper.models.terraform.blocks import Resource as TerraformResource
from gatekeeper.models.terraform.foreign import At, ForeignModule
from gatekeeper.models.terraform.modules import Configuration, Context, Module
from gatekeeper.node import Expression, Fault, Node, Source, Unresolved, regex
from gatekeeper.parsers import hcl, json

_PRODUCTION = regex(r"(?:prod|production|prd|live)\Z", re.IGNORECASE)
_PARAMETER_FILE = regex(r"param|config|env|stack", re.IGNORECASE)
_MOST_FILES = 60  # of parameters that are looked at for one template
_META = ("count", "depends_on")
_DEPTH = 8  # stacks that nest one another
_WAYS = 12  # environments that a template is looked at in
_END = 10**9
_NESTED = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")


class Entry(NamedTuple):
    """Where a block of the shared model comes from. `main` when it is the resource and not a part of it."""

    name: str
    type: str
    node: Node
    main: bool


class Resource(TerraformResource):
    """A resource of a template, by the type it has in Terraform. `written_as` is its type in the template."""

    technology = "cloudformation"
    example_path = "template.yaml"
    implied = True

    module: Stack

    @property
    def entry(self) -> Entry:
        return self.module.entries[id(self.syntax)]

    @property
    def written_as(self) -> str:
        return self.entry.type

    @property
    def logical_name(self) -> str:
        """Its name in the template."""
        return self.entry.name

    @property
    def text(self) -> str:
        return self.written_in.slice(self.entry.node.span) if self.entry.main else ""

    @cached_property
    def references(self) -> list[hcl.Reference]:
        if not self.entry.main:
            return super().references
        node = self.entry.node
        expressions = [self.module.written.reader.expr(node["Properties"])]
        expressions += [found for name in ("count", "depends_on") if (found := self.expr(name)) is not None]
        return [each for expr in expressions for each in hcl.references(expr)]

    def texts(self) -> Iterator[Text]:
        """Every text of the resource, also in properties that no attribute stands for."""
        if self.entry.main:
            yield from texts_of(self.logical_name, self.entry.node)

    @cached_property
    def instances(self) -> list[Repeated]:
        return []  # there is one, or none

    @cached_property
    def absent(self) -> bool:
        """Its condition does not hold, with the values that parameters have here."""
        node = self.node["count"] if self.expr("count") is not None else None
        return bool(node is not None and node.known and node == 0)


class _Call(ModuleCall):
    """What the shared model knows as a call of a module."""

    module: Stack

    @property
    def local(self) -> bool:
        return bool(self.target)

    @cached_property
    def called(self) -> Module | None:
        above = self.module.context
        calls = (self, *(above.calls if above else ()))
        if not self.local or len(calls) > _DEPTH:
            return None
        given = {name: self.node[name] for name in self.syntax.body.attributes}
        words = f"{self.path} ({self.label})" + (f", {above.label}" if above else "")
        index = self.module.written.index
        return Stack(self.module.configuration, index.sections(self.target), Context(words, given, calls))


class Nested(_Call):
    """A stack that a template makes of another template, with the values for its parameters."""

    @property
    def name(self) -> str:
        return f"module.{self.label}"

    @cached_property
    def source(self) -> str:
        return self.target or "another place"

    @property
    def target(self) -> str:
        return self.module.written.nested[self.label]


class Import(_Call):
    """Another template of this repository, of which this one imports what it exports."""

    @property
    def target(self) -> str:
        return self.label

    @cached_property
    def called(self) -> Module | None:
        return self.module.written.index.stack(self.label)


class NestedStack(Subject):
    """A stack that a template makes of another one. `local` when that is a file of this repository."""

    technology = "cloudformation"
    example_path = "template.yaml"

    def __init__(self, name: str, node: Node, file: str) -> None:
        super().__init__(node)
        self.stack = name
        self.local = bool(file)

    @property
    def name(self) -> str:
        return self.stack


_FILE = regex(r"([\w.-]{1,100}\.(?:ya?ml|json|template))(?:\?[^/\s]{0,200})?[\"']?\s*\Z")


def _file_of(node: Node, index: Index) -> str:
    """The template of the repository that a nested stack is made of: by its path, else by its name in a bucket."""
    properties = node["Properties"]
    where = properties["TemplateURL"] if properties["TemplateURL"].present else properties["Location"]
    words = where._value if isinstance(where._value, str) else " ".join(_words(where))
    path = node.source.path
    local = posixpath.normpath(posixpath.join(posixpath.dirname(path), words))
    found = _FILE.search(words)
    if local in index.roots or not found:
        return local if local in index.roots else ""
    named = [each for each in index.by_name.get(found[1], []) if each != path]
    address = f"/{words[: found.end(1)]}"
    whole = [each for each in named if address.endswith(f"/{each}")]  # a bucket is often filled as the repository is
    return named[0] if len(named) == 1 else whole[0] if len(whole) == 1 else ""


def _words(node: Node) -> Iterator[str]:
    return (each._value for each in node.walk() if isinstance(each._value, str))


class Index:
    """The templates of a repository: which nests which, and what they export. Made once, where there is one."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.configuration = tree.once(Configuration)
        self.roots: dict[str, Node] = {}
        self.by_name: dict[str, list[str]] = {}
        self._sections: dict[str, Sections] = {}
        self._stacks: dict[str, Stack] = {}
        for path in tree.paths:
            root = _root(tree.source(path)) if VENDORED.isdisjoint(path.split("/")) else None
            if root is not None:
                self.roots[path] = root
                self.by_name.setdefault(posixpath.basename(path), []).append(path)

    def sections(self, path: str) -> Sections:
        if path not in self._sections:
            self._sections[path] = Sections(self.tree.source(path), self.roots[path], self)
        return self._sections[path]

    def stack(self, path: str) -> Stack:
        if path not in self._stacks:
            self._stacks[path] = Stack(self.configuration, self.sections(path))
        return self._stacks[path]

    @cached_property
    def calls(self) -> dict[str, list[ModuleCall]]:
        """The stacks that templates nest, by the template that they are made of."""
        found: dict[str, list[ModuleCall]] = {}
        for path, root in self.roots.items():
            if any(str(each["Type"]._value) in _NESTED for _, each in _entries(root["Resources"])):
                for call_ in self.stack(path).of(Nested):
                    if call_.local:
                        found.setdefault(call_.target, []).append(call_)
        return found

    @cached_property
    def exports(self) -> dict[str, list[tuple[str, str]]]:
        """What templates export by the shape of the name: the template and the output."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path, root in self.roots.items():
            for name, output in _entries(root["Outputs"]):
                exported = output["Export"]["Name"]
                if exported.present and (words := shape(exported)):
                    found.setdefault(words, []).append((path, name))
        return found


def _root(source: Source) -> Node | None:
    if not source.path.lower().endswith(ENDINGS):
        return None
    try:
        if "Resources" not in source.text or "AWS::" not in source.text or not holds_template(source):
            return None
    except Unreadable:
        return None
    nodes, _ = parsed(source)
    return nodes[0] if nodes else None


class _Whatever(values.Scope):
    """The names of a template for any value of its parameters."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.stack = stack
        self._values: dict[str, Node] = {}

    def find(self, expr: hcl.Expr, root: str, steps: values.Steps) -> tuple[Node | Expression, int]:
        first = steps[0] if steps else None
        word = first.name if isinstance(first, hcl.GetAttr) else ""
        found = self.stack.locals.get(word) if root == "local" else None
        if found is None:
            return Expression(expr.text, "is given when the stack is made"), 0
        if word not in self._values:
            self._values[word] = values.attribute(found, self)
        return self._values[word], 1


class Stack(ForeignModule):
    """What a template declares, and what its names mean."""

    later = "is known only when the stack is made"

    def __init__(
        self, configuration: Configuration, written: Sections, context: Context | None = None, holds: str = ""
    ) -> None:
        self.written = written
        self.entries = written.entries
        self.holds = holds  # a condition that is taken to hold, whatever its parameters are by default
        self._where: dict[str, Stack] = {}
        path = written.source.path
        super().__init__(configuration, path, [path], context)

    def _read(self) -> None:
        self.faults[self.directory] = []  # a file is a module of its own
        self.blocks = [Resource(syntax, self) for syntax in self.written.blocks]
        self.blocks += [Nested(syntax, self) for syntax in self.written.calls]

    def undeclared(self) -> list[Node]:
        """Every name that is referred to and not declared, where it first is."""
        expressions = [each.expr for each in self.locals.values()]
        expressions += [each.body.attributes["value"].expr for each in self.written.outputs]
        expressions += [self.written.reader.expr(each["Properties"]) for each in self.written.resources.values()]
        expressions += [expr for block in self.of(Resource) for name in _META if (expr := block.expr(name))]
        found: dict[str, Node] = {}
        for reference in (each for expr in expressions for each in hcl.references(expr)):
            root, *rest = reference.path
            named = bool(rest) and root in ("var", "local")
            if named and rest[0] not in (self.written.parameters if root == "var" else self.locals):
                name = rest[0].partition(".")[2] if root == "local" else rest[0]
                found.setdefault(name, Node(name, reference.expr.home.source, reference.expr.span))
        return list(found.values())

    def judged(self) -> Iterator[Resource]:
        """Its resources, each as it is where its condition holds: what is optional is judged as well."""
        homes: dict[str, Stack] = {}
        for resource in self.of(Resource):
            entry = resource.entry
            if entry.main:
                homes[entry.name] = self._home(resource)
            found = homes[entry.name].twin(resource.syntax)
            assert isinstance(found, Resource)
            yield found

    def _home(self, resource: Resource) -> Stack:
        condition = resource.entry.node["Condition"]._value
        if not resource.absent or self.users or not isinstance(condition, str):
            return self
        expr = resource.expr("count")
        always = values.evaluate(expr, _Whatever(self)) if expr is not None else None
        if always is None or always.known:
            return self  # it holds for no value of any parameter
        if condition not in self._where:
            context = Context(f"where {condition} holds", {})
            self._where[condition] = Stack(self.configuration, self.written, context, condition)
        return self._where[condition]

    @cached_property
    def variables(self) -> dict[str, Variable]:
        return {syntax.labels[0]: Variable(syntax, self) for syntax in self.written.variables}

    @cached_property
    def locals(self) -> dict[str, hcl.Attribute]:
        if not self.holds:
            return self.written.locals
        name = f"conditions.{self.holds}"
        holds = hcl.Attribute(self.written.locals[name].home, name, 0, literal(True, *place_of(self.written.root)))
        return {**self.written.locals, name: holds}

    @property
    def broken(self) -> bool:
        return bool(self.written.macros)

    @cached_property
    def declared(self) -> dict[str, Block]:
        exporters = {path for found in self.written.index.exports.values() for path, _ in found}
        imports = (Import(_empty("module", path, self.written.root), self) for path in sorted(exporters))
        return {**{each.name: each for each in imports}, **super().declared}

    @cached_property
    def outputs(self) -> dict[str, Output]:
        return {syntax.labels[0]: Output(syntax, self) for syntax in self.written.outputs}

    @cached_property
    def callers(self) -> list[ModuleCall]:
        return [each for each in self.written.index.calls.get(self.directory, []) if each.module is not self]

    # parameters

    def find(self, expr: hcl.Expr, root: str, steps: values.Steps) -> tuple[Node | Expression, int]:
        found, taken = super().find(expr, root, steps)
        if isinstance(found, Expression) and found.reason == "is an output of a module":
            return Expression(found.text, "is given by another stack"), taken
        return found, taken

    def variable(self, name: str) -> Node:
        if name not in self._values:
            self._values[name] = self._value_of(name)
        return self._values[name]

    def _value_of(self, name: str) -> Node:
        node = self.written.parameters.get(name)
        if node is None:
            at = self.written.root
            return Node(Expression(name, "is not declared here"), at.source, at.mark)
        if self.context and name in self.context.given:
            return _typed(self.context.given[name], node)
        if not self.context and self.users:
            return self._as_users_agree(name, node)
        if not self.context and len(self._sets) > 1:
            texts = {given[name].text for _, given in self._sets if name in given and given[name].known}
            if len(texts) > 1:
                labels = [label for label, _ in self._sets]
                words = (
                    f"differs between {', '.join(labels[:3])}" if self.written.files else f"is {_any(sorted(texts))}"
                )
                return Node(Expression(name, words), node.source, node.mark)
        for _, given in self._sets[:1]:
            if name in given:
                return _typed(given[name], node)
        return _default(name, node)

    def _as_users_agree(self, name: str, node: Node) -> Node:
        given = [call_.node[name] if name in call_.syntax.body.attributes else None for call_ in self.users]
        nodes = [_typed(each, node) if each is not None else _default(name, node) for each in given]
        unknown = next((each for each in nodes if not each.known), None)
        if unknown is not None or len(nodes) == 1:
            return unknown if unknown is not None else nodes[0]
        try:
            if all(values.same(nodes[0], each) for each in nodes[1:]):
                return nodes[0]
        except Unresolved as unresolved:
            return Node(unresolved.expression, node.source, node.mark)
        words = ", ".join(f"{call_.path} ({call_.label})" for call_ in self.users[:3])
        return Node(Expression(name, f"differs between {words}"), node.source, node.mark)

    @cached_property
    def _sets(self) -> list[tuple[str, dict[str, Node]]]:
        """The values that parameters have together, by where: each file of parameters, else each environment."""
        return self.written.files or _environments(self.written.parameters)

    def _contexts(self) -> Iterator[Module]:
        if self.users:
            yield from super()._contexts()
        elif len(self._sets) > 1:
            for label, given in self._sets:
                yield self._within(Context(label, given))

    def _within(self, context: Context) -> Module:
        return Stack(self.configuration, self.written, context)


def _any(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


def _default(name: str, node: Node) -> Node:
    """What a parameter is where nobody gives it a value."""
    allowed = node["AllowedValues"]
    default = node["Default"]
    kind = str(node["Type"]._value or "")
    only = allowed[0] if allowed.is_list and len(allowed._value) == 1 else None
    if only is not None and only.present:
        return only
    if "Default" not in node._value:
        return Node(Expression(name, "has no Default"), node.source, node.mark)
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return Node(Expression(name, "is read from the parameter store"), default.source, default.span)
    if default._value is None:
        return Node("", default.source, default.span, default.key)
    return _typed(default, node)


def _typed(given: Node, parameter: Node) -> Node:
    """A value as its parameter has it: a list is given as one text."""
    kind = str(parameter["Type"]._value or "")
    if not (kind == "CommaDelimitedList" or kind.startswith("List<")) or not isinstance(given._value, str):
        return given
    items = [Node(item.strip(), given.source, given.span) for item in given.text.split(",")]
    return Node(items if given.text else [], given.source, given.span, given.key)


def _environments(parameters: dict[str, Node]) -> list[tuple[str, dict[str, Node]]]:
    """The environments that the one parameter which names them may be, production among them."""
    for name, node in parameters.items():
        allowed = node["AllowedValues"]
        listed = [each for each in allowed._value if each.present] if allowed.is_list else []
        named = len(listed) > 1 and any(_PRODUCTION.match(each.text) for each in listed)
        if named and len(listed) <= _WAYS:
            return [(f"{name} = {each.text}", {name: each}) for each in listed]
    return []


def _files(parameters: dict[str, Node], path: str, tree: Tree) -> list[tuple[str, dict[str, Node]]]:
    """The files that hold values for these parameters and no others, beside the template or in a folder near it."""
    if not parameters:
        return []
    home = posixpath.dirname(path)
    above = f"{posixpath.dirname(home)}/" if posixpath.dirname(home) else ""
    found: list[tuple[str, dict[str, Node]]] = []
    near = [
        each
        for each in tree.once(_parameter_files)
        if posixpath.dirname(each) == home or each.startswith((f"{home}/" if home else "", above))
    ]
    for each in near[:_MOST_FILES]:
        given = tree.source(each).once(_assignments)
        if given and given.keys() <= parameters.keys():
            found.append((each, given))
    return found[:_WAYS]


def _parameter_files(tree: Tree) -> list[str]:
    return [
        path
        for path in tree.paths
        if path.endswith(".json") and _PARAMETER_FILE.search(path) and VENDORED.isdisjoint(path.split("/"))
    ]


def _assignments(source: Source) -> dict[str, Node]:
    """What a file of parameters sets, in the form of the command line or that of CodePipeline."""
    try:
        if "Parameter" not in source.text:
            return {}
        nodes = source.once(json.parse).nodes
    except Unreadable:
        return {}
    found: dict[str, Node] = {}
    for node in nodes:
        pairs = list(node._value) if node.is_list else []
        for pair in pairs:
            if pair.is_mapping and isinstance(pair["ParameterKey"]._value, str) and pair["ParameterValue"].present:
                found[pair["ParameterKey"].text] = pair["ParameterValue"]
        if node.is_mapping and node["Parameters"].is_mapping and not node["Resources"].present:
            plain = node["Parameters"]._value.items()
            found |= {name: each for name, each in plain if isinstance(each._value, str)}
    return found


# a template


class Sections:
    """The sections of a template, as blocks of the shared model; made once for all environments."""

    def __init__(self, source: Source, root: Node, index: Index) -> None:
        self.source = source
        self.root = root
        self.index = index
        self.parameters = {n: each for n, each in _entries(root["Parameters"]) if each.is_mapping}
        self.resources = {n: each for n, each in _entries(root["Resources"]) if isinstance(each["Type"]._value, str)}
        self.macros = _macros(root)
        self.files = _files(self.parameters, source.path, index.tree)
        self.kinds = {name: _kind(each) for name, each in self.resources.items()}
        targets = {name: Target(type_, kind.ref) for name, (kind, type_) in self.kinds.items()}
        made = bool(self.macros) or any(each.startswith("AWS::Serverless") for each in self._transforms)
        made = made or any(name.startswith("Fn::") for name, _ in _entries(root["Resources"]))
        made = made or any(kind.name.endswith("::MODULE") for kind, _ in self.kinds.values())
        stacks = {name: each for name, each in self.resources.items() if str(each["Type"]._value) in _NESTED}
        self.nested = {name: _file_of(each, index) for name, each in stacks.items()}
        names = Names(frozenset(self.parameters), targets, frozenset(stacks), self._exported, made)
        self.reader = Reader(names)
        self.entries: dict[int, Entry] = {}
        self.blocks = list(self._blocks())

    @cached_property
    def _transforms(self) -> list[str]:
        found = self.root["Transform"]
        return [each.text for each in (found._value if found.is_list else [found]) if isinstance(each._value, str)]

    def _blocks(self) -> Iterator[hcl.Block]:
        mapper = Mapper(self.reader, complete=not self.macros)
        for name, node in self.resources.items():
            kind, type_ = self.kinds[name]
            whole = with_globals(node, self.root) if kind.name.startswith("AWS::Serverless") else node
            for number, syntax in enumerate(mapper.resource(name, whole, kind, type_)):
                self.entries[id(syntax)] = Entry(name, kind.name, node, number == 0)
                yield syntax

    def _exported(self, words: str) -> list[tuple[str, str]]:
        return [each for each in self.index.exports.get(words, []) if each[0] != self.source.path][:_WAYS]

    @cached_property
    def calls(self) -> list[hcl.Block]:
        """The stacks that it nests, with the values for their parameters."""
        made = []
        for name in self.nested:
            node = self.resources[name]
            body = _empty("module", name, node).body
            for key, each in _entries(node["Properties"]["Parameters"]):
                body.attributes[key] = _local(key, each, self.reader.expr(each))
            made.append(_empty("module", name, node)._replace(body=body))
        return made

    @cached_property
    def outputs(self) -> list[hcl.Block]:
        made = []
        for name, node in _entries(self.root["Outputs"]):
            body = hcl.Body({"value": _local("value", node["Value"], self.reader.expr(node["Value"]))}, [])
            made.append(_empty("output", name, node)._replace(body=body))
        return made

    @cached_property
    def variables(self) -> list[hcl.Block]:
        return [_variable(name, node) for name, node in self.parameters.items()]

    @cached_property
    def locals(self) -> dict[str, hcl.Attribute]:
        """Conditions and mappings, which other values are made of."""
        found = {f"conditions.{name}": node for name, node in _entries(self.root["Conditions"])}
        made = {name: _local(name, node, self.reader.condition(node)) for name, node in found.items()}
        for name, node in _entries(self.root["Mappings"]):
            made[f"mappings.{name}"] = _local(name, node, self.reader.expr(node))
        return made

    @property
    def unread(self) -> list[Loose]:
        loose = []
        for name, (kind, _) in self.kinds.items():
            if type_of(kind.name) is None and not _harmless(kind.name):
                loose.append(Loose(name, kind.name, self.resources[name]["Type"]))
        return loose


def _entries(node: Node) -> Sequence[tuple[str, Node]]:
    return list(node._value.items()) if node.is_mapping else []


def _macros(root: Node) -> list[Node]:
    """The macros of the account, which may change a template in any way."""
    found = root["Transform"]
    listed = found._value if found.is_list else [found] if found.present else []
    own = [each for each in listed if not (isinstance(each._value, str) and each._value in OUR_TRANSFORMS)]
    more = [Node(name, each.source, each.key or each.span) for name, each in _entries(root) if name not in _SECTIONS]
    types = [each["Type"] for _, each in _entries(root["Resources"]) if each.is_mapping and each["Type"].present]
    modules = [each for each in types if each.tag or not isinstance(each._value, str)]
    return [*own, *more, *modules]


_SECTIONS = frozenset(
    "AWSTemplateFormatVersion Description Metadata Parameters Rules Mappings Conditions Transform Globals Resources "
    "Outputs Hooks".split()
)  # any other is read by a program of its own, which completes the template: Rain's modules
_GLUE = ("AWS::CloudFormation::WaitCondition", "AWS::CDK::Metadata", "AWS::CloudFormation::Interface")


def _harmless(type_: str) -> bool:
    """Whether a type makes nothing that could be judged."""
    return type_.startswith(_GLUE)


def _kind(node: Node) -> tuple[Type, str]:
    """What a resource is, and its type in the shared model. Types of no table have one that no rule knows."""
    name = str(node["Type"]._value)
    kind = type_of(name)
    if kind is None:
        words = snake(name.replace("::", ".")).replace("-", "_").strip("_")
        made = words.replace("aws_", "awscc_", 1) if words.startswith("aws_") else words
        return Type(name, made if "_" in made else f"custom_{made}", False), made if "_" in made else f"custom_{made}"
    properties = node["Properties"]
    for property_, type_ in kind.when.items():
        if properties.is_mapping and property_ in properties._value:
            return kind, type_
    return kind, kind.type


def _variable(name: str, node: Node) -> hcl.Block:
    place = place_of(node)
    attributes: dict[str, hcl.Attribute] = {}
    for key, of in (("default", "Default"), ("description", "Description"), ("sensitive", "NoEcho")):
        each = node[of]
        if each.present:
            home = hcl.Home(each.source, "", each.span)
            attributes[key] = hcl.Attribute(home, key, 0, hcl.Literal(At(each), 0, _END, each._value))
    return hcl.Block("variable", (name,), hcl.Body(attributes, []), hcl.Home(place.source, "", place.span), 0, 0, 0)


def _empty(kind: str, name: str, node: Node) -> hcl.Block:
    place = place_of(node)
    return hcl.Block(kind, (name,), hcl.Body({}, []), hcl.Home(place.source, "", place.span), 0, 0, 0)


def _local(name: str, node: Node, expr: hcl.Expr) -> hcl.Attribute:
    place = place_of(node)
    return hcl.Attribute(hcl.Home(place.source, "", place.span), name, 0, expr)


def subjects(source: Source, root: Node, tree: Tree) -> Iterator[Subject | Fault]:
    """What a template declares."""
    index = tree.once(Index)
    index.roots.setdefault(source.path, root)
    sections, stack = index.sections(source.path), index.stack(source.path)
    yield Template(root, sections.unread, sections.macros, stack.undeclared)
    for name, node in sections.parameters.items():
        yield Parameter(name, node)
    yield from stack.judged()
    for name, node in _entries(root["Resources"]):
        if name not in sections.resources and not name.startswith("Fn::"):
            words = f"{name} has no Type that is a text: expected AWS::Service::Resource"
            yield Fault(node.source, node.key or node.span, words, technology="cloudformation")
    for name, file in sections.nested.items():
        yield NestedStack(name, sections.resources[name], file)
