"""`terraform validate -json`: one report a root (https://developer.hashicorp.com/terraform/cli/commands/validate).

Its verdict and its count of errors are checked against the diagnostics: valid is only what says so and shows no error.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Case, Facts, Validation

_MOST = 1000
_WORDS = (b'"format_version"', b'"valid"', b'"error_count"')


class _Position(Struct):
    line: int = 0


class _Range(Struct):
    filename: str = ""
    start: _Position | None = None


class _Diagnostic(Struct):
    severity: str
    summary: str = ""
    range: _Range | None = None


class _Report(Struct):
    format_version: str
    valid: bool
    diagnostics: list[_Diagnostic]
    error_count: int | None = None


def recognises(artifact: Artifact) -> bool:
    """Also with a tool's words in front, which `read` then complains about: the file is meant to be this report."""
    keys = json_text.keys(artifact.head)
    if not keys and artifact.name.endswith(".json") and not artifact.head.lstrip().startswith((b"{", b"[")):
        return all(word in artifact.head for word in _WORDS)
    return {"format_version", "valid"} <= keys.keys() and bool({"error_count", "diagnostics"} & keys.keys())


def read(artifact: Artifact) -> Iterator[Facts]:
    report = artifact.json(_Report)
    if not report.format_version.startswith("1."):
        version = reported.words(report.format_version, 20)
        raise Unusable("unreadable", f"has format_version {version!r}; 1.x was expected")
    unknown = next((d.severity for d in report.diagnostics if d.severity not in ("error", "warning")), None)
    if unknown is not None:
        words = reported.words(unknown, 20)
        raise Unusable("unreadable", f"has a diagnostic of severity {words!r}; error or warning was expected")
    lines = json_text.lines(artifact, ("summary",), (found.summary for found in report.diagnostics))
    said = [(found, next(lines)) for found in report.diagnostics]
    cases = [
        Case(reported.words(found.summary), line, _place(found.range))
        for found, line in said
        if found.severity == "error"
    ]
    counted = len(cases)
    if report.error_count is not None and report.error_count != counted:
        claim = f"says {report.error_count}, and {counted} of its diagnostics are errors"
        cases.insert(0, Case("error_count", artifact.line_of(b'"error_count"'), claim))
    yield Validation(tool="terraform", valid=report.valid and not cases, errors=tuple(cases[:_MOST]))


def _place(found: _Range | None) -> str:
    where = reported.path(found.filename) if found else ""
    line = found.start.line if found and found.start else 0
    return f"{where}:{line}" if where and line > 0 else where
