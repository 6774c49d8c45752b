"""Whether an object has the shape that the API takes: one pinned version of Kubernetes, and whatever CRDs declare.

The built-in shapes are a small file beside this module, read when the first object is met (3 ms). Held against nobody:
values that are not known here, nulls (the API takes them for absent), what a server writes into `status`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from gatekeeper.meant import meant
from gatekeeper.models.kubernetes.quantity import quantity
from gatekeeper.models.kubernetes.templates import fills_in, stands_in, stands_in_as_key
from gatekeeper.node import Node, Source, regex

PINNED = "1.37"
MOST = 20  # faults told of one object: beyond these it is another kind of file


class Shape:
    """What may stand in one place. `fields` of an object, `values` of a map, `items` of an array.

    `open` objects take fields they do not name.
    """

    __slots__ = ("defaulted", "enum", "fields", "items", "nullable", "open", "required", "type", "values")

    def __init__(self, type: str = "any") -> None:
        self.type = type
        self.fields: Mapping[str, Shape] = {}
        self.required: tuple[str, ...] = ()
        self.values: Shape | None = None
        self.items: Shape | None = None
        self.enum: tuple[object, ...] = ()
        self.open = False
        self.nullable = False
        self.defaulted: frozenset[str] = frozenset()


class Schema(NamedTuple):
    """One version's kinds, by `group/version Kind`."""

    source: str
    kinds: dict[str, Shape]
    metadata: Shape
    versions: dict[str, tuple[str, ...]]  # group -> the versions it is served in


class Wrong(NamedTuple):
    """One place that the API would not take. `missing` names the field that is not there, `unknown` one too many.

    `filled_in` where something else is written there before it is applied.
    """

    at: Node
    message: str
    fix: str = ""
    missing: str = ""
    unknown: str = ""
    filled_in: bool = False


# What the file holds


class _Row(msgspec.Struct):
    t: str
    p: dict[str, int] = {}
    r: tuple[str, ...] = ()
    v: int = -1
    i: int = -1
    e: tuple[str, ...] = ()


class _Data(msgspec.Struct):
    source: str
    version: str
    kinds: dict[str, int]
    metadata: int
    shapes: list[_Row]


@cache
def builtin() -> Schema:
    """The shapes of the pinned version."""
    import lzma

    packed = (Path(__file__).parent / f"schema-{PINNED}.json.xz").read_bytes()
    data = msgspec.json.decode(lzma.decompress(packed), type=_Data)
    shapes = [Shape(row.t) for row in data.shapes]
    for shape, row in zip(shapes, data.shapes, strict=True):
        shape.fields = {name: shapes[index] for name, index in row.p.items()}
        shape.required = row.r
        shape.values = shapes[row.v] if row.v >= 0 else None
        shape.items = shapes[row.i] if row.i >= 0 else None
        shape.enum = (*row.e, "") if row.e else ()  # the API takes an empty string for one nobody wrote
    versions: dict[str, dict[str, None]] = {}
    for name in data.kinds:
        group, _, version = name.partition(" ")[0].rpartition("/")
        versions.setdefault(group, {})[version] = None
    kinds = {name: shapes[index] for name, index in data.kinds.items()}
    every = {group: tuple(found) for group, found in versions.items()}
    return Schema(data.source, kinds, shapes[data.metadata], every)


# What custom resources declare


def declared(definition: Node) -> Iterator[tuple[str, Node]]:
    """`group/version Kind` and the schema of every version of a CustomResourceDefinition (v1) that has one."""
    spec = definition["spec"]
    group, kind = spec["group"], spec.at("names.kind")
    if not (group.known and kind.known and spec["versions"].is_list):
        return
    for version in spec["versions"]:
        schema = version.at("schema.openAPIV3Schema")
        if schema["properties"].is_mapping and version["name"].known:
            yield f"{group.text}/{version['name'].text} {kind.text}", schema


def custom_shape(schema: Node, *, closed: bool) -> Shape:
    """The shape that a schema describes. `closed` as in CRDs: fields that it does not name are refused.

    Else, as in JSON schema, only where it says `additionalProperties: false`.
    """
    return _root(_converted(schema, closed))


class _Fields(Mapping[str, Shape]):
    """The fields of an object, each converted when it is met: a CRD may describe thousands, an object writes ten."""

    def __init__(self, nodes: Mapping[str, Node], closed: bool) -> None:
        self.nodes = nodes
        self.closed = closed
        self.made: dict[str, Shape] = {}

    def __getitem__(self, name: str) -> Shape:
        if name not in self.made:
            self.made[name] = _converted(self.nodes[name], self.closed)
        return self.made[name]

    def __contains__(self, name: object) -> bool:
        return name in self.made or name in self.nodes

    def __iter__(self) -> Iterator[str]:
        return iter({**self.nodes, **self.made})

    def __len__(self) -> int:
        return len({**self.nodes, **self.made})


def _root(shape: Shape) -> Shape:
    """With what every object has: what the schema says of these counts for nothing."""
    text = Shape("string")
    fields = shape.fields if isinstance(shape.fields, _Fields) else _Fields({}, True)
    fields.made.update({"apiVersion": text, "kind": text, "metadata": builtin().metadata})
    shape.fields = fields
    return shape


_FORMATS = {"int32": "int32", "int64": "int64", "byte": "bytes", "date-time": "time"}


def _converted(node: Node, closed: bool) -> Shape:
    """Recursion ends at the next object, and where the file's nesting does."""
    shape = Shape(_type_of(node))
    shape.nullable = _yes(node["nullable"])
    listed = node["enum"]
    shape.enum = tuple(item.value for item in listed if item.known) if listed.is_list and shape.type != "any" else ()
    if shape.type == "array":
        shape.items = _converted(node["items"], closed)
    elif shape.type == "object":
        _fill(shape, node, closed)
    return shape


def _fill(shape: Shape, node: Node, closed: bool) -> None:
    """What an object holds. One of which nothing is said takes anything."""
    inside, others, wanted = node["properties"], node["additionalProperties"], node["required"]
    shape.required = tuple(item.text for item in wanted if item.known) if wanted.is_list else ()
    if others.is_mapping and len(others):
        shape.values = _converted(others, closed)
    if inside.is_mapping:
        shape.fields = _Fields(inside.value, closed)
        shape.defaulted = frozenset(name for name in shape.required if inside[name]["default"].present)
    if _yes(node["x-kubernetes-embedded-resource"]):
        _root(shape)
    strict = closed or (others.known and others.value is False)
    shape.open = not inside.is_mapping or not strict or _yes(node["x-kubernetes-preserve-unknown-fields"])


def _type_of(node: Node) -> str:
    if _yes(node["x-kubernetes-int-or-string"]):
        return "int-or-string"
    written = node["type"]
    if not written.known or written.is_list:
        return "any"
    if not written.text:
        return "object" if node["properties"].is_mapping else "any"
    format = node["format"].text if node["format"].known else ""
    plain = "integer" if format.startswith("int") else "string"
    return _FORMATS.get(format, written.text) if written.text == plain else written.text


def _yes(node: Node) -> bool:
    return node.known and node.value is True


# Judging


def wrong(node: Node, shape: Shape) -> list[Wrong]:
    """What the API would not take of an object, up to `MOST` places."""
    return list(islice(chain(_unnamed(node), _wrong_object(node, shape, "")), MOST))


def _unnamed(node: Node) -> Iterator[Wrong]:
    """An object without a name is refused, but for reviews, which are questions. No schema says so."""
    metadata, version = node["metadata"], node["apiVersion"]
    named = metadata["name"].present or metadata["generateName"].present
    if not named and version.known and not version.text.startswith(_QUESTIONS):
        yield Wrong(metadata if metadata.present else node, "metadata.name is missing", missing="name")


_QUESTIONS = ("authentication.k8s.io/", "authorization.k8s.io/")


def is_fragment(node: Node) -> bool:
    """Whether it is a patch by what it holds (`$patch: delete`), whoever applies it."""
    return node.source.once(_holds_directives) and any(
        key in each.value for each in node.walk() if each.is_mapping for key in _DIRECTIVES
    )


_DIRECTIVES = ("$patch", "$retainKeys")


def _holds_directives(source: Source) -> bool:
    return any(key in source.text for key in _DIRECTIVES)


def is_template(node: Node) -> bool:
    """Whether `{{ value }}` stands here without quotes: YAML reads a mapping whose key is one too.

    Or a word that a script replaces by the whole: `tolerations: {TOLERATIONS_OF_WEB: ""}`.
    """
    if not node.is_mapping:
        return False
    if len(node) == 1 and all(stands_in_as_key(node, key) for key in node.value):
        return True
    return "?" in node.value and node.source.line(node.span.line).startswith("{{", node.span.column - 1)


def _wrong_at(node: Node, shape: Shape, path: str) -> Iterator[Wrong]:
    """Recursion ends where the file's nesting does, which the parser bounds."""
    if not node.known or not node.present or shape.type == "any":
        return
    if is_template(node):
        yield Wrong(node, f"{path} is not known", filled_in=True)
    elif shape.type in ("object", "map"):
        if not node.is_mapping:
            yield _mistyped(node, path, "a mapping")._replace(filled_in=_stands_in(node.value, shape))
        else:
            yield from _wrong_object(node, shape, path)
    elif shape.type == "array":
        if not node.is_list:
            yield _mistyped(node, path, "a list")._replace(filled_in=_stands_in(node.value, shape))
        elif shape.items is not None:
            for index, item in enumerate(node):
                yield from _wrong_at(item, shape.items, f"{path}[{index}]")
    elif shape.type == "string" or not (isinstance(node.value, str) and fills_in(node.value)):
        filled_in = _stands_in(node.value, shape)
        yield from (fault._replace(filled_in=filled_in) for fault in _wrong_scalar(node, shape, path))


def _stands_in(value: object, shape: Shape) -> bool:
    """Whether a script writes something else in place of this word, and it is no slip (ALWAYS, NO_SCHEDULE)."""
    if not isinstance(value, str) or not stands_in(value):
        return False
    if not shape.enum:
        return True
    plain = value.replace("_", "").lower()
    return "_" in value and not any(str(each).lower() == plain for each in shape.enum)


def _wrong_object(node: Node, shape: Shape, path: str) -> Iterator[Wrong]:
    by_server = path == "status" or path.startswith("status.")
    for name in shape.required if not by_server else ():
        child = node[name]
        inside = shape.fields.get(name)
        absent = not child.present and not (inside is not None and inside.nullable and name in node)
        if absent and name not in shape.defaulted:
            yield Wrong(node, f"{_below(path, name)} is missing", missing=name)
        elif name == "containers" and child.is_list and not any(item.present for item in child):
            yield Wrong(child, f"{_below(path, name)} has no container", missing=name)
    for name, child in node.items():
        inside = shape.fields.get(name) or shape.values
        if inside is not None:
            yield from _wrong_at(child, inside, _below(path, name))
        elif not (shape.open or shape.type == "map" or fills_in(name) or (name == "sops" and not path)):
            where = f"in {path}" if path else "at the top of this kind"
            hint = meant(name[:100], shape.fields)
            words = f"there is no field {name!r:.60} {where}"
            filled_in = stands_in_as_key(node, name)
            yield Wrong(child, f"{words}; {hint}" if hint else words, unknown=name, filled_in=filled_in)


def _below(path: str, name: str) -> str:
    """`spec.replicas`; a key that is no word is quoted, so that where it ends can be seen."""
    shown = name if name.replace("-", "").replace("_", "").isalnum() else f"[{name!r}]"
    return f"{path}{'' if shown.startswith('[') or not path else '.'}{shown}"


_NUMBERS = {"integer": (-math.inf, math.inf), "int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_STRINGS = frozenset({"string", "bytes", "time"})


def _wrong_scalar(node: Node, shape: Shape, path: str) -> Iterator[Wrong]:
    value, kind = node.value, shape.type
    if kind in _STRINGS:
        yield from _wrong_string(node, shape, path)
    elif kind in _NUMBERS:
        yield from _wrong_whole(node, kind, path)
    elif kind == "number":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield _mistyped(node, path, "a number")
    elif kind == "boolean":
        if not isinstance(value, bool) and not _boolean_word(node):
            yield _mistyped(node, path, "true or false")
    elif kind == "int-or-string":
        if isinstance(value, (bool, dict, list)) or (isinstance(value, float) and not value.is_integer()):
            yield _mistyped(node, path, "a whole number or a string")
    elif kind == "quantity" and (isinstance(value, (bool, dict, list)) or quantity(node.text) is None):
        given = f"{value!r:.40}" if isinstance(value, str) else _given(node)
        yield Wrong(node, f"{path}: expected a quantity (250m, 1Gi), this is {given}")


def _wrong_string(node: Node, shape: Shape, path: str) -> Iterator[Wrong]:
    value = node.value
    if not isinstance(value, str):
        fix = "put it in quotes" if isinstance(value, (bool, int, float)) else ""
        yield _mistyped(node, path, "a string")._replace(fix=fix)
    elif _boolean_word(node) or _number_word(node):
        read = "a boolean" if _boolean_word(node) else "a number"
        yield Wrong(node, f"{path}: expected a string, and without quotes the API's YAML reads this as {read}",
                    "put it in quotes")  # fmt: skip
    elif shape.enum and value not in shape.enum and not fills_in(value):
        allowed = [str(each) for each in shape.enum if each != ""]
        yield Wrong(node, f"{path}: {value!r:.60} is not allowed here; {_choice(value, allowed)}")
    elif shape.type == "bytes" and "..." not in value and not _is_base64(value):
        yield Wrong(node, f"{path}: expected base64", "encode it, or write it below stringData if this is a Secret")
    elif shape.type == "time" and not _TIME.match(value):
        yield Wrong(node, f"{path}: expected a time like 2026-01-31T12:00:00Z")


def _choice(value: str, allowed: list[str]) -> str:
    same = next((each for each in allowed if each.lower() == value.lower()), "")
    if same:
        return f"did you mean {same}?"
    names = ", ".join(allowed[:12]) + (", ..." if len(allowed) > 12 else "")
    return meant(value[:100], allowed, f"expected one of {names}")


def _wrong_whole(node: Node, kind: str, path: str) -> Iterator[Wrong]:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield _mistyped(node, path, "a whole number")
        return
    least, most = _NUMBERS[kind]
    if isinstance(value, float) and not value.is_integer():
        yield Wrong(node, f"{path}: expected a whole number, this has a fraction")
    elif not least <= value <= most:
        yield Wrong(node, f"{path}: this number is too large for {kind}")


def _mistyped(node: Node, path: str, expected: str) -> Wrong:
    return Wrong(node, f"{path}: expected {expected}, this is {_given(node)}")


def _given(node: Node) -> str:
    """What stands there, without its value: it may be a secret."""
    value = node.value
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a string"


# YAML 1.1, which kubectl and the API's clients read. Our parser reads 1.2, where these are strings.
_BOOLEANS = frozenset("y Y yes Yes YES n N no No NO on On ON off Off OFF".split())
_NUMBER = regex(r"[-+]?(?:[0-9][0-9_]{0,60}|0b[01_]{1,64})\Z")
_BASE64 = regex(r"[A-Za-z0-9+/]*={0,2}\Z")
_TIME = regex(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\Z")


def _boolean_word(node: Node) -> bool:
    return isinstance(node.value, str) and node.value in _BOOLEANS and _is_bare(node)


def _number_word(node: Node) -> bool:
    value: str = node.value
    return value[:1] in "+-0123456789" and ("_" in value or "b" in value) and bool(_NUMBER.match(value)) \
        and _is_bare(node)  # fmt: skip


def _is_bare(node: Node) -> bool:
    """Whether a string stands in its file without quotes."""
    return not node.source.path.endswith(".json") and node.source.slice(node.span) == node.value


def _is_base64(text: str) -> bool:
    joined = text.replace("\n", "").replace("\r", "")
    return len(joined) % 4 == 0 and _BASE64.match(joined) is not None
