"""Sections 1 to 3: what is declared, why it is so, what is required of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from gatekeeper.gates import Criterion, Status
from gatekeeper.links.alerting import alarms
from gatekeeper.links.judged import documents
from gatekeeper.links.requirements import Requirement, answering, requirements, spoken_of
from gatekeeper.models import Subject
from gatekeeper.models.docs import Document
from gatekeeper.node import Node, regex
from gatekeeper.parsers.markdown import Section, front_matter
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, shortened, slot, table, where
from gatekeeper.renderers.sanitise import markdown_code, markdown_text

_MOST = 10  # objects of a kind that are named


def implementation(sheet: Sheet) -> str:
    changed = table(
        "File | Change Type | Description",
        [(slot("needs a base commit"), slot("needs a base commit"), slot("needs-human"))],
    )
    return section(
        "### 1. Implementation Summary",
        "#### What Was Implemented",
        "Declared in this repository; what of it is new is known only against a base commit.",
        "\n".join(_declared(sheet)),
        "#### Technical Decisions",
        _decisions(sheet),
        "#### Files/Configurations Changed",
        changed,
    )


def _declared(sheet: Sheet) -> Iterable[str]:
    project = sheet.project
    kinds = (
        ("Workloads", "kubernetes.Workload", "kubernetes"), ("Images built", "docker.Dockerfile", "docker"),
        ("Pipelines", "pipeline.Pipeline", "pipeline"),
    )  # fmt: skip
    for title, name, technology in kinds:
        kind = Subject.registry.get(name)
        found = [each for each in project.all(kind) if getattr(each, "caller", None) is None] if kind else []
        yield f"- **{title}**: {_named(found, sheet) or sheet.none_of(technology, what=title.lower(), kind=name)}"
    yield f"- **Terraform resources**: {_resources(sheet) or sheet.none_of('terraform', what='resources')}"
    yield f"- **Alerts**: {_named(alarms(project), sheet) or sheet.none_of('prometheus', 'terraform', what='alerts')}"


def _named(subjects: Sequence[Subject], sheet: Sheet) -> str:
    shown = [f"{markdown_code(each.name)} ({sheet.at(each)})" for each in subjects]
    return f"{len(shown)}: {listed(shown, _MOST)}" if shown else ""


def _resources(sheet: Sheet) -> str:
    if "terraform.Resource" not in Subject.registry:
        return ""
    from gatekeeper.links.resources import terraform_resources

    found = terraform_resources(sheet.project)
    first: dict[str, Subject] = {}
    for each in found:
        first.setdefault(each.module.name, each)
    counts = Counter(each.module.name for each in found)
    shown = [f"{counts[name]} in {markdown_code(name)} (from {sheet.at(each)})" for name, each in first.items()]
    return f"{len(found)}: {listed(shown, _MOST)}" if found else ""


# decisions

_OPTIONS = regex(
    r"\b(?:options?|alternatives?)\b.{0,20}\b(?:considered|evaluated)\b"
    r"|\bconsidered\b.{0,20}\b(?:options?|alternatives?)\b|\balternatives?\Z|\boptions?\Z",
    re.IGNORECASE,
)
_CONTEXT = regex(r"\bcontext\b|\bproblem\b|\bbackground\b|\bmotivation\b", re.IGNORECASE)
_STATUS = regex(r"status\Z", re.IGNORECASE)
_STATUS_LINE = regex(r"^[-* ]{0,4}\**status\**[ ]?:[* ]{0,4}([A-Za-z][^\n]{0,80})$", re.I | re.M)
_SENTENCE = regex(r"(?<=[.!?])\s")


def _decisions(sheet: Sheet) -> str:
    every = documents(sheet.project)
    found = [document for document in every if document.kind == "adr"]
    rows = [_decision(document, sheet) for document in found]
    nothing = f"none: 0 of {len(every)} Markdown documents are decision records"
    return table("Decision | Rationale | Alternatives Considered | Status | Where", rows, nothing)


def _decision(document: Document, sheet: Sheet) -> tuple[str, ...]:
    context = _below(document, _CONTEXT)
    first = _SENTENCE.split(context[0].text, 1)[0] if context else ""
    rationale = sheet.words(Node(first, context[0].source, context[0].span)) if context else "no context section"
    options = [sheet.words(node, 80) for node in _options(document)]
    title = Node(document.title, document.source, document.span)
    return (
        sheet.words(title),
        rationale,
        listed(options, 4) or "none recorded",
        _status(document, sheet),
        sheet.at(document),
    )


def _below(document: Document, pattern: re.Pattern[str]) -> list[Node]:
    found = _section(document, pattern)
    return [text.node for text in document.parts.texts if found and found.holds(text.node)]


def _section(document: Document, pattern: re.Pattern[str]) -> Section | None:
    sections = document.parts.sections
    return next((each for each in sections if pattern.search(each.heading.text.strip())), None)


def _options(document: Document) -> list[Node]:
    """The options of a record: the items of the section, or the headings below it."""
    found = _section(document, _OPTIONS)
    if found is None:
        return []
    headings = [each.node for each in document.parts.headings if found.holds(each.node)]
    return headings or _below(document, _OPTIONS)


def _status(document: Document, sheet: Sheet) -> str:
    below = _below(document, _STATUS)
    if below:
        return sheet.words(below[0], 60)
    written = _STATUS_LINE.search(front_matter(document.source.text)) or _STATUS_LINE.search(
        document.source.text[:2_000]
    )
    return markdown_text(shortened(written[1].strip("\"' *"), 60)) if written else slot("the record states none")


# requirements and criteria


def requirement_rows(sheet: Sheet) -> str:
    every = documents(sheet.project)
    rows = [_requirement(each, sheet) for each in requirements(sheet.project)]
    nothing = f"none is numbered in {len(every)} Markdown documents"
    rows = rows or [(nothing, sheet.answer("requirements-traced"), slot("needs-human"), "")]
    header = "PRD Requirement | Status | Implementation | Where"
    return section("### 2. PRD Alignment Check", table(header, rows))


def _requirement(each: Requirement, sheet: Sheet) -> tuple[str, ...]:
    """Its status is that of the criteria that the settings name for it; a place that speaks of it proves nothing."""
    words = f"{markdown_text(each.id)}: {sheet.words(Node(each.words, each.at.source, each.at.span))}"
    names = answering(each.id, sheet.project)
    status = sheet.came_to(names) if names else sheet.answer("requirements-traced")
    spoken = spoken_of(sheet.project).get(each.id)
    made = f"spoken of in {where(spoken)}" if spoken else slot("nothing here names it")
    return words, status, made, sheet.at(each.at)


def acceptance(sheet: Sheet) -> str:
    rows = [_accepted(words, name, sheet) for words, name in sheet.report.settings.task.acceptance.items()]
    of_no_use: dict[tuple[str, str], list[Criterion]] = {}
    for gate, criterion in sheet.criteria.values():
        if criterion.status is Status.NOT_APPLICABLE:
            of_no_use.setdefault((gate.title, criterion.result), []).append(criterion)
            continue
        status = f"{criterion.status.value}{f' {criterion.reason}' if _reasoned(criterion) else ''}"
        words = f"{markdown_text(criterion.statement)} ({markdown_code(criterion.id)})"
        rows.append((words, status, _evidence(criterion, sheet), markdown_text(gate.title)))
    for (title, result), criteria in of_no_use.items():
        names = listed([markdown_code(each.id) for each in criteria], 3)
        rows.append((names, "N/A", markdown_text(shortened(result)), markdown_text(title)))
    nothing = slot("no criterion is asked")
    table_ = table("Criteria | Status | Evidence | Gate", rows, nothing, most=500)
    return section("### 3. Acceptance Criteria Verification", table_)


def _accepted(words: str, name: str, sheet: Sheet) -> tuple[str, ...]:
    """An acceptance criterion of the task, and what answers it."""
    status = sheet.came_to([name]) if name else slot("no criterion answers it")
    return markdown_text(words), status, "", "the task's own"


def _reasoned(criterion: Criterion) -> bool:
    return criterion.status.value == "UNKNOWN" and bool(criterion.reason)


def _evidence(criterion: Criterion, sheet: Sheet) -> str:
    words = markdown_text(shortened(criterion.result))
    made = [each for each in criterion.measures if each.made]
    dated = f", made {max(each.made for each in made if each.made).date()}" if made else ""
    places = sheet.places([*criterion.proof, *(each.at for each in criterion.measures)])
    return f"{words}{dated}{f' ({places})' if places else ''}"
