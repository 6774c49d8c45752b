"""Which labels the result of a query can have: what an aggregation drops is gone for all that comes after it."""

from __future__ import annotations

from functools import lru_cache

from gatekeeper.parsers.promql import Aggregation, Binary, Call, Expr, Negative, Selector, Subquery, Text, scalar

# Aggregations that pass on the series they choose as they are.
CHOOSING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=8192)
def kept(expr: Expr) -> frozenset[str] | None:
    """The only labels that the result can have; None when it may have any, as the series of a metric may."""
    if scalar(expr):
        return _NONE
    if isinstance(expr, (Subquery, Negative)):
        return kept(expr.expr)
    if isinstance(expr, Aggregation):
        return _aggregated(expr)
    if isinstance(expr, Call):
        return _called(expr)
    return _matched(expr) if isinstance(expr, Binary) else None


def _aggregated(expr: Aggregation) -> frozenset[str] | None:
    inner = kept(expr.expr)
    if expr.op in CHOOSING:
        return inner
    if expr.without is not None:
        return None if inner is None else inner - set(expr.without)
    labels = frozenset(expr.by or ())
    if expr.op == "count_values" and isinstance(expr.param, Text):
        return labels | {expr.param.text}
    return labels if inner is None else labels & inner


def _called(expr: Call) -> frozenset[str] | None:
    values = [each for each in expr.args if not isinstance(each, Text) and not scalar(each)]
    if expr.function in ("absent", "absent_over_time"):
        chosen = values[0] if values else None
        return (
            frozenset(each.label for each in chosen.matchers if each.op == "=")
            if isinstance(chosen, Selector)
            else _NONE
        )
    if expr.function == "info":
        return None
    found = kept(values[0]) if values else _NONE
    if found is None:
        return None
    if expr.function == "histogram_quantile":
        return found - {"le"}
    if expr.function in ("label_replace", "label_join") and len(expr.args) > 1 and isinstance(expr.args[1], Text):
        return found | {expr.args[1].text}
    return found


def _matched(expr: Binary) -> frozenset[str] | None:
    left, right = kept(expr.left), kept(expr.right)
    if expr.op == "or":
        return None if left is None or right is None else left | right
    if expr.combines or scalar(expr.right):
        return left
    if scalar(expr.left):
        return right
    if expr.group:
        many = left if expr.group == "left" else right
        return None if many is None else many | set(expr.include)
    if expr.on is not None:
        return frozenset(expr.on) if left is None else left & set(expr.on)
    return None if left is None else left - set(expr.ignoring or ())
