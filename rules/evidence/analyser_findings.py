from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.analysed import agreements, aliases, known_of
from gatekeeper.models.evidence import Analysed
from gatekeeper.models.evidence.facts import Problem, Scan
from gatekeeper.node import Span
from gatekeeper.rule import Answer, Measure, Place, Reason, rule


@rule("analyser-findings", gate="security-posture", severity="medium", seed="Best Practices: Shift Left Security")
def analyser_findings(analysed: Analysed, project: Project) -> Iterator[Answer]:
    """The analysers that are run beside gatekeeper find nothing more.

    What one of our rules says already is not said twice: that finding names the other tool's check. Where our rule
    judged the same thing and passed it, the other tool's result is shown as a low one, so that the difference is seen.
    A check that contradicts the document has no effect. Results that the tool does not grade are UNKNOWN, until
    `analyser: {checkov: {severity: medium}}` says how grave they are here. A tool that is missing, crashes, runs out of
    time or reads nothing has found nothing out.
    """
    scan = analysed.scan
    if analysed.idle:
        files = len(project.tree.paths)
        yield Measure(analysed, f"{analysed.tool}: {analysed.message}, in {files} files", files)
        return
    if scan is None:
        yield Unknown(analysed, f"{analysed.tool}: {analysed.message}", Reason(analysed.reason))
        return
    for words in scan.incomplete:
        yield Unknown(analysed, f"{analysed.tool}: {words}", Reason.TOOL_ERROR)
    kinds = _sorted(analysed, scan, project)
    count = Counter(kind for _, kind in kinds)
    words = f"{analysed.tool}: {count.total()} results, {count['also']} also found here"
    words += f", {count['aside']} set aside" if count["aside"] else ""
    yield Measure(analysed, words, len(scan.targets))
    default = project.settings.analyser.get(analysed.tool)  # type: ignore[call-overload]  # a name of the settings' own
    severity = default.severity if default else None
    for problem, kind in kinds:
        if kind == "otherwise":
            at = _place(problem, analysed, project)
            note = (Note(at, f"{_judge(analysed.tool, problem.id, project)} judges this, and finds no fault"),)
            yield Finding(at, f"{analysed.tool} {problem.id}: {problem.message}", note, severity="low")
        elif kind == "more":
            at = _place(problem, analysed, project)
            grave = problem.severity or severity
            yield Finding(at, f"{analysed.tool} {problem.id}: {problem.message}", severity=grave)
    ungraded = [problem for problem, kind in kinds if kind == "more" and not (problem.severity or severity)]
    if ungraded:
        words = f"{analysed.tool} does not say how grave {len(ungraded)} of its results are"
        yield Unknown(analysed, f"{words}: analyser.{analysed.tool}.severity does", Reason.SEVERITY_UNKNOWN)


def _sorted(analysed: Analysed, scan: Scan, project: Project) -> list[tuple[Problem, str]]:
    """Each open result and what becomes of it: also found here, set aside, judged otherwise here, or more."""
    from gatekeeper.analysers import set_aside  # not needed, and not imported, where no analyser was run

    same = agreements(analysed, known_of(project))
    found = []
    for number, problem in enumerate(scan.problems):
        if problem.suppressed:
            continue
        if set_aside(analysed.tool, problem.id):
            kind = "aside"
        elif number in same:
            kind = "also"
        else:
            kind = "otherwise" if _judge(analysed.tool, problem.id, project) else "more"
        found.append((problem, kind))
    return found


def _judge(tool: str, id: str, project: Project) -> str:
    """The rule of ours that judges the same; '' when there is none."""
    return next((project.judged[name] for name in aliases(tool, id) if name in project.judged), "")


def _place(problem: Problem, analysed: Analysed, project: Project) -> Place:
    if problem.path not in project.tree:
        return Place(analysed.node.source, analysed.span)
    line = max(problem.line, 1)
    return Place(project.tree.source(problem.path), Span(line, 1, line, 1))
