"""Operators that join: what belongs to a subject, what it refers to, and what there is in the repository.

    related: {type: aws_s3_bucket_versioning, via: bucket, where: {...}, count: 1}   # others whose `via` means this one
    follows: {via: load_balancer_arn, type: aws_lb, where: {...}}                    # what this one refers to
    exists:  {type: [aws_budgets_budget], where: {...}, module: budget}              # anywhere in the repository
    file:    {name: .terraform.lock.hcl, beside: true}                               # a file, in its folder or anywhere

With `seen: true`, `exists` does not ask what remote modules may make: for what spares the subject, not what it needs.
They are conditions, and stand where a path may. Each is unknown, never false, where what it looks for may be made by
what is not seen: a remote module, a resource repeated over values that nobody knows.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gatekeeper.declarative.conditions import (
    Context,
    Malformed,
    Operator,
    Result,
    Test,
    read_condition,
)
from gatekeeper.declarative.patterns import Pattern
from gatekeeper.models import Subject
from gatekeeper.node import Expression, Node

if TYPE_CHECKING:
    from gatekeeper.models.terraform import ModuleCall, Resource


def _operand(operand: Node, needed: str, known: Iterable[str]) -> Node:
    if not operand.is_mapping or not operand[needed].present:
        raise Malformed(operand, f"expected a mapping with '{needed}'")
    for key, value in operand.items():
        if key not in known:
            at = Node(key, value.source, value.key or value.span)
            raise Malformed(at, f"unknown key {key!r}: there are {', '.join(known)}")
    return operand


def _texts(operand: Node) -> tuple[str, ...]:
    return tuple(item.text for item in (operand if operand.is_list else (operand,)) if item.text)


def _where(operand: Node, kind: type[Subject]) -> Test | None:
    return read_condition(operand["where"], kind) if "where" in operand else None


def _number(operand: Node, default: int) -> int:
    if not operand.present:
        return default
    if not isinstance(operand.value, int) or isinstance(operand.value, bool):
        raise Malformed(operand, "expected a number")
    return operand.value


def _holds(resource: Resource, where: Test | None, context: Context) -> Result:
    """Whether a companion is there for sure, and as it should be."""
    from gatekeeper.links.related import surely_with

    result = where(resource.node, Context(resource, context.project)) if where else Result(True, (resource.node,))
    if result.truth is True and not surely_with(resource, context.subject):
        unknown = resource.node["count"] if resource.expr("count") is not None else resource.node["for_each"]
        return Result(None, (unknown,))
    return result


def _counted(results: list[tuple[Resource, Result]], doubts: list[Node], need: int, subject: Subject) -> Result:
    """True where enough of them hold for sure, false where there cannot be enough."""
    sure = sum(resource.times or 1 for resource, result in results if result.truth)
    if sure >= need:
        return Result(True, tuple(node for _, result in results if result.truth for node in result.at[:1]))
    unknown = [node for _, result in results if result.truth is None for node in result.at]
    unsized = [resource for resource, result in results if result.truth and resource.times is None]
    open_ = [*unknown, *doubts, *(_size(resource) for resource in unsized)]
    if open_:
        return Result(None, tuple(open_))
    wrong = tuple(node for _, result in results if result.truth is False for node in result.at)
    return Result(False, wrong or (subject.node,))


def _size(resource: Resource) -> Node:
    return resource.node["count"] if resource.expr("count") is not None else resource.node["for_each"]


def _related(operand: Node, kind: type[Subject]) -> Test:
    _operand(operand, "type", ("type", "via", "where", "count"))
    types, via, need = _texts(operand["type"]), _texts(operand["via"]), _number(operand["count"], 1)
    where = _where(operand, kind)
    if not via:
        raise Malformed(operand, "expected 'via': the attribute of the others that refers to this one")

    def test(node: Node, context: Context) -> Result:
        from gatekeeper.links.related import companions

        project, subject = _joined(context)
        found, doubts = companions(subject, types, via, project)
        results = [(each, _holds(each, where, context)) for each in found]
        return _counted(results, doubts, need, subject)

    return test


def _follows(operand: Node, kind: type[Subject]) -> Test:
    _operand(operand, "via", ("via", "type", "where"))
    via, types, where = _texts(operand["via"]), _texts(operand["type"]), _where(operand, kind)

    def test(node: Node, context: Context) -> Result:
        from gatekeeper.links.related import referred

        project, subject = _joined(context)
        found = [each for path in via for each in referred(subject, path, project) if _of(each, types)]
        if found:
            results = [_holds(each, where, context) for each in found]
            truth = (
                False
                if any(r.truth is False for r in results)
                else None
                if any(r.truth is None for r in results)
                else True
            )
            return Result(truth, tuple(node for result in results if result.truth is truth for node in result.at))
        written = next((subject.node.at(path) for path in via if subject.node.at(path).present), None)
        if written is None:
            return Result(False, (subject.node.at(via[0]),))
        if written.expression:
            return Result(None, (written,))
        words = Expression(written.text[:60] or via[0], "names something that is not declared here")
        return Result(None, (Node(words, written.source, written.mark),))

    return test


def _of(resource: Resource, types: tuple[str, ...]) -> bool:
    return not types or resource.type in types


def _exists(operand: Node, kind: type[Subject]) -> Test:
    _operand(operand, "type", ("type", "where", "module", "count", "seen"))
    types, where, need = _texts(operand["type"]), _where(operand, kind), _number(operand["count"], 1)
    seen = operand["seen"].present and bool(operand["seen"].value)
    made_by = Pattern(f"(?i){operand['module'].text}") if operand["module"].present else None

    def test(node: Node, context: Context) -> Result:
        from gatekeeper.links.related import of_type
        from gatekeeper.models.terraform import ModuleCall

        project, subject = _joined(context)
        found = [each for name in types for each in of_type(name, project) if not each.module.shown]
        results = [(each, _holds(each, where, context)) for each in found]
        remote = [call for call in project.all(ModuleCall) if not call.local and not call.module.shown]
        if made_by and any(made_by.search(call.source) or made_by.search(call.label) for call in remote):
            return Result(True, (subject.node,))
        return _counted(results, [] if seen else [_unseen(call) for call in remote[:1]], need, subject)

    return test


def _unseen(call: ModuleCall) -> Node:
    words = Expression(call.name, "is a remote module: what it makes is not seen")
    return Node(words, call.syntax.home.source, call.span)


def _file(operand: Node, kind: type[Subject]) -> Test:
    _operand(operand, "name", ("name", "beside"))
    name, beside = operand["name"].text, operand["beside"].present and bool(operand["beside"].value)

    def test(node: Node, context: Context) -> Result:
        project, subject = _joined(context)
        folder = posixpath.dirname(subject.path)
        if beside:
            return Result(f"{folder}/{name}".lstrip("/") in project.tree, (subject.node,))
        return Result(any(posixpath.basename(path) == name for path in project.tree.paths), (subject.node,))

    return test


def _joined(context: Context) -> tuple[Any, Any]:
    assert context.project is not None, "a rule that joins is judged with the project"
    return context.project, context.subject


_READERS: dict[str, Callable[[Node, type[Subject]], Test]] = {
    "related": _related,
    "follows": _follows,
    "exists": _exists,
    "file": _file,
}
JOINS = {name: Operator(read, condition=True, joins=True) for name, read in _READERS.items()}


def joins(condition: Any) -> bool:
    """Whether a condition, as plain data, has an operator that looks at the whole project."""
    if isinstance(condition, dict):
        return any(key in JOINS or joins(value) for key, value in condition.items())
    return isinstance(condition, list) and any(map(joins, condition))
