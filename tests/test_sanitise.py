"""Whatever the input, what each sink writes is inert."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gatekeeper.renderers import sanitise

HOSTILE = [
    *("\x1b[31m", "\x9b31m", "\x00", "\x01", "\x7f", "\r", "\n", "\t", "\u2028", "\u2029", "\u202e", "\u2066"),
    *("\u200f", "\u061c", "\udc80", "\ud800", "\ufffe", "\uffff", "##[", "##", "[", "##VSO[", "vso[", "::error::"),
    *("::", ":", "%0A", "%", ",", "`", "```", "~~~", "|", "\\", "<script>", "</script>", "]]>", "&", '"', "'", "<!--"),
    *("](http://x)", "![", "*", "_", "@me", "#", " ", "http://x.example", "www.x.example", "a"),
]  # fmt: skip
texts = st.lists(st.sampled_from(HOSTILE) | st.characters(), max_size=12).map("".join)

ODD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COMMAND = re.compile(r"##(vso)?\[", re.IGNORECASE)
COMMAND_LINE = re.compile(r"^\s*::", re.MULTILINE)


def inert(text: str) -> bool:
    return not ODD.search(text) and not COMMAND.search(text)


@given(texts)
def test_visible_is_one_inert_line_and_idempotent_where_harmless(text: str) -> None:
    shown = sanitise.visible(text)
    assert inert(shown)
    assert "\n" not in shown
    assert shown == "".join(sanitise.pieces(text))
    assert sanitise.visible(shown) == shown


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"])))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert COMMAND.search(text) or sanitise.visible(text) == text


@given(st.lists(st.tuples(texts, st.sampled_from(["", "[", "##"])), max_size=4))
def test_printed_lines_start_no_command(lines: list[tuple[str, str]]) -> None:
    text = sanitise.printed("\n".join("  " + sanitise.visible(line) + end for line, end in lines))
    assert inert(text)
    assert not COMMAND_LINE.search(text)


@given(texts, texts)
def test_a_github_command_stays_one_command(path: str, message: str) -> None:
    line = f"::error file={sanitise.command_property(path)},line=1::{sanitise.command_data(message)}"
    assert inert(line)
    assert "\n" not in line
    properties, _, data = line.removeprefix("::error ").partition("::")
    assert re.fullmatch(r"file=[^,:]*,line=1", properties)
    decoded = data.replace("%0A", "\n").replace("%25", "%")
    assert decoded == "\n".join(sanitise.visible(each) for each in message.split("\n"))


@given(texts)
def test_json_is_ascii_and_keeps_the_text(text: str) -> None:
    written = sanitise.json_text({"path": [text]})
    assert written.isascii()
    assert inert(written)
    assert json.loads(written)["path"] == [re.sub("[\ud800-\udfff]", lambda m: sanitise.visible(m[0]), text)]


@given(texts)
def test_xml_parses(text: str) -> None:
    safe = sanitise.xml_text(text)
    assert inert(safe)
    element = ElementTree.fromstring(f'<a b="{safe}">{safe}</a>')
    assert element.text in (element.get("b"), None)
    assert (element.text or "").count("\n") == text.count("\n")


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def kinds(markdown: str) -> set[str]:
    return {token.type for block in MARKDOWN.parse(markdown) for token in (block, *(block.children or ()))}


@given(texts, texts)
def test_markdown_cells_hold_text_alone(cell: str, code: str) -> None:
    row = f"| {sanitise.markdown_text(cell)} | {sanitise.markdown_code(code)} | end |"
    assert inert(row)
    assert kinds(f"| a | b | c |\n|---|---|---|\n{row}\n") <= {
        "table_open", "thead_open", "tr_open", "th_open", "inline", "text", "text_special", "th_close", "tr_close",
        "thead_close", "tbody_open", "td_open", "td_close", "tbody_close", "table_close", "code_inline",
    }  # fmt: skip
    cells = [each for each in MARKDOWN.parse(f"| a | b | c |\n|---|---|---|\n{row}\n") if each.type == "inline"]
    assert [each.content for each in cells[3:]][-1:] == ["end"]
    assert len(cells) == 6


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a␛[31mb"),
        ("deploy\n::error::", "deploy␊::error::"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("caf\udce9", "caf\\xe9"),
        ("##[stop-commands]x", "##\\[stop-commands]x"),
        ("##vso[task.x]", "##vso\\[task.x]"),
    ],
)
def test_it_stays_legible(text: str, shown: str) -> None:
    assert sanitise.visible(text) == shown
