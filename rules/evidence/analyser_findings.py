from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.analysed import agreements, aliases, known_of
from gatekeeper.models.evidence import Analysed
from gatekeeper.models.evidence.facts import Problem, Scan
from gatekeeper.rule import Answer, Measure, Place, Reason, rule


@rule("analyser-findings", gate="security-posture", severity="medium", seed="Best Practices: Shift Left Security")
def analyser_findings(analysed: Analysed, project: Project) -> Iterator[Answer]:
    """The analysers that are run beside gatekeeper find nothing more.

    What one of our rules says already is not said twice: that finding names the other tool's check. Where our rule
    judged the same thing and passed it, the other tool's result is shown as a low one, so that the difference is seen.
    A check that contradicts the checklist is set aside: CKV_K8S_35 wants secrets as files, the checklist takes
    them from the environment by reference. Results that the tool does not grade are UNKNOWN, until
    `analyser: {checkov: {severity: medium}}` says how grave they are here. A tool that is missing, crashes, runs out of
    time or reads nothing has found nothing out.
    """
    scan = analysed.scan
    if scan is None:
        yield Unknown(analysed, f"{analysed.tool}: {analysed.message}", Reason(analysed.reason))
        return
    for words in scan.incomplete:
        yield Unknown(analysed, f"{analysed.tool}: {words}", Reason.TOOL_ERROR)
    kinds = _sorted(analysed, scan, project)
    yield Measure(analysed, _counted(analysed, scan, kinds), len(scan.targets))
    asked = next((each for tool, each in project.settings.analyser.items() if tool == analysed.tool), None)
    severity = asked.severity if asked else None
    for problem, kind in kinds:
        at = _place(problem, analysed, project)
        words = f"{analysed.tool} {problem.id}: {problem.message}"
        if kind == "otherwise":
            note = Note(at, f"{_passed(analysed.tool, problem, project)} judges this, and finds no fault")
            yield Finding(at, words, (note,), severity="low")
        elif kind == "more":
            graded = problem.severity or severity
            yield Finding(at, words if graded else f"{words} (not graded)", severity=graded)
    ungraded = [problem for problem, kind in kinds if kind == "more" and not (problem.severity or severity)]
    if ungraded:
        words = f"{analysed.tool} does not say how grave {len(ungraded)} of its results are"
        yield Unknown(analysed, f"{words}: analyser.{analysed.tool}.severity does", Reason.SEVERITY_UNKNOWN)


def _counted(analysed: Analysed, scan: Scan, kinds: list[tuple[Problem, str]]) -> str:
    count = Counter(kind for _, kind in kinds)
    silenced = sum(1 for problem in scan.problems if problem.suppressed)
    words = f"{analysed.tool}: {count.total()} results, {count['also']} also found here"
    words += f", {count['aside']} set aside" if count["aside"] else ""
    return words + (f", {silenced} silenced in the files" if silenced else "")


def _sorted(analysed: Analysed, scan: Scan, project: Project) -> list[tuple[Problem, str]]:
    """Each open result, once for its place, and what becomes of it: also found here, set aside, judged otherwise here,
    or more."""
    from gatekeeper.analysers import set_aside  # not needed, and not imported, where no analyser was run

    same = agreements(analysed, known_of(project))
    found: dict[tuple[str, str, int], tuple[Problem, str]] = {}
    for number, problem in enumerate(scan.problems):
        if problem.suppressed:
            continue
        if set_aside(analysed.tool, problem.id):
            kind = "aside"
        elif number in same:
            kind = "also"
        else:
            kind = "otherwise" if _passed(analysed.tool, problem, project) else "more"
        found.setdefault((problem.id, problem.path, problem.line), (problem, kind))
    return list(found.values())


def _passed(tool: str, problem: Problem, project: Project) -> str:
    """The rule of ours that judged the same in this file and found nothing wrong there; '' when there is none."""
    names = aliases(tool, problem.id)
    return next((project.passed[name, problem.path] for name in names if (name, problem.path) in project.passed), "")


def _place(problem: Problem, analysed: Analysed, project: Project) -> Place:
    if problem.path not in project.tree:
        return Place(analysed.node.source, analysed.span)
    source = project.tree.source(problem.path)
    return Place(source, source.line_span(max(problem.line, 1)))
