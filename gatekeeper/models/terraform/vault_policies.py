"""Policies of Vault: HCL within Terraform, or a data source that makes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.blocks import Typed
from gatekeeper.node import Expression, Node, Source
from gatekeeper.parsers import hcl

_FILLED_IN = "filled-in-later"
_LONGEST = 100_000  # characters of a policy


class Path(NamedTuple):
    """A path of a policy and what is allowed there; nodes that are not known where nobody can tell."""

    name: Node
    capabilities: Node

    @property
    def rights(self) -> frozenset[str]:
        """The capabilities that are known."""
        items = list(self.capabilities) if self.capabilities.is_list else [self.capabilities]
        return frozenset(item.text for item in items if item.known)


def paths_of(policy: Typed) -> Iterator[Path]:
    """The paths of a `vault_policy` or a `vault_policy_document`."""
    if policy.type == "vault_policy_document":
        for rule in policy.blocks("rule"):
            yield Path(rule["path"], rule["capabilities"])
        return
    node = policy.node["policy"]
    text = node.text if node.known else _partly(policy)
    if text is None:
        if "data.vault_policy_document" not in _roots(policy):
            yield Path(node, node)
        return
    yield from _parsed(text, node)


def _roots(policy: Typed) -> set[str]:
    return {".".join(address.split(".")[:2]) for address in policy.addresses("policy")}


def _partly(policy: Typed) -> str | None:
    """A template's text, with a word where something is filled in; None when it is no template."""
    expr = policy.expr("policy")
    if not isinstance(expr, hcl.Template):
        return None
    return "".join(part if isinstance(part, str) else _FILLED_IN for part in expr.parts)


def _parsed(text: str, at: Node) -> Iterator[Path]:
    source = Source(at.source.path, text[:_LONGEST])
    read = hcl.parse(source)
    if read.faults or len(text) > _LONGEST:
        yield Path(_unknown(at), _unknown(at))
    for block in read.body.blocks:
        if block.type == "path" and block.labels:
            inner = values.body(block.body, values.Scope())
            capabilities = inner.get("capabilities", inner.get("policy"))
            name = _unknown(at) if block.labels[0] == _FILLED_IN else Node(block.labels[0], at.source, at.span, at.key)
            yield Path(name, capabilities if capabilities is not None else Node([], at.source, at.span, at.key))


def _unknown(at: Node) -> Node:
    return Node(Expression("policy", "is filled in when Terraform runs"), at.source, at.span, at.key)
