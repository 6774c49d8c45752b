"""Which findings are excused, by whom and until when; and which excuses are no longer any good.

`# gatekeeper: ignore[rule-id] until=2027-03-31 -- reason` behind a line or above a statement; `ignore-file[...]`
anywhere in a file. A waived finding stays in every output. An excuse without a reason or an end does not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from gatekeeper.engine import Outcome, Verdict
from gatekeeper.models import Subject
from gatekeeper.models.files import Suppression
from gatekeeper.project import Project
from gatekeeper.rule import SEVERITIES, Finding, Place, Rule, place


class Reported(msgspec.Struct, frozen=True):
    """A finding as it is reported: by which rule, about what, how grave here, and whether it is waived."""

    rule: Rule
    subject: Subject
    finding: Finding
    severity: str
    fingerprint: str
    waiver: Suppression | None = None

    @property
    def at(self) -> Place:
        return place(self.finding.at)


def settle(outcomes: Sequence[Outcome], project: Project, known: Iterable[str]) -> tuple[list[Outcome], list[Reported]]:
    """Findings with their waivers, and the outcomes with what is wrong about the waivers themselves.

    `known` are the ids that a suppression may name: those of every rule there is, and their aliases.
    """
    suppressions = [s for s in project.all(Suppression) if not s.problem(project.today)]
    used: set[int] = set()
    reported = list(_report(outcomes, project, suppressions, used))
    extra = list(_complaints(suppressions, used, outcomes, set(known)))
    if not extra:
        return list(outcomes), reported
    outcomes = [_with(outcome, extra) if outcome.rule.subject is Suppression else outcome for outcome in outcomes]
    about_waivers = [outcome for outcome in outcomes if outcome.rule.subject is Suppression]
    others = [each for each in reported if each.rule.subject is not Suppression]
    return outcomes, [*others, *_report(about_waivers, project, (), used)]


def _report(
    outcomes: Iterable[Outcome], project: Project, suppressions: Sequence[Suppression], used: set[int]
) -> Iterable[Reported]:
    seen: dict[str, int] = {}
    for outcome in outcomes:
        rule = outcome.rule
        overridden = project.settings.rules.get(rule.id)
        severity = (overridden and overridden.severity) or rule.severity
        for subject, finding in outcome.findings():
            waiver = next((s for s in suppressions if _covers(s, rule, subject, finding)), None)
            if waiver:
                used.add(id(waiver))
            yield Reported(rule, subject, finding, severity, _fingerprint(rule, subject, finding, seen), waiver)


def _covers(suppression: Suppression, rule: Rule, subject: Subject, finding: Finding) -> bool:
    at = place(finding.at)
    if at.source.path != suppression.path or not ({rule.id, *rule.aliases} & set(suppression.rules)):
        return False
    if suppression.whole_file:
        return True
    begins = subject.span.line if subject.path == suppression.path else 0
    return at.span.line <= suppression.line <= at.span.end_line or suppression.line == begins


def _complaints(
    suppressions: Sequence[Suppression], used: set[int], outcomes: Sequence[Outcome], known: set[str]
) -> Iterable[tuple[Suppression, Finding]]:
    judged = {name for outcome in outcomes if not outcome.error for name in (outcome.rule.id, *outcome.rule.aliases)}
    for suppression in suppressions:
        strange = [name for name in suppression.rules if name not in known]
        if strange:
            yield suppression, Finding(suppression.node, f"no rule is called {', '.join(strange)}")
        elif id(suppression) not in used and judged.issuperset(suppression.rules):
            yield (
                suppression,
                Finding(suppression.node, f"suppresses nothing: {', '.join(suppression.rules)} finds nothing here"),
            )


def _with(outcome: Outcome, extra: Sequence[tuple[Suppression, Finding]]) -> Outcome:
    verdicts = []
    for verdict in outcome.verdicts:
        more = tuple(finding for suppression, finding in extra if suppression is verdict.subject)
        verdicts.append(Verdict(verdict.subject, verdict.findings + more, verdict.unknowns) if more else verdict)
    return msgspec.structs.replace(outcome, verdicts=tuple(verdicts))


def _fingerprint(rule: Rule, subject: Subject, finding: Finding, seen: dict[str, int]) -> str:
    """Free of line numbers, so that it survives edits elsewhere in the file; equal findings are counted."""
    parts = (rule.id, place(finding.at).source.path, subject.name, finding.message)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}-{seen[digest]}"


def at_least(severity: str, threshold: str) -> bool:
    """Whether a severity reaches the threshold; `off` never does."""
    return severity in SEVERITIES and SEVERITIES.index(severity) >= SEVERITIES.index(threshold)
