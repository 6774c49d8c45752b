"""SARIF 2.1.0, as code scanning reads it: findings as results, what could not be judged as notifications.

Findings only, because code scanning shows a result of every kind as an alert; with the verdicts asked for, `pass`,
`open` (not known) and `review` (needs a person) are results as well. Waived findings stay, suppressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from gatekeeper.audit import Report
from gatekeeper.gates import Status
from gatekeeper.renderers.places import is_repository, path_of
from gatekeeper.renderers.sanitise import json_text, visible
from gatekeeper.rule import Fix, Place, Reason, Rule, place
from gatekeeper.waivers import Reported

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LIMIT = 25_000  # results of one run that GitHub accepts
_RELATED = 100  # places of one result that it shows

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.5"}
_SECURITY = {"secrets", "security-scan", "security-posture", "container-hardening"}


def render(report: Report) -> str:
    rules = {rule.id: number for number, rule in enumerate(report.rules)}
    results = [_finding(each, rules, report) for each in report.findings]
    if report.shown.verdicts:
        results += _other_verdicts(rules, report)
    notifications = [*_notifications(report), *_left_out(len(results))]
    broken = any(outcome.error for outcome in report.outcomes) or bool(report.project.faults)
    run = {
        "tool": {
            "driver": {
                "name": "gatekeeper",
                "version": report.version,
                "semanticVersion": report.version,
                "rules": [_rule(rule) for rule in report.rules],
            }
        },
        "automationDetails": {"id": f"gatekeeper/{report.profile}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not broken,
                "exitCode": report.exit_code,
                "toolExecutionNotifications": notifications,
            }
        ],
        "results": results[:_LIMIT],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    security = (
        {"security-severity": _SCORES[rule.severity]} if rule.gate in _SECURITY and rule.severity in _SCORES else {}
    )
    tags = [rule.gate, rule.technology, *(("security",) if security else ()), *rule.aliases]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nExamples: gatekeeper explain {rule.id}"},  # they may look like secrets
        "defaultConfiguration": {"level": LEVELS.get(rule.severity, "none"), "enabled": rule.severity != "off"},
        "properties": {"tags": tags[:20], "precision": "high", **security},
    }


def _finding(each: Reported, rules: dict[str, int], report: Report) -> dict[str, Any]:
    finding = each.finding
    words = f"{finding.message}\n{finding.fix.description}" if finding.fix else finding.message
    result = {
        "ruleId": each.rule.id,
        "ruleIndex": rules[each.rule.id],
        "kind": "fail",
        "level": LEVELS.get(each.severity, "none"),
        "message": {"text": _text(words)},
        "locations": [_location(each.at, report)],
        "partialFingerprints": {"gatekeeper/v1": each.fingerprint},
    }
    if finding.see:
        notes = enumerate(finding.see[:_RELATED], 1)
        result["relatedLocations"] = [
            {"id": number, **_location(place(note.at), report), "message": {"text": _text(note.message)}}
            for number, note in notes
        ]
    if finding.fix and finding.fix.edits:
        result["fixes"] = [_fix(finding.fix, report)]
    if each.waiver:
        kind = "inSource" if each.waiver.kind == "inline" else "external"
        excuse = {"kind": kind, "status": "accepted", "justification": _text(each.waiver.reason)}
        result["suppressions"] = [excuse]
    return result


def _fix(fix: Fix, report: Report) -> dict[str, Any]:
    changes: dict[str, dict[str, Any]] = {}
    for edit in fix.edits:
        physical = _location(edit.at, report)["physicalLocation"]
        change = {"artifactLocation": physical["artifactLocation"], "replacements": []}
        replacement = {"deletedRegion": physical["region"], "insertedContent": {"text": edit.text}}
        changes.setdefault(edit.at.source.path, change)["replacements"].append(replacement)
    return {"description": {"text": _text(fix.description)}, "artifactChanges": list(changes.values())}


def _other_verdicts(rules: dict[str, int], report: Report) -> Iterator[dict[str, Any]]:
    for outcome in report.outcomes:
        for verdict in outcome.verdicts:
            if verdict.findings:
                continue
            unknown = verdict.unknowns[0] if verdict.unknowns else None
            kind = "pass" if not unknown else "review" if unknown.reason is Reason.NEEDS_HUMAN else "open"
            at = place(unknown.at if unknown else verdict.subject)
            words = (
                f"{unknown.message} ({unknown.reason})" if unknown else f"{verdict.subject.name}: {outcome.rule.title}"
            )
            yield {
                "ruleId": outcome.rule.id,
                "ruleIndex": rules[outcome.rule.id],
                "kind": kind,
                "level": "none",
                "message": {"text": _text(words)},
                "locations": [_location(at, report)],
            }


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    """What could not be judged: crashed rules, files that cannot be read, criteria that are not proven."""
    for outcome in report.outcomes:
        if outcome.error:
            words = f"{outcome.rule.id} crashed: {outcome.error}"
            yield {"level": "error", "message": {"text": _text(words)}}
    for fault in report.project.faults:
        at = _location(Place(fault.source, fault.span), report)
        yield {"level": "error", "message": {"text": _text(fault.message)}, "locations": [at]}
    if report.relaxed:
        yield {"level": "note", "message": {"text": _text(f"the settings relax: {'; '.join(report.relaxed)}")}}
    for gate in report.gates:
        for criterion in gate.criteria:
            if criterion.status is Status.UNKNOWN:
                words = f"{gate.id}/{criterion.id} is not proven: {criterion.result}, {criterion.reason}"
                yield {"level": "note", "message": {"text": _text(words)}}


def _left_out(count: int) -> list[dict[str, Any]]:
    if count <= _LIMIT:
        return []
    return [{"level": "warning", "message": {"text": f"{count - _LIMIT} results are left out: a run holds {_LIMIT}"}}]


def _bytes(path: str) -> bytes:
    """A path as it stands on the disk: bytes that are no UTF-8 are kept as surrogates of their own."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def _location(at: Place, report: Report) -> dict[str, Any]:
    path = path_of(at, report)
    uri = quote(_bytes(path))
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
    if not is_repository(at):
        physical["region"] = {
            "startLine": max(at.span.line, 1),
            "startColumn": max(at.span.column, 1),
            "endLine": max(at.span.end_line, at.span.line, 1),
            "endColumn": max(at.span.end_column, 1),
        }
    return {"physicalLocation": physical}


def _text(words: str) -> str:
    return "\n".join(visible(line) for line in words.split("\n"))
