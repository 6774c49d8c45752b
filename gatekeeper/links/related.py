"""Which resources of Terraform belong together: the bucket and its policy, the service and the target that scales it.

Two belong together when one refers to the other, through locals, variables that callers give and outputs of local
modules, or when both name the same thing in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.terraform import Block, Module, ModuleCall, Resource, Typed, values
from gatekeeper.models.terraform.registry import never_makes
from gatekeeper.node import Expression, Node
from gatekeeper.parsers import hcl
from gatekeeper.project import Project

_STEPS = 400  # references that are followed from one attribute
_NAMES = (  # what resources call themselves in words
    "name", "bucket", "id", "identifier", "cluster_identifier", "function_name", "domain_name", "table_name",
    "repository", "cluster_id", "replication_group_id", "family", "alarm_name", "metadata.name",
)  # fmt: skip


class Target(NamedTuple):
    """A resource or module call, by the directory it is declared in and its address there."""

    directory: str
    address: str


class Companions(NamedTuple):
    """The resources that belong to one, and what may belong to it or not: nodes that are not known."""

    found: list[Resource]
    doubts: list[Node]


def companions(resource: Resource, types: Iterable[str], via: Iterable[str], project: Project) -> Companions:
    """The resources of some types whose attributes `via` mean this one, in the whole repository."""
    found: dict[int, Resource] = {}
    doubts: list[Node] = []
    kinds = tuple(types)
    for kind in kinds:
        for path in via:
            index = _index(kind, path, project)
            for each in _meant(resource, index):
                each = _sibling(resource, each)
                if each is not resource and not each.absent:
                    found.setdefault(id(each), each)
            for each, node in index.open:
                if _same_words(each, path, resource):
                    found.setdefault(id(each), _sibling(resource, each))
                elif (_near(each, resource) and not _of_another(each, path, resource)) or _handed_on(
                    each, path, resource
                ):
                    doubts.append(node)
            doubts += _perhaps_named(resource, index, path)
    doubts += _received(resource, kinds)
    return Companions(list(found.values()), doubts)


def surely_with(companion: Resource, subject: Subject) -> bool:
    """Whether a companion is there wherever its subject is: how often is known, or the two are repeated alike."""
    for name in ("count", "for_each"):
        own = _words(companion, name)
        if own and isinstance(subject, Resource) and own == _words(subject, name):
            return True
        if own and (name == "for_each" or own.startswith("length(")) and subject.name in companion.addresses(name):
            return True
    return companion.times is not None and (not isinstance(subject, Resource) or _for_each_instance(companion, subject))


def _for_each_instance(companion: Resource, subject: Resource) -> bool:
    """Whether a companion means every instance of its subject, not some of them by their keys."""
    attributes = companion.syntax.body.attributes.values()
    keyed = [each for attribute in attributes for each in _keyed(attribute.expr, subject)]
    repeated = [name for name in ("count", "for_each") if subject.expr(name) is not None]
    if not keyed or not repeated:
        return True
    count = subject.expr("count")
    if isinstance(count, hcl.Conditional) and any(_is_zero(each) for each in (count.yes, count.no)):
        repeated.clear()  # there once, or not at all: then its companion is not either
    nodes = [values.evaluate(key, each.scope) for each in companion.instances or [companion] for key in keyed]
    if not repeated or any(not node.known for node in nodes):
        return not repeated
    meant = {str(node.value) for node in nodes}
    own = [subject.instance] if subject.instance else [each.instance for each in subject.instances]
    return bool(own) and all(instance.strip('"') in meant for instance in own)


def _is_zero(expr: hcl.Expr) -> bool:
    return isinstance(expr, hcl.Literal) and expr.value == 0


def _keyed(expr: hcl.Expr, subject: Resource) -> Iterator[hcl.Expr]:
    """The keys by which an expression takes single instances of a resource."""
    stack = [expr]
    while stack:
        here = stack.pop()
        stack += here.children()
        if isinstance(here, hcl.Index) and here.of.text.strip() == subject.name:
            yield here.key


def referred(resource: Block, path: str, project: Project) -> list[Resource]:
    """The resources of this repository that an attribute refers to, in the order of the files."""
    table = _by_target(project)
    return [each for target in sorted(targets(resource, path)) for each in table.get(target, ())]


def targets(block: Block, path: str) -> set[Target]:
    """What an attribute or the nested blocks at a path refer to."""
    found: set[Target] = set()
    _follow([(expr, block.module, block) for expr in _written(block.syntax.body, path)], found)
    return found


class _Index(NamedTuple):
    """The resources of one type by what their attribute at one path means."""

    by_target: dict[Target, list[Resource]]
    by_name: dict[str, list[Resource]]
    open: list[tuple[Resource, Node]]  # nobody can tell what theirs means


def _index(kind: str, path: str, project: Project) -> _Index:
    def make(project: Project) -> _Index:
        index = _Index(defaultdict(list), defaultdict(list), [])
        for each in _by_type(project).get(kind, ()):
            meant = targets(each, path)
            for target in meant:
                index.by_target[target].append(each)
            node = each.node.at(path)
            if not any(_is_resource(target) for target in meant):
                names = list(_texts(node))
                for name in names:
                    index.by_name[name].append(each)
                if not names and node.expression:
                    index.open.append((each, node))
            index.open.extend([(each, item) for item in _unknown_items(node)][:1])
        return index

    return project.once(("companions", kind, path), make)


def _unknown_items(node: Node) -> Iterator[Node]:
    """The items of a list that are not known, and refer to nothing that could be followed."""
    for item in node if node.is_list else ():
        waits = item.expression
        if waits and waits.reason not in ("is a reference to a resource", "is read from a data source"):
            yield item


def _is_resource(target: Target) -> bool:
    return not target.address.startswith(("data.", "module."))


def _by_type(project: Project) -> dict[str, list[Resource]]:
    def make(project: Project) -> dict[str, list[Resource]]:
        table: dict[str, list[Resource]] = defaultdict(list)
        for each in project.all(Resource):
            if not each.absent:
                table[each.type].append(each)
        return table

    return project.once("resources by type", make)


def of_type(kind: str, project: Project) -> list[Resource]:
    """The resources of a type that are there at all."""
    return _by_type(project).get(kind, [])


def _by_target(project: Project) -> dict[Target, list[Resource]]:
    def make(project: Project) -> dict[Target, list[Resource]]:
        table: dict[Target, list[Resource]] = defaultdict(list)
        for each in project.all(Resource):
            for address in each.addressed_as:
                table[Target(each.module.directory, address)].append(each)
        return table

    return project.once("resources by address", make)


def _meant(resource: Resource, index: _Index) -> Iterator[Resource]:
    for address in resource.addressed_as:
        yield from index.by_target.get(Target(resource.module.directory, address), ())
    for name in _own_names(resource) if index.by_name else ():
        for each in index.by_name.get(name, ()):
            if each.module.shown == resource.module.shown:
                yield each


def _perhaps_named(resource: Resource, index: _Index, path: str) -> Iterator[Node]:
    """What names something in words, where this one's own name is not known: it may be that."""
    if not index.by_name or not any(resource.node.at(name).expression for name in _NAMES):
        return
    for others in index.by_name.values():
        yield from (each.node.at(path) for each in others if each.module.directory == resource.module.directory)


def _same_words(other: Resource, path: str, resource: Resource) -> bool:
    """Whether what one names and what the other calls itself is one expression, that nobody knows but is the same."""
    if other.module.directory != resource.module.directory:
        return False
    words = _words(other, path)
    if not words or words not in {_words(resource, name) for name in _NAMES}:
        return False
    repeated = "each." in words or "count." in words
    return not repeated or all(_words(other, name) == _words(resource, name) for name in ("for_each", "count"))


def _words(resource: Resource, path: str) -> str:
    """An expression as written; '' where nobody wrote one: what a module of the registry makes has no text here."""
    expr = resource.expr(path)
    return "" if expr is None or expr.home.fixed else " ".join(expr.text.split())


def _own_names(resource: Resource) -> Iterator[str]:
    for path in _NAMES:
        yield from _texts(resource.node.at(path))


def _texts(node: Node) -> Iterator[str]:
    if node.expression or node.is_mapping:
        return
    for item in node if node.is_list else (node,):
        if isinstance(item._value, str) and item._value:
            yield item._value
            if item._value.count("/") == 2 and item._value.startswith("service/"):  # what scales a service of ECS
                yield item._value.rpartition("/")[2]


def _sibling(resource: Resource, other: Resource) -> Resource:
    """The same resource as the module holds it in the context that this one is judged in."""
    if other.module is resource.module or other.module.directory != resource.module.directory:
        return other
    found = resource.module.declared.get(other.name)
    return found if isinstance(found, Resource) else other


def _near(other: Resource, resource: Resource) -> bool:
    """Whether one that names what nobody knows may mean this one: it is beside it, or in a module called from there."""
    home = resource.module.directory
    return other.module.directory == home or any(call.module.directory == home for call in other.module.users)


def _handed_on(other: Resource, path: str, resource: Resource) -> bool:
    """Whether one that names what nobody knows names the module that this one is in, as a whole."""
    users = resource.module.users
    return bool(users) and not targets(other, path).isdisjoint(Target(c.module.directory, c.name) for c in users)


def _of_another(other: Resource, path: str, resource: Resource) -> bool:
    """Whether one beside it names outputs of remote modules, and none of these was given this one to hand out again."""
    meant = targets(other, path)
    home, declared = resource.module.directory, resource.module.declared
    calls = [declared.get(address) for directory, address in meant if directory == home]
    if not meant or len(calls) < len(meant):
        return False
    return all(isinstance(each, ModuleCall) and not each.local and _kept_from(each, resource) for each in calls)


def _kept_from(call: ModuleCall, resource: Resource) -> bool:
    """Whether a call is given nothing that may be this resource: not itself, not its name, not what else names it."""
    for address in call.all_addresses:
        given = call.module.declared.get(address)
        if address.partition(".")[0] in ("data", "module", "ephemeral") or address in resource.addressed_as:
            return False
        if given is not None and any(".".join(each.path[:2]) in resource.addressed_as for each in given.references):
            return False
    names = {*_own_names(resource), *(_words(resource, path) for path in _NAMES)}
    return not any(len(name) > 1 and name in call.text for name in names)


def _received(resource: Resource, kinds: Iterable[str]) -> Iterator[Node]:
    """The calls of remote modules that are given this resource, and may make what belongs to it."""
    for call in resource.module.remote_calls:
        if not resource.addressed_as.isdisjoint(call.all_addresses) and not never_makes(call, kinds):
            words = f"is given to {call.name}, a remote module: what that makes is not seen"
            yield Node(Expression(resource.name, words), call.syntax.home.source, call.span)


# following references


_Step = tuple[hcl.Expr, Module, "Block | None"]


def _follow(waiting: list[_Step], found: set[Target]) -> None:
    seen: set[tuple[int, str]] = set()
    for _ in range(_STEPS):
        if not waiting:
            return
        expr, module, block = waiting.pop()
        for reference in hcl.references(expr):
            root, *rest = reference.path
            if root in ("each", "count", "self", "path", "terraform") or not rest:
                waiting += _repeated_over(block) if root == "each" else []
            elif root in ("local", "var", "module"):
                key = (id(module), ".".join((root, *rest[:2])))
                if key not in seen:
                    seen.add(key)
                    waiting += _behind(root, rest, module, found)
            elif root in ("data", "ephemeral"):
                found.add(Target(module.directory, ".".join((root, *rest[:2]))))
            else:
                found.add(Target(module.directory, f"{root}.{rest[0]}"))


def _repeated_over(block: Block | None) -> list[_Step]:
    expr = block.expr("for_each") if isinstance(block, (Typed, ModuleCall)) else None
    return [(expr, block.module, None)] if expr is not None and block is not None else []


def _behind(root: str, rest: list[str], module: Module, found: set[Target]) -> list[_Step]:
    if root == "local":
        local = module.locals.get(rest[0])
        return [(local.expr, module, None)] if local else []
    if root == "var":
        given = ((call, call.syntax.body.attributes.get(rest[0])) for call in module.given_by)
        return [(attribute.expr, call.module, call) for call, attribute in given if attribute]
    found.add(Target(module.directory, f"module.{rest[0]}"))
    call = module.declared.get(f"module.{rest[0]}")
    called = call.called if isinstance(call, ModuleCall) else None
    output = called.outputs.get(rest[1]) if called and len(rest) > 1 else None
    expr = output.expr("value") if output else None
    return [(expr, called, output)] if expr is not None and called is not None else []


def _written(body: hcl.Body, path: str) -> Iterator[hcl.Expr]:
    """The expressions at a path, through nested and dynamic blocks and the values of objects."""
    first, _, rest = path.partition(".")
    attribute = body.attributes.get(first)
    if attribute:
        yield from _within(attribute.expr, rest)
    for inner in body.blocks:
        dynamic = inner.type == "dynamic" and inner.labels[:1] == (first,)
        bodies = [each.body for each in inner.body.blocks if each.type == "content"] if dynamic else [inner.body]
        if dynamic or inner.type == first:
            for each in bodies:
                yield from _written(each, rest) if rest else _all(each)
            yield from (found.expr for name, found in inner.body.attributes.items() if dynamic and name == "for_each")


def _within(expr: hcl.Expr, path: str) -> Iterator[hcl.Expr]:
    first, _, rest = path.partition(".")
    if first and isinstance(expr, hcl.Object):
        for key, value in expr.pairs:
            if isinstance(key, hcl.Literal) and key.value == first:
                yield from _within(value, rest)
    elif first and isinstance(expr, hcl.Tuple):
        for item in expr.items:
            yield from _within(item, path)
    else:
        yield expr


def _all(body: hcl.Body) -> Iterator[hcl.Expr]:
    for attribute in body.attributes.values():
        yield attribute.expr
    for inner in body.blocks:
        yield from _all(inner.body)
