"""Commands that scripts, pipelines and pages give: what is done by hand, or by a file that nothing else reads."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.discover import Unreadable
from gatekeeper.node import regex
from gatekeeper.project import Project

_TEXTS = regex(
    r"(?:.*\.(?:sh|bash|md|markdown|ya?ml|py|rst|adoc|txt|mk|toml|tf|ps1)"
    r"|(?:.*/)?(?:Makefile|justfile|Tiltfile|Jenkinsfile))\Z"
)
_LONGEST = 400_000  # characters of a file that are looked through
_MOST_FILES = 20_000


def texts(project: Project, *words: str) -> Iterator[tuple[str, str]]:
    """The files that may give a command and hold one of the words, each with its text; as much as is reasonable."""
    for path in project.tree.paths[:_MOST_FILES]:
        if not _TEXTS.match(path):
            continue
        try:
            text = project.tree.source(path).text[:_LONGEST]
        except Unreadable:
            continue
        if any(word in text for word in words):
            yield path, text
