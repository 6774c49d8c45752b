"""What comes from the repository, made harmless for each place it is written to.

A path or a source line may hold terminal escapes, marks that turn the reading direction, line breaks that start a
command of the CI runner, or such a command in the middle of a line (`##[...]` of GitHub Actions and Azure Pipelines).
All of it stays visible and none of it works.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gatekeeper.node import regex

# C0, DEL and C1; line and paragraph separators; bidirectional controls; surrogates (bytes of a path that are no UTF-8)
_ODD = regex(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_COMMAND = regex(r"##(vso)?\[", re.IGNORECASE)
_COMMAND_LINE = regex(r"^([^\S\n]*):(?=:)", re.MULTILINE)


def visible(text: str) -> str:
    """One line of text: control characters as pictures (␛) or escapes, runner commands broken by a backslash."""
    return _COMMAND.sub(r"##\1\\[", _ODD.sub(_picture, text))


def pieces(text: str) -> Iterator[str]:
    """`visible`, character by character: what is shown for each, so that columns can be found again."""
    breaks = {found.end() - 1 for found in _COMMAND.finditer(text)}
    for at, character in enumerate(text):
        yield f"\\{character}" if at in breaks else _ODD.sub(_picture, character)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printed(text: str) -> str:
    """Whole lines for people, made of visible pieces: no command where pieces meet, and none where a line starts."""
    return _COMMAND_LINE.sub(r"\1:\\", _COMMAND.sub(r"##\1\\[", text))


def command_data(text: str) -> str:
    """The message of a GitHub workflow command; its line breaks are kept, encoded."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return shown.replace("%", "%25").replace("\n", "%0A")


def command_property(text: str) -> str:
    """A property of a GitHub workflow command (`file=...`)."""
    return command_data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def json_text(value: Any) -> str:
    """JSON in ASCII, the same bytes for the same value; strings keep what they hold, except bytes that are no text."""
    written = json.dumps(_without_surrogates(value), indent=2, ensure_ascii=True, allow_nan=False)
    return _COMMAND.sub(r"##\1\\u005b", written) + "\n"


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_surrogates(each) for each in value]
    return _SURROGATE.sub(_picture, value) if isinstance(value, str) else value


_SURROGATE = regex(r"[\ud800-\udfff]")
_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_NO_XML = str.maketrans({"\ufffe": "", "\uffff": ""})


def xml_text(text: str) -> str:
    """Text or an attribute's value in XML 1.0; line breaks are kept."""
    return "&#10;".join(visible(line.translate(_NO_XML)).translate(_XML) for line in text.split("\n"))


_MARKDOWN = regex(r"[\\`*_\[\]#!|~<>&@]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def markdown_text(text: str) -> str:
    """Text in a Markdown paragraph or table cell: nothing in it is markup, a link or HTML."""
    return _MARKDOWN.sub(_entity, visible(text))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};" if found[0] in "<>&@:." else f"\\{found[0]}"


def markdown_code(text: str) -> str:
    """A code span, also in a table cell; its delimiter is longer than any run of backticks inside."""
    shown = visible(text).replace("|", "\\|")
    ticks = "`" * (_longest_run(shown) + 1)
    blank = " " if shown[:1] in ("`", " ", "") or shown[-1:] in ("`", " ") else ""
    return f"{ticks}{blank}{shown}{blank}{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
