"""YAML to nodes: values as YAML 1.2 has them, places that slice back, nothing that a hostile text can break."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.node import Node, Source
from gatekeeper.parsers.yaml import DEPTH, parse


def plain(text: str) -> list[object]:
    parsed = parse(Source("a.yaml", text))
    assert not parsed.faults
    return [node.plain for node in parsed.nodes]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: push", {"on": "push"}),
        ("a: yes", {"a": "yes"}),
        ("a: !!str 1", {"a": "1"}),
        ('a: "1"', {"a": "1"}),
        ("a: 0x1F", {"a": 31}),
        ("a: 0o17", {"a": 15}),
        ("a: 0644", {"a": 420}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: 1.10", {"a": 1.1}),
        ("a: 1.2.3", {"a": "1.2.3"}),
        ("a: ~\nb:\n", {"a": None, "b": None}),
        ("a: 5m", {"a": "5m"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}\n", {"base": {"x": 1, "y": 2}, "a": {"x": 1, "y": 3}}),
        ("- &a [1]\n- *a\n", [[1], [1]]),
    ],
)
def test_values(text: str, value: object) -> None:
    assert plain(text) == [value]


def test_a_broken_document_hides_nothing_else() -> None:
    parsed = parse(Source("a.yaml", "a: 1\n---\nb: [\n---\nc: 3\n"))
    assert [node.plain for node in parsed.nodes] == [{"a": 1}, {"c": 3}]
    assert parsed.nodes[1]["c"].span.line == 5
    assert [(fault.span.line, fault.message.startswith("not valid YAML")) for fault in parsed.faults] == [(4, True)]


def test_places() -> None:
    source = Source("a.yaml", "k:\n  - name: \u00e4\u00f6 # c\n    image: x\nlast: 1\n")
    node = parse(source).nodes[0]
    image = node["k"][0]["image"]
    assert source.slice(image.span) == "x"
    assert (node["k"][0]["name"].span.column, source.slice(node["k"][0]["name"].span)) == (11, "\u00e4\u00f6")
    assert node["k"].mark == (1, 1, 1, 2)
    assert node["k"].span.end_line == 3
    assert node["k"][0]["no"]["where"].span.line == 2


printable = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))  # YAML 1.1 breaks lines at some of the others
words = st.text(printable, max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words.filter(bool), inner, max_size=4),
    max_leaves=12,
)


@given(documents, st.sampled_from([True, False, None]))
def test_what_is_dumped_is_read(value: object, flow: bool | None) -> None:
    text = pyyaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    if value in (None, ""):
        assert plain(text) in ([], [value])
    else:
        assert plain(text) == [value]


@given(st.text(max_size=200))
def test_any_text_is_read_or_faulted(text: str) -> None:
    source = Source("a.yaml", text)
    parsed = parse(source)
    for document in parsed.nodes:
        for node in document.walk():
            assert 1 <= node.span.line <= len(source.lines)


def hostile() -> list[tuple[str, str]]:
    names = "abcdefghi"
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(names)
    )
    chain = "a0: &a0 {k0: 0, j0: 0}\n" + "".join(
        f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n  k{n}: *a{n - 1}\n" for n in range(1, 27)
    )
    return [
        (bomb, "expands to"),
        (chain, "expands to"),
        ("a: &a [*a]", "contains itself"),
        ("[" * 30_000, "deeper"),
        ("- " * 30_000 + "x", "deeper"),
        ("\n".join(" " * n + "a:" for n in range(2_000)), "deeper"),
        ("\ta\n---\n" + "[" * 30_000, "deeper"),
    ]


@pytest.mark.parametrize(
    ("text", "words"), hostile(), ids=["bomb", "chain", "cycle", "flow", "dashes", "indent", "behind an error"]
)
def test_hostile_texts_are_refused_at_once(text: str, words: str) -> None:
    begin = time.monotonic()
    parsed = parse(Source("a.yaml", text))
    assert not parsed.nodes
    assert words in parsed.faults[-1].message
    assert time.monotonic() - begin < 5  # not a measurement: they would take minutes, or the process


def test_real_depth_is_no_fault() -> None:
    text = "\n".join("  " * n + "a:" for n in range(DEPTH // 4)) + " 1"
    assert isinstance(parse(Source("a.yaml", text)).nodes[0], Node)


def test_an_anchor_written_twice_is_redefined() -> None:
    documents = parse(Source("a.yaml", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n"))
    assert not documents.faults
    assert documents.nodes[0].plain == {"a": 1, "b": 1, "c": 2, "d": 2}
