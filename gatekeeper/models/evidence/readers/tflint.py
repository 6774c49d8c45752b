"""tflint's JSON (`tflint --format json`): issues, and errors that kept it from looking.

It names no file that it looked at, only those in which it found something. Its words for a severity say how sure a rule
is, not how bad its finding: the word stands in the message.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts, Problem, Scan

_ISSUE = (b'"rule"', b'"severity"', b'"link"', b'"message"', b'"range"')


class _Rule(Struct):
    name: str
    severity: str = ""


class _Position(Struct):
    line: int = 0


class _Range(Struct):
    filename: str = ""
    start: _Position | None = None


class _Issue(Struct):
    rule: _Rule
    message: str = ""
    range: _Range | None = None


class _Error(Struct):
    message: str = ""
    summary: str = ""


class _Report(Struct):
    issues: list[_Issue]
    errors: list[_Error]


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if not keys or not keys.keys() <= {"issues", "errors"} or keys.get("issues", "[") != "[":
        return False
    return keys.keys() == {"issues", "errors"} or ("issues" in keys and all(word in artifact.head for word in _ISSUE))


def read(artifact: Artifact) -> Iterator[Facts]:
    report = artifact.json(_Report)
    if report.errors:
        first = report.errors[0]
        said = reported.words(first.summary or first.message)
        raise Unusable("tool-error", f"tflint broke off: {said or 'it does not say why'}")
    lines = json_text.lines(artifact, ("name",), (issue.rule.name for issue in report.issues))
    problems = tuple(_problem(issue, next(lines)) for issue in report.issues)
    yield Scan(tool="tflint", kind="lint", targets=_targets(report.issues), problems=problems)


def _problem(issue: _Issue, record: int) -> Problem:
    place = issue.range or _Range()
    line = place.start.line if place.start else 0
    message = reported.words(f"{issue.rule.severity}: {issue.message}" if issue.rule.severity else issue.message)
    return Problem(
        id=reported.words(issue.rule.name),
        severity=None,
        message=message,
        path=reported.path(place.filename),
        line=line if 0 < line < 10**8 else 0,
        record=record,
    )


def _targets(issues: list[_Issue]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reported.words(issue.range.filename) for issue in issues if issue.range))
