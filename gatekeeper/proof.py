"""Which evidence proves something about the revision that is judged: bound to it, of it, and not too old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from gatekeeper.links import bound
from gatekeeper.links.analysed import agreements, aliases, known_of
from gatekeeper.models.evidence import Analysed, Evidence
from gatekeeper.models.evidence.facts import Facts, Problem, Scan
from gatekeeper.node import Span
from gatekeeper.project import Project
from gatekeeper.rule import Answer, Finding, Measure, Note, Place, Reason, Unknown, place

F = TypeVar("F", bound=Facts)


class Held(NamedTuple, Generic[F]):
    """One piece of evidence that holds."""

    evidence: Evidence
    facts: F

    @property
    def at(self) -> Place:
        return place(self.evidence)

    def line(self, number: int) -> Place:
        """A line of the artifact."""
        return Place(self.at.source, Span(max(number, 1), 1, max(number, 1), 1))

    def place_of(self, problem: Problem, project: Project) -> Place:
        """Where a scanner's result is shown: the line of the repository that it names, else its record."""
        if problem.path in project.tree and problem.line > 0:
            source = project.tree.source(problem.path)
            return Place(source, source.line_span(problem.line))
        return self.line(problem.record)

    def failed(self) -> Iterator[Unknown]:
        """For a report that shows nothing wrong: the answer where the command that wrote it failed all the same."""
        code = self.evidence.origin.exit_code
        if code:
            words = f"the command exited with {code} although its report shows nothing wrong"
            yield Unknown(self.at, f"{self.evidence.path}: {words}", Reason.TOOL_ERROR)

    def measure(self, words: str, total: int) -> Measure:
        return Measure(self.at, words, total, bound.made(self.evidence), self.evidence.origin.binding)


class Proofs(NamedTuple, Generic[F]):
    """The evidence of one kind: what holds, and why the rest does not. Both empty: there is none."""

    held: list[Held[F]]
    open: list[Unknown]


def proofs(
    kind: type[F],
    project: Project,
    formats: Sequence[str],
    *,
    max_age: int | None = None,
    any_commit: bool = False,
    where: Callable[[F], bool] = lambda facts: True,
) -> Proofs[F]:
    """Evidence of a kind of facts in some formats; `where` chooses among it.

    It must be about the commit that is judged unless `any_commit`: then its age alone (`max_age`, in days) says whether
    it still holds.
    """
    held: list[Held[F]] = []
    open_: list[Unknown] = []
    for evidence in project.all(Evidence):
        facts = evidence.facts
        if evidence.format not in formats:
            continue
        if evidence.trouble:
            words = f"{evidence.path}: {evidence.trouble.message}"
            open_.append(Unknown(evidence, words, Reason(evidence.trouble.reason)))
        elif isinstance(facts, kind) and where(facts):
            doubt = bound.doubt(evidence, project, max_age, any_commit)
            if doubt:
                open_.append(Unknown(evidence, f"{evidence.path}: {doubt[1]}", Reason(doubt[0])))
            else:
                held.append(Held(evidence, facts))
    return Proofs(held, open_)


def none(project: Project, words: str) -> Iterable[Unknown]:
    """The answer where there is no evidence at all: what was looked for."""
    yield Unknown(project.repository, words, Reason.NO_EVIDENCE)


def elsewhere(evidence: Evidence, repository: str, project: Project) -> list[Unknown]:
    """The answer where a snapshot is of another repository than the one that is judged (owner/name)."""
    words = bound.of_another(repository, project)
    return [Unknown(evidence, f"{evidence.path} {words}", Reason.WRONG_SUBJECT)] if words else []


def analysed_by(analysed: Analysed, project: Project) -> Iterator[Answer]:
    """What the results of another analyser come to, beside what our rules say."""
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
