"""The completion report: what was delivered, as far as facts show it. Nothing in it is filled in by hand.

Every cell is a fact with its place, a status that was computed, or an open slot that says what would fill it.
"""

from __future__ import annotations

from collections import Counter

from gatekeeper.audit import Report
from gatekeeper.discover import Unreadable
from gatekeeper.gates import Status
from gatekeeper.links.judged import GENERATED
from gatekeeper.links.on_call import on_call
from gatekeeper.models.evidence import Revision
from gatekeeper.renderers.completion import (
    cost,
    delivery,
    documents,
    infrastructure,
    observability,
    outlook,
    recovery,
    security,
    summary,
)
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, slot, where
from gatekeeper.renderers.sanitise import markdown_code, markdown_text, printed
from gatekeeper.settings import FILE, Invalid, load

_SECTIONS = (
    summary.implementation,
    summary.requirement_rows,
    summary.acceptance,
    infrastructure.infrastructure,
    delivery.pipelines,
    observability.observability,
    security.checklist,
    recovery.recovery,
    cost.cost,
    documents.documentation,
    documents.deployment,
    outlook.gate_table,
    outlook.dependencies,
    outlook.known_issues,
    outlook.recommendations,
)


def render(report: Report) -> str:
    if not report.project.all(Revision):  # files were named: what is not here cannot be told from what was not read
        return "A completion report is about a whole repository: `gatekeeper audit --output report`\n"
    sheet = Sheet(report)
    parts = [_header(sheet)]
    for write in _SECTIONS:
        parts += ["---", write(sheet)]
    parts += ["---", _footer(sheet)]
    return printed(section(*parts) + "\n")


def _header(sheet: Sheet) -> str:
    report = sheet.report
    service = report.settings.service
    task = report.settings.task
    named = " - ".join(markdown_text(each) for each in (task.id, task.name) if each)
    title = named or markdown_text(service.name) or slot("gatekeeper.yaml names no service")
    counted = Counter(gate.status for gate in report.gates)
    counts = ", ".join(f"{counted[status]} {status.value}" for status in Status if counted[status])
    lines = (
        f"**Status**: {_ready(sheet)} ({counts or 'no gate is asked'})",
        f"**Commit**: {_commit(sheet)}",
        f"**Judged**: {sheet.project.today}, profile {report.profile}, level {service.level}",
        f"**Policy**: {_policy(sheet)}; gatekeeper {report.version}, {len(report.rules)} rules",
        *([f"**Relaxed by the settings**: {markdown_text('; '.join(report.relaxed))}"] if report.relaxed else []),
        *([f"**Service**: {markdown_text(service.name)}"] if named and service.name else []),
        f"**Started**: {f'{task.started} ({FILE})' if task.started else slot('needs-human')}",
        f"**Completed**: {slot('needs-human')}",
        f"**Actual Effort**: {slot('needs-human')}",
    )
    note = f"{GENERATED} from the repository, its evidence and attestations. UNKNOWN (...) says what fills a cell. -->"
    return section(f"## DevOps Completion Report: {title}", "\\\n".join(lines), note)


def _ready(sheet: Sheet) -> str:
    """The verdict. What answers only a part of the questions (another profile, a selection of rules) is none."""
    report = sheet.report
    if report.verdict != "PASSED":
        return report.verdict
    return slot(f"{report.profile} asks only a part: {len(report.left_out)} criteria are left out")


def _commit(sheet: Sheet) -> str:
    commit = sheet.report.commit
    if commit is None:
        return slot("no commit: not checked out by git")
    return f"{markdown_code(commit.id)}{' (dirty: tracked files differ from it)' if commit.dirty else ''}"


def _policy(sheet: Sheet) -> str:
    """The digest of the settings, when they are those in force: the command line may set them aside."""
    import hashlib

    tree = sheet.project.tree
    path = next((name for name in (FILE, "pyproject.toml") if name in tree and _in_force(name, sheet)), "")
    if not path:
        return f"{FILE} is not in force" if FILE in tree else f"no {FILE}"
    digest = hashlib.sha256(tree.source(path).text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{path} sha256:{digest}"


def _in_force(name: str, sheet: Sheet) -> bool:
    try:
        source = sheet.project.tree.source(name)
        if name != FILE and "[tool.gatekeeper" not in source.text:
            return False
        return load(source) == sheet.report.settings
    except (Unreadable, Invalid):
        return False


def _footer(sheet: Sheet) -> str:
    named = {each.who: f"{markdown_text(each.who)} ({markdown_text(each.by)}, {where(each.at)})"
             for each in reversed(on_call(sheet.project))}  # fmt: skip
    nobody = slot("nobody is declared: service.owner in gatekeeper.yaml, catalog-info.yaml, CODEOWNERS")
    to = listed([*named.values()][::-1], 2) or nobody
    return "\\\n".join((
        f"**Deployment Status**: {sheet.answer('deployment-recorded')}",
        f"**All Environments Healthy**: {sheet.answer('environments-healthy')}",
        f"**Ready for Production Traffic**: {_ready(sheet)} (computed)",
        f"**Handoff to**: {to}; acceptance: {sheet.answer('handoff-accepted')}",
    ))  # fmt: skip
