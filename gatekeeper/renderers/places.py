"""Where findings stand, as every format needs it: paths for the repository as a whole, and which lines hold secrets."""

from __future__ import annotations

import re

from gatekeeper.audit import Report
from gatekeeper.discover import Unreadable
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.secrets import without_secrets
from gatekeeper.node import regex
from gatekeeper.rule import Place

MASK = "(not shown: a secret stands here)"


def is_repository(at: Place) -> bool:
    """Whether it is about the repository as a whole, which has no place in any file."""
    return at.source.path == "."


def path_of(at: Place, report: Report) -> str:
    """A path that exists, for formats that refuse a finding without one: the README stands for the repository."""
    if not is_repository(at):
        return at.source.path
    paths = report.project.tree.paths
    return next((path for path in paths if path.lower() in ("readme.md", "readme")), paths[0] if paths else "README.md")


_SUSPICIOUS = regex(
    r"(?:pass(?:wd|word|phrase)?|pwd|secret|token|api[_-]?key|credential|private[_-]?key)[\w.-]{0,40}[\"']?\s{0,5}[:=]"
    r"\s{0,5}(?![\"']?[$<{])\S"  # a reference is no secret
    r"|://[^/\s@:]{1,100}:[^/\s@]{1,200}@"
    r"|\b(?:gh[pousr]_|github_pat_|AKIA|ASIA|xox[abprs]-|glpat-|sk-[A-Za-z0-9]|eyJ[\w-]{10})|-----BEGIN"
    r"|(?<![\w/.-])(?![0-9a-f]{40}\b)[A-Za-z0-9+/]{40}(?![\w/.-])",  # but for a commit's hash
    re.IGNORECASE,
)


class Excerpts:
    """Source lines as they may be shown: those that a finding about secrets stands on are masked, whoever asks."""

    def __init__(self, report: Report) -> None:
        self._secret = {
            (spot.source.path, line)
            for spot in report.secrets
            for line in range(spot.span.line, spot.span.end_line + 1)
        }
        self._artifacts = {each.path for each in report.project.all(Evidence)}

    def line(self, at: Place) -> str | None:
        """The first line of a place, not yet sanitised; None when there is none to show."""
        if is_repository(at) or self.is_artifact(at):
            return None
        try:
            text = at.source.line(at.span.line)
        except Unreadable:
            return None
        if self.masked(at) or without_secrets(text) != text:
            return text[: len(text) - len(text.lstrip())] + MASK
        return text if text.strip() else None

    def is_artifact(self, at: Place) -> bool:
        """Whether it stands in evidence, of which no line is shown: scanners quote the secrets that they find."""
        return at.source.path in self._artifacts

    @staticmethod
    def suspicious(line: str) -> bool:
        """Whether a line that nobody asked about may hold a secret: then it is no context worth showing."""
        return _SUSPICIOUS.search(line) is not None

    def masked(self, at: Place) -> bool:
        return (at.source.path, at.span.line) in self._secret
