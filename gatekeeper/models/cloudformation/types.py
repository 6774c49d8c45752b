"""Which resource of Terraform a type of CloudFormation is, and how its properties are called there.

One file a service, `types/<service>.yaml`, read when a template holds a type of it. An entry:

    AWS::RDS::DBInstance:
      is: aws_db_instance
      when: {DBClusterIdentifier: aws_rds_cluster_instance}   # another type where that property is written
      ref: id                             # what `Ref` gives, `id` where nothing is said
      final_snapshot: true                # what deletes it takes a last snapshot where no DeletionPolicy is written
      set: {type: ingress}                # attributes that follow from the type itself
      absent: [acl]                       # attributes that it never has
      properties:
        StorageEncrypted: storage_encrypted bool = false
        DeploymentConfiguration:
          in: "."                         # a nested block by its name, `.` where its properties are the resource's own
          MaximumPercent: deployment_maximum_percent number
      update: instance_refresh            # the block that an UpdatePolicy is, which replaces machines
      companions:
        - {from: BackupPolicy, is: aws_efs_backup_policy, by: file_system_id, properties: {...}}

A property is `attribute kind = default`; the kind says how the value is read (see `KINDS`), the default is what
CloudFormation takes an absent property for where that is not what Terraform does, and `?` that nobody can tell it from
the template alone. `each: true` makes a block of every item of a list, `entries: name` of every entry of a mapping,
where `value: value` is what such an entry holds. `keys: [Key, Value]` reads a list of such pairs as properties
(`values`). An entry that is a plain name is a type whose properties are not read: whatever is asked of it is not known.

The names of properties and their defaults are those of AWS's resource schemas and of the pages of the template
reference (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/), read on the day that `checked`
says at the top of each file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

_HERE = Path(__file__).parent / "types"

KINDS = {
    "": "as it is written",
    "bool": "true or false, also as text",
    "number": "a number, also as text",
    "one": "one value, of which Terraform has a list",
    "json": "a document that Terraform has as JSON",
    "camel": "as json, with keys that begin with a small letter",
    "tags": "pairs of Key and Value; those that the whole stack is given are not known",
    "pairs": "pairs of Name and Value",
    "encoded": "what Fn::Base64 encodes",
    "is": "whether it is the word that follows",
    "pluck": "of each item what stands below the key that follows",
    "first": "of the first item what stands below the key that follows",
    "key": "the name of the attribute that is a key of the type that follows",
}
UNSAID = "?"  # as default: what an absent property means depends on something else


class Leaf(NamedTuple):
    """A property that is an attribute. `to` may lead into a nested block (`access_logs.enabled`), and `a|b` is the one
    of the two that the resource has."""

    to: str
    kind: str = ""
    word: str = ""
    default: Any = None


class Nested(NamedTuple):
    """A property that is a nested block, or only groups properties of the block that it stands in (`.`)."""

    block: str
    children: Mapping[str, Rule]
    each: bool = False
    keys: tuple[str, str] | None = None
    absent: Mapping[str, Any] | None = None  # the attributes of the block that is meant where nothing is written
    by: tuple[str, Mapping[str, str]] | None = None  # the property that says which block an item is
    entries: str = ""  # the attribute that the key of each entry of a mapping is
    value: str = ""  # the attribute that an entry itself is
    without: tuple[str, ...] = ()  # the attributes that the block never has


Rule = Leaf | Nested


class Companion(NamedTuple):
    """A property that is a resource of its own in Terraform, `by` which attribute it refers to this one. Without a
    source, CloudFormation does it by itself. `instead` is the attribute of this one that says the same."""

    source: tuple[str, ...]
    type: str
    by: str
    get: str
    each: bool
    item: Rule | None  # where the property's own value is an attribute, or each of its items
    children: Mapping[str, Rule]
    set: Mapping[str, Any]
    instead: str = ""


class Type(NamedTuple):
    """A type of CloudFormation. `read` where its properties are."""

    name: str
    type: str
    read: bool
    when: Mapping[str, str] = {}
    ref: str = "id"
    final_snapshot: bool | None = None
    set: Mapping[str, Any] = {}
    absent: tuple[str, ...] = ()
    properties: Mapping[str, Rule] = {}
    companions: tuple[Companion, ...] = ()
    update: str = ""


def type_of(name: str) -> Type | None:
    """What a type is; None when it is in no table."""
    service = name.split("::")[1].lower() if name.count("::") == 2 else ""
    for file in (service, "others"):
        found = _table(file).get(name)
        if found is not None:
            return found
    return None


def every() -> list[Type]:
    """All types of all tables, by name."""
    found = {name: each for path in _HERE.glob("*.yaml") for name, each in _table(path.stem).items()}
    return [found[name] for name in sorted(found)]


def names_of(path: str) -> frozenset[str] | None:
    """What attributes and blocks Terraform has for a resource (`aws_instance`) or a block of it
    (`aws_instance/metadata_options`); None where that is not on record."""
    return _names().get(path)


@lru_cache(maxsize=1)
def _names() -> dict[str, frozenset[str]]:
    lines = (_HERE / "names.txt").read_text("utf-8").splitlines()
    words = (line.split() for line in lines if line and not line.startswith("#"))
    return {path: frozenset(names) for path, *names in words}


@lru_cache
def _table(service: str) -> dict[str, Type]:
    from yaml import CSafeLoader, load

    path = _HERE / f"{service}.yaml"
    if not service.isalnum() or not path.is_file():
        return {}
    entries: dict[str, Any] = load(path.read_text("utf-8"), CSafeLoader)
    return {name: _type(name, entry) for name, entry in entries.items() if "::" in name}


def _type(name: str, entry: Any) -> Type:
    if isinstance(entry, str):
        return Type(name, entry, False)
    return Type(
        name,
        entry["is"],
        True,
        entry.get("when", {}),
        entry.get("ref", "id"),
        entry.get("final_snapshot"),
        entry.get("set", {}),
        tuple(entry.get("absent", ())),
        _children(entry.get("properties", {})),
        tuple(_companion(each) for each in entry.get("companions", ())),
        entry.get("update", ""),
    )


def _children(entry: Mapping[str, Any]) -> dict[str, Rule]:
    return {name: _rule(each) for name, each in entry.items()}


def _rule(entry: Any) -> Rule:
    if isinstance(entry, str):
        return _leaf(entry)
    keys = entry.get("keys")
    inner = entry["values"] if keys else {name: each for name, each in entry.items() if name[0].isupper()}
    by = entry.get("by")
    return Nested(
        entry.get("in", "."),
        _children(inner),
        bool(entry.get("each")),
        (keys[0], keys[1]) if keys else None,
        entry.get("absent"),
        (by["property"], by["blocks"]) if by else None,
        entry.get("entries", ""),
        entry.get("value", ""),
        tuple(entry.get("without", ())),
    )


def _leaf(words: str) -> Leaf:
    from yaml import CSafeLoader, load

    named, _, default = words.partition(" = ")
    to, kind, word = (*named.split(), "", "")[:3]
    assert kind in KINDS, words
    value = UNSAID if default == UNSAID else load(default, CSafeLoader) if default else None
    return Leaf(to, kind, word, value)


def _companion(entry: Mapping[str, Any]) -> Companion:
    return Companion(
        tuple(entry["from"].split(".")) if entry.get("from") else (),
        entry["is"],
        entry["by"],
        entry.get("get", "id"),
        bool(entry.get("each")),
        _rule(entry["item"]) if "item" in entry else None,
        _children(entry.get("properties", {})),
        entry.get("set", {}),
        entry.get("instead", ""),
    )
