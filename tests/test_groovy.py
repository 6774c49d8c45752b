"""The Groovy of Jenkinsfiles: every character is accounted for; statements; texts that nobody meant well."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatekeeper.node import Expression, Node, Source
from gatekeeper.parsers import groovy
from gatekeeper.parsers.groovy import Assign, Block, Call, Expr, Function, If, Leave, Loop, Switch, Try
from gatekeeper.parsers.groovy_conditions import expression
from gatekeeper.parsers.groovy_tokens import Text, interpolations, text_of, tokens

PIECES = (
    "pipeline", "stage", "node", "sh", "if", "else", "try", "catch", "finally", "switch", "case", "default", "for",
    "def", "return", "throw", "@Library", "String", "x", "env.A", "'a'", '"b ${c} d"', "'''e\nf'''",
    '"""g ${h ? "i" : \'j\'}\n"""', "/k/", "$/l/$", "(", ")", "[", "]", "{", "}", "\n", ";", ",", ":", "=", "==",
    "->", ".", "?.", "+", "!", "&&", "//c\n", "/* d */", "'", '"', '"""', "'''", "$/", "/", "\\", "${", "}", "1",
    "true", "null", " ", "\t", "\r\n", "é", "_",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.lists(
    st.sampled_from(PIECES), max_size=60
).map(" ".join)


def parsed(text: str) -> Block:
    script = groovy.parse(Source("Jenkinsfile", text))
    assert not script.faults, script.faults
    return script.block


def only(text: str) -> groovy.Statement:
    (statement,) = parsed(text).statements
    return statement


@settings(max_examples=600, deadline=None)
@given(texts)
@example('"${"')
@example("a { } + 1")
@example("switch(x){case 1: a() default: b()}")
@example("@Library(")
@example("if (")
@example("x = [a:")
def test_every_character_and_every_place(text: str) -> None:
    pieces = tokens(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
    source = Source("Jenkinsfile", text)
    script = groovy.parse(source)
    lines = len(source.lines)
    for node in places(script.block):
        assert 1 <= node.span.line <= node.span.end_line <= lines
        begin, end = source.offsets(node.span)
        assert 0 <= begin <= end <= len(text)
    for fault in script.faults:
        assert 1 <= fault.span.line <= lines
    expression(text)
    for start, end, _ in interpolations(text):
        assert text[start] == "$" and start < end <= len(text)


def places(block: Block) -> list[Node]:
    found = [block.place]
    for statement in block.statements:
        found += _places(statement)
    return found


def _places(statement: object) -> list[Node]:
    if isinstance(statement, Expr):
        inner = [node for call in statement.calls for node in _places(call)]
        inner += places(statement.block) if statement.block else []
        return [statement.node, *inner, *(node for _, item in statement.items for node in _places(item))]
    if isinstance(statement, Call):
        values = (*statement.args, *(value for _, value in statement.named))
        inner = [node for value in values for node in _places(value)]
        inner += places(statement.body) if statement.body else []
        return [statement.place, *inner, *(node for then in statement.then for node in _places(then))]
    if isinstance(statement, (Assign, Leave)):
        return [statement.place, *(_places(statement.value) if statement.value else [])]
    blocks: list[Block | None] = []
    if isinstance(statement, If):
        blocks = [statement.then, statement.otherwise]
    elif isinstance(statement, Try):
        blocks = [statement.body, *statement.catches, statement.last]
    elif isinstance(statement, Switch):
        blocks = [body for _, body in statement.cases]
    elif isinstance(statement, (Loop, Function)):
        blocks = [statement.body]
    return [node for block in blocks if block for node in places(block)]


def test_calls() -> None:
    call = only("sh(script: 'make', returnStatus: true)")
    assert isinstance(call, Call)
    assert call.name == "sh"
    assert [(name, value.node.value) for name, value in call.named] == [("script", "make"), ("returnStatus", True)]
    call = only("input message: 'Go?', submitter: 'ops', parameters: [\n string(name: 'A'),\n ]")
    assert isinstance(call, Call)
    assert [name for name, _ in call.named] == ["message", "submitter", "parameters"]
    call = only('docker.image("maven:${v}").inside("-v /a") { sh \'mvn\' }')
    assert isinstance(call, Call)
    assert (call.name, call.args[0].node.expression) == (
        "docker.image",
        Expression("maven:${v}", "is known only when the pipeline runs"),
    )
    (inside,) = call.then
    assert inside.name == "inside" and inside.body and inside.body.first("sh")
    call = only("parallel a: { sh 'x' },\n b: { sh 'y' }")
    assert isinstance(call, Call)
    assert [name for name, value in call.named if value.block] == ["a", "b"]


def test_calls_without_parentheses_end_with_their_line() -> None:
    assert [each.name for each in parsed("agent any\nsteps { sh 'x' } post { always { y() } }").statements] == [  # type: ignore[union-attr]
        "agent", "steps", "post",
    ]  # fmt: skip
    first, second = parsed("echo 'a' +\n 'b'\necho 'c'").statements
    assert isinstance(first, Call) and first.args[0].node.value == "ab"
    assert isinstance(second, Call) and second.args[0].node.value == "c"


def test_statements() -> None:
    names = [type(each).__name__ for each in parsed(
        "import a.b\ndef x = 1\nString y = sh(script: 'z', returnStdout: true).trim()\nenv.A = \"b\"\n"
        "if (a == 'b') {\n c()\n} else if (d) e() else { f() }\n"
        "try { g() } catch (Exception h) { throw h } finally { i() }\n"
        "for (j in [1, 2]) { k(j) }\nswitch (l) {\n case 'm': n(); break\n default: o()\n}\n"
        "def p(String q, r = 's') { t() }\nreturn u\n"
    ).statements]  # fmt: skip
    assert names == ["Assign", "Assign", "Assign", "If", "Try", "Loop", "Switch", "Function", "Leave"]


def test_what_the_statements_hold() -> None:
    assign = only("def out = sh(script: 'x', returnStdout: true).trim()")
    assert isinstance(assign, Assign)
    assert [call.name for call in assign.value.calls] == ["sh"] and assign.value.calls[0].used
    choice = only("if (env.A == 'b' && !c) { d() }\nelse { e() }")
    assert isinstance(choice, If) and choice.otherwise and choice.otherwise.first("e")
    assert expression(choice.condition.node.source.slice(choice.condition.node.span)) == (
        "&&", ("==", ("path", "env.A"), ("literal", "b")), ("!", ("path", "c")),
    )  # fmt: skip
    function = only("def deploy(String where, Map what = [:]) { sh where }")
    assert isinstance(function, Function) and function.parameters == ("where", "what")
    switch = only("switch (x) { case 'a': b(); break; case 'c': default: d() }")
    assert isinstance(switch, Switch)
    assert [label.node.value if label else None for label, _ in switch.cases] == ["a", "c", None]
    library = only("@Library(['a@1', 'b']) _")
    assert isinstance(library, Call) and [item.node.value for _, item in library.args[0].items] == ["a@1", "b"]


@pytest.mark.parametrize(
    ("written", "text", "lines", "template"),
    [
        ("'a\\nb'", "a\nb", (4, 4), False),
        ("'''a\nb'''", "a\nb", (4, 5), False),
        ('"""\n  a \\\n  ${b}\n"""', "\n  a   ${b}\n", (4, 5, 7), True),
        ('"a $b"', "a $b", (4,), True),
        ("'a $b'", "a $b", (4,), False),
        ("'it\\'s'", "it's", (4,), False),
        ("/a\\/b/", "a/b", (4,), False),
        ("$/a/b/$", "a/b", (4,), False),
    ],
)
def test_strings(written: str, text: str, lines: tuple[int, ...], template: bool) -> None:
    assert text_of(written, 4) == Text(text, lines, template)


def test_interpolations() -> None:
    text = "a ${b ? \"}\" : '{'} $c.d ${e} f"
    assert [inner for _, _, inner in interpolations(text)] == ["b ? \"}\" : '{'", "c.d", "e"]


@pytest.mark.parametrize(
    "text",
    [
        "a {" * 5000 + "}" * 5000,
        "".join("a { " for _ in range(55)) + "".join("} + 1\n" for _ in range(55)),
        "x = " + "[" * 20000 + "]" * 20000,
        '"' + "${" * 20000,
        '"${' * 20000,
        "= /" * 20000,
        "= " + "\\/" * 20000,
        "if (a) b else " * 5000,
        "({[" * 5000 + ")" * 5000,
        "a" + ".b()" * 20000,
        "@Library(" * 10000,
        "try {" * 3000,
        "switch(x){" + "case 1: " * 20000 + "}",
    ],
)
def test_it_ends(text: str) -> None:
    start = time.perf_counter()
    groovy.parse(Source("Jenkinsfile", text))
    list(interpolations(text))
    assert time.perf_counter() - start < 10


def test_what_is_not_read_is_said() -> None:
    script = groovy.parse(Source("Jenkinsfile", "a {" * 200 + "}" * 200 + "\nb('\n"))
    assert {fault.message for fault in script.faults} >= {
        "nested deeper than 60: not read",
        "a string that is not closed",
    }
