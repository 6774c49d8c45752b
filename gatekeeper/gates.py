"""Outcomes to verdicts: the criteria of each gate, what each comes to, and whether the repository is ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from gatekeeper import waivers
from gatekeeper.discover import Unreadable
from gatekeeper.engine import Outcome
from gatekeeper.links import deploys, remotely_made
from gatekeeper.links.attested import attested
from gatekeeper.models.attestations import Attestation
from gatekeeper.models.evidence import Revision
from gatekeeper.models.files import File, Repository
from gatekeeper.models.pipeline_files import tool_of
from gatekeeper.models.waivers import Excuse
from gatekeeper.node import Fault, Node, Source
from gatekeeper.project import Project
from gatekeeper.rule import Measure, Place, Reason, Rule, Unknown, place
from gatekeeper.settings import Owned
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
    """One question of a gate and its answer. `result` says n of m; `reason` why it is UNKNOWN, ERROR or N/A.

    `excused` counts waived findings that would fail it. `basis` is what the answer rests on, `beneath` what it would be
    without its waiver or attestation, which hold `until` then. `light` says that its findings are advisories.
    """

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
    excused: int = 0
    basis: Literal["static", "evidence", "attested", "nothing"] = "static"
    measures: tuple[Measure, ...] = ()
    attested: Attestation | None = None
    waiver: Excuse | None = None
    until: str = ""
    beneath: Status | None = None
    light: bool = False

    @property
    def weighs(self) -> bool:
        """Whether its gate depends on it: what is not known does, unless no answer would make a difference."""
        return not (self.light and self.status is Status.UNKNOWN)

    @property
    def told(self) -> str:
        """What rules about claims and attestations are told: what is waived is so whatever else is open."""
        hidden = self.excused and self.status not in (Status.FAIL, Status.ERROR)
        return (Status.WAIVED if hidden else self.status).value

    @property
    def open(self) -> bool:
        """Whether it is not proven, or denied by a person: no finding speaks of it then."""
        denied = self.status is Status.FAIL and self.basis == "attested"
        return denied or self.status in (Status.UNKNOWN, Status.ERROR)


class Gate(msgspec.Struct, frozen=True):
    """A named question of the checklist, as good as the worst of its applicable criteria."""

    id: str
    title: str
    statement: str
    status: Status
    result: str
    criteria: tuple[Criterion, ...]
    required: bool

    @property
    def told(self) -> str:
        told = {criterion.told for criterion in self.criteria}
        return next((each.value for each in (Status.FAIL, Status.WAIVED) if each.value in told), self.status.value)


class Attested(msgspec.Struct, forbid_unknown_fields=True):
    """That a person's dated statement is accepted: for how many days at most, and whether it must be of this commit."""

    days: int
    this_commit: bool = False


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A criterion as `gates.yaml` writes it: whom it is asked of, and what is accepted as proof.

    With the id of a rule it says what else can settle that rule's question; without one, only people can. `level` is
    the least strict level of service that is asked (C asks every service). `evidence` names formats.
    """

    id: str
    statement: str = ""
    seed: str = ""
    applies: str = "deploys"
    level: Literal["A", "B", "C"] = "C"
    owned: Owned | None = None
    evidence: list[str] = []
    attest: Attested | None = None
    next: str = ""


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
    criteria: list[Asked] = []


def load(path: Path) -> list[Definition]:
    """The gates of `gates.yaml`, in the order of the table. Raises msgspec.ValidationError when it is malformed."""
    return msgspec.convert(_parsed(path)[0]["gates"].plain, list[Definition])


@lru_cache(maxsize=1)  # checklists and the table both read it
def _parsed(path: Path) -> list[Node]:
    from gatekeeper.parsers import yaml

    nodes, faults = yaml.parse(Source(path.name, path.read_text("utf-8")))
    if faults:
        raise ValueError(f"{path}:{faults[0].span.line}: {faults[0].message}")
    return nodes


def names(home: Path, more: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The names by which checklists speak of gates and criteria, in lower case, and which they mean by each."""
    from gatekeeper.models.claims import folded

    table: dict[str, list[str]] = {folded(words): [meant] for words, meant in more.items()}
    [listed] = _parsed(home / "claims.yaml")
    for meant, each in listed.items():
        for words in each:
            table.setdefault(folded(words.text), []).append(meant)
    for definition in load(home / "gates.yaml"):
        table.setdefault(folded(definition.title), []).append(definition.id)
    return {words: tuple(dict.fromkeys(meant)) for words, meant in table.items()}


LEVELS = "CBA"  # from the least strict to the strictest


class Scope(msgspec.Struct, frozen=True):
    """What is asked at all: criteria of which gates, and which were left out, by profile or by level of service."""

    definitions: tuple[Definition, ...]
    evidence: bool  # whether evidence is asked for
    people: bool  # whether people are
    left_out: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()

    def asked(self) -> dict[str, Asked]:
        return {asked.id: asked for definition in self.definitions for asked in definition.criteria}


def scope(definitions: Sequence[Definition], profile: str, level: str, *, only_rules: bool = False) -> Scope:
    """What a profile asks of a service of that level: pre-commit only the files, pull-request also evidence, release
    everything. `only_rules` for a selection of rules, which people cannot answer."""
    every = [asked for definition in definitions for asked in definition.criteria]
    strict = LEVELS.index("A" if only_rules else level)
    too_strict = {asked.id for asked in every if LEVELS.index(asked.level) > strict}
    evidence = profile != "pre-commit"
    people = profile == "release" and not only_rules
    left_out = {asked.id for asked in every if asked.statement and not (evidence if asked.evidence else people)}
    kept = tuple(
        msgspec.structs.replace(definition, criteria=[a for a in definition.criteria if a.id not in too_strict])
        for definition in definitions
    )
    return Scope(kept, evidence, people, tuple(sorted(left_out - too_strict)), tuple(sorted(too_strict)))


def applicable(rules: Iterable[Rule], what: Scope, project: Project) -> tuple[list[Rule], list[Outcome]]:
    """The rules that are to run, and the outcomes of those over evidence that this repository has no need of."""
    asked = what.asked()
    run: list[Rule] = []
    idle: list[Outcome] = []
    for rule in rules:
        entry = asked.get(rule.id) if rule.subject is Revision else None
        if entry and not _applies(entry.applies, project).applies:
            idle.append(Outcome(rule))
        else:
            run.append(rule)
    return run, idle


def judge(
    what: Scope,
    outcomes: Sequence[Outcome],
    reported: Sequence[Reported],
    project: Project,
    profile: str,
    fail_on: str | None = None,
) -> list[Gate]:
    """Every gate that has criteria."""
    asked = what.asked()
    ruled = {outcome.rule.id for outcome in outcomes}
    of_rule: dict[str, list[Reported]] = {}
    for each in reported:
        of_rule.setdefault(each.rule.id, []).append(each)
    gates = []
    for definition in what.definitions:
        fails_at = fail_on or definition.fails_at
        mine = [outcome for outcome in outcomes if outcome.rule.gate == definition.id and _counts(outcome)]
        criteria = [
            _of_rule(outcome, of_rule.get(outcome.rule.id, []), project, fails_at, asked.get(outcome.rule.id))
            for outcome in mine
        ]
        if what.people:
            criteria += [_of_people(each, project) for each in definition.criteria if _for_people(each, ruled)]
        criteria = [_excused(criterion, project) for criterion in criteria]
        if criteria:
            status = _of_all(criteria)
            gates.append(
                Gate(
                    definition.id, definition.title, definition.statement, status,
                    _nothing(mine, criteria, project) if status is Status.NOT_APPLICABLE else _result(status, criteria),
                    tuple(criteria), profile in definition.unknown_blocks,
                )
            )  # fmt: skip
    return gates


def _of_all(criteria: Sequence[Criterion]) -> Status:
    """A gate's status: the worst of what it depends on. Where that is nothing, what is not known stays so."""
    weighing = [criterion.status for criterion in criteria if criterion.weighs]
    status = worst(weighing)
    return Status.UNKNOWN if status is Status.NOT_APPLICABLE and len(weighing) < len(criteria) else status


def exit_code(
    gates: Sequence[Gate],
    faults: Sequence[Fault] = (),
    *,
    nothing_will_do: bool = False,
    nothing_read: bool = False,
    waived_blocks: bool = False,
) -> int:
    """0 ready, 1 a gate fails, 3 nothing failed but it is not proven.

    That nothing applies, or that nothing was read and files were only searched, proves nothing, unless whoever asks
    names files without knowing what they are: a hook does.
    """
    if any(gate.status is Status.FAIL for gate in gates):
        return 1
    if waived_blocks and any(c.excused or c.status is Status.WAIVED for gate in gates for c in gate.criteria):
        return 1
    open_gates = [g for g in gates if g.status is Status.ERROR or (g.required and g.status is Status.UNKNOWN)]
    idle = nothing_read or all(gate.status is Status.NOT_APPLICABLE for gate in gates)
    nothing = idle and not nothing_will_do
    return 3 if open_gates or nothing or any(fault.reason == "tool-error" for fault in faults) else 0


def _counts(outcome: Outcome) -> bool:
    """A rule about excuses, attestations or claims says nothing where there are none: it is no criterion then."""
    return not outcome.rule.subject.late or bool(outcome.judged or outcome.error)


def _for_people(asked: Asked, ruled: set[str]) -> bool:
    return bool(asked.statement) and not asked.evidence and asked.id not in ruled


class _Effect(NamedTuple):
    """A rule's findings by what they do to its gate."""

    blocking: list[Reported]
    waived: list[Reported]
    advisories: list[Reported]


def _effect(rule: Rule, reported: Sequence[Reported], fails_at: str) -> _Effect:
    effect = _Effect([], [], [])
    for each in reported:
        # Evidence has thresholds of its own: what misses one is no advisory.
        grave = rule.subject is Revision or at_least(each.severity, fails_at)
        (effect.advisories if not grave else effect.waived if each.waiver else effect.blocking).append(each)
    return effect


def _light(rule: Rule, project: Project, fails_at: str) -> bool:
    """Whether whatever the rule finds is an advisory. Rules over what others graded may report anything."""
    changed = project.settings.rules.get(rule.id)
    severity = (changed and changed.severity) or rule.severity
    return not (rule.subject.late or rule.subject.measured or at_least(severity, fails_at))


class _Answer(NamedTuple):
    status: Status
    result: str
    reason: str = ""
    proof: tuple[Place, ...] = ()
    next_step: str = ""


def _of_rule(
    outcome: Outcome, reported: Sequence[Reported], project: Project, fails_at: str, asked: Asked | None
) -> Criterion:
    rule = outcome.rule
    statement = (asked and asked.statement) or rule.title
    if asked and rule.subject is Revision and not outcome.judged and not outcome.error:
        return _of_no_use(rule.id, statement, _applies(asked.applies, project), asked.applies, project)
    effect = _effect(rule, reported, fails_at)
    answer = _answer(outcome, effect, project)
    advisories = sum(1 for each in effect.advisories if not each.waiver)
    result = answer.result + _counted(advisories, "advisory", "advisories")
    result += f"; {len(effect.waived)} waived" if effect.waived else ""
    next_step = answer.next_step
    if asked and answer.reason == Reason.NO_EVIDENCE:
        next_step = asked.next or next_step
    measures = tuple(measure for verdict in outcome.verdicts for measure in verdict.measures)
    criterion = Criterion(
        rule.id, statement, answer.status, result, answer.reason, answer.proof, advisories,
        next_step, outcome.judged, _subjects(effect.blocking), len(effect.waived),
        "evidence" if rule.subject is Revision or measures else "static", measures,
        beneath=Status.FAIL if answer.status is Status.WAIVED else None, light=_light(rule, project, fails_at),
    )  # fmt: skip
    return _by_people(criterion, asked, project) if asked else criterion


def _answer(outcome: Outcome, effect: _Effect, project: Project) -> _Answer:
    """What a rule's outcome comes to. A fact that says no comes first, PASS and N/A only when nothing is open."""
    judged = outcome.judged
    counted = _words([measure for verdict in outcome.verdicts for measure in verdict.measures])
    if outcome.error:
        return _Answer(Status.ERROR, "the rule crashed", outcome.error)
    if effect.blocking:
        failed = counted or f"{_subjects(effect.blocking)} of {judged} fail"
        return _Answer(Status.FAIL, failed, "", tuple(each.at for each in effect.blocking))
    obstacle = _obstacle(outcome.rule, project)
    if obstacle and obstacle.reason == "tool-error":
        return _Answer(Status.ERROR, "a file could not be judged", obstacle.message, (_at(obstacle),))
    unknowns = [unknown for verdict in outcome.verdicts for unknown in verdict.unknowns]
    if unknowns:
        return _not_known(outcome, unknowns, counted)
    if obstacle:
        words = f"{judged} judged, {obstacle.source.path}:{obstacle.span.line} is not readable"
        return _Answer(Status.UNKNOWN, words, obstacle.reason, (_at(obstacle),), obstacle.message)
    if effect.waived:
        ends = min(str(each.waiver.end) for each in effect.waived if each.waiver)
        return _Answer(Status.WAIVED, f"until {ends}", "", tuple(each.at for each in effect.waived))
    if judged:
        return _Answer(Status.PASS, counted or f"{judged} of {judged}")
    excluded = _left_out(outcome.rule.subject.held_by(), project)
    if excluded:
        return _Answer(Status.UNKNOWN, "none is judged", Reason.UNREADABLE.value, (), excluded)
    remote = remotely_made(outcome.rule.subject, project)
    if remote:
        return _Answer(Status.UNKNOWN, "none is visible here", Reason.UNRESOLVED.value, (), remote)
    return _Answer(Status.NOT_APPLICABLE, _none(outcome, project), _none(outcome, project))


def _not_known(outcome: Outcome, unknowns: Sequence[Unknown], counted: str) -> _Answer:
    first = next((each for each in unknowns if each.reason not in _FOR_PEOPLE), unknowns[0])
    words = f"{outcome.unknown} of {outcome.judged} not known"
    if outcome.rule.subject.measured:
        words = "no evidence" if first.reason is Reason.NO_EVIDENCE else f"{len(unknowns)} not proven"
    words = f"{counted}; {words}" if counted else words
    places = tuple(place(unknown.at) for unknown in unknowns)
    return _Answer(Status.UNKNOWN, words, first.reason.value, places, first.message)


def _words(measures: Sequence[Measure]) -> str:
    """What was counted, for the Result column."""
    shown = "; ".join(dict.fromkeys(measure.words for measure in measures[:3]))
    return f"{shown}; {len(measures) - 3} more" if len(measures) > 3 else shown


# What a person's word can settle: what no file can show. Not what is broken, missing, or of something else.
_FOR_PEOPLE = {
    Reason.NEEDS_HUMAN, Reason.NEEDS_API, Reason.NOT_OWNED_HERE, Reason.UNRESOLVED, Reason.TEMPLATE_UNRENDERED,
    Reason.UNSUPPORTED_TOOL, Reason.NO_EVIDENCE,
}  # fmt: skip


def _of_people(asked: Asked, project: Project) -> Criterion:
    """A criterion that only people can answer."""
    applies = _applies(asked.applies, project)
    if not applies.applies:
        return _of_no_use(asked.id, asked.statement, applies, asked.applies, project)
    where = project.settings.elsewhere.get(asked.owned) if asked.owned else None
    reason = Reason.NOT_OWNED_HERE if where else Reason.NEEDS_HUMAN
    next_step = f"it is elsewhere ({where.where}); {asked.next}" if where else asked.next
    nobody = Criterion(
        asked.id, asked.statement, Status.UNKNOWN, "nobody attests it", reason.value, next_step=next_step,
        basis="nothing",
    )  # fmt: skip
    return _by_people(nobody, asked, project)


def _by_people(criterion: Criterion, asked: Asked, project: Project) -> Criterion:
    """The criterion with what people attest. A fact that says no stays; so does what a person's word cannot settle."""
    if asked.attest is None:
        return criterion
    standings = attested(asked.id, project, asked.attest.days, this_commit=asked.attest.this_commit)
    denied = next((each for each in standings if each.tampered or (each.holds and not each.attestation.met)), None)
    if denied:
        words = denied.words if denied.tampered else f"attested as not met by {denied.attestation.by}"
        at = (place(denied.attestation),)
        return replace(criterion, status=Status.FAIL, result=words, reason="", proof=at, basis="attested", next_step="")
    if criterion.status is not Status.UNKNOWN or criterion.reason not in _FOR_PEOPLE:
        return criterion
    holding = next((each.attestation for each in standings if each.holds), None)
    unsettled = next((each for each in standings if each.untold and not each.attestation.met), None)
    if holding and not unsettled:
        until = str(holding.last_day(asked.attest.days))
        words = f"attested {holding.on} by {holding.by}, until {until}"
        return replace(
            criterion, status=Status.ATTESTED, result=words, reason="", proof=(place(holding),), next_step="",
            basis="attested", attested=holding, beneath=Status.UNKNOWN, until=until,
        )  # fmt: skip
    if standings:
        last = unsettled or standings[0]
        return replace(
            criterion, result="an attestation that does not hold", reason=last.reason, proof=(place(last.attestation),),
            next_step=f"{last.words}; {asked.next}",
        )  # fmt: skip
    return criterion


def _excused(criterion: Criterion, project: Project) -> Criterion:
    """The criterion under a live waiver of its own, which excuses neither a crash nor a finding that is too grave."""
    if criterion.status not in (Status.UNKNOWN, Status.FAIL) or criterion.failed:
        return criterion
    excuse = waivers.excuse_of(criterion.id, project)
    if excuse is None:
        return criterion
    words = f"{criterion.result}; waived until {excuse.end}"
    return replace(
        criterion, status=Status.WAIVED, result=words, waiver=excuse, beneath=criterion.status, until=str(excuse.end)
    )


def _subjects(findings: Sequence[Reported]) -> int:
    return len({id(subject) for each in findings for subject in each.subjects})


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
    holders = rule.subject.held_by()
    if not project.technologies().isdisjoint(holders):
        return f"no {_plural(rule.subject.__name__, 1)} in {len(project.tree.paths)} files"
    return project.none_of(holders)


def _plural(name: str, count: int) -> str:
    from re import sub

    words = sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    if count == 1:
        return words
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _obstacle(rule: Rule, project: Project) -> Fault | None:
    """A fault that keeps the criterion of a rule from being proven; the gravest first."""
    table = project.once("obstacles", lambda project: {f.technology: f for f in sorted(project.faults, key=_gravity)})
    if rule.id.startswith(_ONE_TOOL) and not table.keys().isdisjoint(("pipeline", "kubernetes")):
        tool = rule.id.partition("-")[0]  # what the file of another tool says is not its question
        table = {f.technology: f for f in sorted(project.faults, key=_gravity) if _may_be_of(f, tool)}
    found = [table[technology] for technology in rule.subject.held_by() if technology in table]
    return max(found, key=_gravity, default=None)


_ONE_TOOL = ("github-", "gitlab-", "jenkins-", "argocd-")


def _may_be_of(fault: Fault, tool: str) -> bool:
    """Whether the file that cannot be read may be one of a tool: by its path, and for Argo CD by a word in it."""
    if tool == "argocd":
        try:
            return fault.reason != "template-unrendered" or "argo" in fault.source.text.lower()
        except Unreadable:
            return True
    named = tool_of(fault.source.path).lower()
    return not named or named.startswith(tool)


def _gravity(fault: Fault) -> bool:
    return fault.reason == "tool-error"


class _Applies(NamedTuple):
    """Whether a criterion applies, None when that cannot be told; and why not."""

    applies: bool | None
    why: str = ""


_DEPLOYED = ("kubernetes", "terraform", "cloudformation", "docker", "pipeline")


def _applies(fact: str, project: Project) -> _Applies:
    if fact == "always":
        return _Applies(True)
    if fact == "deploys":
        answer = deploys(project)
        return _Applies(True) if answer.deploys else _Applies(_unless_excluded(_DEPLOYED, project), answer.proof)
    if fact in project.technologies():
        return _Applies(True)
    return _Applies(_unless_excluded([fact], project), project.none_of([fact]))


def _unless_excluded(technologies: Iterable[str], project: Project) -> bool | None:
    return None if _left_out(technologies, project) else False


def _left_out(technologies: Iterable[str], project: Project) -> str:
    """In words, which file of a technology the settings leave out; '' when there is none."""
    path = next((project.excluded[each] for each in technologies if each in project.excluded), "")
    return f"{path} is excluded by the settings: nobody can tell" if path else ""


def _of_no_use(id: str, statement: str, applies: _Applies, fact: str, project: Project) -> Criterion:
    """A criterion that does not apply; UNKNOWN where what it is about is excluded from judgement."""
    if applies.applies is False:
        return Criterion(id, statement, Status.NOT_APPLICABLE, applies.why, applies.why, basis="nothing")
    words = _left_out(_DEPLOYED if fact == "deploys" else [fact], project)
    reason = Reason.UNREADABLE.value
    return Criterion(id, statement, Status.UNKNOWN, "not judged", reason, next_step=words, basis="nothing")


def _nothing(outcomes: Sequence[Outcome], criteria: Sequence[Criterion], project: Project) -> str:
    """The Result of a gate that does not apply: that no job deploys, or what its rules looked for in vain."""
    proof = deploys(project).proof
    if "pipeline" in project.technologies() and any(criterion.result == proof for criterion in criteria):
        return proof
    holders = {technology for outcome in outcomes for technology in outcome.rule.subject.held_by()}
    sought = holders - {"files", "evidence"}
    if sought and sought.isdisjoint(project.technologies()):
        return project.none_of(sorted(sought))
    return next((c.result for c in criteria if not c.result.startswith("0 of ")), criteria[0].result)


def _result(status: Status, criteria: Sequence[Criterion]) -> str:
    """The Result column: what was counted, n of m, and which criterion decided."""
    deciding = [criterion for criterion in criteria if criterion.status is status]
    applicable = [criterion for criterion in criteria if criterion.status is not Status.NOT_APPLICABLE]
    more = _counted(sum(criterion.advisories for criterion in applicable), "advisory", "advisories")
    more += _counted(sum(not each.weighs for each in criteria), "advisory not known", "advisories not known")
    first = deciding[0]
    others = f" +{len(deciding) - 1}" if len(deciding) > 1 else ""
    if status is Status.FAIL:
        return _failing(deciding, applicable) + others
    if status in (Status.UNKNOWN, Status.ERROR):
        reasons = ", ".join(sorted({c.reason for c in deciding})) if status is Status.UNKNOWN else first.reason
        return f"{len(deciding)} of {len(applicable)} criteria open: {reasons}{more}"
    if status is Status.WAIVED:
        return f"{first.id} {first.result}{others}{more}"
    return "; ".join([*_passing(applicable), *_by_word(deciding)]) + more


def _passing(applicable: Sequence[Criterion]) -> Iterator[str]:
    passed = [criterion for criterion in applicable if criterion.status is Status.PASS]
    for criterion in passed:
        if criterion.measures:
            yield _words(criterion.measures)
    judged = sum(criterion.judged for criterion in passed if not criterion.measures)
    if judged:
        yield f"{judged} of {judged} checks pass"


def _by_word(deciding: Sequence[Criterion]) -> Iterator[str]:
    """What rests on people's word alone, and when the first of it ends."""
    words = [criterion for criterion in deciding if criterion.attested]
    if len(words) == 1:
        yield f"{words[0].id} {words[0].result}"
    elif words:
        yield f"{len(words)} attested, the first until {min(criterion.until for criterion in words)}"


def _failing(deciding: Sequence[Criterion], applicable: Sequence[Criterion]) -> str:
    first = deciding[0]
    if first.basis != "static":
        return f"{first.id}: {first.result}"
    files = [criterion for criterion in applicable if criterion.basis == "static"]
    judged = sum(criterion.judged for criterion in files)
    failed = sum(criterion.failed for criterion in files)
    return f"{failed} of {judged} checks fail: {first.id}"
