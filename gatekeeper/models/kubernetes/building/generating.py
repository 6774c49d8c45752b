"""ConfigMaps and Secrets that a kustomization generates, and the hash their names end in."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gatekeeper.models.kubernetes.building.items import Item
from gatekeeper.models.kubernetes.building.nodes import at, decided, holding, listed, mapping, said, text, with_field
from gatekeeper.node import Node, Source, Span


class File(NamedTuple):
    """A file that was read for a generator: its bytes, and its source."""

    data: bytes
    source: Source


Read = Callable[[Node, str], File | None]  # the entry and the path it writes; None when there is nothing to read
Tell = Callable[[Node, str], None]  # what could not be resolved


def generated(kind: str, entry: Node, options: Node, read: Read, tell: Tell) -> Item | None:
    """The object an entry of `configMapGenerator` or `secretGenerator` makes; None when it has no name."""
    pairs = mapping(entry)
    name = pairs.get("name")
    if name is None or not text(name):
        tell(entry, f"{kind} generator: no name")
        return None
    metadata = {"name": decided(text(name), name)}
    if "namespace" in pairs and text(pairs["namespace"]):
        metadata["namespace"] = pairs["namespace"]
    own = pairs.get("options", entry)
    for field in ("labels", "annotations"):
        marks = {**mapping(mapping(options).get(field)), **mapping(mapping(own).get(field))} if own is not entry else {
            **mapping(mapping(options).get(field))
        }  # fmt: skip
        if marks:
            metadata[field] = decided({key: decided(text(value), value) for key, value in marks.items()}, entry)
    built: dict[str, Node] = {
        "apiVersion": decided("v1", entry),
        "kind": decided(kind, entry),
        "metadata": decided(metadata, entry),
    }
    found = dict(_pairs(entry, read, tell))
    (_secret if kind == "Secret" else _config_map)(built, entry, found)
    if said(own["immutable"]) or said(options["immutable"]):
        built["immutable"] = decided(True, entry)
    hashed = not (said(own["disableNameSuffixHash"]) or said(options["disableNameSuffixHash"]))
    behavior = text(pairs.get("behavior"))
    return Item(decided(built, entry), behavior=behavior if behavior in ("merge", "replace") else "", hashed=hashed)


_Value = tuple[bytes, Node]


def _config_map(built: dict[str, Node], entry: Node, found: dict[str, _Value]) -> None:
    data: dict[str, Node] = {}
    binary: dict[str, Node] = {}
    for key, (value, by) in sorted(found.items()):
        try:
            data[key] = decided(value.decode(), by)
        except UnicodeDecodeError:
            binary[key] = decided(_base64(value), by)
    if data:
        built["data"] = decided(data, entry)
    if binary:
        built["binaryData"] = decided(binary, entry)


def _secret(built: dict[str, Node], entry: Node, found: dict[str, _Value]) -> None:
    kind = mapping(entry).get("type")
    built["type"] = decided(text(kind) or "Opaque", entry if kind is None else kind)
    built["data"] = decided({key: decided(_base64(value), by) for key, (value, by) in sorted(found.items())}, entry)


def _base64(value: bytes) -> str:
    """As kustomize writes it: long ones in lines of 70."""
    encoded = base64.b64encode(value).decode()
    if len(encoded) < 70:
        return encoded
    return "".join(f"{encoded[i : i + 70]}\n" for i in range(0, len(encoded), 70))


def _pairs(entry: Node, read: Read, tell: Tell) -> Iterator[tuple[str, _Value]]:
    pairs = mapping(entry)
    lone = [pairs["env"]] if "env" in pairs and text(pairs["env"]) else []
    for each in (*listed(pairs.get("envs")), *lone):
        yield from _of_env_file(each, read)
    for each in listed(pairs.get("literals")):
        key, sign, value = text(each).partition("=")
        if not sign or not key:
            tell(each, "literals: an entry is no key=value")
            continue
        yield key, (_unquoted(value).encode("utf-8", "surrogateescape"), each)
    for each in listed(pairs.get("files")):
        first, sign, rest = text(each).partition("=")
        key, path = (first, rest) if sign else (posixpath.basename(first), first)
        found = read(each, path)
        if found is not None:
            yield key, (found.data, each)


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _of_env_file(entry: Node, read: Read) -> Iterator[tuple[str, _Value]]:
    found = read(entry, text(entry))
    if found is None:
        return
    for number, raw in enumerate(found.data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = raw.removesuffix(b"\r").lstrip()
        if line and not line.startswith(b"#"):
            key, _, value = line.partition(b"=")
            place = Node(None, found.source, Span(number, 1, number, len(raw) + 1))
            yield key.decode("utf-8", "replace"), (value, place)


# an object that is there already


def combined(new: Item, old: Item) -> Item:
    """What `behavior: merge` or `replace` leaves: the old one's name and marks, and its data below the new one's."""
    node = new.node
    held, made = mapping(at(old.node, "metadata")), mapping(at(node, "metadata"))
    metadata = dict(made)
    for field in ("labels", "annotations"):
        marks = {**mapping(held.get(field)), **mapping(made.get(field))}
        if marks:
            metadata[field] = holding(made.get(field, held.get(field, node)), marks)
    for field in ("name", "namespace"):
        if field in held:
            metadata[field] = held[field]
    node = with_field(node, "metadata", holding(mapping(node)["metadata"], metadata))
    if new.behavior == "merge":
        for field in ("data", "binaryData"):
            values = {**mapping(mapping(old.node).get(field)), **mapping(mapping(node).get(field))}
            if values:
                node = with_field(
                    node, field, decided(values, mapping(node).get(field, mapping(old.node).get(field, node)))
                )
    return old._replace(node=node, hashed=old.hashed and new.hashed, behavior=old.behavior)


# the hash

_SUFFIX = str.maketrans("013ae", "ghkmt")
_ESCAPES = re.compile("[<>&\u2028\u2029]")


def name_hash(node: Node) -> str:
    """The end of a generated name: it changes with the content, so that a new one makes pods start anew."""
    pairs = mapping(node)
    kind = text(pairs.get("kind"))
    # kustomize means to hash the name too, but looks for it in the wrong place: it is always empty.
    content: dict[str, Any] = {"kind": kind, "name": "", "data": _content(pairs.get("data"))}
    for field in ("binaryData",) if kind == "ConfigMap" else ("stringData",):
        if field in pairs and pairs[field].is_mapping:
            content[field] = _content(pairs[field])
    if kind == "Secret":
        content["type"] = text(pairs.get("type"))
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    escaped = _ESCAPES.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
    digest = hashlib.sha256(escaped.encode("utf-8", "replace")).hexdigest()
    return digest[:10].translate(_SUFFIX)


def _content(node: Node | None) -> Any:
    return "" if node is None else node.plain
