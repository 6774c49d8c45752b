"""HCL against Go's own parser (pygohcl), python-hcl2 as a second opinion, and the traps of the grammar by name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatekeeper.models.terraform.values import Scope, evaluate
from gatekeeper.node import Node, Source
from gatekeeper.parsers import hcl
from gatekeeper.parsers.hcl_reader import Refused, read

pygohcl = pytest.importorskip("pygohcl")


def parsed(text: str) -> hcl.Document:
    return hcl.parse(Source("main.tf", text))


def value(text: str) -> Node:
    """What the attribute `a` of a text comes to."""
    document = parsed(text)
    assert not document.faults, document.faults
    return evaluate(document.body.attributes["a"].expr, Scope())


# against Go

names = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True).filter(
    lambda name: name not in ("for", "if", "in", "true", "false", "null", "else", "endif", "endfor")
)
words = st.text(st.sampled_from("ab é✓\U0001f600 \t~.:=#/-'$%{}[]()"), max_size=12)
numbers = st.one_of(
    st.integers(0, 10**15).map(str),
    st.tuples(st.integers(0, 999), st.integers(0, 99)).map(lambda pair: f"{pair[0]}.{pair[1]:02}"),
    st.tuples(st.integers(1, 9), st.sampled_from(["e2", "E+3", "e-1", ".5e1"])).map(lambda pair: f"{pair[0]}{pair[1]}"),
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


strings = st.one_of(words.map(quoted), st.sampled_from([r'"\u00e9\n\"\\"', r'"\U0001F600"', '""', '"$$${x}"', '"a$"']))
scalars = st.one_of(numbers, strings, st.sampled_from(["true", "false", "null"]))
interpolations = st.sampled_from(["${1}", '${"x"}', "${~ true }", '${"y" ~}', '${~ "z" ~}'])
templates = st.lists(st.one_of(words.map(lambda t: quoted(t)[1:-1]), interpolations), min_size=1, max_size=4).map(
    lambda parts: '"' + "".join(parts) + '"'
)
lines = st.tuples(
    st.integers(0, 4), st.text("ab é.'\"\\", max_size=6), st.sampled_from(["", "", "${1}", '${~ "z" ~} '])
)
heredocs = st.tuples(st.sampled_from(["<<", "<<-"]), st.lists(lines, max_size=4), st.integers(0, 4)).map(
    lambda t: t[0] + "EOT\n" + "".join(f"{' ' * n}{text}{part}\n" for n, text, part in t[1]) + " " * t[2] + "EOT"
)
literals = st.recursive(
    st.one_of(scalars, templates),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.lists(st.tuples(names, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{\n" + "".join(f"{k} = {v}\n" for k, v in pairs) + "}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(literals, heredocs), st.sampled_from(["\n", "\r\n"]))
@example("<<-EOT\n  a\n\n    b\n   EOT", "\n")
@example('<<EOT\n x ${ "y" ~}  \n z\nEOT', "\n")
@example("1e3", "\n")
def test_literals_are_what_go_reads(text: str, newline: str) -> None:
    written = f"a = {text}\n".replace("\n", newline)
    try:
        expected: Any = pygohcl.loads(written)["a"]
    except pygohcl.HCLParseError:
        return
    if isinstance(expected, str) and expected == text.strip():
        return  # Go's wrapper gives up on it and answers the words
    found = value(written).plain
    assert found == pytest.approx(expected) if isinstance(expected, float) else found == expected


SAMPLE = """# a module
locals {
  tags = { Environment = var.env, "b": [1, 2.5, "x${var.y}"] }
  text = <<-EOT
    hello ${local.tags["b"][0]} %{ if var.on }on%{ endif }
  EOT
}
resource "aws_s3_bucket" "logs" {
  count  = var.on ? 1 : 0
  bucket = "logs-${count.index + 1}"
  rule { id = "a" }
  dynamic "grant" {
    for_each = [for k, v in local.tags : upper(k) if v != ""]
    content {
      id = grant.value
    }
  }
}
"""


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SAMPLE) - 1), st.sampled_from(["", "x", "\n", " ", "}", "{", '"', "é", "=", "1", "\r"]))
def test_what_go_accepts_has_no_fault(at: int, character: str) -> None:
    text = SAMPLE[:at] + character + SAMPLE[at + 1 :]
    document = parsed(text)  # never raises
    for fault in document.faults:
        assert 1 <= fault.span.line <= text.count("\n") + 2
    try:
        pygohcl.loads(text)
    except Exception:
        return
    assert not document.faults


def dumped(found: Any) -> Any:
    """A body or an expression, with its places."""
    if isinstance(found, hcl.Attribute):
        return found.name, found.start, dumped(found.expr)
    if isinstance(found, hcl.Body):
        return [dumped(each) for each in (*found.attributes.values(), *found.blocks)]
    if isinstance(found, hcl.Block):
        return found.type, found.labels, found.start, found.header_end, found.end, dumped(found.body)
    if isinstance(found, hcl.Expr):
        slots = (slot for kind in type(found).__mro__ for slot in getattr(kind, "__slots__", ()) if slot != "home")
        return type(found).__name__, *((slot, dumped(getattr(found, slot))) for slot in slots)
    return [dumped(each) for each in found] if isinstance(found, (list, tuple)) else found


def read_by_hand(text: str) -> hcl.Body | None:
    try:
        return read(hcl.Home(Source("main.tf", text)))
    except Refused:
        return None


def accepted_by_go(text: str) -> bool:
    try:
        pygohcl.loads(text)
    except pygohcl.HCLParseError:
        return False
    except pygohcl.HCLInternalError:
        return True  # it is HCL, and its wrapper cannot say what it comes to
    return True


def assert_read_alike(text: str) -> None:
    """What is read by hand Go accepts, and tree-sitter reads the same; nothing that Go accepts is refused."""
    by_hand = read_by_hand(text)
    assert (by_hand is not None) is accepted_by_go(text)
    if by_hand is None:
        return
    tree = hcl.parse_tree(Source("main.tf", text)).body
    if "Opaque" not in str(dumped(tree)):
        assert dumped(by_hand) == dumped(tree)


FIXTURES = [
    path
    for path in sorted((Path(__file__).parents[1] / "fixtures").rglob("*"))
    if path.suffix in (".tf", ".tofu", ".tfvars", ".hcl") and path.is_file()
]


def test_fixtures_are_read_alike() -> None:
    assert FIXTURES
    for path in FIXTURES:
        assert_read_alike(path.read_bytes().decode("utf-8", "replace"))


operands = st.one_of(
    scalars, st.sampled_from(["var.a", "a.b[0]", "a[*].b", "a.*.b", 'f(1, "x"...)', "(1)", "[]", "{}"])
)
expressions = st.recursive(
    operands,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+ - * / % == != < <= > >= && ||".split()), inner).map(" ".join),
        st.tuples(inner, inner, inner).map(lambda t: f"{t[0]} ? {t[1]} : {t[2]}"),
        st.tuples(st.sampled_from("!-"), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"(\n{text} # c\n)[{text}]"),
        st.lists(inner, max_size=2).map(lambda items: f"f({', '.join(items)})"),
        st.lists(inner, max_size=3).map(lambda items: "[\n" + "".join(f"{item}, /* c */\n" for item in items) + "]"),
        st.tuples(inner, inner).map(lambda t: f"{{ (a) = {t[0]}, b : {t[1]} }}"),
        st.tuples(inner, inner).map(lambda t: f"[for a, b in {t[0]} : {t[1]} if true]"),
        st.tuples(inner, inner).map(lambda t: f"{{ for b in {t[0]} : b => {t[1]}... }}"),
        inner.map(lambda text: f'"a${{{text}}}b"'),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(expressions)
@example("true ? a.b : c\n")
@example("a[*].b[*].c")
@example("1.2.3")
@example("a.0.1")
def test_expressions_are_read_alike(text: str) -> None:
    by_hand = read_by_hand(f"a = {text}\n")
    if "[*].b[*]" not in text and by_hand is not None:  # tree-sitter's splats reach less far
        assert_read_alike(f"a = {text}\n")


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 400), st.sampled_from(["", *'x\n }{"é=1\r~$%#/']))
def test_slips_of_the_pen_are_refused_as_go_refuses_them(at: int, character: str) -> None:
    text = SAMPLE[: at % len(SAMPLE)] + character + SAMPLE[at % len(SAMPLE) + 1 :]
    accepted = read_by_hand(text) is not None
    assert accepted is accepted_by_go(text) or character == "\r", "that is left to tree-sitter"


def test_places_are_in_characters_whatever_the_bytes() -> None:
    text = '\ufeffé = "ü"\r\nresource "a" "✓" {\r\n  # é\r\n  größe = ["ä", 1e3]\r\n}\r\n'
    document = parsed(text)
    assert not document.faults
    source = document.body.attributes["é"].home.source
    block = document.body.blocks[0]
    size = block.body.attributes["größe"]
    assert source.slice(block.header) == 'resource "a" "✓"'
    assert source.slice(size.key) == "größe"
    assert isinstance(size.expr, hcl.Tuple)
    assert [source.slice(item.span) for item in size.expr.items] == ['"ä"', "1e3"]
    assert evaluate(size.expr, Scope()).plain == ["ä", 1000]


# the traps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("false ? 1 : true ? 2 : 3", 2),
        ("false ? 1 : false ? 2 : true ? 3 : 4", 3),
        ("(true ? false : true) ? 1 : 2", 2),
        ("1 + 2 * 3 == 7 && !(2 > 3)", True),
        ("10 - 2 - 3", 5),
        ("7 % 3 + 9 / 2", 5.5),
        ('"1" == 1', False),
        ("[{ x = 1 }, { x = 2 }][*].x", [1, 2]),
        ("[{ x = [5, 6] }].*.x[0]", [5, 6]),
        ("({ a = { b = [1, 2] } }).a.b[1]", 2),
        ("[[1, 2], [3]].0.1", 2),
        ('{ (true ? "k" : "l") = 1, "m" : 2, n = 3 }', {"k": 1, "m": 2, "n": 3}),
        ('"${[1, 2]}"', [1, 2]),
        ("-(1) + 3 /* a */ # b", 2),
    ],
)
def test_operators(text: str, expected: Any) -> None:
    assert value(f"a = {text}\n").plain == expected


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1 b = 2\n", 1, "second item"),
        ("a = 1\na = 2\n", 2, "set twice"),
        ("r {\n  a = 1\n  a = 2\n}\n", 3, "set twice"),
        ('r "x"\n{\n}\n', 1, "line of the block's header"),
        ("r { a = 1\n  b = 2\n}\n", 1, "one attribute"),
        ("r {\n  a = 1 }\n", 2, "line of its own"),
        ('r "x" {\n  a = 1\n', 1, "not closed by '}'"),
        ("a = [1, 2\n", 1, "not closed by ']'"),
        ("a = = 1\n", 1, "not valid HCL"),
        ('a = "x\n', 1, "not valid HCL"),
    ],
)
def test_faults_say_where(text: str, line: int, words: str) -> None:
    faults = parsed(text).faults
    assert faults
    assert faults[0].span.line == line
    assert words in faults[0].message


def test_blocks_beside_a_fault_are_read() -> None:
    text = 'r "a" {\n  x = = 1\n}\n\nr "b" {\n  x = 1\n}\nr "c" {\n  x = [1\n}\nr "d" {}\n'
    document = parsed(text)
    assert [block.labels for block in document.body.blocks] == [("b",), ("d",)]
    assert document.faults
    assert document.body.blocks[0].header.line == 5


def test_what_nests_deeply_or_is_no_text_at_all_does_no_harm() -> None:
    for text in ("a = " + "[" * 5000 + "]" * 5000 + "\n", "b {\n" * 3000 + "}\n" * 3000, "a = " + "-" * 3000 + "1\n"):
        document = parsed(text)
        if "a" in document.body.attributes:
            assert evaluate(document.body.attributes["a"].expr, Scope()) is not None
            list(hcl.references(document.body.attributes["a"].expr))
        else:
            assert document.faults
    assert parsed("\x00\x01<<<").faults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("var.a.b[0].c", ["var.a.b.0.c"]),
        ('data.x.y["k"].z', ["data.x.y.k.z"]),
        ("x_y.z[var.i].w", ["var.i", "x_y.z"]),
        ("[for k, v in var.m : upper(v) if k != local.n]", ["local.n", "var.m"]),
        ("{ for v in var.m : v.id => v... }", ["var.m"]),
        ("x_y.z[*].id", ["x_y.z"]),
        ("{ a = b.c, (d.e) = 1 }", ["b.c", "d.e"]),
        ('"${a.b}%{ for x in c.d }${x.y}${e.f}%{ endfor }"', ["a.b", "c.d", "e.f"]),
        ("f(a.b, c.d...)", ["a.b", "c.d"]),
        ("a.b ? c.d : -e.f + g.h", ["a.b", "c.d", "e.f", "g.h"]),
    ],
)
def test_references(text: str, expected: list[str]) -> None:
    found = hcl.references(parsed(f"a = {text}\n").body.attributes["a"].expr)
    assert sorted(".".join(reference.path) for reference in found) == expected


def test_without_tree_sitter_what_is_not_valid_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hcl2")
    monkeypatch.setattr(hcl, "_made", [])
    monkeypatch.setitem(sys.modules, "tree_sitter_hcl", None)
    good, bad = parsed(SAMPLE), parsed('r "a" {\n}\nr "b" {\n  x = = 1\n}\n')
    assert not good.faults, "what is valid needs no tree-sitter"
    assert len(good.body.blocks) == 2
    assert [(fault.reason, fault.span.line) for fault in bad.faults] == [("unreadable", 4), ("tool-error", 1)]
    assert bad.body == hcl.Body({}, [])
