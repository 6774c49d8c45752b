"""Sections 12 to 15: the gates, what is open or excused, and who has what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.gates import Criterion, Gate, Status
from gatekeeper.links.owners import owners_of
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, slot, table
from gatekeeper.renderers.places import is_repository
from gatekeeper.renderers.sanitise import markdown_code, markdown_text
from gatekeeper.rule import Place
from gatekeeper.waivers import Reported

_MOST = 100  # known issues
_MOST_STEPS = 12  # recommendations for one owner
_OPEN = (Status.UNKNOWN, Status.ERROR)


def gate_table(sheet: Sheet) -> str:
    rows = [
        (*map(markdown_text, (gate.title, gate.statement, gate.result)), f"**{gate.status.value}**")
        for gate in sheet.report.gates
    ]
    nothing = slot("no gate is asked")
    return section("### 12. Quality Gates Status", table("Gate | Criteria | Result | Status", rows, nothing))


def dependencies(sheet: Sheet) -> str:
    state = sheet.answer("dependencies-ready")
    rows = [(markdown_text(id), slot("needs-human"), state) for id in sheet.report.settings.task.dependencies]
    none = (slot("gatekeeper.yaml names none: task.dependencies"), slot("needs-human"), state)
    return section("### 13. Dependencies on Other Tasks", table("Task ID | Description | Status", rows or [none]))


# known issues


def known_issues(sheet: Sheet) -> str:
    issues = [*_findings(sheet), *_excused(sheet), *_open(sheet)]
    nothing = "none: no finding, nothing waived, nothing open"
    header = "Issue | Severity | Recommendation | Where"
    return section("### 14. Known Issues / Technical Debt", table(header, issues, nothing, most=_MOST))


def _findings(sheet: Sheet) -> Iterator[tuple[str, ...]]:
    """What fails its gate first, then advisories, then what is waived."""
    blocking = {
        (each.id, at) for gate, each in sheet.criteria.values() if each.status is Status.FAIL for at in each.proof
    }
    failing = [each for each in sheet.report.findings if not each.waiver and (each.rule.id, each.at) in blocking]
    others = [each for each in sheet.report.findings if not each.waiver and (each.rule.id, each.at) not in blocking]
    waived = [each for each in sheet.report.findings if each.waiver]
    yield from (_finding(each, "FAIL", sheet) for each in failing)
    yield from (_finding(each, "advisory", sheet) for each in others)
    yield from (_finding(each, "WAIVED", sheet) for each in waived)


def _finding(each: Reported, word: str, sheet: Sheet) -> tuple[str, ...]:
    said = f"{word} {markdown_code(each.rule.id)}: {markdown_text(each.finding.message)}"
    if each.waiver:
        by = f" by {markdown_text(each.waiver.by)}" if each.waiver.by else " by nobody named"
        said = f"{said} (until {each.waiver.end}{by}: {markdown_text(each.waiver.reason)})"
    fix = each.finding.fix
    return (
        said,
        each.severity,
        markdown_text(fix.description) if fix else f"see `gatekeeper explain {each.rule.id}`",
        sheet.at(each.at),
    )


def _excused(sheet: Sheet) -> Iterator[tuple[str, ...]]:
    """Criteria that are waived as a whole."""
    for _, each in sheet.criteria.values():
        if each.waiver:
            beneath = f"{each.beneath.value} beneath; " if each.beneath else ""
            words = f"{beneath}until {each.waiver.end} by {markdown_text(each.waiver.by or 'nobody named')}"
            said = f"WAIVED {markdown_code(each.id)} {markdown_text(each.statement)}: {words}"
            then = markdown_text(each.next_step) or f"it ends on {each.waiver.end}"
            yield said, "-", f"{then}: {markdown_text(each.waiver.reason)}", sheet.at(each.waiver)


def _open(sheet: Sheet) -> Iterator[tuple[str, ...]]:
    for _, each in sheet.criteria.values():
        if each.status in _OPEN:
            said = f"{each.status.value} {markdown_code(each.id)} {markdown_text(each.statement)}"
            reason = markdown_text(each.reason)
            yield (
                f"{said}: {reason}",
                "-",
                markdown_text(each.next_step) or slot("needs-human"),
                sheet.places(each.proof, 2),
            )


# recommendations


def recommendations(sheet: Sheet) -> str:
    steps: dict[str, list[str]] = {}
    for owner, step in _steps(sheet):
        steps.setdefault(owner, []).append(step)
    lines = []
    for number, (owner, found) in enumerate(steps.items(), 1):
        shown = list(dict.fromkeys(found))
        lines.append(f"{number}. **For {owner}**:")
        lines += [f"    - {step}" for step in shown[:_MOST_STEPS]]
        more = len(shown) - _MOST_STEPS
        lines += [f"    - {more} more: sections 3 and 14"] if more > 0 else []
    return section("### 15. Recommendations for Next Steps", "\n".join(lines) or "None: nothing is open.")


def _steps(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """What to do, and who: the owner of the file that it is about, else of the service, else the gate."""
    for gate, each in sheet.criteria.values():
        if each.status is Status.FAIL:
            yield from _to_mend(gate, each, sheet)
    for gate, each in sheet.criteria.values():
        if each.status in _OPEN:
            words = markdown_text(each.next_step or each.statement)
            yield _owner(gate, each.proof, sheet), f"{markdown_code(each.id)}: {words}"


def _to_mend(gate: Gate, each: Criterion, sheet: Sheet) -> Iterator[tuple[str, str]]:
    """One step for each owner of what a criterion finds fault with."""
    by_owner: dict[str, list[Place]] = {}
    for at in each.proof:
        by_owner.setdefault(_owner(gate, (at,), sheet), []).append(at)
    for owner, places in (by_owner or {_owner(gate, (), sheet): []}).items():
        shown = sheet.places(places, 3)
        yield owner, f"mend {markdown_code(each.id)}: {markdown_text(each.statement)}{f' ({shown})' if shown else ''}"


def _owner(gate: Gate, places: tuple[Place, ...], sheet: Sheet) -> str:
    for at in places:
        owners = () if is_repository(at) else owners_of(at.source.path, sheet.project)
        if owners:
            return listed([markdown_code(owner) for owner in owners], 3)
    owner = sheet.report.settings.service.owner
    return markdown_code(owner) if owner else f"whoever answers for {markdown_text(gate.title)}"
