"""Label selectors, one implementation for every rule.

A workload, a PodDisruptionBudget or a NetworkPolicy writes `matchLabels` and `matchExpressions`: empty selects
everything, absent selects nothing. A Service writes a plain map: empty and absent select nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gatekeeper.node import Node


class Requirement(NamedTuple):
    """One condition on one label. `operator` is In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in self.values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
        return False  # the API refuses any other operator


class LabelSelector(NamedTuple):
    """All requirements must hold. `nothing` when it selects no labels at all, whatever they are."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    @classmethod
    def of(cls, node: Node) -> LabelSelector:
        """The selector of a workload, a budget or a policy (`matchLabels`, `matchExpressions`). Raises `Unresolved`."""
        if not isinstance(node.value, dict):
            return cls(nothing=True)
        equal = (Requirement(key, "In", frozenset({written(value)})) for key, value in node["matchLabels"].items())
        return cls((*equal, *(_requirement(item) for item in node["matchExpressions"])))

    @classmethod
    def of_map(cls, node: Node) -> LabelSelector:
        """The selector of a Service or a ReplicationController: a plain map of labels. Raises `Unresolved`."""
        if not isinstance(node.value, dict) or not node:
            return cls(nothing=True)
        return cls(tuple(Requirement(key, "In", frozenset({written(value)})) for key, value in node.items()))

    def matches(self, labels: Mapping[str, str]) -> bool:
        return not self.nothing and all(requirement.holds(labels) for requirement in self.requirements)


def _requirement(node: Node) -> Requirement:
    values = node["values"]
    given = values if values.is_list else ()
    return Requirement(written(node["key"]), written(node["operator"]), frozenset(written(value) for value in given))


def written(node: Node) -> str:
    """A scalar as text, an expression as it is written: one that stands twice stands for the same value twice."""
    return node.expression.text if node.expression else node.text
