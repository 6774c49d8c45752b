"""Markdown: places that hold what they name, links as CommonMark has them, anchors as GitHub makes them."""

import subprocess
import sys
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatekeeper.node import Node, Source
from gatekeeper.parsers.markdown import Document, parse, plain


def read(text: str) -> Document:
    return parse(Source("docs/a.md", text))


def at(node: Node) -> str:
    return node.source.slice(node.span)


def bare(text: str) -> str:
    """Without the brackets of references, which are a link's only where their label is defined."""
    return text.translate({ord(character): None for character in "[]"}).replace("aref", "a")


WORD = st.text("abcXYZ019 _*`é\u00a0🚀.,:;'\"(){}|#-~\\", min_size=1, max_size=12)
TARGET = st.sampled_from(["a.md", "../b/c.md#d", "<with space.md>", "e%20f.png", "https://example.com/(x)", "#top"])
INLINE = st.one_of(
    WORD,
    st.builds("[{}]({})".format, st.text("ab c", min_size=1, max_size=5), TARGET),
    st.builds("![{}]({} 'a title')".format, st.text("ab c", max_size=5), TARGET),
    st.builds("`{}`".format, st.text("kubectl get -n <x> ", min_size=1, max_size=15)),
    st.sampled_from(["<https://example.com/x>", "<!-- [no](no.md) -->", "[ref]", "[a][ref]", "<a id='here'></a>"]),
)
LINE = st.lists(INLINE, min_size=1, max_size=4).map(" ".join)
BLOCK = st.one_of(
    st.builds(lambda level, line: f"{'#' * level} {line}", st.integers(1, 6), LINE),
    st.builds("{}\n===".format, LINE),
    LINE,
    st.builds("{}\n{}".format, LINE, LINE),
    st.builds("- {}\n  - [x] {}\n\n    {}".format, LINE, LINE, LINE),
    st.builds("1. [ ] {}\n2. {}".format, LINE, LINE),
    st.builds("> {}\n> - {}\n{}".format, LINE, LINE, LINE),
    st.builds("| {} | b |\n|---|:-:|\n| {} | {} |".format, LINE, LINE, LINE),
    st.builds("```{}\n{}\n\n  {}\n```".format, st.sampled_from(["", "bash", "{.sh}"]), LINE, LINE),
    st.builds("   ~~~\n   {}\n".format, LINE),
    st.builds("\t{}".format, LINE),
    st.builds("<div>\n{}\n</div>".format, LINE),
    st.just("<!--\n# gone\n[gone](gone.md)\n-->"),
    st.just("[ref]: target.md 'title'"),
)
TEXT = st.builds(
    lambda head, blocks, brk: (head + "\n\n".join(blocks)).replace("\n", brk),
    st.sampled_from(["", "---\ntitle: T\n---\n", "---\n", "+++\n+++\n"]),
    st.lists(BLOCK, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@given(TEXT)
@settings(deadline=None)
def test_places_hold_what_they_name(text: str) -> None:
    document = read(text)
    for heading in document.headings:
        assert bare(plain(at(heading.node))) == bare(heading.text) or "{" in at(heading.node)
    for link in document.links:
        written = at(link.node)
        assert link.target in written or "ref" in written
        assert written[0] in "[!<" or "\\|" in text
    for code in document.codes:
        for line in code.lines:
            assert at(line) == line.text
    for span in document.spans:
        words = " ".join(at(span).strip("`").replace(">", " ").split())
        assert " ".join(span.text.replace(">", " ").split()) in words or "\n" in at(span) or "\\|" in text
    for task in document.tasks:
        assert at(task.node)[:3].lower() == ("[x]" if task.checked else "[ ]")
    for table in document.tables:
        for cell in (*table.header, *(cell for row in table.rows for cell in row)):
            assert bare(plain(at(cell))) == bare(cell.text) or "\\" in at(cell) or not cell.text
    for section in document.sections:
        assert section.heading.node.span.line < section.first <= section.last + 1


@given(st.text("ab[]()!`\\*_<>#|- \n\"'{}~=+.:/0", max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_odd(text: str) -> None:
    read(text)


@given(st.text("ab[]()!`\\ \n\"'", max_size=24))
@settings(max_examples=1000, deadline=None)
def test_links_are_those_of_commonmark(text: str) -> None:
    from markdown_it import MarkdownIt
    from markdown_it.common.utils import unescapeAll

    reference = MarkdownIt("commonmark")
    reference.normalizeLink = lambda url: url  # type: ignore[method-assign]
    reference.validateLink = lambda url: True  # type: ignore[method-assign]
    reference.inline.ruler.disable("html_inline")
    # markdown-it takes a backslash and the end of its line into a target, which the specification does not.
    assume("\\\n" not in text)
    found = []
    for token in reference.parse(text):
        waiting = list(reversed(token.children or []))
        while waiting:
            inner = waiting.pop()
            if inner.type == "link_open":
                found.append(inner.attrs["href"])
            elif inner.type == "image":
                found.append(inner.attrs["src"])
                waiting += reversed(inner.children or [])
    assert sorted(unescapeAll(link.target) for link in read(text).links) == sorted(map(str, found))


@pytest.mark.parametrize(
    ("headings", "slugs"),
    [
        (["Sample Section"], ["sample-section"]),
        (
            ["This'll  be a _Helpful_ Section About the Greek Letter Θ!"],
            ["thisll--be-a-helpful-section-about-the-greek-letter-θ"],
        ),
        (["Not unique", "Not unique", "Not unique"], ["not-unique", "not-unique-1", "not-unique-2"]),
        (["a", "a 1", "a"], ["a", "a-1", "a-2"]),
        (["CI/CD & `kubectl get` [docs](x.md) **now**"], ["cicd--kubectl-get-docs-now"]),
        (["snake_case_name", "__bold__ _it_"], ["snake_case_name", "bold-it"]),
        (["🚀 Start", "C++ / C#", "1. Über – ß"], ["-start", "c--c", "1-über--ß"]),
        (["[Unreleased]", "v1.2.0 (2024-01-01)"], ["unreleased", "v120-2024-01-01"]),
    ],
)
def test_anchors_of_github(headings: list[str], slugs: list[str]) -> None:
    document = read("\n\n".join(f"## {heading}" for heading in headings))
    assert [heading.slug for heading in document.headings] == slugs
    assert set(slugs) <= document.anchors


def test_what_is_found() -> None:
    document = read(
        "---\ntitle: 'The title'\n# no heading\n---\n# One {#first}\n<a name=\"Named\"></a>\n\n"
        "## Two\n\n- [x] done\n- [ ] `open it`\n\n| A | B \\| b |\n|---|---|\n| [l](t.md) | `x` |\n\n"
        "# Three\n\n```bash title=x\n$ kubectl get pods\n```\n\n<!-- [no](no.md) -->\n"
        "<p><img src='pic.png' alt=''></p>\n\n[see][R] and [not] a ref\n\n[r]: other.md\n"
    )
    assert document.title == "The title"
    assert [(h.text, h.level, h.node.span.line) for h in document.headings] == [
        ("One", 1, 5),
        ("Two", 2, 8),
        ("Three", 1, 17),
    ]
    assert [(s.heading.text, s.first, s.last) for s in document.sections] == [
        ("One", 6, 16),
        ("Two", 9, 16),
        ("Three", 18, 29),
    ]
    assert {"first", "one", "named", "two"} <= document.anchors
    assert [(task.node.text, task.checked) for task in document.tasks] == [("done", True), ("open it", False)]
    table = document.tables[0]
    assert [cell.text for cell in table.header] == ["A", "B | b"]
    assert [[at(cell) for cell in row] for row in table.rows] == [["[l](t.md)", "`x`"]]
    assert [(code.language, [at(line) for line in code.lines]) for code in document.codes] == [
        ("bash", ["$ kubectl get pods"])
    ]
    assert [(link.target, link.is_image, link.is_html) for link in document.links] == [
        ("t.md", False, False),
        ("pic.png", True, True),
        ("other.md", False, False),
    ]
    assert [span.text for span in document.spans] == ["open it", "x"]


@pytest.mark.parametrize(
    "unit", ["[", "[a](", '[a](b "c ', "![", "`", "`a``", "<!--", "<a ", "[a](<b", "[a][", "_a ", "> ", "- ", "[[a]]"]
)
def test_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    started = time.perf_counter()
    read(unit * (100_000 // len(unit)))
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "text", ["---\n" + "a\r\n" * 20_000, "#" + " " * 4_000 + "x" * 900 + "\n", "a\n" + "-" * 50_000 + "x"]
)
def test_hostile_beginnings_cost_no_more_than_their_length(text: str) -> None:
    started = time.perf_counter()
    read(text)
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("text", "title"),
    [("# One #\n", "One"), ("x\n\nTwo\n---\n", "Two"), ("### no\n## Three\n", "Three"), ("    # code\n", ""), ("", "")],
)
def test_titles(text: str, title: str) -> None:
    assert read(text).title == title


def test_the_parser_is_loaded_only_for_a_file_that_is_read() -> None:
    code = "import sys, gatekeeper.models.docs, gatekeeper.links.runbooks; print('markdown_it' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
