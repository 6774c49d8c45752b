"""JSON with places against the standard library."""

from __future__ import annotations

import json as stdlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.node import Node, Source
from gatekeeper.parsers import json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def parsed(text: str) -> json.Document:
    return json.parse(Source("a.json", text))


@settings(max_examples=200, deadline=None)
@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_values_and_places(value: object, indent: int | str | None, ascii_only: bool) -> None:
    text = stdlib.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = parsed(text)
    assert not document.faults
    assert document.nodes[0].plain == value
    for node in document.nodes[0].walk():
        written = node.source.slice(node.span)
        assert stdlib.loads(written, strict=False) == node.plain
        for key, child in node.items():
            assert child.key
            assert stdlib.loads(node.source.slice(child.key), strict=False) == key


@settings(max_examples=300, deadline=None)
@given(values, st.integers(0, 200), st.sampled_from([*'{}[]",:0.e\\ x-', ""]))
def test_what_is_broken_is_one_fault(value: object, at: int, character: str) -> None:
    text = stdlib.dumps(value)
    at = min(at, len(text) - 1)
    text = text[:at] + character + text[at + 1 :]
    document = parsed(text)
    try:
        expected = stdlib.loads(text, parse_constant=lambda word: pytest.fail(word))
    except ValueError:
        assert len(document.faults) == 1
        assert not document.nodes
    else:
        assert [node.plain for node in document.nodes] == [expected]


def test_the_last_of_equal_keys_counts_and_lines_are_told() -> None:
    assert parsed('{"a": 1, "a": {"b": 2}}').nodes[0].plain == {"a": {"b": 2}}
    assert parsed('{"a": 1,\n "b": }').faults[0].span.line == 2
    assert parsed("\ufeff[1]").nodes[0].plain == [1]


@pytest.mark.parametrize(
    "text", ["", "[" * 100_000, '{"a":' * 5000, "1" * 5000, '"\\ud800\\x"', "NaN", "01", "1.", '"a']
)
def test_hostile_text_is_a_fault(text: str) -> None:
    document = parsed(text)
    assert document.faults
    assert not any(isinstance(node, Node) for node in document.nodes)
