"""Outcomes to verdicts: the criteria of each gate, what each comes to, and whether the repository is ready."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from gatekeeper.engine import Outcome
from gatekeeper.links import deploys
from gatekeeper.models import absence
from gatekeeper.models.files import File, Repository, Suppression
from gatekeeper.node import Fault
from gatekeeper.project import Project
from gatekeeper.rule import Place, Reason
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


def exit_code(gates: Sequence[Gate], faults: Sequence[Fault] = (), profile: str = "release") -> int:
    """0 ready, 1 a gate fails, 3 nothing failed but it is not proven."""
    if any(gate.status is Status.FAIL for gate in gates):
        return 1
    open_gates = [g for g in gates if g.status is Status.ERROR or (g.required and g.status is Status.UNKNOWN)]
    nothing = all(gate.status is Status.NOT_APPLICABLE for gate in gates)
    return 3 if open_gates or nothing or any(fault.reason == "tool-error" for fault in faults) else 0


def _counts(outcome: Outcome) -> bool:
    """A rule about suppressions says nothing where there are none: it is no criterion then."""
    return outcome.rule.subject is not Suppression or bool(outcome.judged)


def _of_rule(outcome: Outcome, reported: Sequence[Reported], project: Project, fails_at: str) -> Criterion:
    rule = outcome.rule
    mine = [each for each in reported if each.rule.id == rule.id]
    blocking = [each for each in mine if not each.waiver and at_least(each.severity, fails_at)]
    waived = [each for each in mine if each.waiver and at_least(each.severity, fails_at)]
    advisories = [each for each in mine if not each.waiver and not at_least(each.severity, fails_at)]
    unknowns = [unknown for verdict in outcome.verdicts for unknown in verdict.unknowns]
    failed = len({id(each.subject) for each in blocking})

    def answer(
        status: Status, result: str, reason: str = "", proof: Sequence[Place] = (), next_step: str = ""
    ) -> Criterion:
        more = f"; {len(advisories)} advisories" if len(advisories) > 1 else "; 1 advisory" if advisories else ""
        more += f"; {len(waived)} waived" if waived else ""
        return Criterion(
            rule.id, rule.title, status, result + more, reason, tuple(proof), len(advisories), next_step,
            outcome.judged, failed,
        )  # fmt: skip

    if outcome.error:
        return answer(Status.ERROR, "the rule crashed", outcome.error)
    if blocking:
        return answer(Status.FAIL, f"{failed} of {outcome.judged} fail", "", [each.at for each in blocking])
    obstacle = _obstacle(rule.technology, project)
    if obstacle and obstacle.reason == "tool-error":
        return answer(
            Status.ERROR, "a file could not be judged", obstacle.message, [Place(obstacle.source, obstacle.span)]
        )
    if unknowns:
        from gatekeeper.rule import place

        first = unknowns[0]
        return answer(
            Status.UNKNOWN, f"{outcome.unknown} of {outcome.judged} not known", first.reason.value,
            [place(unknown.at) for unknown in unknowns], first.message,
        )  # fmt: skip
    if obstacle:
        where = f"{obstacle.source.path}:{obstacle.span.line}"
        result = f"{outcome.judged} judged, {where} is not readable"
        return answer(
            Status.UNKNOWN, result, obstacle.reason, [Place(obstacle.source, obstacle.span)], obstacle.message
        )
    if waived:
        ends = min(each.waiver.until or "" for each in waived if each.waiver)
        return answer(Status.WAIVED, f"until {ends}", "", [each.at for each in waived])
    if outcome.judged:
        return answer(Status.PASS, f"{outcome.judged} of {outcome.judged}")
    return answer(Status.NOT_APPLICABLE, _none(outcome, project), _none(outcome, project))


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
    return absence([rule.technology], len(project.tree.paths))


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
    return present, "" if present else absence([fact], len(project.tree.paths))


def _nothing(outcomes: Sequence[Outcome], criteria: Sequence[Criterion], project: Project) -> str:
    """The Result of a gate that does not apply: everything that its rules looked for, when none of it is here."""
    sought = {outcome.rule.technology for outcome in outcomes}
    if len(sought) > 1 and sought.isdisjoint(project.technologies()):
        return absence(sorted(sought), len(project.tree.paths))
    return next((c.result for c in criteria if not c.result.startswith("0 of ")), criteria[0].result)


def _result(status: Status, criteria: Sequence[Criterion]) -> str:
    """The Result column: n of m, and which criterion decided."""
    deciding = [criterion for criterion in criteria if criterion.status is status]
    applicable = [criterion for criterion in criteria if criterion.status is not Status.NOT_APPLICABLE]
    judged = sum(criterion.judged for criterion in applicable)
    failed = sum(criterion.failed for criterion in applicable)
    advisories = sum(criterion.advisories for criterion in applicable)
    more = f"; {advisories} advisories" if advisories > 1 else "; 1 advisory" if advisories else ""
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
