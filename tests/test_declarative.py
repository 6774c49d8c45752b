"""Declarative rules: what each operator says, three-valued logic, and what a malformed file is told."""

from __future__ import annotations

import re
import time
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatekeeper import engine
from gatekeeper.declarative import glimpse, read
from gatekeeper.declarative.conditions import Context, Malformed, read_condition
from gatekeeper.declarative.patterns import Pattern
from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.node import Expression, Node, Source, Span, Unresolved
from gatekeeper.parsers import yaml
from gatekeeper.project import Project
from gatekeeper.rule import Rule, place


class Thing(Subject):
    """A subject of any YAML mapping."""

    technology = "sample"
    example_path = "thing.yaml"

    @property
    def type(self) -> str:
        return self.node["type"].text

    @cached_property
    def ports(self) -> tuple[int, ...]:
        return (80, 443)

    @property
    def owner(self) -> str:
        raise Unresolved(self.node, Expression("var.owner", "has no default"))


THING = f"{Thing.__module__}:Thing"


def parse(text: str) -> Node:
    nodes, faults = yaml.parse(Source("thing.yaml", text))
    assert not faults
    return _with_expressions(nodes[0])


def _with_expressions(node: Node) -> Node:
    """The same node with every text `${...}` an expression."""
    value: Any = node._value
    if isinstance(value, dict):
        value = {key: _with_expressions(each) for key, each in value.items()}
    elif isinstance(value, list):
        value = [_with_expressions(each) for each in value]
    elif isinstance(value, str) and value.startswith("${"):
        value = Expression(value)
    return Node(value, node.source, node.span, node.key)


def project(*subjects: Subject) -> Project:
    return Project(Tree(Path("."), [], {}), subjects)


def judge(condition: Node, thing: Node) -> bool | None:
    subject = Thing(thing)
    return read_condition(condition, Thing)(thing, Context(subject)).truth


def write(folder: Path, text: str) -> Rule:
    path = folder / "rule.yaml"
    path.write_text(text, "utf-8")
    return read(path)


RULE = """\
id: thing-encrypted
title: Things are encrypted
why: |
  Whoever finds one reads it.
severity: high
gate: security-posture
seed: "6.1 Security Hardening"
aliases: [CKV_X_1]
each: {each}
where: {{it.type: [disk, tape]}}
must:
{must}
message: it is not encrypted
fix: set encrypted
bad:
- case: "a disk"
  text: |
    type: disk
    # expect: not encrypted
    encrypted: false
- files:
    deep/a.yaml: "type: disk # expect: not encrypted"
    b.md: "```\\nfence\\n```"
good: "{{type: disk, encrypted: true}}"
unknown: "{{type: disk, encrypted: '${{KEY}}'}}"
"""


def rule_text(must: str = "encrypted: {equals: true}", each: str = THING) -> str:
    return RULE.format(must=indent(must, "  "), each=each)


@pytest.mark.parametrize(
    ("condition", "thing", "holds"),
    [
        ("a: true", "a: true", True),
        ("a: true", "a: 'true'", True),
        ("a: true", "a: 1", False),
        ("a: 3", "a: '3'", True),
        ("a: '3'", "a: 3.0", True),
        ("a: x", "b: x", False),
        ("a: x", "a: [x, x]", True),
        ("a: x", "a: [x, y]", False),
        ("a: x", "a: []", False),
        ("a: {equals: [x, y]}", "a: [x, y]", True),
        ("a: {equals: [x, y]}", "a: [y, x]", False),
        ("a: {equals: {b: 1}}", "a: {b: 1}", True),
        ("a: {equals: {b: 1}}", "a: {b: 1, c: 2}", False),
        ("a: {equals: [x, y]}", "a: [z, '${v}']", False),
        ("a: {equals: [x, y]}", "a: [x, '${v}']", None),
        ("a: {not_equals: x}", "a: y", True),
        ("a: {not_equals: x}", "b: x", True),
        ("a: {not_equals: x, absent: fail}", "b: x", False),
        ("a: {not_equals: x, absent: fail}", "a: []", False),
        ("a: {equals: x, absent: unknown}", "b: x", None),
        ("a: {equals: x, absent: pass}", "a: null", True),
        ("a: {not_equals: x}", "a: [y, x]", False),
        ("a: [x, y]", "a: y", True),
        ("a: {in: [x, y]}", "a: [x, z]", False),
        ("a: {not_in: [x, y]}", "a: [w, z]", True),
        ("a: {not_in: [x, y]}", "a: [w, x]", False),
        ("a: {gte: 7, lte: 35}", "a: 7", True),
        ("a: {gte: 7, lte: 35}", "a: '36'", False),
        ("a: {gte: 7}", "a: many", False),
        ("a: {lte: 7}", "a: many", False),
        ("a: {matches: '^v[0-9]+$'}", "a: v12", True),
        ("a: {matches: '^v[0-9]+$'}", "a: v12b", False),
        ("a: {not_matches: '(?i)pass'}", "a: myPASSword", False),
        ("a: {not_matches: '(?i)pass'}", "b: x", True),
        ("a: {present: true}", "a: '${v}'", True),
        ("a.b: {present: true}", "a: '${v}'", None),
        ("a: {present: true}", "a: null", False),
        ("a: {present: false}", "b: 1", True),
        ("a: {nonempty: true}", "a: '${v}'", None),
        ("a: {nonempty: true}", "a: '  '", False),
        ("a: {nonempty: true}", "a: [x]", True),
        ("a: {nonempty: true}", "a: 0", True),
        ("a: {nonempty: true}", "b: 0", False),
        ("a: {contains: x}", "a: [x, '${v}']", True),
        ("a: {contains: x}", "a: [y, '${v}']", None),
        ("a: {contains: x}", "a: wxyz", True),
        ("a: {contains_all: [x, y]}", "a: [y, x]", True),
        ("a: {contains_all: [x, y]}", "a: [x]", False),
        ("a: {contains_keys: [Environment]}", "a: {Environment: '${v}'}", True),
        ("a: {contains_keys: [Environment, Service]}", "a: {Environment: x}", False),
        ("a: {contains_keys: [Environment]}", "a: Environment", False),
        ("a: {not_contains: x}", "a: [y]", True),
        ("a: {not_contains: x}", "a: [y, '${v}']", None),
        ("a: {not_contains: [x, y]}", "a: [y]", False),
        ("a: {length: {gte: 2}}", "a: [x, '${v}']", True),
        ("a: {length: 2}", "a: [x]", False),
        ("a: {length: {gte: 2}}", "a: '${v}'", None),
        ("a: {each: {port: 22}}", "a: {port: 22}", True),
        ("a: {each: {port: 22}}", "a: [{port: 22}, {port: 23}]", False),
        ("a: {each: {port: 22}}", "a: [{port: 22}, '${v}']", None),
        ("a: {each: {port: 22}}", "b: 1", True),
        ("a: {some: {port: 22, open: true}}", "a: [{port: 22}, {port: 23, open: true}]", False),
        ("a: {some: {port: 22}}", "a: [{port: 23}, {port: 22}]", True),
        ("a: {some: {port: 22}}", "a: []", False),
        ("a: {each: {'.': {gte: 3}}}", "a: [3, 4]", True),
        ("a: {each: {'.': {gte: 3}}}", "a: [3, 2]", False),
        ("a.b[*].c: 1", "a: {b: [{c: 1}, {c: 1}]}", True),
        ("a.b[*].c: 1", "a: {b: [{c: 1}, {d: 1}]}", False),
        ("a.b.c: 1", "a: [{b: {c: 1}}, {b: {c: 2}}]", False),
        ("a.b.c: 1", "a: [{b: {c: 1}}, '${v}']", None),
        ("a.b.c: 1", "a: [{b: {c: 2}}, '${v}']", False),
        ("a[1]: y", "a: [x, y]", True),
        ("a[1]: y", "a: [x]", False),
        ("'a.\"b.c/d\"': 1", "a: {b.c/d: 1}", True),
        ("a or b: 1", "b: 1", True),
        ("a or b: 1", "a: 2\nb: 1", False),
        ("a or b: 1", "c: 1", False),
        ("a: 1\nb: 1", "a: 1\nb: '${v}'", None),
        ("a: 1\nb: 1", "a: 2\nb: '${v}'", False),
        ("any: [{a: 1}, {b: 1}]", "a: 1\nb: '${v}'", True),
        ("any: [{a: 1}, {b: 1}]", "a: 2\nb: '${v}'", None),
        ("all: [{a: 1}, {b: 1}]", "a: 1\nb: 1", True),
        ("not: {a: 1}", "a: '${v}'", None),
        ("not: {a: 1}", "b: 1", True),
        ("when: {a: 1}\nthen: {b: 1}", "a: 2", True),
        ("when: {a: 1}\nthen: {b: 1}", "a: 1", False),
        ("when: {a: 1}\nthen: {b: 1}", "a: '${v}'", None),
        ("when: {a: 1}\nthen: {b: 1}", "a: '${v}'\nb: 1", True),
        ("it.type: disk", "type: disk", True),
        ("it.ports[*]: {not_equals: 443}", "type: disk", False),
        ("it.node.type: disk", "type: disk", True),
        ("it.owner: me", "type: disk", None),
        ("it.owner: {present: true}", "type: disk", None),
        ("any: [{it.owner: me}, {type: disk}]", "type: disk", True),
    ],
)
def test_what_a_condition_says(condition: str, thing: str, holds: bool | None) -> None:
    assert judge(parse(condition), parse(thing)) is holds


_values = st.recursive(
    st.sampled_from([True, False, 0, 1, 22, "x", "y", "disk", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_paths = st.sampled_from(["a", "b", "a.b", "a[*]", "a.b[*].c", "a[0]", "a or b", "a.b or c", ".", "it.node.a"])
_leaves = st.one_of(
    st.sampled_from(["x", "y", 1, True]),
    st.builds(
        lambda operators, absent: {**dict(operators), **absent},
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(["equals", "not_equals", "contains", "not_contains"]), _values),
                st.tuples(st.sampled_from(["in", "not_in", "contains_all"]), st.just(["x", 1])),
                st.tuples(st.sampled_from(["gte", "lte", "length"]), st.integers(0, 3)),
                st.tuples(st.sampled_from(["present", "nonempty"]), st.booleans()),
                st.tuples(st.sampled_from(["matches", "not_matches"]), st.just("x|1")),
                st.tuples(st.just("contains_keys"), st.just(["a"])),
            ),
            min_size=1,
            max_size=2,
        ),
        st.just({}) | st.fixed_dictionaries({"absent": st.sampled_from(["pass", "fail", "unknown"])}),
    ),
)
_conditions = st.recursive(
    st.dictionaries(_paths, _leaves, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"when": inner, "then": inner}),
        st.fixed_dictionaries({"a": st.fixed_dictionaries({"each": inner})}),
        st.fixed_dictionaries({"a": st.fixed_dictionaries({"some": inner})}),
    ),
    max_leaves=4,
)


def as_node(value: Any) -> Node:
    source, here = Source("thing.yaml", ""), Span(1, 1, 1, 1)
    if isinstance(value, dict):
        value = {key: as_node(each) for key, each in value.items()}
    elif isinstance(value, list):
        value = [as_node(each) for each in value]
    return Node(value, source, here)


def with_one_unknown(node: Node, number: int) -> Node:
    """The same node, where its `number`th value (in the order of `walk`) is an expression."""
    chosen = list(node.walk())[number]

    def copy(each: Node) -> Node:
        value: Any = each._value
        if each is chosen:
            value = Expression("${x}")
        elif isinstance(value, dict):
            value = {key: copy(inner) for key, inner in value.items()}
        elif isinstance(value, list):
            value = [copy(inner) for inner in value]
        return Node(value, each.source, each.span)

    return copy(node)


@given(_conditions, st.dictionaries(st.sampled_from("abc"), _values, min_size=1), st.data())
def test_not_knowing_a_value_never_turns_a_verdict_round(condition: Any, thing: Any, data: st.DataObject) -> None:
    try:
        read_condition(as_node(condition), Thing)
    except Malformed:
        assume(False)
    known = as_node(thing)
    number = data.draw(st.integers(0, sum(1 for _ in known.walk()) - 1))
    before = judge(as_node(condition), known)
    after = judge(as_node(condition), with_one_unknown(known, number))
    assert after is None or after is before


def test_a_rule_file_is_a_rule(tmp_path: Path) -> None:
    rule = write(tmp_path, rule_text())
    assert (rule.id, rule.title, rule.severity, rule.gate) == (
        "thing-encrypted", "Things are encrypted", "high", "security-posture",
    )  # fmt: skip
    assert rule.aliases == ("CKV_X_1",)
    assert rule.subject is Thing
    assert rule.per_file
    assert rule.origin == str(tmp_path / "rule.yaml")
    assert [(each.verdict, each.case, dict(each.files)) for each in rule.examples()] == [
        ("bad", "a disk", {"thing.yaml": "type: disk\n# expect: not encrypted\nencrypted: false\n"}),
        ("bad", "", {"deep/a.yaml": "type: disk # expect: not encrypted\n", "b.md": "```\nfence\n```\n"}),
        ("good", "", {"thing.yaml": "{type: disk, encrypted: true}\n"}),
        ("unknown", "", {"thing.yaml": "{type: disk, encrypted: '${KEY}'}\n"}),
    ]


def test_it_judges_what_where_selects(tmp_path: Path) -> None:
    rule = write(tmp_path, rule_text())
    texts = (
        "type: disk\nencrypted: true",
        "type: disk\nencrypted: false",
        "type: tape",
        "type: lamp",
        "type: disk\nencrypted: ${key}",
        "type: ${type}",
    )
    things = [Thing(parse(text)) for text in texts]
    outcome = engine.run([rule], project(*things))[0]
    assert not outcome.error
    verdicts = {verdict.subject: verdict for verdict in outcome.verdicts}
    assert [verdicts[thing].word if thing in verdicts else "not meant" for thing in things] == [
        "pass", "fail", "fail", "not meant", "unknown", "unknown",
    ]  # fmt: skip
    wrong, absent = (verdicts[thing].findings[0] for thing in things[1:3])
    assert place(wrong.at).span == Span(2, 12, 2, 17)
    assert absent.at is things[2]
    assert wrong.fix is not None
    assert (wrong.message, wrong.fix.description) == ("it is not encrypted", "set encrypted")
    assert "${key}" in verdicts[things[4]].unknowns[0].message


def test_each_place_that_is_wrong_is_a_finding(tmp_path: Path) -> None:
    rule = write(tmp_path, rule_text("ingress:\n  each:\n    cidrs[*]: {not_equals: 0.0.0.0/0}"))
    thing = Thing(parse("type: disk\ningress:\n- cidrs: [10.0.0.0/8]\n- cidrs: [0.0.0.0/0]\n- cidrs:\n  - 0.0.0.0/0\n"))
    outcome = engine.run([rule], project(thing))[0]
    assert [place(finding.at).span.line for _, finding in outcome.findings()] == [4, 6]


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("severity: high", "severity: urgent"), 1, "'urgent' is none of low"),
        (("severity: high", "severty: high"), 5, "did you mean 'severity'"),
        (("message: it is not encrypted\n", ""), 1, "no 'message'"),
        (("id: thing-encrypted", "id: Thing Encrypted"), 1, "lower-case words"),
        (("{equals: true}", "{equal: true}"), 12, "'equal' is no operator; there are equals"),
        (("{equals: true}", "{equals: null}"), 12, "{present: false}"),
        (("{equals: true}", "{gte: soon}"), 12, "expected a number"),
        (("{equals: true}", "{in: x}"), 12, "expected a list of values"),
        (("{equals: true}", "{present: yes please}"), 12, "expected true or false"),
        (("{equals: true}", "{matches: '(a'}"), 12, "'(' without its ')'"),
        (("{equals: true}", "{equals: true, absent: maybe}"), 12, "pass, fail or unknown"),
        (("{equals: true}", "{absent: fail}"), 12, "expected an operator"),
        (("encrypted: {equals", "a..b: {equals"), 12, "'a..b' is no path"),
        (("encrypted: {equals", "it.tpye: {equals"), 12, "Thing has no such attribute; it has"),
        (("encrypted: {equals: true}", "any: {a: 1}"), 12, "expected a list of conditions"),
        (("encrypted: {equals: true}", "when: {a: 1}"), 12, "'when' without 'then'"),
        (("encrypted: {equals: true}", "then: {a: 1}"), 12, "'then' without 'when'"),
        (("aliases: [CKV_X_1]", "aliases: CKV_X_1"), 8, "expected a list"),
        ((THING, "os.path:Join"), 9, "is not loaded"),
        ((THING, "nothing.Here"), 9, "expected technology.Class; known here are"),
        ((THING, "os.system"), 9, "expected technology.Class"),
        (("why: |", "why: ["), 5, "not valid YAML"),
        (("deep/a.yaml: ", "deep a.yaml: "), 1, "holds a blank"),
    ],
)
def test_a_malformed_file_says_where_what_and_what_to_do(
    tmp_path: Path, change: tuple[str, str], line: int, words: str
) -> None:
    text = rule_text()
    assert change[0] in text
    with pytest.raises(ValueError, match=r"rule\.yaml") as raised:
        write(tmp_path, text.replace(*change))
    assert str(raised.value).startswith(f"{tmp_path / 'rule.yaml'}:{line}: ")
    assert words in str(raised.value)


@given(
    st.text("ab", max_size=12), st.sampled_from(["a*b", "(a|b)+a", "^(ab?){2,3}$", r"\bab\b", "(a*)*b", "a??$", "[^a]"])
)
def test_patterns_agree_with_re(text: str, pattern: str) -> None:
    assert Pattern(pattern).search(text) == bool(re.search(pattern, text))


@pytest.mark.filterwarnings("ignore:Possible nested set")
@given(st.text("ab|*+?()^${}2,[]\\", max_size=8), st.text("ab", max_size=6))
def test_whatever_a_pattern_is_accepted_means_what_re_means(pattern: str, text: str) -> None:
    try:
        ours = Pattern(pattern)
    except ValueError:
        assume(False)
    try:
        theirs = re.compile(pattern)
    except re.error:
        assume(False)
    assert ours.search(text) == bool(theirs.search(text))


@given(
    st.lists(st.text("ab ", max_size=3), min_size=2, max_size=3),
    st.lists(st.text("ab ", max_size=3), min_size=2, max_size=2),
    st.sampled_from(["^a", "a$", r"\bab\b", "^$", "^(ab?){2,3}$", "[^a]b", r"\Ba", "ab|b$", "^.{2,3}$", "a.b"]),
)
def test_what_is_decided_by_a_part_of_a_text_holds_for_the_whole(
    parts: list[str], between: list[str], pattern: str
) -> None:
    whole = parts[0] + "".join(map("".join, zip(between, parts[1:], strict=False)))
    assert Pattern(pattern).search_around(parts) in (None, Pattern(pattern).search(whole))


@pytest.mark.parametrize(
    ("pattern", "parts", "matches"),
    [
        ("^(env|stage):", ["env:", ""], True),
        ("^(app|service):", ["env:", ""], False),
        ("^(env|stage):", ["e", ""], None),
        ("@example[.]com$", ["", "@example.com"], True),
        ("^$", ["", ""], None),
        ("^$", ["", "x"], False),
    ],
)
def test_a_part_of_a_text_may_be_enough(pattern: str, parts: list[str], matches: bool | None) -> None:
    assert Pattern(pattern).search_around(parts) is matches


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*b", "a*a*a*a*b", "(.*)(.*)(.*)x$"])
def test_no_pattern_takes_long(pattern: str) -> None:
    begin = time.perf_counter()
    Pattern(pattern).search("a" * 3000 + "!")
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)", "(?P<n>a)", "(?i", "a{200}{200}", "x" * 501, "(" * 30 + ")" * 30, "*"]
)
def test_patterns_that_cannot_be_linear_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each has its own words
        Pattern(pattern)


SHIPPED = sorted((Path(__file__).parent.parent / "rules").rglob("*.yaml"))


@pytest.mark.parametrize("path", [path for path in SHIPPED if path.parent.name != "rules"], ids=lambda path: path.stem)
def test_a_glimpse_is_the_rule(path: Path) -> None:
    glimpsed, whole = glimpse(path), read(path)
    for name in ("id", "title", "severity", "gate", "seed", "aliases", "subject", "origin"):
        assert getattr(glimpsed, name) == getattr(whole, name), name
    assert glimpsed.page == whole.page
    assert glimpsed.per_file == whole.per_file
    assert (glimpsed.where is None) == (whole.where is None)
    assert glimpsed.types in (whole.types, frozenset())  # where the types stand further down, all are looked at
