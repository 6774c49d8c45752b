"""PromQL to a tree: what a query selects, calls, aggregates and compares.

The grammar is that of the package `promql-parser`, which recurses and ends the process where it nests too deep. So
a query is measured before it is handed over, and what that package makes is turned into the types below: nobody else
needs to know it. Parentheses are not kept; `str` puts in those that are needed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from gatekeeper.node import cached_property, regex

if TYPE_CHECKING:
    import promql_parser

LENGTH = 50_000  # of the longest of 3,979 published expressions: 1,517
DEPTH = 50  # of brackets: 7
OPERATORS = 250  # 23

VARIABLE = "__variable__"  # stands where a dashboard's variable was


class Malformed(ValueError):
    """Not PromQL. `offset` is where, in characters from the start, when that is known."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class Unsupported(Malformed):
    """Nobody can tell here whether it is right: too large, newer than the grammar, or of a dialect."""


class Matcher(NamedTuple):
    """One condition on a label: `status=~"5.."`."""

    label: str
    op: str  # = != =~ !~
    value: str

    def __str__(self) -> str:
        return f"{_label(self.label)}{self.op}{_quoted(self.value)}"


class Number(NamedTuple):
    value: float

    def __str__(self) -> str:
        if math.isinf(self.value):
            return "Inf" if self.value > 0 else "-Inf"
        whole = abs(self.value) < 1e15 and self.value == int(self.value)
        return "NaN" if math.isnan(self.value) else repr(int(self.value) if whole else self.value)


class Text(NamedTuple):
    text: str

    def __str__(self) -> str:
        return _quoted(self.text)


class Selector(NamedTuple):
    """Series by name and labels; with a `range`, what they were during that time. Times are in seconds.

    `metric` is '' when the name is not given, or by a pattern only.
    """

    metric: str
    matchers: tuple[Matcher, ...] = ()  # without that of the name
    range: float | None = None
    offset: float | None = None
    at: str = ""

    def label(self, name: str) -> str | None:
        """The one value that a label must have."""
        return next((each.value for each in self.matchers if each.label == name and each.op == "="), None)

    @property
    def open(self) -> bool:
        """Whether a dashboard's variable takes part in what it selects."""
        return VARIABLE in self.metric or any(VARIABLE in f"{each.label} {each.value}" for each in self.matchers)

    def __str__(self) -> str:
        plain = _METRIC.fullmatch(self.metric) is not None and self.metric.lower() not in _RESERVED
        named = [] if plain or not self.metric else [f"__name__={_quoted(self.metric)}"]
        conditions = [*named, *map(str, self.matchers)]
        labels = f"{{{', '.join(conditions)}}}" if conditions else ""
        during = f"[{_duration(self.range)}]" if self.range is not None else ""
        return f"{self.metric if plain else ''}{labels}{during}{_shifted(self.offset, self.at)}"


class Subquery(NamedTuple):
    """An expression evaluated every `step` during a `range`, in seconds. Without a step it is the evaluation's."""

    expr: Expr
    range: float
    step: float | None = None
    offset: float | None = None
    at: str = ""

    def __str__(self) -> str:
        step = _duration(self.step) if self.step is not None else ""
        return f"{_operand(self.expr)}[{_duration(self.range)}:{step}]{_shifted(self.offset, self.at)}"


class Call(NamedTuple):
    function: str
    args: tuple[Expr, ...] = ()

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.args))})"


class Aggregation(NamedTuple):
    """Many series made fewer. `by` and `without` are None where the word does not stand; with neither, one is left.

    `param` is what `topk`, `quantile`, `count_values` and their like take first.
    """

    op: str
    expr: Expr
    by: tuple[str, ...] | None = None
    without: tuple[str, ...] | None = None
    param: Expr | None = None

    def __str__(self) -> str:
        args = f"{self.param}, {self.expr}" if self.param is not None else str(self.expr)
        return f"{self.op}{_labelled('by', self.by)}{_labelled('without', self.without)}({args})"


class Binary(NamedTuple):
    """Two expressions and what is between them.

    `on` and `ignoring` are None where the word does not stand. `group` says which side may have many series for one
    of the other (`group_left`: left), and `include` which labels of the other that side gets.
    """

    op: str
    left: Expr
    right: Expr
    as_bool: bool = False  # compared to 0 or 1, which filters nothing
    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] | None = None
    group: Literal["left", "right", ""] = ""
    include: tuple[str, ...] = ()

    @property
    def compares(self) -> bool:
        return self.op in COMPARISONS

    @property
    def combines(self) -> bool:
        """Whether it is of sets (`and`, `or`, `unless`): the values are those of one side."""
        return self.op in SETS

    def __str__(self) -> str:
        words = [_operand(self.left), self.op]
        words += ["bool"] if self.as_bool else []
        words += [f"{_labelled('on', self.on)}{_labelled('ignoring', self.ignoring)}".strip()]
        words += [f"group_{self.group} ({', '.join(map(_label, self.include))})"] if self.group else []
        return " ".join(word for word in [*words, _operand(self.right)] if word)


class Negative(NamedTuple):
    expr: Expr

    def __str__(self) -> str:
        return f"-{_operand(self.expr)}"


Expr: TypeAlias = Number | Text | Selector | Subquery | Call | Aggregation | Binary | Negative

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "or", "unless"})


class Query:
    """A query that parses: its `root`, and what is found below."""

    def __init__(self, text: str, root: Expr) -> None:
        self.text = text
        self.root = root

    def __repr__(self) -> str:
        return f"Query({str(self)!r})"

    def __str__(self) -> str:
        return str(self.root)

    def walk(self) -> Iterator[Expr]:
        """Every part, the whole one first, from left to right."""
        return iter(self._parts)

    @cached_property
    def _parts(self) -> tuple[Expr, ...]:
        return tuple(walk(self.root))  # a dozen rules ask for them

    def within(self) -> Iterator[tuple[Expr, tuple[Expr, ...]]]:
        """Every part with those that it is a part of, the nearest last."""
        stack: list[tuple[Expr, tuple[Expr, ...]]] = [(self.root, ())]
        while stack:
            expr, around = stack.pop()
            yield expr, around
            stack.extend((part, (*around, expr)) for part in reversed(parts(expr)))

    @cached_property
    def selectors(self) -> tuple[Selector, ...]:
        return tuple(part for part in self.walk() if isinstance(part, Selector))

    @cached_property
    def metrics(self) -> frozenset[str]:
        """The names of what it selects, as far as they are written out."""
        return frozenset(each.metric for each in self.selectors if each.metric and VARIABLE not in each.metric)


def parts(expr: Expr) -> tuple[Expr, ...]:
    """What an expression is made of, from left to right."""
    if isinstance(expr, Binary):
        return (expr.left, expr.right)
    if isinstance(expr, Call):
        return expr.args
    if isinstance(expr, Aggregation):
        return (expr.expr,) if expr.param is None else (expr.param, expr.expr)
    if isinstance(expr, (Subquery, Negative)):
        return (expr.expr,)
    return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and every part of it, from left to right."""
    stack = [expr]
    while stack:
        expr = stack.pop()
        yield expr
        stack.extend(reversed(parts(expr)))


def constant(expr: Expr) -> float | None:
    """What an expression comes to where it is made of numbers only: `14.4 * 0.001`."""
    if isinstance(expr, Number):
        return expr.value
    if isinstance(expr, Negative):
        value = constant(expr.expr)
        return None if value is None else -value
    if isinstance(expr, Call) and expr.function in ("vector", "scalar") and expr.args:
        return constant(expr.args[0])
    if not isinstance(expr, Binary) or expr.op not in _ARITHMETIC:
        return None
    left, right = constant(expr.left), constant(expr.right)
    if left is None or right is None:
        return None
    try:
        value = _ARITHMETIC[expr.op](left, right)
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, float) else None  # a power of a negative number may be complex


_ARITHMETIC: dict[str, Callable[[float, float], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
    "^": lambda a, b: a**b,
}


def scalar(expr: Expr) -> bool:
    """Whether it is one number without labels, such as `time()`, rather than series."""
    if isinstance(expr, Call):
        return expr.function in ("scalar", "time", "pi")
    if isinstance(expr, (Binary, Negative)):
        return all(map(scalar, parts(expr)))
    return isinstance(expr, Number)


def parse(text: str, dashboard: bool = False) -> Query:
    """The query in a text. Raises `Malformed` when it is none, and `Unsupported` when that cannot be told.

    With `dashboard`, what Grafana fills in ($__rate_interval, $var, ${var:regex}, [[var]]) may stand in it: there the
    tree holds five minutes, or `VARIABLE`.
    """
    found = _parsed(text, dashboard)
    if isinstance(found, Query):
        return found
    raise found[0](*found[1:])


_Refusal = tuple[type[Malformed], str, int | None]


@lru_cache(maxsize=8192)
def _parsed(text: str, dashboard: bool) -> Query | _Refusal:
    refused = _measured(text)
    if refused:
        return refused
    if not dashboard or not ("$" in text or "[[" in text):
        return _read(text, text)
    for number in (False, True):  # a variable may be a metric or a number: nobody says which
        filled = _filled(text, number)
        found = _measured(filled) or _read(text, filled)
        if isinstance(found, Query):
            return found
    if VARIABLE in _TOKEN.sub(lambda token: "" if token["text"] else token[0], _filled(text, False)):
        return (Unsupported, "what its variables stand for cannot be told", None)  # perhaps an operator, a whole arm
    return found


class _Dialect(Exception):
    """It parses, but Prometheus would not take it."""


def _read(text: str, filled: str) -> Query | _Refusal:
    try:
        return Query(text, _tree(_grammar().parse(filled)))
    except _Dialect as error:
        return (Unsupported, str(error), None)
    except UnicodeError:
        return (Malformed, "a character that does not exist", None)
    except (ValueError, OverflowError) as error:
        return _judged(filled, str(error))
    except RecursionError:
        return (Unsupported, "it nests too deep to be read", None)
    except BaseException as error:  # a panic of the package is nothing narrower
        if type(error).__name__ != "PanicException":
            raise
        return (Unsupported, "it cannot be read", None)


@lru_cache(maxsize=1)
def _grammar() -> Any:
    """The package, imported when there is a query at all."""
    import promql_parser

    return promql_parser


# Brackets and operators outside of strings and comments; a string without an end reaches to the end.
_TOKEN = regex(
    r"""(?P<text>"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)|`[^`]*(?:`|\Z))"""
    r"""|(?P<comment>\#[^\n]*)|(?P<opens>[(\[{])|(?P<closes>[)\]}])"""
    r"""|(?P<op>[-+*/%^<>]|[=!][=~]|\b(?:and|or|unless|atan2)\b)""",
    re.IGNORECASE | re.DOTALL,
)


_SIGNS = (*"-+*/%^<>=!", "and", "or", "unless", "atan2")  # one of them is in every operator


def _is_small(text: str) -> bool:
    """Whether it cannot be too large, whatever of it stands in strings and comments: counting alone is quick."""
    few = len(text) <= LENGTH and sum(map(text.count, "([{")) <= DEPTH
    return few and sum(map(text.lower().count, _SIGNS)) <= OPERATORS


def _measured(text: str) -> _Refusal | None:
    """Why a text is not even tried."""
    if _is_small(text):
        return None
    if len(text) > LENGTH:
        return (Unsupported, f"longer than {LENGTH} characters", LENGTH)
    depth = operators = 0
    for token in _TOKEN.finditer(text):
        if token["opens"]:
            depth += 1
        elif token["closes"]:
            depth = max(depth - 1, 0)
        elif token["op"]:
            operators += 1
        if depth > DEPTH:
            return (Unsupported, f"nests deeper than {DEPTH} brackets", token.start())
        if operators > OPERATORS:
            return (Unsupported, f"more than {OPERATORS} operators", token.start())
    return None


def _judged(text: str, message: str) -> _Refusal:
    """Whether what the grammar does not know is wrong, or only not Prometheus's or too new."""
    unknown = _UNKNOWN_FUNCTION.search(message)
    if unknown:
        where = text.find(unknown[1])
        if unknown[1].lower() in _DIALECT:
            return (Unsupported, f"{unknown[1]} is a function of a dialect or of an older version", where)
        return (Malformed, f"there is no function {unknown[1]}", where)
    if message.startswith(_ILLEGAL):
        pattern = message.removeprefix(_ILLEGAL)
        kind = Malformed if _wrong_pattern(pattern) else Unsupported
        return (kind, f"not a regular expression: {pattern[:100]}", None)
    bare = _TOKEN.sub(lambda token: token[0] if token["opens"] or token["closes"] or token["op"] else " ", text)
    if _LATER.search(bare) or "not valid label in grouping" in message:
        return (Unsupported, "it is written in a dialect, or in newer PromQL than can be read here", None)
    return (Malformed, "not a valid query" if message == "invalid promql query" else message[:200], None)


_ILLEGAL = "illegal regex for "
_UNKNOWN_FUNCTION = regex(r"unknown function with name '([^']{1,100})'")
# Modifiers, and arithmetic in a duration, that Prometheus has learnt since; the words that only MetricsQL has.
_LATER = regex(
    r"\b(?:smoothed|anchored)\b|\bfill(?:_left|_right)?\s*\(|\[[^\]\[]{0,200}[-+*/(][^\]\[]{0,200}\]|\boffset\s+\("
    r"|[<>]/|\b(?:ifnot|keep_metric_names|default)\b|\bWITH\s*\(|\boffset\s+(?:min|max|step|range)\b"
)
_GO_REFUSES = regex(r"\(\?(?:[=!>]|<[=!]|P=|#|\()|\\[1-9]")


def _wrong_pattern(pattern: str) -> bool:
    """Whether a pattern that Rust does not read is wrong for Prometheus too: Go takes `{x}` as it stands."""
    if len(pattern) > 1000 or _GO_REFUSES.search(pattern):
        return len(pattern) <= 1000
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return True
    return False


_DIALECT = frozenset("""
    histogram_share histogram_avg histograms_avg histogram_stdvar histogram_stddev buckets_limit prometheus_buckets
    quantiles quantiles_over_time median median_over_time mode_over_time share_eq share_gt_over_time
    share_le_over_time share_eq_over_time count_eq_over_time count_gt_over_time count_le_over_time
    count_ne_over_time sum_eq_over_time sum_gt_over_time sum_le_over_time increase_pure increase_prometheus
    delta_prometheus rate_over_sum rate_prometheus rollup rollup_rate rollup_increase rollup_delta rollup_deriv
    rollup_candlestick rollup_scrape_interval default_rollup aggr_over_time range_avg range_first range_last
    range_linear_regression range_mad range_max range_median range_min range_normalize range_quantile range_stddev
    range_stdvar range_sum range_trim_outliers range_trim_spikes range_trim_zscore range_zscore running_avg
    running_max running_min running_sum remove_resets interpolate keep_last_value keep_next_value smooth_exponential
    union alias label_copy label_del label_join label_keep label_lowercase label_map label_match label_mismatch
    label_move label_set label_transform label_uppercase label_value labels_equal drop_common_labels
    drop_empty_series limit_offset limitk any bottomk_avg bottomk_last bottomk_max bottomk_median bottomk_min
    topk_avg topk_last topk_max topk_median topk_min outliers_iqr outliers_mad outliersk share sum2 sum2_over_time
    geomean geomean_over_time distinct distinct_over_time distinct_over zscore zscore_over_time tmax_over_time
    tmin_over_time tfirst_over_time tlast_over_time tlast_change_over_time timestamp_with_name ascent_over_time
    descent_over_time duration_over_time lag lifetime hoeffding_bound_lower hoeffding_bound_upper integrate ideriv
    deriv_fast holt_winters scrape_interval stale_samples_over_time vmrange now step start end rand rand_exponential
    rand_normal ru ttf bitmap_and bitmap_or bitmap_xor sort_by_label_numeric sort_by_label_numeric_desc
    count_values_over_time histogram_over_time histogram first_over_time xrate xincrease xdelta
""".split())  # fmt: skip


# From what the package makes to the types above. It recurses: `_measured` has seen that this is safe.


def _tree(node: Any) -> Expr:
    kind = type(node).__name__
    if kind == "ParenExpr":
        return _tree(node.expr)
    return _KINDS[kind](node)


def _unary(node: promql_parser.UnaryExpr) -> Expr:
    inner = _tree(node.expr)
    return Number(-inner.value) if isinstance(inner, Number) else Negative(inner)


def _selector(node: promql_parser.VectorSelector, during: timedelta | None = None) -> Selector:
    given = node.matchers  # made anew each time that it is asked for, as all that the package gives
    if given.or_matchers:
        raise _Dialect("`or` between label matchers, which only MetricsQL has")
    if during is not None and not during:
        raise ValueError("duration must be greater than 0")
    found = [Matcher(each.name, _OPS[str(each.op)], each.value) for each in given.matchers]
    named = [each for each in found if each.label == "__name__" and each.op == "="]
    name = node.name
    metric = name or (named[0].value if named else "")
    matchers = tuple(each for each in found if each not in named[:1] or name)
    return Selector(metric, matchers, _seconds(during), _seconds(node.offset), _at(node.at))


_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def _subquery(node: promql_parser.SubqueryExpr) -> Subquery:
    return Subquery(
        _tree(node.expr), _seconds(node.range) or 0.0, _seconds(node.step), _seconds(node.offset), _at(node.at)
    )


def _aggregation(node: promql_parser.AggregateExpr) -> Aggregation:
    modifier, given = node.modifier, node.param
    labels = tuple(modifier.labels) if modifier else None
    by = modifier is not None and str(modifier.type).endswith("By")
    param = None if given is None else _tree(given)
    return Aggregation(str(node.op), _tree(node.expr), labels if by else None, None if by else labels, param)


def _binary(node: promql_parser.BinaryExpr) -> Binary:
    left, right, modifier = _tree(node.lhs), _tree(node.rhs), node.modifier
    if modifier is None:
        return Binary(str(node.op), left, right)
    matching = modifier.matching
    labels = tuple(matching.labels) if matching else None
    on = matching is not None and str(matching.type).endswith("Include")
    card = str(modifier.card)
    group: Literal["left", "right", ""] = (
        "left" if card.endswith("ManyToOne") else "right" if card.endswith("OneToMany") else ""
    )
    include = tuple(modifier.group_labels or ())
    return Binary(
        str(node.op), left, right, modifier.return_bool, labels if on else None, None if on else labels, group, include
    )


_KINDS: dict[str, Callable[[Any], Expr]] = {
    "NumberLiteral": lambda node: Number(float(node.val)),
    "StringLiteral": lambda node: Text(str(node.val)),
    "VectorSelector": _selector,
    "MatrixSelector": lambda node: _selector(node.vector_selector, node.range),
    "SubqueryExpr": _subquery,
    "Call": lambda node: Call(str(node.func.name), tuple(map(_tree, node.args))),
    "AggregateExpr": _aggregation,
    "UnaryExpr": _unary,
    "BinaryExpr": _binary,
}


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()


def _at(modifier: promql_parser.AtModifier | None) -> str:
    return "" if modifier is None else str(modifier).removeprefix("@").strip()


# Writing it down again.

_METRIC = regex(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset("""
    and or unless atan2 on ignoring by without group_left group_right bool offset inf nan start end sum avg count min
    max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio
""".split())  # fmt: skip
_UNITS = ((604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms"))


def _label(name: str) -> str:
    return name if _LABEL.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    inner = "".join(_escaped(sign) for sign in text)
    return f'"{inner}"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign == "\n":
        return "\\n"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def _duration(seconds: float) -> str:
    total = round(abs(seconds) * 1000)
    size, unit = next(((size, unit) for size, unit in _UNITS if total and not total % size), (1000, "s"))
    return f"{'-' if seconds < 0 else ''}{total // size}{unit}"


def _shifted(offset: float | None, at: str) -> str:
    return f"{f' @ {at}' if at else ''}{f' offset {_duration(offset)}' if offset is not None else ''}"


def _labelled(word: str, labels: tuple[str, ...] | None) -> str:
    return "" if labels is None else f" {word} ({', '.join(map(_label, labels))})"


def _operand(expr: Expr) -> str:
    needs = isinstance(expr, (Binary, Negative)) or (isinstance(expr, Number) and str(expr).startswith("-"))
    return f"({expr})" if needs else str(expr)


# Grafana's variables.

# Each begins with its first character, and looks behind it then: what begins with a class of characters is searched for
# quickly. A dashboard has hundreds of queries.
_VARIABLE = r"(?<=\$)(?:\{[^{}\n]{1,200}\}|[A-Za-z_]\w{0,100})|(?<=\[)\[[A-Za-z_][\w:]{0,100}\]\]"
_IN_TEXT = regex(rf"[$\[](?:{_VARIABLE})")
_PIECE = regex(
    r"""["'`\#$(\[{)\]}](?:(?P<text>(?<=")[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)"""
    r"""|(?<=')[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)|(?<=`)[^`]*(?:`|\Z))"""
    rf"""|(?P<comment>(?<=\#)[^\n]*)|(?P<variable>{_VARIABLE})|(?P<sign>(?<=[(\[{{)\]}}])))""",
    re.DOTALL,
)
_UNIT_FOLLOWS = regex(r"(?:ms|[smhdwy])(?![A-Za-z0-9_])")
_CALLED = regex(r"\s*\(|\s+(?:by|without)\b")
_MATCHES = regex(r"\s*(?:[=!]~|!?=)")
_TIME_NEEDED = regex(r"\boffset\s*-?\s*\Z", re.IGNORECASE)
_NUMBER_NEEDED = regex(
    r"\b(?:topk|bottomk|limitk|limit_ratio|quantile|histogram_quantile|quantile_over_time)"
    r"(?:\s+(?:by|without)\s*\([^()]{0,300}\))?\s*\(\s*\Z|[0-9.]\Z",
    re.IGNORECASE,
)


def _filled(text: str, number: bool) -> str:
    """A dashboard's query with something in the place of each variable. Where it can be either, a number or a name."""
    made: list[str] = []
    inside: list[str] = []
    end = 0
    for piece in _PIECE.finditer(text):
        made.append(text[end : piece.start()])
        end = piece.end()
        words = piece[0]
        kind = piece.lastgroup  # what a group holds may be empty: its sign stands before it
        if kind == "text":
            words = _IN_TEXT.sub(VARIABLE, words)
        elif kind == "variable":
            words = _replaced("".join(made[-8:])[-400:], words, text[end : end + 40], inside[-1:], number)
        elif kind == "sign" and words in "([{":
            inside.append(words)
        elif kind == "sign" and inside:
            inside.pop()
        made.append(words)
    return "".join((*made, text[end:]))


def _replaced(before: str, variable: str, after: str, inside: list[str], number: bool) -> str:
    if inside == ["["] or _TIME_NEEDED.search(before):
        return "5" if _UNIT_FOLLOWS.match(after) else "5m"
    if inside == ["{"]:
        return VARIABLE if _MATCHES.match(after) or before.endswith(("_", ":")) else f'{VARIABLE}=~".+"'
    if _CALLED.match(after) and not before[-1:].isalnum() and not before.endswith(("by ", "without ", "on ")):
        return "sum"
    name = variable.strip("${}[]")
    if name.startswith(("__interval", "__rate_interval", "__range", "__from", "__to")) or _NUMBER_NEEDED.search(before):
        return "1"
    return "1" if number else VARIABLE
