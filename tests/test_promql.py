"""PromQL to a tree and back, what is refused, and Grafana's variables."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.parsers.promql import (
    DEPTH,
    LENGTH,
    OPERATORS,
    VARIABLE,
    Aggregation,
    Binary,
    Call,
    Expr,
    Malformed,
    Matcher,
    Negative,
    Number,
    Selector,
    Subquery,
    Text,
    Unsupported,
    constant,
    parse,
    scalar,
)


def test_the_tree_of_a_query() -> None:
    query = parse(
        'sum by (job) (rate(http_requests_total{status=~"5..", job="api"}[5m] offset 1h))'
        " / on (job) group_left (team) owners > 0.05"
    )
    failed = Selector("http_requests_total", (Matcher("status", "=~", "5.."), Matcher("job", "=", "api")), 300, 3600)
    ratio = Binary(
        "/", Aggregation("sum", Call("rate", (failed,)), by=("job",)), Selector("owners"), on=("job",),
        group="left", include=("team",),
    )  # fmt: skip
    assert query.root == Binary(">", ratio, Number(0.05))
    assert query.metrics == {"http_requests_total", "owners"}
    assert failed.label("job") == "api"
    assert failed.label("status") is None
    assert next(around for part, around in query.within() if part == failed)[-1] == Call("rate", (failed,))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('{__name__="a", b!="c"}', Selector("a", (Matcher("b", "!=", "c"),))),
        ('{__name__=~"a.*"}', Selector("", (Matcher("__name__", "=~", "a.*"),))),
        ('{"a.b"}', Selector("a.b")),
        ("a @ end() offset -5m", Selector("a", offset=-300, at="end()")),
        ("rate(a[1m])[1h30m:5m]", Subquery(Call("rate", (Selector("a", range=60),)), 5400, 300)),
        ("(((a)))", Selector("a")),
        ("-a", Negative(Selector("a"))),
        ("-(1)", Number(-1)),
        ("2 ^ 3 ^ a", Binary("^", Number(2), Binary("^", Number(3), Selector("a")))),
        ("a > bool 1", Binary(">", Selector("a"), Number(1), as_bool=True)),
        ("sum(a) without ()", Aggregation("sum", Selector("a"), without=())),
        ("quantile(0.9, a) by (b)", Aggregation("quantile", Selector("a"), by=("b",), param=Number(0.9))),
        ('count_values("v", a)', Aggregation("count_values", Selector("a"), param=Text("v"))),
        ("a unless ignoring (b) c", Binary("unless", Selector("a"), Selector("c"), ignoring=("b",))),
        ("a * on () group_right () b", Binary("*", Selector("a"), Selector("b"), on=(), group="right")),
        ("info(a)", Call("info", (Selector("a"),))),
        ("time()", Call("time")),
    ],
)
def test_parts(text: str, tree: Expr) -> None:
    assert parse(text).root == tree
    assert parse(str(tree)).root == tree


def made(kind: Callable[..., Expr], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Expr]:
    return st.fixed_dictionaries(fields).map(lambda found: kind(**found))


_NAMES = st.sampled_from(["a", "b_total", "job:x:rate5m", "sum", "by", "up"])
_LABELS = st.lists(st.sampled_from(["job", "le", "x.y"]), max_size=2, unique=True).map(tuple)
_MATCHERS = st.builds(
    Matcher,
    st.sampled_from(["job", "x.y"]),
    st.sampled_from(["=", "!="]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
_TIMES = st.integers(1, 10**7).map(float)
_VECTORS = made(
    Selector,
    metric=_NAMES,
    matchers=st.lists(_MATCHERS, max_size=2).map(tuple),
    offset=st.none() | _TIMES,
    at=st.sampled_from(["", "start()", "end()"]),
)


def _larger(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    ranged = made(Selector, metric=_NAMES, range=_TIMES) | made(
        Subquery, expr=inner, range=_TIMES, step=st.none() | _TIMES
    )
    two = {"left": inner, "right": inner}
    sides = st.sampled_from(["left", "right"])
    return st.one_of(
        made(Negative, expr=inner),
        made(Binary, op=st.sampled_from("+-*/%^"), **two),
        made(Binary, op=st.sampled_from([">", "=="]), as_bool=st.booleans(), **two),
        made(Binary, op=st.sampled_from("/*"), on=_LABELS, group=sides, **two),
        made(Binary, op=st.sampled_from(["and", "or", "unless"]), ignoring=_LABELS, **two),
        made(Aggregation, op=st.sampled_from(["sum", "max"]), expr=inner, by=_LABELS),
        made(Aggregation, op=st.just("topk"), expr=inner, without=_LABELS, param=st.just(Number(3.0))),
        made(Call, function=st.just("abs"), args=st.tuples(inner)),
        made(Call, function=st.just("rate"), args=st.tuples(ranged)),
    )


_EXPRESSIONS: st.SearchStrategy[Expr] = st.recursive(_VECTORS, _larger, max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(_EXPRESSIONS)
def test_written_down_and_read_again(tree: Expr) -> None:
    query = parse(str(tree))
    assert query.root == tree
    assert str(query) == str(tree)


_PIECES = st.sampled_from(
    [*"(){}[],\"'`#\\$:@-+^/", "a", "sum", " by ", "5m", "0.9", "=~", " and ", "{{", "[[", "${", "\0", "\ud800", "é"]
)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40) | st.lists(_PIECES, max_size=30).map("".join), st.booleans())
def test_any_text_parses_or_is_malformed(text: str, dashboard: bool) -> None:
    try:
        query = parse(text, dashboard)
    except Malformed as refused:
        error = refused
    else:
        assert next(query.walk()) is query.root
        return
    assert str(error)
    assert error.offset is None or 0 <= error.offset <= max(len(text), LENGTH)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(" * 100_000 + "1" + ")" * 100_000,
        "(" * (DEPTH + 1) + "1" + ")" * (DEPTH + 1),
        "-" * 100_000 + "a",
        "- " * (OPERATORS + 1) + "a",
        "a" + " and a" * 10_000,
        "abs(" * 20_000,
        "a" * 1_000_000,
        "a" + " " * LENGTH,
    ],
    ids=range(9),
)
def test_too_much_is_refused_before_it_is_parsed(text: str) -> None:
    with pytest.raises(Unsupported):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '"' + '\\"' * 24_000, "'" * 49_999, "#" * 49_999, "\0" * 49_999, "$" * 49_999, "a{" + "${x} " * 9_000,
        "[[a]] " * 8_000,
    ],
    ids=range(7),
)  # fmt: skip
def test_hostile_texts_take_no_time(text: str) -> None:
    start = time.process_time()
    for dashboard in (False, True):
        with pytest.raises(Malformed):
            parse(text, dashboard)
    assert time.process_time() - start < 2


def test_what_is_as_deep_as_allowed_is_read() -> None:
    text = "(" * DEPTH + "a" + ")" * DEPTH + " + a" * OPERATORS
    assert len(parse(text).selectors) == OPERATORS + 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no expression"),
        ("sum(a", "unclosed left parenthesis"),
        ("rate(a)", "expected type matrix"),
        ("a[5m] > 1", "only scalar and instant vector"),
        ("foo(a)", "there is no function foo"),
        ("rate(a[0])", "duration must be greater than 0"),
        ("1 > 2", "BOOL"),
        ('a{b=~"("}', "not a regular expression"),
        ('a{b=~"x(?=y)"}', "not a regular expression"),
        ("{}", "at least one non-empty matcher"),
        ("a b", "not a valid query"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(Malformed, match=words) as raised:
        parse(text)
    assert not isinstance(raised.value, Unsupported)


@pytest.mark.parametrize(
    "text",
    [
        "histogram_share(0.2, a)",
        'a{b="c" or d="e"}',
        "a default 0",
        "a >/ 0",
        "rate(a[5m] smoothed)",
        "rate(a[5m * 2])",
        'a{b=~"{{x}}"}',  # Go takes it as it stands
    ],
)
def test_what_may_be_right_elsewhere_is_not_called_wrong(text: str) -> None:
    with pytest.raises(Unsupported):
        parse(text)


def test_a_function_that_is_not_there_is_shown() -> None:
    with pytest.raises(Malformed) as raised:
        parse("sum(foo(a))")
    assert raised.value.offset == 4


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('rate(x{job="$job"}[$__rate_interval])', f'rate(x{{job="{VARIABLE}"}}[5m])'),
        ('x{a=~"${v:regex}"}', f'x{{a=~"{VARIABLE}"}}'),
        ('x{a=~"[[v]]"}', f'x{{a=~"{VARIABLE}"}}'),
        ("increase(x[[[w]]])", "increase(x[5m])"),
        ("rate(x[${i}m])", "rate(x[5m])"),
        ("x[$__range:$__interval]", "x[5m:5m]"),
        ("x offset $o", "x offset 5m"),
        ("topk($n, x)", "topk(1, x)"),
        ("histogram_quantile($q, sum by (le) (x))", "histogram_quantile(1, sum by (le)(x))"),
        ("round(x, $n)", "round(x, 1)"),
        ("sum by ($g) (${p}_total)", f"sum by ({VARIABLE})({VARIABLE}_total)"),
        ("${agg:raw} by (le) (x)", "sum by (le)(x)"),
        ("x / $__interval_ms", "x / 1"),
        ('x{a="b", $filters}', f'x{{a="b", {VARIABLE}=~".+"}}'),
        ('label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x, "a", "$1", "b", "(.*)")'),
        ("$q", VARIABLE),
    ],
)
def test_variables_of_a_dashboard(text: str, read: str) -> None:
    query = parse(text, dashboard=True)
    assert query.root == parse(read).root
    assert query.text == text


def test_a_variable_is_known_as_such() -> None:
    query = parse('${p}_total{job="a"} + up{job="$job"} + up', dashboard=True)
    assert query.metrics == {"up"}
    assert [each.open for each in query.selectors] == [True, True, False]
    with pytest.raises(Unsupported):
        parse("up $op 1", dashboard=True)
    with pytest.raises(Malformed):
        parse('up{job="$job"', dashboard=True)
    with pytest.raises(Malformed):
        parse("rate(up[$w])")


def test_constants() -> None:
    assert constant(parse("14.4 * (1 - 0.999)").root) == pytest.approx(0.0144)
    assert constant(parse("-2 ^ 2").root) == -4
    assert constant(parse("vector(3)").root) == 3
    assert constant(parse("1 / 0").root) is None
    assert constant(parse("(0 - 8) ^ 0.5").root) is None
    assert constant(parse("up * 2").root) is None
    assert scalar(parse("time() - 5").root)
    assert not scalar(parse("vector(1)").root)
