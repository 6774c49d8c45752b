"""What an alert's PromQL says: its signal, the bounds that are written out as numbers, and whom it is about."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from gatekeeper.models import signals
from gatekeeper.models.alarms import PLACES, Signal
from gatekeeper.models.signals import Measured, Words
from gatekeeper.node import regex
from gatekeeper.parsers.promql import (
    Aggregation,
    Binary,
    Call,
    Expr,
    Malformed,
    Negative,
    Number,
    Query,
    Selector,
    Subquery,
    constant,
    parse,
    walk,
)

Comparator = Literal[">", ">=", "<", "<=", "==", "!="]
Unit = Literal["ratio", "seconds", "count", "bytes", ""]

_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
_ABOVE = {">": True, ">=": True, "<": False, "<=": False}
_RATES = frozenset(["rate", "irate", "deriv"])
_DIFFERENCES = frozenset(["increase", "delta", "idelta"])
_ABSENT = frozenset(["absent", "absent_over_time"])
_KEEPING = frozenset(  # what gives back what it gets, or one of it
    "abs ceil floor round clamp clamp_min clamp_max label_replace label_join sort sort_desc avg_over_time min_over_time"
    " max_over_time last_over_time quantile_over_time sum_over_time scalar vector".split()
)


class Limit(NamedTuple):
    """A comparison with a number, in base units."""

    metric: str
    comparator: Comparator
    number: float
    unit: Unit
    quantile: float | None
    window: float | None


class Meaning(NamedTuple):
    """What an expression says. `services` are names, with `*` where a pattern leaves something open; `every` that it
    holds for each service by itself: by metrics that all of them have, and not for all of them together; `spared` the
    names that it leaves out, and `places` the environments that it asks for."""

    signal: Signal | None = None
    services: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    every: bool = False
    spared: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()


@lru_cache(maxsize=8192)
def meaning(text: str, name: str = "") -> Meaning:
    """What an expression says, as that of an alert of some name; nothing when it is no PromQL."""
    try:
        query = parse(text)
        signal = signals.agreed(_signal(query.root), name)
    except (Malformed, RecursionError):
        return Meaning()
    services = frozenset(_named(query.selectors, _IDENTITY, "="))
    spared = frozenset(_named(query.selectors, _IDENTITY, "!"))
    places = frozenset(_named(query.selectors, PLACES, "="))
    return Meaning(signal, services, query.metrics, not services and _is_of_every(query), spared, places)


@lru_cache(maxsize=8192)
def limits(text: str) -> tuple[Limit, ...]:
    """The numbers that an expression compares with, all of them or none; nothing when it is no PromQL."""
    try:
        return tuple(_limits(parse(text).root))
    except (Malformed, RecursionError):
        return ()


def asked(query: Query) -> frozenset[Signal]:
    """The signals that a query shows: what it would alert on if it rose or fell, and errors beside what went well."""
    found = {_compared(query.root, op, Number(1e6)) for op in (">", "<")}
    groups = {label for each in query.walk() if isinstance(each, Aggregation) for label in each.by or ()}
    if "le" in groups and any(signals.timed(signals.words(name)) for name in query.metrics):
        found.add("latency")  # a heatmap
    if "traffic" in found and any(signals.ended(label, "=", "500") for label in groups):
        found.add("error")
    return frozenset(each for each in found if each)


def is_common(metric: str) -> bool:
    """Whether a metric is one that every service has."""
    return metric.startswith(_COMMON) and not metric.startswith("up_")


# signals


def _signal(expr: Expr) -> Signal | None:
    """The signal of an expression: that of what it compares; of alternatives, where they agree."""
    if isinstance(expr, Binary):
        return _compared(expr.left, expr.op, expr.right) if expr.compares else _of_operation(expr)
    if isinstance(expr, (Aggregation, Subquery)):
        return _signal(expr.expr)
    if isinstance(expr, Call):
        if expr.function in _ABSENT:
            return "availability"
        if expr.args and expr.function not in _RATES:
            return _signal(expr.args[0])
    return None


def _of_operation(expr: Binary) -> Signal | None:
    left = _signal(expr.left)
    if expr.op == "or" and constant(expr.right) is None:
        return left if left == _signal(expr.right) else None
    if expr.op == "and" and left is None and not _guards(expr.right):
        return None
    if expr.op == "unless" and left is None and not _compares(expr.left) and _is_up(expr.right):
        return "availability"  # what there should be, and is not up
    return left if expr.combines or expr.op == "*" else None


def _guards(expr: Expr) -> bool:
    """Whether a condition only asks that there is something at all: `... > 0`."""
    return isinstance(expr, Binary) and expr.op in (">", "!=", ">=") and constant(expr.right) in (0.0, 1.0)


def _is_up(expr: Expr) -> bool:
    while isinstance(expr, Aggregation):
        expr = expr.expr
    if isinstance(expr, Binary) and expr.op in ("==", ">") and constant(expr.right) == (expr.op == "=="):
        expr = expr.left
    return isinstance(expr, Selector) and expr.metric == "up"


def _compared(left: Expr, op: str, right: Expr) -> Signal | None:
    limit = constant(right)
    other = right if limit is None else None
    if limit is None and (limit := constant(left)) is not None:
        left, op, other = right, _FLIPPED[op], None
    upside, top, by = _numerator(left)
    if (by is not None or top is left) and (passed := _passed(top)) is not None:
        same, top, divisor = _numerator(passed)
        upside, by = upside is same, by or divisor
    if isinstance(top, Aggregation) and _compares(top.expr):
        top = top.expr
    if isinstance(top, Binary) and top.compares:  # what holds is counted: of those, more or fewer than the limit
        turned = op in ("<", "<=") or (op == "==" and limit == 0)
        return _compared(top.left, _OPPOSITE[top.op] if turned else top.op, top.right)
    if isinstance(top, Call) and top.function in _ABSENT:
        return "availability" if limit and op in (">", "==", ">=") else None
    chosen = [each for each in walk(top) if isinstance(each, Selector)]
    states = [signals.of_state(each.metric, each.matchers) for each in chosen]
    if any(states):
        return next(each for each in states if each)
    measured = _measured(top, chosen, by, op, limit, upside)
    if by is not None:
        measured = measured._replace(within=any(_is_within(each) for each in walk(left)))
    if other is not None:
        names = _words(each for each in walk(other) if isinstance(each, Selector))
        if "replicas" in measured.words | names:
            told = op != "==" and (measured.words | names).isdisjoint(_NO_REPLICAS)
            return "availability" if told else None
        measured = measured._replace(by=measured.by | names, divided=True, bound=names)
    return signals.signal_of(measured)


_NO_REPLICAS = frozenset(["max", "min", "updated", "horizontalpodautoscaler"])


def _passed(expr: Expr) -> Expr | None:
    """What a comparison gives on that only leaves out what is beyond a number: `99 > x`."""
    if not isinstance(expr, Binary) or expr.as_bool or expr.op not in _ABOVE:
        return None
    sides = [side for side in (expr.left, expr.right) if constant(side) is None]
    return sides[0] if len(sides) == 1 else None


def _numerator(expr: Expr) -> tuple[bool, Expr, Expr | None]:
    """What is measured, without what scales it: whether it rises with the whole, itself, and what divides it."""
    upside, by = True, None
    while True:
        if isinstance(expr, Negative):
            upside, expr = not upside, expr.expr
        elif isinstance(expr, Subquery) or (isinstance(expr, Aggregation) and expr.op not in ("count", "group")):
            expr = expr.expr
        elif isinstance(expr, Call) and expr.function in _KEEPING and expr.args:
            expr = expr.args[0]
        elif isinstance(expr, Binary) and (expr.combines or expr.op in "*/-+"):
            number = constant(expr.left)
            if expr.op == "/" and number is None and constant(expr.right) is None:
                by = by or expr.right
            upside = upside is not (expr.op == "-" and number is not None)
            expr = expr.left if number is None else expr.right
        else:
            return upside, expr, by


def _compares(expr: Expr) -> bool:
    return isinstance(expr, Binary) and expr.compares


def _words(chosen: Iterator[Selector] | list[Selector]) -> Words:
    """The words of metrics, and of the labels that say which of several things a metric is."""
    return frozenset(word for each in chosen for name in _naming(each) for word in signals.words(name))


def _naming(selector: Selector) -> Iterator[str]:
    yield selector.metric
    for label, op, value in selector.matchers:
        if op == "=" and selector.metric.endswith(_KINDS.get(label, ())):
            yield value


# Which label says what is measured, by how such metrics end.
_KINDS = {"mode": ("cpu_seconds_total", "_cpu"), "name": ("settings_setting",), "type": ("kube_resourcequota",)}


def _measured(top: Expr, chosen: list[Selector], by: Expr | None, op: str, limit: float | None, up: bool) -> Measured:
    divisors = [each for each in walk(by) if isinstance(each, Selector)] if by is not None else []
    first = chosen[0] if chosen else Selector("")
    said = signals.words(first.metric)
    names = _words(chosen)
    calls = {each.function: each for each in walk(top) if isinstance(each, Call)}
    counted = not calls.keys().isdisjoint(_RATES | _DIFFERENCES) or _RECORDED.search(first.metric) is not None
    ends = {signals.ended(*matcher) for each in chosen for matcher in each.matchers}
    of_all = {signals.ended(*matcher) for each in divisors for matcher in each.matchers}
    quantile = calls.get("histogram_quantile")
    return Measured(
        words=names,
        rises=_rises(op, limit, names, up),
        gone=up and ((op == "==" and limit == 0) or (limit == 1 and (op == "!=" or (op == "<" and by is None)))),
        divided=by is not None,
        by=_words(divisors),
        errors="badly" in ends - of_all and (counted or by is not None or said[-1:] in (("total",), ("count",))),
        successes="well" in ends - of_all and "badly" not in ends,
        picked=bool(ends - {""}),
        timed=signals.timed(said),
        quantile=(constant(quantile.args[0]) or 0.0) if quantile else _labelled(first),
        average=_averages(first, divisors[0], counted) if divisors else False,
        counted=counted,
        final=said[-1] if said else "",
    )


_RECORDED = regex(r":(?:[a-z_:]{0,60}_)?i?(?:rate|increase)_?\d{1,4}[smhdw]$")  # a rule's rate: errors:rate5m


def _is_within(expr: Expr) -> bool:
    """Whether it is of those that took no longer than so much."""
    if not isinstance(expr, Selector) or not expr.metric.endswith("_bucket"):
        return False
    return "Inf" not in (expr.label("le") or "Inf") and signals.timed(signals.words(expr.metric))


def _rises(op: str, limit: float | None, names: Words, up: bool) -> bool | None:
    """Whether it fires when what is measured goes up; None where it is compared for equality."""
    flagged = limit == 1 and op == "==" and not names.isdisjoint(signals.FLAGS)
    rises = True if flagged or (op == "!=" and limit == 0) else _ABOVE.get(op)
    return rises if rises is None else rises is up


def _averages(first: Selector, divisor: Selector, counted: bool) -> bool:
    """Whether a ratio is a mean: of a histogram, or of a time that is added up by what took it."""
    if first.metric.endswith("_sum") and _stem(first.metric) == _stem(divisor.metric):
        return True
    timed = counted and first.metric.endswith("_total") and signals.timed(signals.words(first.metric))
    return timed and not signals.timed(signals.words(divisor.metric))


def _labelled(selector: Selector) -> float | None:
    """The quantile of a summary, or of a rule that stores one: `latency:p95`, `latency:99quantile`."""
    try:
        return float(selector.label("quantile") or "")
    except ValueError:
        named = _QUANTILE.search(selector.metric)
        return float(f"0.{named[1] or named[2]}") if named else None


_QUANTILE = regex(r"[:_](?:p(\d{2,3})|(\d{2,3})(?:quantile|th|percentile))(?![a-z0-9])")


def _stem(name: str) -> str:
    return name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count").removesuffix("_total")


# limits


class _Quantity(NamedTuple):
    """What an expression comes to: as written it is `scale` times the unit; with `/s` behind it when it is a rate."""

    unit: str = ""
    scale: float = 1.0
    quantile: float | None = None
    windows: frozenset[float] = frozenset()
    metric: str = ""


def _limits(root: Expr) -> list[Limit]:
    """Every comparison with a number; none when one is with something else: what that comes to, nobody can read here.

    Left out are conditions that there is something at all, beside others.
    """
    found: list[Limit] = []
    stack = [root]
    while stack:
        expr = stack.pop()
        if isinstance(expr, Aggregation):
            stack.append(expr.expr)
        elif isinstance(expr, Binary) and expr.compares:
            limit = _limit(expr)
            if limit is None:
                return []
            found.append(limit)
            side = expr.left if constant(expr.left) is None else expr.right
            stack += [] if _guards(side) else [side]
        elif isinstance(expr, Binary) and expr.combines:
            alone = expr.op == "unless" or (expr.op == "and" and _guards(expr.right))
            stack += [expr.left] if alone else [expr.right, expr.left]
    return found


@lru_cache(maxsize=1024)
def budgets(text: str) -> frozenset[float]:
    """The shares that limits are written as a multiple of: 0.001 of `> 14.4 * 0.001`."""
    try:
        compared = [each for each in walk(parse(text).root) if isinstance(each, Binary) and each.compares]
    except (Malformed, RecursionError):
        return frozenset()
    return frozenset(share for each in compared for share in _budget(each))


def _budget(expr: Binary) -> Iterator[float]:
    limit = _limit(expr)
    for side in (expr.left, expr.right):
        if limit and limit.unit == "ratio" and isinstance(side, Binary) and side.op == "*":
            factors = [found for each in (side.left, side.right) if (found := constant(each)) is not None]
            if len(factors) == 2 and min(factors) < 1 <= max(factors):
                yield limit.number / max(factors)


def _limit(expr: Binary) -> Limit | None:
    op, side, number = expr.op, expr.left, constant(expr.right)
    if number is None:
        op, side, number = _FLIPPED[op], expr.right, constant(expr.left)
    if number is None:
        return None
    it = _quantity(side)
    unit = it.unit if it.unit in ("ratio", "seconds", "count", "bytes") else ""
    window = next(iter(it.windows)) if len(it.windows) == 1 else None
    limit = float(f"{number / it.scale if unit else number:.12g}")  # 12 digits: 1.1 / 100 is 0.011
    return Limit(it.metric, cast(Comparator, op), limit, cast(Unit, unit), it.quantile, window)


def _quantity(expr: Expr) -> _Quantity:
    if isinstance(expr, Selector):
        return _of_metric(expr)
    if isinstance(expr, Subquery):
        inner = _quantity(expr.expr)
        return inner._replace(windows=inner.windows | {expr.range})
    if isinstance(expr, Aggregation):
        return _aggregated(expr, _quantity(expr.expr))
    if isinstance(expr, Call):
        return _called(expr)
    if isinstance(expr, Binary):
        return _combined(expr)
    return _quantity(expr.expr)._replace(unit="") if isinstance(expr, Negative) else _Quantity()


def _of_metric(selector: Selector) -> _Quantity:
    unit, scale = _unit_of(selector.metric)
    named = _IN_NAME.search(selector.metric) if ":" in selector.metric else None
    window = float(named[1]) * _LETTERS[named[2]] if named else selector.range
    windows = frozenset() if window is None else frozenset([window])
    return _Quantity(unit, scale, _labelled(selector), windows, selector.metric)


_IN_NAME = regex(r"(?:rate|ratio|increase|_|:)_?(\d{1,4})([smhdw])(?![a-z])")  # of a recording rule
_LETTERS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_UNITS = {
    "seconds": ("seconds", 1.0), "sec": ("seconds", 1.0), "secs": ("seconds", 1.0),
    "milliseconds": ("seconds", 1e3), "ms": ("seconds", 1e3), "millis": ("seconds", 1e3),
    "microseconds": ("seconds", 1e6), "us": ("seconds", 1e6), "nanoseconds": ("seconds", 1e9), "ns": ("seconds", 1e9),
    "bytes": ("bytes", 1.0), "ratio": ("ratio", 1.0), "percent": ("ratio", 100.0), "percentage": ("ratio", 100.0),
    "burnrate": ("ratio", 1.0), "timestamp": ("timestamp", 1.0),
}  # fmt: skip


@lru_cache(maxsize=8192)
def _unit_of(name: str) -> tuple[str, float]:
    said = signals.words(name)
    if not said:
        return "", 1.0
    first = next((_UNITS[word] for word in ("ratio", "timestamp", "burnrate") if word in said), None)
    if first:
        return first
    if said[-1] == "count" or (said[-1] == "total" and not any(word in _UNITS for word in said)):
        return "count", 1.0
    return next((_UNITS[word] for word in reversed(said[-4:]) if word in _UNITS), ("", 1.0))


def _aggregated(expr: Aggregation, inner: _Quantity) -> _Quantity:
    if expr.op in ("count", "count_values", "group"):
        return inner._replace(unit="count", scale=1.0, quantile=None)
    if expr.op == "quantile" and expr.param is not None:
        return inner._replace(quantile=constant(expr.param))
    return inner


def _called(expr: Call) -> _Quantity:
    name, args = expr.function, expr.args
    if name == "time":
        return _Quantity("timestamp")
    if not args:
        return _Quantity()
    if name == "histogram_quantile":
        inner = _quantity(args[-1])
        return inner._replace(quantile=constant(args[0]), unit=inner.unit.removesuffix("/s"))
    inner = _quantity(args[0])
    if name in _RATES:
        return inner._replace(unit=f"{inner.unit}/s") if inner.unit else inner
    kept = name in _KEEPING or name in _DIFFERENCES
    return inner if kept else inner._replace(unit="")


def _combined(expr: Binary) -> _Quantity:
    if expr.combines or expr.compares:
        return _quantity(expr.left)
    for number, side in ((constant(expr.right), expr.left), (constant(expr.left), expr.right)):
        if number is not None:
            return _scaled(expr.op, number, _quantity(side), side is expr.right)
    left, right = _quantity(expr.left), _quantity(expr.right)
    both = left._replace(windows=left.windows | right.windows, metric=left.metric or right.metric)
    if expr.op == "/":
        return _divided(both, right)
    if left.unit != right.unit or left.scale != right.scale or expr.op not in "+-":
        return both._replace(unit="")
    return both._replace(unit="seconds") if left.unit == "timestamp" else both


def _scaled(op: str, number: float, it: _Quantity, number_first: bool) -> _Quantity:
    if op == "*" and number > 0:
        return it._replace(scale=it.scale * number)
    if op == "/" and not number_first and number > 0:
        return it._replace(scale=it.scale / number)
    if op == "-" and number_first and it.unit == "ratio" and number == it.scale:
        return it  # 1 - x, or 100 - percent: still a share, of the others
    return it._replace(unit="")


def _divided(left: _Quantity, right: _Quantity) -> _Quantity:
    stem = _stem(left.metric)
    if left.metric.endswith("_sum") and stem == _stem(right.metric):
        unit, scale = _unit_of(stem)
        return left._replace(unit=unit, scale=scale * left.scale / _unit_of(left.metric)[1])
    scale = left.scale / right.scale
    if left.unit == right.unit:
        return left._replace(unit="ratio", scale=scale)
    if left.unit.startswith("seconds") and right.unit == left.unit.replace("seconds", "count"):
        return left._replace(unit="seconds", scale=scale)
    bare = {left.unit.removesuffix("/s"), right.unit.removesuffix("/s")}
    return left._replace(unit="ratio" if bare <= {"", "count"} else "", scale=scale)


# whom it is about

_IDENTITY = frozenset(
    "service job app component deployment statefulset daemonset workload container service_name app_name application"
    " app_kubernetes_io_name app_kubernetes_io_instance exported_service exported_job destination_service_name"
    " destination_workload label_app k8s_app sloth_service".split()
)
# What every service has: of the scrape, of the cluster, of a mesh or an ingress before it, by convention of libraries.
_COMMON = (
    "up", "probe_success", "http_request", "http_server_request", "grpc_server_", "istio_request",
    "envoy_cluster_upstream_", "traefik_service_", "nginx_ingress_controller_request", "kube_deployment_",
    "kube_statefulset_", "kube_pod_", "traces_spanmetrics_", "response_total", "response_latency_ms",
)  # fmt: skip


def _is_of_every(query: Query) -> bool:
    if not query.metrics or not all(name.startswith(_COMMON) and name[:3] != "up_" for name in query.metrics):
        return False
    groups = [each for each in query.walk() if isinstance(each, Aggregation)]
    return all(each.without is not None or not _IDENTITY.isdisjoint(each.by or ()) for each in groups)


_PLAIN = regex(r"[\w@%:/. -]{0,200}\Z")


def _named(chosen: tuple[Selector, ...], labels: frozenset[str], sign: str) -> Iterator[str]:
    """The names that matchers on some labels ask for (`=`), or leave out (`!`)."""
    for each in chosen:
        for label, op, value in each.matchers:
            if label not in labels or op[0] != sign or value in ("", ".*", ".+"):
                continue
            if op[-1] == "~":
                yield from globs(value)
            else:
                yield value


def globs(pattern: str) -> Iterator[str]:
    """The names that an anchored pattern of alternatives means, with `*` for whatever else stands in one."""
    bare = pattern.strip("^$")
    if bare.startswith("(") and bare.endswith(")") and bare.count("(") == 1:
        bare = bare[1:-1].removeprefix("?:")
    for each in bare.split("|") if "(" not in bare else [bare]:
        text = each.replace(".*", "*").replace(".+", "*").replace("\\.", ".").replace("\\-", "-")
        yield text if _PLAIN.match(text.replace("*", "")) else "*"
