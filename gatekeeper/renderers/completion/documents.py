"""Sections 10 and 11: the documents there are, what the rules found in them, and how to deploy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gatekeeper.engine import Verdict
from gatekeeper.links.judged import documents
from gatekeeper.models.docs import Document, Runbook
from gatekeeper.node import Node
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text
from gatekeeper.rule import Rule

_ORDER = ("architecture", "deployment runbook", "incident runbook", "runbook", "setup", "readme", "adr",
          "contributing", "changelog")  # fmt: skip
_PURPOSES = {
    "architecture": "Architecture",
    "deployment runbook": "Deployment Runbook",
    "incident runbook": "Incident Runbook",
    "runbook": "Runbook",
    "setup": "Environment Setup",
    "readme": "Overview",
    "adr": "Decision record",
    "contributing": "How to contribute",
    "changelog": "What changed",
}
_EXPECTED = ("architecture", "deployment runbook", "incident runbook", "setup")


def documentation(sheet: Sheet) -> str:
    every = documents(sheet.project)
    kinds = Counter(_kind(each) for each in every)
    shown = sorted((each for each in every if _kind(each) in _PURPOSES), key=lambda each: _ORDER.index(_kind(each)))
    judged = _verdicts(sheet)
    rows: list[tuple[str, ...]] = [
        (_PURPOSES[kind], f"**none** of {len(every)} Markdown documents", _PURPOSES[kind], "")
        for kind in _EXPECTED
        if not kinds[kind]
    ]
    rows += [_row(each, judged.get(each.path, []), sheet) for each in shown]
    others = kinds["other"]
    more = f"{others} other Markdown {'document is' if others == 1 else 'documents are'} not listed." if others else ""
    header = "Document | Location | Purpose | Checks of its content"
    return section("### 10. Documentation Delivered", table(header, rows), more)


def _kind(document: Document) -> str:
    if not isinstance(document, Runbook):
        ours = document.central or document.kind != "setup"  # how to install one part is not how to set up the whole
        return document.kind if ours else "other"
    return "deployment runbook" if document.deploys else "incident runbook" if document.incident else "runbook"


def _verdicts(sheet: Sheet) -> dict[str, list[tuple[Rule, Verdict]]]:
    """What the rules about documents came to, by the document's path."""
    found: dict[str, list[tuple[Rule, Verdict]]] = {}
    for outcome in sheet.report.outcomes:
        if outcome.rule.technology == "docs":
            for verdict in outcome.verdicts:
                found.setdefault(verdict.subject.path, []).append((outcome.rule, verdict))
    return found


def _row(document: Document, judged: Iterable[tuple[Rule, Verdict]], sheet: Sheet) -> tuple[str, ...]:
    title = sheet.words(Node(document.title or document.stem, document.source, document.span), 80)
    return title, markdown_code(document.path), _PURPOSES[_kind(document)], _checks(judged)


def _checks(judged: Iterable[tuple[Rule, Verdict]]) -> str:
    words = Counter(verdict.word for _, verdict in judged)
    failing = sorted({rule.id for rule, verdict in judged if verdict.word == "fail"})
    unknown = sorted({rule.id for rule, verdict in judged if verdict.word == "unknown"})
    total = sum(words.values())
    if not total:
        return "no rule judges its content"
    parts = [f"{words['pass']} of {total} pass"]
    parts += [f"fail: {listed([markdown_code(id) for id in failing], 5)}"] if failing else []
    parts += [f"UNKNOWN: {listed([markdown_code(id) for id in unknown], 5)}"] if unknown else []
    return "; ".join(parts)


def deployment(sheet: Sheet) -> str:
    found = [each for each in sheet.project.all(Runbook) if each.deploys]
    heading = "### 11. Runbook: Deployment Procedure"
    if not found:
        every = len(documents(sheet.project))
        nothing = f"**None**: 0 of {every} Markdown documents say how to deploy. It is not written here."
        return section(heading, nothing, _sign_offs(sheet))
    judged = _verdicts(sheet)
    own = (_runbook(each, judged, sheet) for each in found)
    return section(heading, "The repository's own; it is not repeated here.", *own, _sign_offs(sheet))


_SIGN_OFFS = (
    ("QA sign-off received", "qa-sign-off"),
    ("PM approval received", "pm-approval"),
    ("On-call team notified", "on-call-notified"),
)


def _sign_offs(sheet: Sheet) -> str:
    lines = [f"- {words}: {sheet.answer(id)}" for words, id in _SIGN_OFFS]
    return "\n".join(["Before a deployment, by attestation:\n", *lines])


def _runbook(runbook: Runbook, judged: dict[str, list[tuple[Rule, Verdict]]], sheet: Sheet) -> str:
    title = sheet.words(Node(runbook.title or runbook.stem, runbook.source, runbook.span), 80)
    sections = [sheet.words(each.node, 60) for each in runbook.parts.headings if each.text != runbook.title]
    done = sum(1 for task in runbook.parts.tasks if task.checked)
    lines = [
        f"- **{title}**: {sheet.at(runbook)}",
        f"- Sections: {listed(sections, 12) or 'none'}",
        f"- Boxes: {done} of {len(runbook.parts.tasks)} ticked in the file; whether that holds is not judged here",
        f"- Checks of its content: {_checks(judged.get(runbook.path, []))}",
    ]
    lines += [
        f"- {each.severity} {markdown_code(each.rule.id)} {sheet.at(each.at)}: {markdown_text(each.finding.message)}"
        + (f" (**WAIVED** until {each.waiver.end})" if each.waiver else "")
        for each in sheet.report.findings
        if each.at.source.path == runbook.path
    ]
    return "\n".join(lines)
