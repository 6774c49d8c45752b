"""The kinds of values, and how Terraform makes one of another.

A tuple is a list, an object a dict; lists, sets and maps, whose elements are of one type, are subclasses of these: they
are never equal to what is written in brackets. What an unknown text was made of (`jsonencode`) is remembered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any, NamedTuple

from gatekeeper.node import Expression, Node, Partly, Source, Span, Unresolved, regex
from gatekeeper.parsers import hcl

SIZE = 20_000  # what one value weighs at most: locals may double each other
TEXT = 200_000  # characters of one text
DIGITS = 300  # of one number


class Fails(Exception):
    """Terraform stops here for sure, whatever the values come to that are not known."""


class List(list[Node]):
    """A list: not a tuple, though it looks like one."""

    __slots__ = ()


class Set(list[Node]):
    """A set, in the order in which Terraform walks it."""

    __slots__ = ()


class Map(dict[str, Node]):
    """A map: not an object, though it looks like one."""

    __slots__ = ()


class Encoded(str):
    """A text that was made of a value, as by `jsonencode`."""

    __slots__ = ("made_by", "of")

    of: Node
    made_by: str

    def __new__(cls, text: str, of: Node, made_by: str) -> Encoded:
        made = super().__new__(cls, text)
        made.of = of
        made.made_by = made_by
        return made


class Unspoken(Expression):
    """A text that is not known, made of a value of which something is."""

    of: Node
    made_by: str

    @classmethod
    def made(cls, expression: Expression, of: Node, made_by: str) -> Unspoken:
        found = cls(expression.text, expression.reason)
        found.of = of
        found.made_by = made_by
        return found


class Path(Expression):
    """A path below a module's directory: not known as Terraform has it, but known as a path of the repository."""

    inside: str

    @classmethod
    def made(cls, text: str, inside: str) -> Path:
        found = cls(text, "is known only when Terraform runs")
        found.inside = inside
        return found


class Value(Node):
    """A node that was computed; `weight` is how much it comes to. Its place is found when asked for."""

    __slots__ = ("_key", "_place", "weight")

    def __init__(self, value: Any, source: Source, place: hcl.Expr | Span, key: Span | None = None) -> None:
        self._value = value
        self.source = source
        self._place = place
        self._key = key
        self.tag = ""
        self.weight = weight_of(value) if isinstance(value, (str, dict, list)) else 1

    @property
    def span(self) -> Span:  # type: ignore[override]  # a slot of Node, found when asked for
        if not isinstance(self._place, tuple):
            self._place = self._place.span
        return self._place

    @property
    def key(self) -> Span | None:  # type: ignore[override]  # as above
        return self._key

    def renamed(self, key: Span | hcl.Expr) -> None:
        """Placed below a key."""
        self._key = key.span if isinstance(key, hcl.Expr) else key


def weight_of(value: Any) -> int:
    if isinstance(value, str):
        return 1 + len(value) // 64
    if isinstance(value, dict):
        return 1 + sum(map(weight, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    return 1


def weight(node: Node) -> int:
    found = getattr(node, "weight", None)
    return weight_of(node._value) if found is None else int(found)


def like(value: Any, near: Node) -> Node:
    """A value placed where another stands."""
    return Value(value, near.source, near.span)


# primitives


def text(node: Node) -> str:
    """A text, or what Terraform makes of a number or a truth value."""
    value = node.value
    if isinstance(value, str):
        return str(value)  # whatever it was made of
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    raise Fails("takes null or a collection for a text")


def float_text(value: float) -> str:
    words = repr(value)
    if len(words.strip("-").replace(".", "").lstrip("0").partition("e")[0]) > 15:
        raise ValueError("more digits than are kept here")
    return format(Decimal(words), "f")


_NUMBER = regex(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,4})?", re.ASCII)


def parsed_number(words: str) -> float | int | None:
    """The number that a text means; None when it means none."""
    if not _NUMBER.fullmatch(words):
        return None
    try:
        return exact(Decimal(words))
    except InvalidOperation:
        return None


def exact(value: Decimal) -> float | int:
    if value.adjusted() > DIGITS:
        raise ValueError("too many digits")
    return int(value) if value == value.to_integral_value() else float(value)


def number(node: Node) -> float | int:
    value = node.value
    if isinstance(value, str):
        found = parsed_number(value)
        if found is None:
            raise Fails("takes something else for a number")
        return found
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Fails("takes something else for a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("too many digits")
    return value


def whole_number(node: Node) -> int:
    found = number(node)
    if not isinstance(found, int):
        raise Fails("takes something else for a whole number")
    return found


_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def truth(node: Node) -> bool:
    value = node.value
    if isinstance(value, str):
        value = _TRUTHS.get(value)
    if not isinstance(value, bool):
        raise Fails("takes something else for true or false")
    return value


# whole values


def waits_for(node: Node) -> Expression | None:
    """The first thing that something in a value waits for; None when all of it is known."""
    value = node._value
    if isinstance(value, Expression):
        return value
    if isinstance(value, Partly):
        return value.rest
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            found = waits_for(item)
            if found is not None:
                return found
    return None


def whole(node: Node) -> Node:
    """The node, when all of it is known. Raises `Unresolved`."""
    found = waits_for(node)
    if found is not None:
        raise Unresolved(node, found)
    return node


def same(left: Node, right: Node) -> bool:
    """Whether two values hold the same, whatever kind of collection they are. Raises `Unresolved`."""
    return equal(left, right, kinds=False)


def equal(left: Node, right: Node, kinds: bool = True) -> bool:
    """Whether two values are equal; with `kinds`, a list is never equal to a tuple. What differs in one known part
    differs whatever the rest comes to. Raises `Unresolved`."""
    found = _compared(left, right, kinds)
    if isinstance(found, bool):
        return found
    raise Unresolved(left, found)


def _compared(left: Node, right: Node, kinds: bool) -> bool | Expression:
    one, other = left._value, right._value
    if isinstance(one, Expression) or isinstance(other, Expression):
        first = one if isinstance(one, Expression) else other
        return Expression(first.text, first.reason)
    if isinstance(one, dict) and isinstance(other, dict):
        return _compared_maps(one, other, kinds)
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other) or (kinds and type(one) is not type(other)):
            return False
        return _all(_compared(a, b, kinds) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return False
    return bool(one == other)


def _compared_maps(one: dict[str, Node], other: dict[str, Node], kinds: bool) -> bool | Expression:
    shared = [_compared(value, other[key], kinds) for key, value in one.items() if key in other]
    if False in shared:
        return False
    for held, against in ((one, other), (other, one)):
        if isinstance(held, Partly):
            shared.append(held.rest)
        elif any(key not in held for key in against):
            return False
    if kinds and isinstance(one, Map) != isinstance(other, Map):
        return False
    return _all(shared)


def _all(answers: Iterable[bool | Expression]) -> bool | Expression:
    waits: Expression | None = None
    for answer in answers:
        if answer is False:
            return False
        if waits is None and isinstance(answer, Expression):
            waits = answer
    return True if waits is None else waits


def agreed(yes: Node, no: Node, waits: Expression) -> Any:
    """What is known of a value that is one of two, and nobody knows which."""
    one, other = yes._value, no._value
    if one is None and other is None:
        return None
    if one is None or other is None or may_be_null(yes) or may_be_null(no):
        return Expression(waits.text, waits.reason, may_be_null=True)
    if isinstance(one, Expression) or isinstance(other, Expression):
        return waits
    if isinstance(one, dict) and isinstance(other, dict):
        shared = {
            key: Value(agreed(value, other[key], waits), value.source, value.span, value.key)
            for key, value in one.items()
            if key in other
        }
        if len(shared) == len(one) == len(other) and not isinstance(one, Partly) and not isinstance(other, Partly):
            return Map(shared) if isinstance(one, Map) else shared
        return Partly(shared, waits)
    if isinstance(one, Set) or isinstance(other, Set):
        return one if _compared(yes, no, kinds=True) is True else waits
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        items = [like(agreed(a, b, waits), a) for a, b in zip(one, other, strict=True)]
        return List(items) if isinstance(one, List) else items
    return one if _compared(yes, no, kinds=True) is True else waits


def may_be_null(node: Node) -> bool:
    value = node._value
    return value is None or (isinstance(value, Expression) and value.may_be_null)


# types

Type = Any  # "string", "number", "bool", "any", or one of the following


class Of(NamedTuple):
    """A collection: `list(string)`."""

    kind: str
    item: Type


class Field(NamedTuple):
    """An attribute of an object type."""

    type: Type
    optional: bool = False
    default: Node | None = None


class ObjectType(NamedTuple):
    fields: dict[str, Field]


class TupleType(NamedTuple):
    items: list[Type]


_KINDS: dict[str, Callable[[list[Node]], list[Node]]] = {"list": List, "set": lambda items: as_set(items)}


def type_of(expr: hcl.Expr, evaluate: Callable[[hcl.Expr], Node]) -> Type:
    """A type constraint as written. What cannot be read as one constrains nothing."""
    if isinstance(expr, hcl.Literal):  # as Terraform 0.11 has it
        return {"string": "string", "list": Of("list", "any"), "map": Of("map", "any")}.get(str(expr.value), "any")
    if isinstance(expr, hcl.Variable):
        if expr.name in ("list", "set", "map"):
            return Of(expr.name, "any")
        return expr.name if expr.name in ("string", "number", "bool") else "any"
    if not isinstance(expr, hcl.Call) or not expr.arguments:
        return "any"
    inner = expr.arguments[0]
    if expr.name in ("list", "set", "map"):
        return Of(expr.name, type_of(inner, evaluate))
    if expr.name == "tuple" and isinstance(inner, hcl.Tuple):
        return TupleType([type_of(item, evaluate) for item in inner.items])
    if expr.name == "object" and isinstance(inner, hcl.Object):
        return ObjectType(dict(_fields(inner, evaluate)))
    return "any"


def _fields(type_: hcl.Object, evaluate: Callable[[hcl.Expr], Node]) -> Iterator[tuple[str, Field]]:
    for key, wanted in type_.pairs:
        name = str(key.value) if isinstance(key, hcl.Literal) else key.text
        if isinstance(wanted, hcl.Call) and wanted.name == "optional" and wanted.arguments:
            default = evaluate(wanted.arguments[1]) if len(wanted.arguments) > 1 else None
            yield name, Field(type_of(wanted.arguments[0], evaluate), True, default)
        else:
            yield name, Field(type_of(wanted, evaluate))


def convert(node: Node, wanted: Type) -> Node:
    """A value as a type has it; what is not known stays as it is. Raises `Fails` where no such value can be made."""
    value = node._value
    if value is None or isinstance(value, Expression) or wanted == "any":
        return node
    if wanted == "string":
        return node if isinstance(value, str) else _as(node, text(node))
    if wanted == "number":
        return node if type(value) in (int, float) else _as(node, number(node))
    if wanted == "bool":
        return node if isinstance(value, bool) else _as(node, truth(node))
    if isinstance(wanted, ObjectType) and isinstance(value, dict):
        return _as(node, _object(node, value, wanted))
    if isinstance(wanted, TupleType) and isinstance(value, list) and len(value) == len(wanted.items):
        return _as(node, [convert(item, type_) for item, type_ in zip(value, wanted.items, strict=True)])
    if isinstance(wanted, Of):
        return _as(node, _collection(value, wanted))
    raise Fails("does not fit its type")


def _as(node: Node, value: Any) -> Node:
    return Value(value, node.source, node.span, node.key)


def _collection(value: Any, wanted: Of) -> Any:
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    if items is None or (wanted.kind == "map") != isinstance(value, dict):
        raise Fails("does not fit its type")
    type_ = wanted.item
    if type_ == "any":
        type_ = reduce(unify, map(kind_of, items), "any")
        if type_ is None:
            raise Fails("has items of different types")
    made = [convert(item, type_) for item in items]
    if not isinstance(value, dict):
        return _KINDS[wanted.kind](made)
    pairs = dict(zip(value, made, strict=True))
    return Partly(pairs, value.rest) if isinstance(value, Partly) else Map(pairs)


def _object(node: Node, value: dict[str, Node], wanted: ObjectType) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for name, field in wanted.fields.items():
        given = value.get(name)
        if given is None and isinstance(value, Partly):
            continue
        if given is None and not field.optional:
            raise Fails(f"lacks the attribute {name}")
        if field.optional and (given is None or given._value is None):
            given = field.default if field.default is not None else like(None, node)
        elif field.default is not None and given is not None and given.expression and given.expression.may_be_null:
            given = like(given.expression._replace(may_be_null=False), given)
        assert given is not None
        found[name] = convert(given, field.type)
    return Partly(found, value.rest) if isinstance(value, Partly) else found


def as_set(items: list[Node]) -> Any:
    """The items once each, as Terraform orders them. Of items that are not known nobody knows how many differ."""
    if len(items) > 1:
        for item in items:
            whole(item)
    found: list[Node] = []
    seen: set[Any] = set()
    for item in items:
        identity = frozen(item) if len(items) > 1 else None
        if identity not in seen:
            seen.add(identity)
            found.append(item)
    if all(isinstance(item._value, (str, int, float)) for item in found):
        found.sort(key=lambda item: item._value)
    else:
        found.sort(key=_order)
    return Set(found)


def _order(node: Node) -> str:
    """By what Terraform sorts sets of other things than texts and numbers."""
    value = node._value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, Map):
        return "{" + "".join(f"{_order(like(key, node))}:{_order(item)};" for key, item in sorted(value.items())) + "}"
    if isinstance(value, dict):
        return "<" + "".join(f"{_order(item)};" for _, item in sorted(value.items())) + ">"
    if isinstance(value, list):
        begin, end = "[]" if isinstance(value, (List, Set)) else "<>"
        return begin + "".join(f"{_order(item)};" for item in value) + end
    return text(node)


def frozen(node: Node) -> Any:
    """What equal values have in common. Raises `Unresolved`."""
    value = node.value
    if isinstance(value, Partly):
        raise Unresolved(node, value.rest)
    if isinstance(value, dict):
        return "map", tuple(sorted((key, frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return "list", tuple(map(frozen, value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", value
    return type(value).__name__ if value is None else type(value) is bool, value


def kind_of(node: Node) -> Type:
    """The type of a value; "any" for what is not known."""
    value = node._value
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Partly):
        return "any"
    if isinstance(value, Map):
        return Of("map", reduce(unify, map(kind_of, value.values()), "any"))
    if isinstance(value, dict):
        return ObjectType({key: Field(kind_of(item)) for key, item in value.items()})
    if isinstance(value, (List, Set)):
        return Of("list" if isinstance(value, List) else "set", reduce(unify, map(kind_of, value), "any"))
    if isinstance(value, list):
        return TupleType([kind_of(item) for item in value])
    return "any"


_PRIMITIVE = ("string", "number", "bool")


def unify(one: Type, other: Type) -> Type:
    """The type that values of both types can have; None when there is none."""
    if one == other or other == "any":
        return one
    if one == "any":
        return other
    if one is None or other is None:
        return None
    if one in _PRIMITIVE or other in _PRIMITIVE:
        return "string" if one in _PRIMITIVE and other in _PRIMITIVE and "string" in (one, other) else None
    if isinstance(one, ObjectType) and isinstance(other, ObjectType) and one.fields.keys() == other.fields.keys():
        fields = {key: unify(field.type, other.fields[key].type) for key, field in one.fields.items()}
        return None if None in fields.values() else ObjectType({key: Field(type_) for key, type_ in fields.items()})
    if isinstance(one, TupleType) and isinstance(other, TupleType) and len(one.items) == len(other.items):
        items = [unify(a, b) for a, b in zip(one.items, other.items, strict=True)]
        return None if None in items else TupleType(items)
    kinds = {_family(one), _family(other)}
    if len(kinds) > 1 and "map" in kinds:
        return None
    item = reduce(unify, [*_elements(one), *_elements(other)], "any")
    return None if item is None else Of("set" if "set" in kinds and len(kinds) == 1 else min(kinds), item)


def _family(type_: Type) -> str:
    if isinstance(type_, Of):
        return type_.kind
    return "map" if isinstance(type_, ObjectType) else "list"


def _elements(type_: Type) -> list[Type]:
    if isinstance(type_, Of):
        return [type_.item]
    return [field.type for field in type_.fields.values()] if isinstance(type_, ObjectType) else type_.items
