"""Plans as resources: a resource as it is planned, judged by the same rules as the one that is written.

What the plan knows takes the place of what is written; what it knows only after apply stays as it is written, and of
what is sensitive it says nothing. A resource that stands in a file is placed there, another in the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.evidence.facts import Plan, PlannedInstance
from gatekeeper.models.evidence.plan_values import Untold, digest_of, values
from gatekeeper.models.terraform.blocks import Block, Resource
from gatekeeper.models.terraform.modules import Configuration, Module
from gatekeeper.node import START, Node, Span
from gatekeeper.parsers import hcl

_DEPTH = 40  # values in values
_KEPT = ("lifecycle", "provisioner", "connection")  # blocks that no plan has
_WRITE_ONLY = "_wo"  # ends the name of what a plan never has
_MARKS = ("count", "for_each")


class Step(NamedTuple):
    """A module call on the way to a resource, and the key of its instance as written ('' without one)."""

    name: str
    key: str


def steps_of(address: str) -> tuple[Step, ...]:
    """The calls that an address of a module names: `module.a["x"].module.b`."""
    found: list[Step] = []
    rest = address
    while rest.startswith("module."):
        rest = rest[len("module.") :]
        end = next((at for at, letter in enumerate(rest) if letter in ".["), len(rest))
        name, rest, key = rest[:end], rest[end:], ""
        if rest.startswith("["):
            close = _closing(rest)
            key, rest = rest[1:close], rest[close + 1 :]
        found.append(Step(name, key))
        rest = rest.removeprefix(".")
    return tuple(found)


def _closing(rest: str) -> int:
    """Where the bracket that opens the text closes; keys are strings, and may hold brackets."""
    quoted = escaped = False
    for at, letter in enumerate(rest):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == "]" and not quoted:
            return at
    return len(rest)


class HeldPlan(Subject):
    """A plan that holds for what is judged."""

    technology = "terraform"

    def __init__(self, evidence: Evidence, plan: Plan) -> None:
        super().__init__(Node(None, evidence.node.source, START))
        self.plan = plan
        self.about = evidence.origin.about.strip("/")

    @property
    def name(self) -> str:
        return self.path

    @cached_property
    def by_address(self) -> dict[tuple[tuple[str, ...], str], list[PlannedInstance]]:
        """What is planned, by the names of the calls that lead there, and type and name."""
        table: dict[tuple[tuple[str, ...], str], list[PlannedInstance]] = {}
        for each in self.plan.instances:
            calls = tuple(step.name for step in steps_of(each.module))
            table.setdefault((calls, f"{each.type}.{each.label}"), []).append(each)
        return table

    def configures(self, calls: Sequence[str], address: str) -> bool:
        """Whether the configuration that was planned has a resource, of however many instances."""
        return "".join(f"module.{name}." for name in calls) + address in self.plan.references

    def is_of(self, root: Module) -> bool:
        """Whether the plan is of that root: it says so, or it has just the resources that stand there."""
        if self.about in (root.directory, root.name):
            return True
        if self.about and self.about in root.configuration.directories:
            return False
        planned = {address for address in self.plan.references if not address.startswith("module.")}
        written = {each.name for each in root.of(Resource) if not each.implied}
        return bool(planned) and planned == written

    def is_with(self, given: Mapping[str, Node]) -> bool:
        """Whether it was made with these values of variables, as far as they are known."""
        for name, node in given.items():
            said = self.plan.variables.get(name)
            if said is not None and node.known and said != digest_of(node.plain):
                return False
        return True


class PlannedResource(Resource):
    """A resource as a plan has it. `original` is what is written of it; without one it stands in the plan."""

    def __init__(
        self, syntax: hcl.Block, module: Module, instance: PlannedInstance | None, plan: str, original: Resource | None
    ) -> None:
        super().__init__(syntax, module, original.scope if original else None)
        self.planned = instance
        self.plan = plan
        self.original = original

    @property
    def there(self) -> bool:
        """The plan has it at all."""
        return self.planned is not None

    @property
    def name(self) -> str:
        if self.original:
            return self.original.name
        return self.planned.address if self.planned else ".".join(self.labels)

    @property
    def addressed_as(self) -> frozenset[str]:
        return self.original.addressed_as if self.original else frozenset((".".join(self.labels),))

    @property
    def provider_alias(self) -> str:
        return self.original.provider_alias if self.original else super().provider_alias

    @property
    def seen_as(self) -> str:
        if self.original is None:
            return self.name  # a plan is often one line
        which = f" ({self.planned.address})" if self.planned else ""
        return f"as planned in {self.plan}{which}"

    @property
    def absent(self) -> bool:  # a plan has what it has
        return False

    @property
    def instances(self) -> list[Any]:  # it is one
        return []

    def alternatives(self) -> Sequence[Block]:
        return ()

    def texts(self) -> Iterator[Any]:
        """None: values of a plan may be anybody's, and what is written is looked at where it stands."""
        return iter(())

    @cached_property
    def references(self) -> list[hcl.Reference]:
        return [] if self.original else super().references


def as_planned(original: Resource, instance: PlannedInstance, plan: str) -> PlannedResource:
    """What is written, with what is planned of it."""
    made = _Merge(original.syntax, instance).block()
    return PlannedResource(made, original.module, instance, plan, original)


def left_out(original: Resource, plan: str) -> PlannedResource:
    """A resource of which the plan has no instance: it is not there."""
    return PlannedResource(original.syntax, original.module, None, plan, original)


class _Merge:
    """The syntax of a block with the values of a plan. Everything stands where it is written, else at the header."""

    def __init__(self, written: hcl.Block, instance: PlannedInstance, refers: dict[str, tuple[str, ...]] | None = None):
        self.written = written
        self.values = values(instance.values)
        self.refers = refers or {}
        self.header = written.header

    def block(self) -> hcl.Block:
        attributes: dict[str, hcl.Attribute] = {}
        body = self.written.body
        blocks = [each for each in body.blocks if each.type in _KEPT]
        for name, value in self.values.items():
            self._take(name, value, attributes, blocks)
        left = {name: each for name, each in body.attributes.items() if name not in (*self.values, *_MARKS)}
        attributes |= left
        return self.written._replace(body=hcl.Body(attributes, blocks))

    def _take(self, name: str, value: Any, attributes: dict[str, hcl.Attribute], blocks: list[hcl.Block]) -> None:
        own = self.written.body.attributes.get(name)
        nested = [each for each in self.written.body.blocks if name in (each.type, *each.labels[:1])]
        if isinstance(value, Untold):
            if own or nested or self.written.body.rest or name in self.refers:
                attributes[name] = self._untold(name, value, own)
        elif value is None and own and name.endswith(_WRITE_ONLY):
            attributes[name] = own
        elif own is None and isinstance(value, list) and all(isinstance(item, dict) for item in value):
            home = nested[0].home if nested else self.written.home
            place = nested[0].header if nested else self.header
            blocks += [_block(name, item, hcl.Home(home.source, name, place)) for item in value]
        elif value is not None and not (own is None and value == []):
            attributes[name] = self._told(name, value, own)

    def _home(self, name: str, own: hcl.Attribute | None) -> hcl.Home:
        return hcl.Home(self.written.home.source, name, own.expr.span if own else self.header)

    def _told(self, name: str, value: Any, own: hcl.Attribute | None) -> hcl.Attribute:
        """The value, which still refers to what is written of it."""
        home = self._home(name, own)
        here = (home, 0, len(name))
        made = _expr(value, home, 0)
        refers = own.expr if own else self._referring(home, name)
        known = hcl.Conditional(*here, hcl.Literal(*here, True), made, refers) if refers else made
        return _Placed(home, name, own.key if own else self.header, known)

    def _untold(self, name: str, value: Untold, own: hcl.Attribute | None) -> hcl.Attribute:
        home = self._home(name, own)
        refers = own.expr if own else self._referring(home, name)
        unknown = hcl.Opaque(home, 0, len(name), value.reason, [refers] if refers else [], [])
        return _Placed(home, name, own.key if own else self.header, unknown)

    def _referring(self, home: hcl.Home, name: str) -> hcl.Expr | None:
        """What the configuration refers to there, as an expression."""
        here = (home, 0, len(name))
        made: list[hcl.Expr] = []
        for words in self.refers.get(name, ()):
            first, *steps = words.partition("[")[0].split(".")
            expr: hcl.Expr = hcl.Variable(*here, first)
            for step in steps:
                expr = hcl.GetAttr(*here, expr, step)
            made.append(expr)
        return hcl.Opaque(*here, "is what it refers to", made, []) if made else None


class _Placed(hcl.Attribute):
    """An attribute whose name stands at a place of its own."""

    __slots__ = ("_place",)

    def __init__(self, home: hcl.Home, name: str, key: Span, expr: hcl.Expr) -> None:
        super().__init__(home, name, 0, expr)
        self._place = key

    @property
    def key(self) -> Span:
        return self._place


def _block(name: str, value: dict[str, Any], home: hcl.Home, depth: int = 0) -> hcl.Block:
    """A nested block; lists of mappings in it are blocks too."""
    attributes: dict[str, hcl.Attribute] = {}
    blocks: list[hcl.Block] = []
    for key, inner in value.items():
        listed = isinstance(inner, list) and all(isinstance(item, dict) for item in inner)
        if listed and depth < _DEPTH:
            blocks += [_block(key, item, home, depth + 1) for item in inner]
        elif inner is not None:
            attributes[key] = hcl.Attribute(home, key, 0, _expr(inner, home, depth))
    return hcl.Block(name, (), hcl.Body(attributes, blocks), home, 0, 0, 0)


def _expr(value: Any, home: hcl.Home, depth: int) -> hcl.Expr:
    here = (home, 0, len(home.text))
    if isinstance(value, Untold) or depth > _DEPTH:
        reason = value.reason if isinstance(value, Untold) else "nests too deeply to be read"
        return hcl.Opaque(*here, reason, [], [])
    if isinstance(value, dict):
        return hcl.Object(
            *here, [(hcl.Literal(*here, key), _expr(item, home, depth + 1)) for key, item in value.items()]
        )
    if isinstance(value, list):
        return hcl.Tuple(*here, [_expr(item, home, depth + 1) for item in value])
    return hcl.Literal(*here, value)


# a plan alone


class PlanModule(Module):
    """A module of a plan that stands alone: its resources are those that are planned."""

    def __init__(self, configuration: Configuration, evidence: str, address: str) -> None:
        super().__init__(configuration, f"{evidence}:{address}" if address else evidence, ())
        self.address = address

    @property
    def name(self) -> str:
        return self.address or self.directory

    @property
    def root(self) -> bool:  # somebody runs it
        return True

    @property
    def contexts(self) -> list[Module]:  # a plan is of one
        return []


def alone(evidence: Evidence, plan: Plan, configuration: Configuration) -> Iterator[PlannedResource]:
    """The resources of a plan for which no files are here; they stand in the plan."""
    modules: dict[str, PlanModule] = {}
    source = evidence.node.source
    for each in plan.instances:
        module = modules.get(each.module)
        if module is None:
            module = modules[each.module] = PlanModule(configuration, evidence.path, each.module)
        calls = "".join(f"module.{step.name}." for step in steps_of(each.module))
        refers = plan.references.get(f"{calls}{each.type}.{each.label}", {})
        home = hcl.Home(source, each.address, Span(each.line, 1, each.line, 1))
        empty = hcl.Block("resource", (each.type, each.label), hcl.Body({}, []), home, 0, 0, 0)
        made = PlannedResource(_Merge(empty, each, refers).block(), module, each, evidence.path, None)
        module.blocks.append(made)
    for module in modules.values():
        yield from module.of(PlannedResource)
