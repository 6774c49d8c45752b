"""XML as events against the standard library's parser, and what a hostile document must not do."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.parsers import xml

names = st.sampled_from(["a", "b", "c", "long-name"])
words = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=8)
trees: st.SearchStrategy[Any] = st.recursive(
    st.tuples(names, st.dictionaries(names, words, max_size=2), words, st.just([])),
    lambda inner: st.tuples(names, st.dictionaries(names, words, max_size=2), words, st.lists(inner, max_size=3)),
    max_leaves=8,
)


def written(tree: Any, breaks: str) -> str:
    name, attributes, text, children = tree
    stated = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    inside = breaks.join(written(child, breaks) for child in children)
    return f"<{name}{stated}>{escape(text)}{breaks}{inside}</{name}>"


def events(text: str | bytes, *texts: str) -> list[xml.Event]:
    return list(xml.events(io.BytesIO(text.encode() if isinstance(text, str) else text), texts))


@settings(max_examples=200, deadline=None)
@given(trees, st.sampled_from(["", "\n", "\n\n"]), st.sampled_from(["utf-8", "utf-16"]))
def test_elements_attributes_texts_and_lines(tree: Any, breaks: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{written(tree, breaks)}'
    found = events(text.encode(encoding), "a", "b", "c", "long-name")
    opened = [event for event in found if event.opens]
    expected = list(ElementTree.fromstring(text.encode(encoding)).iter())
    assert [(event.name, event.attributes) for event in opened] == [(e.tag, e.attrib) for e in expected]
    assert sorted(event.text for event in found if not event.opens) == sorted(
        "".join([e.text or "", *(child.tail or "" for child in e)]).lstrip() for e in expected
    )
    lines = text.splitlines()
    assert all(f"<{event.name}" in lines[event.line - 1] for event in opened)
    assert [event.name for event in xml.opening(text.encode(encoding))] == [event.name for event in opened]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("<a>\n<b>", "not valid XML", 2),
        ("<a>\n</b>", "mismatched", 2),
        ("", "no element", 1),
        ('<!DOCTYPE a [\n<!ENTITY x "yy">]><a>&x;</a>', "entities", 2),
        ('<!DOCTYPE a [\n<!ENTITY % x SYSTEM "file:///etc/hostname">%x;]><a/>', "entities", 2),
        ('<!DOCTYPE a SYSTEM "a.dtd">\n<a>&x;</a>', "entity", 2),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "encoding", 1),
        ("<a>" * (xml.DEPTH + 1), "deeper", 1),
        ("<a>\n" + "<!--" + "x" * 17_000_000 + "--></a>", "longer than", 2),
    ],
)
def test_what_cannot_be_read_says_where(text: str, words: str, line: int) -> None:
    with pytest.raises(xml.Malformed, match=words) as caught:
        events(text)
    assert caught.value.line == line


def test_nothing_outside_the_document_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text('<!ATTLIST a leaked CDATA "yes">')
    found = events(f'<!DOCTYPE a PUBLIC "-//A//DTD A 1.0//EN" "{secret.as_uri()}"><a/>')
    assert found[0] == xml.Event(True, "a", 1, {})


@settings(max_examples=200, deadline=None)
@given(trees, st.integers(0, 300), st.binary(max_size=4))
def test_any_bytes_are_events_or_malformed(tree: Any, at: int, noise: bytes) -> None:
    data = written(tree, "\n").encode()
    data = data[:at] + noise + data[at:]
    xml.opening(data)
    fault = attempted(data)
    assert fault is None or 1 <= fault.line <= len(data) + 1


def attempted(data: bytes) -> xml.Malformed | None:
    try:
        events(data, "a")
    except xml.Malformed as error:
        return error
    return None
