"""For programs: the whole report, as `docs/report.md` describes it and `report.schema.json` checks it."""

from __future__ import annotations

from typing import Any

from gatekeeper.audit import Report
from gatekeeper.engine import Outcome
from gatekeeper.gates import Criterion, Gate
from gatekeeper.models import Subject
from gatekeeper.models.attestations import Attestation
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.waivers import Excuse
from gatekeeper.renderers.sanitise import json_text
from gatekeeper.renderers.stack import Used, stack
from gatekeeper.rule import Measure, Note, Place, place
from gatekeeper.waivers import Reported

SCHEMA = "gatekeeper/report/v1"
_SIGNS = 5  # of a technology


def render(report: Report) -> str:
    document = {
        "schema": SCHEMA,
        "tool": {"name": "gatekeeper", "version": report.version},
        "root": report.root,
        "profile": report.profile,
        "level": report.settings.service.level,
        "relaxed": list(report.relaxed),
        "commit": report.commit and report.commit.id + ("-dirty" if report.commit.dirty else ""),
        "files": _files(report),
        "rules": {outcome.rule.id: _rule(outcome, report) for outcome in report.outcomes},
        "findings": [_finding(each) for each in report.findings],
        "gates": [_gate(gate) for gate in report.gates],
        "evidence": [_evidence(evidence) for evidence in report.project.all(Evidence)],
        "technologies": [_used(each) for each in stack(report)],
        "left_out": {"by_profile": list(report.left_out), "by_level": list(report.not_asked)},
        "exit_code": report.exit_code,
    }
    if report.shown.verdicts:
        document["verdicts"] = [verdict for outcome in report.outcomes for verdict in _verdicts(outcome)]
    return json_text(document)


def _files(report: Report) -> dict[str, Any]:
    return {
        "judged": len(report.project.files),
        "skipped": [{"path": skip.path, "reason": skip.reason} for skip in report.project.skipped],
        "unreadable": [
            {
                "path": fault.source.path,
                "line": fault.span.line,
                "message": fault.message,
                "reason": fault.reason,
            }
            for fault in report.project.faults
        ],
    }


def _rule(outcome: Outcome, report: Report) -> dict[str, Any]:
    """A rule and its counts of subjects: judged = failed + waived + unknown + those that pass."""
    rule = outcome.rule
    mine = [each for each in report.findings if each.rule.id == rule.id]
    open_to = {id(subject) for each in mine if not each.waiver for subject in each.subjects}
    waived = {id(subject) for each in mine if each.waiver for subject in each.subjects} - open_to
    return {
        "title": rule.title,
        "severity": next((each.severity for each in mine), rule.severity),
        "gate": rule.gate,
        "aliases": list(rule.aliases),
        "judged": outcome.judged,
        "failed": len(open_to),
        "unknown": outcome.unknown,
        "waived": len(waived),
        "error": outcome.error or None,
    }


def _finding(each: Reported) -> dict[str, Any]:
    at, finding = each.at, each.finding
    return {
        "rule": each.rule.id,
        "severity": each.severity,
        "message": finding.message,
        "path": at.source.path,
        "line": at.span.line,
        "column": at.span.column,
        "end_line": at.span.end_line,
        "end_column": at.span.end_column,
        "subject": {"kind": type(each.subject).__name__, "name": each.subject.name},
        "see": [_note(note) for note in finding.see],
        "fix": finding.fix.description if finding.fix else None,
        "also": list(each.also),
        "fingerprint": each.fingerprint,
        "waived": _excuse(each.waiver) if each.waiver else None,
    }


def _excuse(excuse: Excuse) -> dict[str, Any]:
    return {
        "kind": excuse.kind,
        "reason": excuse.reason,
        "by": excuse.by,
        "approved_by": excuse.approved_by,
        "until": str(excuse.end),
        "ticket": excuse.ticket,
        **_proof(place(excuse)),
    }


def _attestation(attestation: Attestation, until: str) -> dict[str, Any]:
    return {
        "statement": attestation.statement,
        "by": attestation.by,
        "role": attestation.role,
        "on": str(attestation.on),
        "until": until,
        "links": list(attestation.links),
        **_proof(place(attestation)),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "words": measure.words,
        "total": measure.total,
        "made": measure.made.isoformat() if measure.made else None,
        "binding": measure.binding or None,
        **_proof(place(measure.at)),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    origin, facts = evidence.origin, evidence.facts
    made = origin.made or (facts.made if facts else None)
    return {
        "path": evidence.path,
        "format": evidence.format or None,
        "binding": origin.binding,
        "commit": origin.commit or None,
        "dirty": origin.dirty,
        "made": made.isoformat() if made else None,
        "about": origin.about or None,
        "command": origin.command or None,
        "exit_code": origin.exit_code,
        "signer": origin.signer or None,
        "trouble": {"reason": evidence.trouble.reason, "message": evidence.trouble.message}
        if evidence.trouble
        else None,
    }


def _used(each: Used) -> dict[str, Any]:
    technology = each.technology
    return {
        "name": technology.name,
        "group": technology.group,
        "maybe": technology.maybe,
        "files": len(technology.files),
        "rules": each.rules,
        "judged": each.judged,
        "shown_by": [{**_proof(sign.at), "what": sign.what} for sign in technology.signs[:_SIGNS]],
    }


def _note(note: Note) -> dict[str, Any]:
    at = place(note.at)
    return {"path": at.source.path, "line": at.span.line, "column": at.span.column, "message": note.message}


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "id": gate.id,
        "title": gate.title,
        "criteria": [_criterion(criterion) for criterion in gate.criteria],
        "result": gate.result,
        "status": gate.status.value,
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        "id": criterion.id,
        "statement": criterion.statement,
        "status": criterion.status.value,
        "result": criterion.result,
        "reason": criterion.reason,
        "basis": criterion.basis,
        "beneath": criterion.beneath.value if criterion.beneath else None,
        "measures": [_measure(measure) for measure in criterion.measures],
        "attested": _attestation(criterion.attested, criterion.until) if criterion.attested else None,
        "waived": _excuse(criterion.waiver) if criterion.waiver else None,
        "next": criterion.next_step or None,
        "proof": [_proof(at) for at in criterion.proof],
    }


def _proof(at: Place) -> dict[str, Any]:
    return {"path": at.source.path, "line": at.span.line}


def _verdicts(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {"rule": outcome.rule.id, "subject": _subject(verdict.subject), "verdict": verdict.word}
        for verdict in outcome.verdicts
    ]


def _subject(subject: Subject) -> dict[str, Any]:
    kind = type(subject).__name__
    return {"kind": kind, "name": subject.name, "path": subject.path, "line": subject.span.line}
