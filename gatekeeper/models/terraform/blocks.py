"""What Terraform's blocks declare: resources, data sources, module calls, variables, providers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.provider_defaults import assumed, renamed
from gatekeeper.node import Node, Source, Span, regex
from gatekeeper.parsers import hcl

if TYPE_CHECKING:
    from gatekeeper.models.terraform.modules import Module

INSTANCES = 60  # of one block that are looked at one by one
_SHOWN = 3  # origins of a value
_VARIABLE = regex(r"\bvar\.([A-Za-z_][\w-]*)")


class Text(NamedTuple):
    """A text as written, below a name; `whole` when it is the value there, and not what a value is made of."""

    name: str
    value: str
    source: Source
    span: Span
    whole: bool


class Written(Subject):
    """What has a body: a block, a file of variable values, a file of backend settings."""

    technology = "terraform"
    also_in = ("cloudformation",)
    example_path = "main.tf"

    def __init__(self, node: Node, body: hcl.Body) -> None:
        super().__init__(node)
        self.body = body

    @property
    def written_in(self) -> Source:
        return self.node.source

    @property
    def text(self) -> str:
        """What it is written as, or more: in JSON it is the whole file."""
        return self.written_in.text

    def texts(self) -> Iterator[Text]:
        """Every piece of text that is written in it, also in scripts and lists."""
        bodies = [self.body]
        while bodies:
            body = bodies.pop()
            bodies += [inner.body for inner in body.blocks]
            for name, attribute in body.attributes.items():
                yield from _texts(name, attribute.expr)


_HAND_ON = ("coalesce", "try", "sensitive", "nonsensitive", "tostring", "trimspace", "base64encode")  # what they get


def _texts(name: str, expr: hcl.Expr) -> Iterator[Text]:
    stack = [(name, expr, True)]
    while stack:
        name, expr, whole = stack.pop()
        if isinstance(expr, hcl.Literal):
            if isinstance(expr.value, str):
                yield Text(name, expr.value, expr.home.source, expr.span, whole)
        elif isinstance(expr, hcl.Template):
            for part in expr.parts:
                if isinstance(part, str):
                    yield Text(name, part, expr.home.source, expr.span, False)
        elif isinstance(expr, hcl.Object):
            for key, value in expr.pairs:
                stack.append((str(key.value), value, True) if isinstance(key, hcl.Literal) else (name, value, whole))
        elif isinstance(expr, hcl.Conditional):
            stack += [(name, expr.yes, whole), (name, expr.no, whole)]
        elif isinstance(expr, hcl.For):
            stack += [(name, expr.over, False), (name, expr.result, whole)]
        elif isinstance(expr, hcl.Opaque):
            stack += [(name, inner, False) for inner in expr.inner]
        else:
            hands_on = isinstance(expr, hcl.Tuple) or (isinstance(expr, hcl.Call) and expr.name in _HAND_ON)
            stack += [(name, child, whole and hands_on) for child in expr.children()]


class Block(Written):
    """A block at the top of a file. `node` holds its attributes and nested blocks alike, evaluated when read.

    `scope` is what its names mean: those of its module, and for one instance of several `each` and `count` too.
    """

    also_in = ("cloudformation",)
    prefix: ClassVar[str] = ""
    implied: ClassVar[bool] = False  # a remote module makes it, or another language: it is not written here as it is

    def __init__(self, syntax: hcl.Block, module: Module, scope: values.Scope | None = None) -> None:
        self.syntax = syntax
        self.body = syntax.body
        self.module = module
        self.scope = scope or module
        self.labels = syntax.labels

    @cached_property
    def node(self) -> Node:  # type: ignore[override]  # made when first asked for: most blocks never are
        return values.block(self.syntax, self.scope)

    @property
    def path(self) -> str:
        return self.syntax.home.source.path

    @property
    def written_in(self) -> Source:
        return self.syntax.home.source

    @property
    def text(self) -> str:
        home = self.syntax.home
        return home.text[self.syntax.start : self.syntax.end] if home.text else home.source.text

    @property
    def span(self) -> Span:
        return self.syntax.header

    def alternatives(self) -> Sequence[Block]:
        """It in the context of each caller and environment file, where they differ. `seen_as` tells them apart."""
        twins = (module.twin(self.syntax) for module in self.module.contexts)
        return [twin for twin in twins if twin is not None]

    def origins(self, source: Source, span: Span) -> Sequence[tuple[Node, str]]:
        """The arguments of the calls that give the variables which stand there."""
        if source is not self.written_in or not self.module.given_by:
            return ()
        names = dict.fromkeys(_VARIABLE.findall(source.slice(span)[:500]))
        return [
            (call.node[name], f"{call.name} gives var.{name}")
            for call in self.module.given_by[:_SHOWN]
            for name in list(names)[:_SHOWN]
            if name in call.syntax.body.attributes
        ]

    @property
    def seen_as(self) -> str:
        """In which context it is looked at, in words; '' when there is one for all."""
        return self.module.context.label if self.module.context else ""

    @property
    def label(self) -> str:
        """Its own name: the last label."""
        return self.labels[-1] if self.labels else ""

    @property
    def name(self) -> str:
        return f"{self.prefix}{self.label}" if self.label else self.syntax.type

    def blocks(self, kind: str) -> list[Node]:
        """The nested blocks of a kind, also those that dynamic blocks give. Does not raise."""
        found = [
            node
            for inner in self.syntax.body.blocks
            if (inner.labels[:1] == (kind,) if inner.type == "dynamic" else inner.type == kind)
            for node in values.expanded(inner, self.scope)
        ]
        if found or (kind not in self.syntax.body.attributes and not self.syntax.body.rest):
            return found
        node = self.node[kind]  # written as an attribute: in JSON, or in Terraform's older style
        if not node.known:
            return [node]
        return list(node) if node.is_list else [node] if node.is_mapping else []

    def present(self, kind: str) -> bool:
        """Whether an attribute or nested block of that name is written, whatever it comes to."""
        return bool(self.node[kind].present or any(block.present for block in self.blocks(kind)))

    def expr(self, path: str) -> hcl.Expr | None:
        """The expression of an attribute as written, also in nested blocks (`a.b`)."""
        body = self.syntax.body
        *outer, last = path.split(".")
        for step in outer:
            inner = next((block for block in body.blocks if block.type == step), None)
            if inner is None:
                return None
            body = inner.body
        found = body.attributes.get(last)
        return found.expr if found else None

    def addresses(self, path: str) -> set[str]:
        """What an attribute refers to (`aws_s3_bucket.logs`, `module.vpc`, `var.x`), through locals."""
        expr = self.expr(path)
        return set() if expr is None else self.module.addresses(expr)

    @cached_property
    def references(self) -> list[hcl.Reference]:
        """Every reference in it, except to names that its own expressions and dynamic blocks introduce."""
        return list(_references(self.syntax.body, frozenset()))


def _references(body: hcl.Body, names: frozenset[str]) -> Iterator[hcl.Reference]:
    for attribute in body.attributes.values():
        yield from hcl.references(attribute.expr, names)
    for block in body.blocks:
        if block.type == "lifecycle":  # what stands in ignore_changes are attributes of the block itself
            kept = {name: each for name, each in block.body.attributes.items() if name != "ignore_changes"}
            block = block._replace(body=hcl.Body(kept, block.body.blocks))
        inner = names
        if block.type == "dynamic":
            iterator = block.body.attributes.get("iterator")
            inner = names | {iterator.expr.text if iterator else "".join(block.labels[:1])}
        yield from _references(block.body, inner)


class Repeated(Block):
    """A block that `count` or `for_each` may repeat, or leave out. `instance` is the key of one, as written."""

    instance = ""

    @property
    def there(self) -> bool:
        return not self.absent

    def alternatives(self) -> Sequence[Block]:
        return super().alternatives() or self.instances

    @property
    def seen_as(self) -> str:
        return " ".join(filter(None, (super().seen_as, f"{self.name}[{self.instance}]" if self.instance else "")))

    @cached_property
    def times(self) -> int | None:
        """How often it is there; None when that is not known."""
        for name in ("count", "for_each"):
            if self.expr(name) is not None:
                node = self.node[name]
                if not node.whole:
                    return None
                number = node.number if name == "count" else len(node)
                return number if isinstance(number, int) else None
        return 1

    @cached_property
    def instances(self) -> list[Repeated]:
        """Each of its instances, where it is known which there are and they are not too many."""
        if self.instance:
            return []
        over, count = self.node["for_each"], self.node["count"]
        made: list[tuple[str, dict[str, Node]]] = []
        if self.expr("count") is not None and count.known and isinstance(count.number, int) and count.number >= 1:
            for number in range(min(count.number, INSTANCES + 1)):
                index = Node({"index": Node(number, count.source, count.span)}, count.source, count.span)
                made.append((str(number), {"count": index}))
        elif self.expr("for_each") is not None and over.whole and (over.is_mapping or over.is_list):
            for key, value in over.items() if over.is_mapping else ((str(item._value), item) for item in over):
                pair = {"key": Node(key, over.source, over.span), "value": value}
                made.append((f'"{key}"', {"each": Node(pair, over.source, over.span)}))
        if len(made) > INSTANCES:
            return []
        return [self._instance(key, names) for key, names in made]

    def _instance(self, key: str, names: dict[str, Node]) -> Repeated:
        one = type(self)(self.syntax, self.module, self.scope.with_names(names))
        one.instance = key
        return one

    @cached_property
    def absent(self) -> bool:
        """It is there no times at all: `count` is 0, or `for_each` empty, other than by a library's own default; or
        the module is called no times at all."""
        for name in ("count", "for_each"):
            expr = self.expr(name)
            if expr is None:
                continue
            node = self.node[name]
            if node.whole and (node == 0 or ((node.is_list or node.is_mapping) and not node)):
                asked = self.module.root or self.module.users
                if asked or not any(each.startswith("var.") for each in self.module.addresses(expr)):
                    return True
        return self.module.unused


class Typed(Repeated):
    """What has a type and a name of its own: resources, data sources, ephemeral resources."""

    @property
    def type(self) -> str:
        return self.labels[0] if self.labels else ""

    @property
    def name(self) -> str:
        return f"{self.prefix}{'.'.join(self.labels)}"

    @property
    def provider(self) -> str:
        """The local name of its provider."""
        expr = self.expr("provider")
        return expr.text.split(".")[0].strip('"') if expr else self.type.partition("_")[0]

    @property
    def provider_alias(self) -> str:
        """`aws`, or `aws.east` when it names one."""
        expr = self.expr("provider")
        return expr.text.strip('"') if expr else self.provider


class Resource(Typed):
    """A managed resource, as `aws_s3_bucket.logs`."""

    also_in = ("cloudformation",)
    may_be_remote = True

    @cached_property
    def node(self) -> Node:  # type: ignore[override]  # as above
        node = values.block(self.syntax, self.scope)
        for new, old in renamed(self.type):
            if old in node._value and new not in node._value:
                node._value[new] = node._value[old]
        return node

    @property
    def addressed_as(self) -> frozenset[str]:
        """The addresses by which others refer to it."""
        return frozenset((self.name,))

    def assumed(self, path: str) -> Node | None:
        """What its provider takes an attribute for that nobody wrote, None when that is not on record.

        An expression where it depends on the version of the provider, and that is not known.
        """
        return assumed(self, path)

    def effective(self, path: str) -> Node:
        """What an attribute comes to: as written, else as its provider assumes."""
        node = self.node.at(path)
        default = None if node.present else self.assumed(path)
        return node if default is None else default


class Data(Typed):
    """A data source, as `data.aws_ami.base`."""

    prefix = "data."


class Ephemeral(Typed):
    """An ephemeral resource, as `ephemeral.random_password.db`."""

    prefix = "ephemeral."


class Provider(Block):
    """A provider's configuration, as `provider.aws` or `provider.aws.east`."""

    prefix = "provider."

    @property
    def name(self) -> str:
        return f"provider.{self.alias}"

    @property
    def alias(self) -> str:
        expr = self.expr("alias")
        own = str(expr.value) if isinstance(expr, hcl.Literal) else ""
        return f"{self.label}.{own}" if own else self.label


class ModuleCall(Repeated):
    """A call of a module, as `module.vpc`."""

    prefix = "module."

    @cached_property
    def source(self) -> str:
        """Where the module comes from; '' when that is not written as a plain string."""
        expr = self.expr("source")
        return expr.value if isinstance(expr, hcl.Literal) and isinstance(expr.value, str) else ""

    @property
    def local(self) -> bool:
        return self.source.startswith(("./", "../")) or self.source in (".", "..")

    @cached_property
    def called(self) -> Module | None:
        """The module that a local call means, as it is called here."""
        return self.module.configuration.called(self)

    @cached_property
    def all_addresses(self) -> frozenset[str]:
        """Everything that its arguments refer to, through locals."""
        found: set[str] = set()
        for attribute in self.syntax.body.attributes.values():
            found |= self.module.addresses(attribute.expr)
        return frozenset(found)

    @property
    def target(self) -> str:
        """The directory that a local call means ('' is the repository's root)."""
        path = posixpath.normpath(posixpath.join(self.module.directory, self.source))
        return "" if path == "." else path


class Variable(Block):
    """An input variable, as `var.region`."""

    prefix = "var."


class Output(Block):
    """An output value, as `output.url`."""

    prefix = "output."


class Local(Subject):
    """One of the values of a locals block, as `local.tags`."""

    technology = "terraform"
    example_path = "main.tf"

    def __init__(self, attribute: hcl.Attribute, module: Module) -> None:
        super().__init__(module.local(attribute.name))
        self.attribute = attribute
        self.module = module

    @property
    def name(self) -> str:
        return f"local.{self.attribute.name}"


class Locals(Block):
    """A locals block."""


class TerraformSettings(Block):
    """A terraform block: versions, providers, the backend."""


class OtherBlock(Block):
    """A block of another kind: moved, import, removed, check."""

    @property
    def name(self) -> str:
        return ".".join((self.syntax.type, *self.labels))


CLASSES: dict[str, type[Block]] = {
    "resource": Resource,
    "data": Data,
    "ephemeral": Ephemeral,
    "provider": Provider,
    "module": ModuleCall,
    "variable": Variable,
    "output": Output,
    "locals": Locals,
    "terraform": TerraformSettings,
}
LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "provider": 1, "module": 1, "variable": 1, "output": 1}
