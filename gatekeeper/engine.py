"""Every rule to every subject it selects. What a rule found, among how many, and what it could not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeVar

import msgspec

from gatekeeper.links.uses import uses
from gatekeeper.models import Subject
from gatekeeper.models.secrets import without_secrets
from gatekeeper.node import Unresolved
from gatekeeper.project import Project
from gatekeeper.rule import Finding, Measure, Note, Place, Reason, Rule, Unknown, place, takes_project

T = TypeVar("T")


class Verdict(msgspec.Struct, frozen=True):
    """One rule about one subject: what it found, or why it does not know. Neither is a pass.

    `measures` say what was counted on the way; they decide nothing.
    """

    subject: Subject
    findings: tuple[Finding, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    measures: tuple[Measure, ...] = ()

    @property
    def word(self) -> str:
        return "fail" if self.findings else "unknown" if self.unknowns else "pass"


class Outcome(msgspec.Struct, frozen=True):
    """All of one rule's verdicts, and how many subjects there were before `where` chose among them.

    With an `error` (a crash of the rule, in one line) it has judged nothing and `verdicts` is empty.
    """

    rule: Rule
    verdicts: tuple[Verdict, ...] = ()
    candidates: int = 0
    error: str = ""

    @property
    def judged(self) -> int:
        return len(self.verdicts)

    @property
    def failed(self) -> int:
        return sum(1 for verdict in self.verdicts if verdict.findings)

    @property
    def unknown(self) -> int:
        return sum(1 for verdict in self.verdicts if verdict.unknowns and not verdict.findings)

    def findings(self) -> Iterator[tuple[Subject, Finding]]:
        for verdict in self.verdicts:
            for finding in verdict.findings:
                yield verdict.subject, finding


def run(rules: Iterable[Rule], project: Project) -> list[Outcome]:
    """The outcome of each rule, in their order."""
    return [_apply(rule, project) for rule in rules]


def _apply(rule: Rule, project: Project) -> Outcome:
    candidates = project.all(rule.subject)
    try:
        verdicts = list(_verdicts(rule, _meant(rule, candidates, project), project))
    except RecursionError:
        return Outcome(rule, (), len(candidates), "RecursionError: something here nests too deeply for this rule")
    except Exception as error:  # whatever a rule does wrong costs this rule alone, and shows as ERROR
        return Outcome(rule, (), len(candidates), _in_one_line(error))
    return Outcome(rule, tuple(verdicts), len(candidates))


_DEPTH = 3  # callers, environments, instances


def _verdicts(rule: Rule, subjects: Iterable[Subject], project: Project) -> Iterator[Verdict]:
    """The verdict about each subject that the rule means. Most subjects it does not: that must cost next to nothing."""
    where = rule.where
    wants_project = where is not None and takes_project(where)
    for subject in subjects:
        if not subject.there:
            continue
        try:
            if where is not None and not (where(subject, project) if wants_project else where(subject)):
                continue
        except Unresolved as unresolved:
            first = Verdict(subject, (), (_unknown(unresolved),))
        else:
            first = _checked(rule, subject, project)
        verdict = _of_all_uses(rule, subject, first, project) if first.unknowns or subject.seen_as else first
        if verdict is not None:
            yield verdict


def _of_all_uses(rule: Rule, subject: Subject, verdict: Verdict, project: Project) -> Verdict | None:
    """The verdict; where it is not known for all uses of the subject together, that of each of them."""
    verdicts = list(_of_each_use(rule, subject, verdict, project, 0))
    if len(verdicts) == 1 and verdicts[0][0] is subject and not subject.seen_as:
        return verdict
    return _together(subject, verdicts)


def _meant(rule: Rule, candidates: Sequence[Subject], project: Project) -> Iterable[Subject]:
    """The candidates of the types that the rule names, in their order; all where it names none."""
    if not rule.types:
        return candidates
    numbered = project.once(("by type", rule.subject), lambda project: _numbered(candidates))
    chosen = (each for kind in (*rule.types, "") for each in numbered.get(kind, ()))
    return [subject for _, subject in sorted(chosen, key=itemgetter(0))]


def _numbered(candidates: Sequence[Subject]) -> dict[str, list[tuple[int, Subject]]]:
    """The candidates by type, with their numbers; those whose type nobody knows have the type ''."""
    table: dict[str, list[tuple[int, Subject]]] = {}
    for number, subject in enumerate(candidates):
        try:
            kind = getattr(subject, "type", "")
        except Unresolved:
            kind = ""
        table.setdefault(kind if isinstance(kind, str) else "", []).append((number, subject))
    return table


Judged = tuple[Subject, Verdict | None]


def _of_each_use(
    rule: Rule, subject: Subject, verdict: Verdict | None, project: Project, depth: int
) -> Iterator[Judged]:
    others: Sequence[Subject] = ()
    if verdict is not None and not verdict.findings and depth < _DEPTH:
        unresolved = any(unknown.reason is Reason.UNRESOLVED for unknown in verdict.unknowns)
        others = uses(subject, project) if unresolved else ()
    if not others:
        yield subject, verdict
    for each in others:
        yield from _of_each_use(rule, each, _judge_once(rule, each, project), project, depth + 1)


def _together(subject: Subject, verdicts: Sequence[Judged]) -> Verdict | None:
    """One verdict of those of all uses: not meant where none is, and failed where one fails."""
    meant = [(use, verdict) for use, verdict in verdicts if verdict is not None]
    if not meant:
        return None
    having: dict[tuple[Place, str], list[tuple[Subject, Finding]]] = {}
    for use, verdict in meant:
        for finding in verdict.findings:
            having.setdefault((place(finding.at), finding.message), []).append((use, finding))
    findings = tuple(_of_uses(found, len(meant)) for found in having.values())
    unknowns = {(place(each.at), each.message): each for _, verdict in meant for each in verdict.unknowns}
    measures = tuple(measure for _, verdict in meant for measure in verdict.measures)
    return Verdict(subject, findings, tuple(unknowns.values()), measures)


def _of_uses(found: Sequence[tuple[Subject, Finding]], uses: int) -> Finding:
    """A finding with who uses its subject so that it holds."""
    use, finding = found[0]
    words = "; ".join(dict.fromkeys(each.seen_as for each, _ in found[:_SHOWN] if each.seen_as))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    if not words:
        return finding
    said = f"not everywhere: {words}{more}" if len(found) < uses else f"{words}{more}"
    return finding._replace(see=(*finding.see, Note(use, said)))


_SHOWN = 3  # uses that a finding names


def _judge_once(rule: Rule, subject: Subject, project: Project) -> Verdict | None:
    if not subject.there:
        return None
    try:
        if rule.where and not _call(rule.where, subject, project):
            return None
    except Unresolved as unresolved:
        return Verdict(subject, (), (_unknown(unresolved),))
    return _checked(rule, subject, project)


def _checked(rule: Rule, subject: Subject, project: Project) -> Verdict:
    """The verdict about a subject that the rule means."""
    findings: list[Finding] = []
    unknowns: list[Unknown] = []
    measures: list[Measure] = []
    answers = _call(rule.check, subject, project) or ()
    try:
        for answer in answers:
            if isinstance(answer, Finding):
                findings.append(_with_origins(subject, answer))
            elif isinstance(answer, Measure):
                measures.append(answer)
            else:
                unknowns.append(answer)
    except Unresolved as unresolved:
        unknowns.append(_unknown(unresolved))
    if not (findings or unknowns or measures or subject.measured):
        return Verdict(subject)  # nearly always
    if subject.measured and not findings and not unknowns and not any(measure.total > 0 for measure in measures):
        unknowns.append(Unknown(subject, "nothing was counted", Reason.EMPTY))
    return Verdict(subject, tuple(map(_withheld, findings)), tuple(map(_withheld, unknowns)), tuple(measures))


A = TypeVar("A", Finding, Unknown)


def _withheld(answer: A) -> A:
    """An answer whose words repeat no secret that somebody used for a name."""
    shown = without_secrets(answer.message)
    return answer if shown == answer.message else answer._replace(message=shown)


def _with_origins(subject: Subject, finding: Finding) -> Finding:
    at = place(finding.at)
    found = subject.origins(at.source, at.span)
    return finding._replace(see=(*finding.see, *(Note(node, words) for node, words in found))) if found else finding


def _call(function: Callable[..., T], subject: Subject, project: Project) -> T:
    return function(subject, project) if takes_project(function) else function(subject)


def _unknown(unresolved: Unresolved) -> Unknown:
    return Unknown(unresolved.node, str(unresolved), Reason.UNRESOLVED)


def _in_one_line(error: Exception) -> str:
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else "?"
    words = " ".join(str(error).split())[:200]
    return f"{type(error).__name__} at {where}: {words}"
