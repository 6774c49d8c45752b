"""What providers take an absent attribute for, and the names that attributes had: dated tables, one a provider.

An entry of `<provider>.yaml`:

    - type: azurerm_storage_account       # or a list of types
      attribute: https_traffic_only_enabled
      was: enable_https_traffic_only      # its name before; both are read
      default: true                       # null: off, or not set
      since: "4.0"                        # of the provider; left out: always
      until: "5.0"
      source: https://...                 # the page that says so, read on the day `checked`
      checked: 2026-11-25
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gatekeeper.models.terraform.versions import Range, Version, allowed, version
from gatekeeper.node import Expression, Node

if TYPE_CHECKING:
    from gatekeeper.models.terraform.blocks import Resource

_HERE = Path(__file__).parent
_FIRST: Version = (0,)
_LAST: Version = (10**9,)


class Assumption(NamedTuple):
    """What a provider of versions `since` to below `until` takes an absent attribute for."""

    value: Any
    since: Version
    until: Version


class Table(NamedTuple):
    """One provider's: by type and path, and the old names of attributes by type."""

    assumptions: dict[tuple[str, str], list[Assumption]]
    renames: dict[str, list[tuple[str, str]]]


@lru_cache
def table(provider: str) -> Table:
    """The table of a provider by the first word of its types; an empty one where there is none."""
    from yaml import CSafeLoader, load

    made = Table({}, {})
    path = _HERE / f"{provider}.yaml"
    for entry in load(path.read_text("utf-8"), CSafeLoader) if path.is_file() else ():
        types = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
        since = version(entry["since"]) if "since" in entry else _FIRST
        until = version(entry["until"]) if "until" in entry else _LAST
        for kind in types:
            if "default" in entry:
                assumption = Assumption(entry["default"], since, until)
                made.assumptions.setdefault((kind, entry["attribute"]), []).append(assumption)
            if "was" in entry and (entry["attribute"], entry["was"]) not in made.renames.setdefault(kind, []):
                made.renames[kind].append((entry["attribute"], entry["was"]))
    return made


def renamed(kind: str) -> list[tuple[str, str]]:
    """The attributes of a type whose name was another: the new name and the old one."""
    return table(kind.partition("_")[0]).renames.get(kind, [])


def assumed(resource: Resource, path: str) -> Node | None:
    known = table(resource.type.partition("_")[0]).assumptions.get((resource.type, path))
    if not known:
        return None
    range_ = _range(resource)
    meant = [each for each in known if range_.meets(each.since, each.until)]
    if not meant:
        return None
    first = meant[0].value
    if any(each.value != first for each in meant):
        words = "is not written, and what the provider assumes depends on its version"
        return Node(Expression(path, words), resource.syntax.home.source, resource.span, resource.span)
    if isinstance(first, (dict, list)):
        return None
    return Node(first, resource.syntax.home.source, resource.span, resource.span)


def _range(resource: Resource) -> Range:
    """The versions of its provider that may be meant."""
    constraint = resource.module.provider_constraint(resource.provider)
    try:
        return allowed(constraint) if constraint else Range()
    except ValueError:
        return Range()
