"""Outcomes to verdicts: the criteria of each gate, what each comes to, and whether the repository is ready."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from gatekeeper.engine import Outcome
from gatekeeper.links import deploys, remotely_made
from gatekeeper.models.files import File, Repository, Suppression
from gatekeeper.node import Fault
from gatekeeper.project import Project
from gatekeeper.rule import Place, Reason, Rule, place
from gatekeeper.waivers import Reported, at_least


class Status(StrEnum):
    """What a criterion or gate comes to, from best to worst; N/A stands outside the order."""

    PASS = "PASS"  # noqa: S105  # a status
    ATTESTED = "ATTESTED"
    WAIVED = "WAIVED"
    UNKNOWN = "UNKNOWN"
    ERROR = "ERROR"
    FAIL = "FAIL"
    NOT_APPLICABLE = "N/A"


_ORDER = [Status.PASS, Status.ATTESTED, Status.WAIVED, Status.UNKNOWN, Status.ERROR, Status.FAIL]


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of the applicable ones; N/A when none applies, UNKNOWN when there is none at all."""
    all_of_them = list(statuses)
    applicable = [status for status in all_of_them if status is not Status.NOT_APPLICABLE]
    if applicable:
        return max(applicable, key=_ORDER.index)
    return Status.NOT_APPLICABLE if all_of_them else Status.UNKNOWN


class Criterion(msgspec.Struct, frozen=True):
    """One question of a gate and its answer. `result` says n of m; `reason` why it is UNKNOWN, ERROR or N/A."""

    id: str
    statement: str
    status: Status
    result: str
    reason: str = ""
    proof: tuple[Place, ...] = ()
    advisories: int = 0
    next_step: str = ""
    judged: int = 0
    failed: int = 0


class Gate(msgspec.Struct, frozen=True):
    """A named question of the checklist, as good as the worst of its applicable criteria."""

    id: str
    title: str
    statement: str
    status: Status
    result: str
    criteria: tuple[Criterion, ...]
    required: bool


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """A criterion that no rule over files can settle: what it says, why it is open, and what would prove it."""

    id: str
    statement: str
    reason: Literal["no-evidence", "needs-human", "needs-api"]
    next: str
    applies: str = "deploys"


class Definition(msgspec.Struct, forbid_unknown_fields=True):
    """A gate as `gates.yaml` writes it. Rules join a gate by naming it; `criteria` are the others.

    `unknown_blocks` are the profiles in which an UNKNOWN of this gate stands in the way.
    """

    id: str
    title: str
    statement: str
    seed: str
    fails_at: Literal["low", "medium", "high", "critical"] = "high"
    unknown_blocks: list[str] = msgspec.field(default_factory=lambda: ["release"])
    criteria: list[Proof] = []


def load(path: Path) -> list[Definition]:
    """The gates of `gates.yaml`, in the order of the table. Raises msgspec.ValidationError when it is malformed."""
    from gatekeeper.node import Source
    from gatekeeper.parsers import yaml

    nodes, faults = yaml.parse(Source(path.name, path.read_text("utf-8")))
    if faults:
        raise ValueError(f"{path}:{faults[0].span.line}: {faults[0].message}")
    return msgspec.convert(nodes[0]["gates"].plain, list[Definition])


def judge(
    definitions: Sequence[Definition],
    outcomes: Sequence[Outcome],
    reported: Sequence[Reported],
    project: Project,
    profile: str,
    fail_on: str | None = None,
    *,
    only_rules: bool = False,
) -> list[Gate]:
    """Every gate that has criteria. `only_rules` leaves out those that need evidence or people."""
    gates = []
    for definition in definitions:
        fails_at = fail_on or definition.fails_at
        mine = [outcome for outcome in outcomes if outcome.rule.gate == definition.id]
        criteria = [_of_rule(outcome, reported, project, fails_at) for outcome in mine if _counts(outcome)]
        if not only_rules:
            criteria += [_of_proof(proof, project) for proof in definition.criteria]
        if criteria:
            status = worst(criterion.status for criterion in criteria)
            gates.append(
                Gate(
                    definition.id, definition.title, definition.statement, status,
                    _nothing(mine, criteria, project) if status is Status.NOT_APPLICABLE else _result(status, criteria),
                    tuple(criteria), profile in definition.unknown_blocks,
                )
            )  # fmt: skip
    return gates


def exit_code(gates: Sequence[Gate], faults: Sequence[Fault] = (), *, nothing_will_do: bool = False) -> int:
    """0 ready, 1 a gate fails, 3 nothing failed but it is not proven.

    That nothing applies proves nothing, unless whoever asks names files without knowing what they are: a hook does.
    """
    if any(gate.status is Status.FAIL for gate in gates):
        return 1
    open_gates = [g for g in gates if g.status is Status.ERROR or (g.required and g.status is Status.UNKNOWN)]
    nothing = not nothing_will_do and all(gate.status is Status.NOT_APPLICABLE for gate in gates)
    return 3 if open_gates or nothing or any(fault.reason == "tool-error" for fault in faults) else 0


def _counts(outcome: Outcome) -> bool:
    """A rule about suppressions says nothing where there are none: it is no criterion then."""
    return outcome.rule.subject is not Suppression or bool(outcome.judged)


class _Effect(NamedTuple):
    """A rule's findings by what they do to its gate."""

    blocking: list[Reported]
    waived: list[Reported]
    advisories: list[Reported]


def _effect(rule: Rule, reported: Sequence[Reported], fails_at: str) -> _Effect:
    effect = _Effect([], [], [])
    for each in reported:
        if each.rule.id == rule.id:
            grave = at_least(each.severity, fails_at)
            (effect.advisories if not grave else effect.waived if each.waiver else effect.blocking).append(each)
    return effect


class _Answer(NamedTuple):
    status: Status
    result: str
    reason: str = ""
    proof: tuple[Place, ...] = ()
    next_step: str = ""


def _of_rule(outcome: Outcome, reported: Sequence[Reported], project: Project, fails_at: str) -> Criterion:
    effect = _effect(outcome.rule, reported, fails_at)
    answer = _answer(outcome, effect, project)
    advisories = sum(1 for each in effect.advisories if not each.waiver)
    result = answer.result + _counted(advisories, "advisory", "advisories")
    result += f"; {len(effect.waived)} waived" if effect.waived else ""
    return Criterion(
        outcome.rule.id, outcome.rule.title, answer.status, result, answer.reason, answer.proof, advisories,
        answer.next_step, outcome.judged, _subjects(effect.blocking),
    )  # fmt: skip


def _answer(outcome: Outcome, effect: _Effect, project: Project) -> _Answer:
    """What a rule's outcome comes to. A fact that says no comes first, PASS and N/A only when nothing is open."""
    judged = outcome.judged
    if outcome.error:
        return _Answer(Status.ERROR, "the rule crashed", outcome.error)
    if effect.blocking:
        failed = f"{_subjects(effect.blocking)} of {judged} fail"
        return _Answer(Status.FAIL, failed, "", tuple(each.at for each in effect.blocking))
    obstacle = _obstacle(outcome.rule.technology, project)
    if obstacle and obstacle.reason == "tool-error":
        return _Answer(Status.ERROR, "a file could not be judged", obstacle.message, (_at(obstacle),))
    unknowns = [unknown for verdict in outcome.verdicts for unknown in verdict.unknowns]
    if unknowns:
        places = tuple(place(unknown.at) for unknown in unknowns)
        words = f"{outcome.unknown} of {judged} not known"
        return _Answer(Status.UNKNOWN, words, unknowns[0].reason.value, places, unknowns[0].message)
    if obstacle:
        words = f"{judged} judged, {obstacle.source.path}:{obstacle.span.line} is not readable"
        return _Answer(Status.UNKNOWN, words, obstacle.reason, (_at(obstacle),), obstacle.message)
    if effect.waived:
        ends = min(each.waiver.until or "" for each in effect.waived if each.waiver)
        return _Answer(Status.WAIVED, f"until {ends}", "", tuple(each.at for each in effect.waived))
    if judged:
        return _Answer(Status.PASS, f"{judged} of {judged}")
    remote = remotely_made(outcome.rule.subject, project)
    if remote:
        return _Answer(Status.UNKNOWN, "none is visible here", Reason.UNRESOLVED.value, (), remote)
    return _Answer(Status.NOT_APPLICABLE, _none(outcome, project), _none(outcome, project))


def _subjects(findings: Sequence[Reported]) -> int:
    return len({id(each.subject) for each in findings})


def _at(fault: Fault) -> Place:
    return Place(fault.source, fault.span)


def _counted(number: int, one: str, many: str) -> str:
    return f"; {number} {one if number == 1 else many}" if number else ""


def _none(outcome: Outcome, project: Project) -> str:
    """Why a rule has nothing to judge, with the number that proves it."""
    rule = outcome.rule
    if rule.subject is Repository:
        return deploys(project).proof
    if rule.subject is File:
        return f"none of {len(project.tree.paths)} files is judged"
    if outcome.candidates:
        return f"none of {outcome.candidates} {_plural(rule.subject.__name__, outcome.candidates)}"
    if rule.technology in project.technologies():
        return f"no {_plural(rule.subject.__name__, 1)} in {len(project.tree.paths)} files"
    return project.none_of([rule.technology])


def _plural(name: str, count: int) -> str:
    from re import sub

    words = sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    if count == 1:
        return words
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _obstacle(technology: str, project: Project) -> Fault | None:
    """A fault that keeps criteria of this technology from being proven; the gravest first."""
    table = project.once("obstacles", lambda project: {f.technology: f for f in sorted(project.faults, key=_gravity)})
    return table.get(technology)


def _gravity(fault: Fault) -> bool:
    return fault.reason == "tool-error"


def _of_proof(proof: Proof, project: Project) -> Criterion:
    applies, why = _applies(proof.applies, project)
    if not applies:
        return Criterion(proof.id, proof.statement, Status.NOT_APPLICABLE, why, why)
    return Criterion(
        proof.id, proof.statement, Status.UNKNOWN, "no proof", Reason(proof.reason).value, (), 0, proof.next
    )


def _applies(fact: str, project: Project) -> tuple[bool, str]:
    if fact == "always":
        return True, ""
    if fact == "deploys":
        answer = deploys(project)
        return answer.deploys, answer.proof
    present = fact in project.technologies()
    return present, "" if present else project.none_of([fact])


def _nothing(outcomes: Sequence[Outcome], criteria: Sequence[Criterion], project: Project) -> str:
    """The Result of a gate that does not apply: everything that its rules looked for, when none of it is here."""
    sought = {outcome.rule.technology for outcome in outcomes}
    if len(sought) > 1 and sought.isdisjoint(project.technologies()):
        return project.none_of(sorted(sought))
    return next((c.result for c in criteria if not c.result.startswith("0 of ")), criteria[0].result)


def _result(status: Status, criteria: Sequence[Criterion]) -> str:
    """The Result column: n of m, and which criterion decided."""
    deciding = [criterion for criterion in criteria if criterion.status is status]
    applicable = [criterion for criterion in criteria if criterion.status is not Status.NOT_APPLICABLE]
    judged = sum(criterion.judged for criterion in applicable)
    failed = sum(criterion.failed for criterion in applicable)
    advisories = sum(criterion.advisories for criterion in applicable)
    more = _counted(advisories, "advisory", "advisories")
    first = deciding[0]
    others = f" +{len(deciding) - 1}" if len(deciding) > 1 else ""
    if status is Status.FAIL:
        return f"{failed} of {judged} checks fail: {first.id}{others}"
    if status in (Status.UNKNOWN, Status.ERROR):
        reasons = ", ".join(sorted({c.reason for c in deciding})) if status is Status.UNKNOWN else first.reason
        return f"{len(deciding)} of {len(applicable)} criteria open: {reasons}{more}"
    if status is Status.WAIVED:
        return f"{first.id} {first.result}{others}{more}"
    return f"{judged} of {judged} checks pass{more}"
