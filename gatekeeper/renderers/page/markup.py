"""HTML from text. Only `element` writes tags and only `text` lets words in, so nothing from a repository is markup."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import NamedTuple, NewType

from gatekeeper.renderers.places import is_repository
from gatekeeper.renderers.sanitise import visible
from gatekeeper.rule import Place

Markup = NewType("Markup", str)

NOTHING = Markup("")
_LONGEST = 2_000  # characters of one text
_BLOCKS = frozenset(("article", "details", "div", "header", "li", "section", "tbody", "tr"))  # end their line


def text(words: str, longest: int = _LONGEST) -> Markup:
    """Words as they are, on one line; the end of very long ones is cut off."""
    cut = words if len(words) <= longest else f"{words[:longest]}…"
    return Markup(html.escape(visible(cut)))


def element(name: str, /, *inner: Markup, **attributes: str | bool) -> Markup:
    """An element with what is inside it. `class_` is `class`, other underscores are hyphens; False leaves out."""
    end = "\n" if name in _BLOCKS else ""
    return Markup(f"<{name}{_written(attributes)}>{''.join(inner)}</{name}>{end}")


def void(name: str, /, **attributes: str | bool) -> Markup:
    """An element that holds nothing and is never closed: `meta`, `input`."""
    return Markup(f"<{name}{_written(attributes)}>")


def _written(attributes: dict[str, str | bool]) -> str:
    return "".join(_attribute(key, value) for key, value in attributes.items() if value is not False)


def _attribute(name: str, value: str | bool) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(visible(str(value)))}"'


def joined(parts: Iterable[Markup], between: str = "") -> Markup:
    return Markup(html.escape(between).join(parts))


def code(words: str) -> Markup:
    return element("code", text(words))


def spot(at: Place) -> Markup:
    """Where something stands: `path:line:column`."""
    if is_repository(at):
        return element("span", text("the repository as a whole"), class_="where")
    return element("code", text(f"{at.source.path}:{at.span.line}:{at.span.column}"), class_="where")


def link(url: str) -> Markup:
    """A link to a page of the web; anything else is only text."""
    if url.startswith(("https://", "http://")) and visible(url) == url and len(url) <= _LONGEST:
        return element("a", text(url), href=url, rel="noopener noreferrer")
    return text(url)


def badge(word: str) -> Markup:
    """A status or a severity: always the word, coloured by the style sheet."""
    return element("b", text(word), class_=f"badge {anchor(word)}")


def anchor(name: str) -> str:
    """A name as it stands in ids, fragments and classes: ASCII letters, digits, `.`, `-` and `_`."""
    kept = (each if each.isascii() and (each.isalnum() or each in "-_.") else "-" for each in name)
    return "".join(kept)


def table(headings: Iterable[str], rows: Iterable[Iterable[Markup]], name: str) -> Markup:
    """A table whose cells know their headings, for screens too narrow for columns."""
    words = list(headings)
    head = element("tr", *(element("th", text(word), scope="col") for word in words))
    body = (
        element("tr", *(element("td", cell, data_label=word) for word, cell in zip(words, row, strict=True)))
        for row in rows
    )
    return element("table", element("thead", head), element("tbody", *body), class_="cards", aria_label=name)


def listed(items: Iterable[Markup], kind: str) -> Markup:
    """A list; nothing when it would be empty."""
    found = [element("li", item) for item in items]
    return element("ul", *found, class_=kind) if found else NOTHING


class Section(NamedTuple):
    """A part of the page under a heading of its own; without content it is left out."""

    id: str
    title: str
    content: Markup


def pairs(rows: Iterable[tuple[str, Markup]]) -> Markup:
    """Terms and what is said of them."""
    inner = (Markup(element("dt", text(term)) + element("dd", said)) for term, said in rows if said)
    return element("dl", *inner)


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
