"""The text of a tool's own settings, as far as it says something."""

from __future__ import annotations

import re

from gatekeeper.discover import Unreadable
from gatekeeper.node import regex
from gatekeeper.project import Project

_LONGEST = 200_000  # characters of a file that are looked through
_COMMENT = regex(r"^[ \t]*(?:#|//|\*|/\*|;)[^\n]*", re.MULTILINE)


def settings_in(path: str, project: Project) -> str:
    """The text of a file without the lines that are comments, their breaks kept; '' where it cannot be read."""
    return project.once(("settings in", path), lambda project: _settings_in(path, project))


def _settings_in(path: str, project: Project) -> str:
    try:
        text = project.tree.source(path).text[:_LONGEST] if path in project.tree else ""
    except Unreadable:
        return ""
    return _COMMENT.sub("", _without_xml_comments(text) if path.endswith((".xml", ".csproj", ".props")) else text)


def _without_xml_comments(text: str) -> str:
    kept: list[str] = []
    rest = text
    while rest:
        before, _, rest = rest.partition("<!--")
        kept.append(before)
        rest = rest.partition("-->")[2]
    return "".join(kept)
