"""Every rule to every subject it selects. What a rule found, among how many, and what it could not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from gatekeeper.models import Subject
from gatekeeper.node import Unresolved
from gatekeeper.project import Project
from gatekeeper.rule import Finding, Measure, Reason, Rule, Unknown, takes_project

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
        verdicts = [verdict for subject in candidates if (verdict := _judge(rule, subject, project))]
    except RecursionError:
        return Outcome(rule, (), len(candidates), "RecursionError: something here nests too deeply for this rule")
    except Exception as error:  # whatever a rule does wrong costs this rule alone, and shows as ERROR
        return Outcome(rule, (), len(candidates), _in_one_line(error))
    return Outcome(rule, tuple(verdicts), len(candidates))


def _judge(rule: Rule, subject: Subject, project: Project) -> Verdict | None:
    try:
        if rule.where and not _call(rule.where, subject, project):
            return None
    except Unresolved as unresolved:
        return Verdict(subject, (), (_unknown(unresolved),))
    findings: list[Finding] = []
    unknowns: list[Unknown] = []
    measures: list[Measure] = []
    answers = _call(rule.check, subject, project) or ()
    try:
        for answer in answers:
            if isinstance(answer, Finding):
                findings.append(answer)
            elif isinstance(answer, Measure):
                measures.append(answer)
            else:
                unknowns.append(answer)
    except Unresolved as unresolved:
        unknowns.append(_unknown(unresolved))
    if subject.measured and not findings and not unknowns and not any(measure.total > 0 for measure in measures):
        unknowns.append(Unknown(subject, "nothing was counted", Reason.EMPTY))
    return Verdict(subject, tuple(findings), tuple(unknowns), tuple(measures))


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
