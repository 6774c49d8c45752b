"""Which findings are excused, by whom and until when; and which excuses are no longer any good.

An excuse is a comment (`# gatekeeper: ignore[rule-id] until=2027-01-31 -- reason`), a waiver in the settings, or a line
of the baseline. It reaches findings, and a waiver also a criterion as a whole; what crashed is excused by nobody. A
waived finding stays in every output.
"""

from __future__ import annotations

import datetime
import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.engine import Outcome, Verdict
from gatekeeper.globs import covers
from gatekeeper.models import Subject
from gatekeeper.models.evidence import Analysed
from gatekeeper.models.waivers import (
    BASELINE,
    LONGEST_FOR_CRITICAL,
    Baselined,
    Excuse,
    Suppression,
    Waiver,
    baseline,
    unread,
)
from gatekeeper.node import START, Node, Source, regex
from gatekeeper.project import Project
from gatekeeper.rule import SEVERITIES, Finding, Note, Place, Rule, place
from gatekeeper.settings import FILE, Settings


class Reported(msgspec.Struct, frozen=True):
    """A finding as it is reported: by which rule, about what, how grave here, and whether it is waived.

    `also` are the checks of other analysers that report the same. `shared` are the subjects beside this one that have
    the fault in common: one for each further variant that is made of the same lines.
    """

    rule: Rule
    subject: Subject
    finding: Finding
    severity: str
    fingerprint: str
    waiver: Excuse | None = None
    also: tuple[str, ...] = ()
    shared: tuple[Subject, ...] = ()

    @property
    def at(self) -> Place:
        return place(self.finding.at)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (self.subject, *self.shared)


def excuses(tree: Tree, settings: Settings) -> Iterator[Excuse]:
    """The excuses that stand in no file which is judged: the waivers of the settings, the lines of the baseline."""
    nodes = _entries(tree) if settings.waivers else []
    for number, each in enumerate(settings.waivers):
        node = nodes[number] if number < len(nodes) else nodes[-1]
        yield Waiver(
            node, rule=each.rule, criterion=each.criterion, reason=each.reason, by=each.by,
            approved_by=each.approved_by, on=each.on, until=each.until, ticket=each.ticket, glob=each.path,
            subject=each.subject, fingerprint=each.fingerprint,
        )  # fmt: skip
    if settings.pipeline.approval == "not-required":
        said = settings.pipeline
        yield Waiver(
            _written(tree, "pipeline", "approval"), rule="pipeline-production-approval", criterion="",
            reason=said.reason, by=said.by, approved_by=said.approved_by, on=said.on, until=said.until,
        )  # fmt: skip
    if BASELINE in tree:
        source = tree.source(BASELINE)
        try:
            yield from baseline(source)
        except Unreadable as error:
            yield unread(source, str(error))


def _entries(tree: Tree) -> list[Node]:
    """Where the waivers stand in gatekeeper.yaml; the last node is for those whose place is not known."""
    from gatekeeper.parsers import yaml

    if FILE not in tree:
        return [Node(None, Source("pyproject.toml", ""), START)]
    source = tree.source(FILE)
    nowhere = Node(None, source, START)
    try:
        documents, _ = yaml.parse(source)
    except Unreadable:
        return [nowhere]
    return [*(documents[0]["waivers"] if documents else ()), nowhere]


def _written(tree: Tree, *keys: str) -> Node:
    """Where a setting stands in gatekeeper.yaml; the file's start where that is not known."""
    from gatekeeper.parsers import yaml

    if FILE not in tree:
        return Node(None, Source("pyproject.toml", ""), START)
    try:
        documents, _ = yaml.parse(tree.source(FILE))
    except Unreadable:
        documents = []
    return documents[0].at(".".join(keys)) if documents else Node(None, tree.source(FILE), START)


def settle(
    outcomes: Sequence[Outcome], project: Project, known: Collection[str]
) -> tuple[list[Outcome], list[Reported]]:
    """Findings with their waivers, and the outcomes with what is wrong about the excuses themselves.

    `known` are the ids that an excuse may name: those of every rule there is, and their aliases; empty when not known.
    """
    reported = list(_report(outcomes, project))
    if not any(_about_excuses(outcome.rule) for outcome in outcomes):
        return list(outcomes), reported
    extra = list(_complaints(standings(outcomes, reported, project, known)))
    if not extra:
        return list(outcomes), reported
    outcomes = [_with(outcome, extra) if _about_excuses(outcome.rule) else outcome for outcome in outcomes]
    return outcomes, list(_report(outcomes, project))


def excuse_of(criterion: str, project: Project) -> Excuse | None:
    """The live waiver of a criterion as a whole: of what is not known, or denied. Findings have theirs already, where
    they are not too grave for it."""
    waivers = project.by(Waiver, "criterion").get(criterion, ())
    return next((waiver for waiver in waivers if not waiver.problem(project.today)), None)


def _about_excuses(rule: Rule) -> bool:
    return issubclass(rule.subject, Excuse)


def baselinable(rule: Rule) -> bool:
    """Whether a baseline may hold its findings: not those about what people say, which they can put right."""
    return not rule.subject.late or issubclass(rule.subject, Analysed)


def _report(outcomes: Iterable[Outcome], project: Project) -> Iterator[Reported]:
    live = _Live(project)
    seen: dict[str, int] = {}
    for outcome in outcomes:
        rule = outcome.rule
        overridden = project.settings.rules.get(rule.id)
        for (subject, *shared), finding in once_each(outcome):
            severity = (overridden and overridden.severity) or finding.severity or rule.severity
            severity = "low" if severity == "off" else severity  # it was selected by name
            fingerprint = _fingerprint(rule, subject, finding, seen)
            each = Reported(rule, subject, finding, severity, fingerprint, shared=tuple(shared))
            waiver = next(live.covering(each), None)
            yield msgspec.structs.replace(each, waiver=waiver) if waiver else each


def once_each(outcome: Outcome) -> Iterator[tuple[tuple[Subject, ...], Finding]]:
    """The findings with the subjects that have them. One that stands in the same words at the same place stands once:
    of several variants, or of all that share one cause elsewhere."""
    if not any(verdict.subject.variant for verdict in outcome.verdicts):
        yield from _by_cause(outcome)
        return
    variants: dict[tuple[str, int, int], set[str]] = defaultdict(set)  # of the subjects at a place
    having: dict[tuple[Place, str], list[Subject]] = defaultdict(list)
    for verdict in outcome.verdicts:
        variants[_home(verdict.subject)].add(verdict.subject.variant)
        for finding in verdict.findings if verdict.subject.variant else ():
            having[place(finding.at), finding.message].append(verdict.subject)
    for subject, finding in outcome.findings():
        if not subject.variant:
            yield (subject,), finding
            continue
        found = having.pop((place(finding.at), finding.message), [])
        where = {each.variant for each in found}
        if found and where < variants[_home(subject)]:
            note = Note(subject, f"not everywhere: as {', '.join(sorted(where)[:5])} builds it")
            finding = finding._replace(see=(*finding.see, note))
        if found:
            yield tuple(found), finding


def _by_cause(outcome: Outcome) -> Iterator[tuple[tuple[Subject, ...], Finding]]:
    """What one subject says twice is two findings; what several say of one cause is one."""
    said: dict[tuple[int, Place, str], int] = defaultdict(int)
    having: dict[tuple[Place, str, int], tuple[Finding, list[Subject]]] = {}
    for subject, finding in outcome.findings():
        at = place(finding.at)
        times = said[id(subject), at, finding.message] = said[id(subject), at, finding.message] + 1
        having.setdefault((at, finding.message, times), (finding, []))[1].append(subject)
    yield from ((tuple(subjects), finding) for finding, subjects in having.values())


def _home(subject: Subject) -> tuple[str, int, int]:
    at = place(subject)
    return at.source.path, at.span.line, at.span.column


class _Live:
    """The excuses that count, by what they can be found by."""

    def __init__(self, project: Project) -> None:
        self.today = project.today
        self.all = [excuse for excuse in project.all(Excuse) if not excuse.problem(project.today)]
        self._files: dict[tuple[str, str], list[Suppression]] = defaultdict(list)
        self._lines: dict[tuple[str, str], list[Suppression]] = defaultdict(list)
        self._waivers: dict[str, list[Waiver]] = defaultdict(list)
        self._baseline: dict[str, list[Baselined]] = defaultdict(list)
        for excuse in self.all:
            self._take(excuse)
        for found in self._lines.values():
            found.sort(key=_line)

    def _take(self, excuse: Excuse) -> None:
        if isinstance(excuse, Suppression):
            table = self._files if excuse.whole_file else self._lines
            for name in excuse.rules:
                table[excuse.path, name].append(excuse)
        elif isinstance(excuse, Waiver):
            for name in excuse.rules or (excuse.criterion,):
                self._waivers[name].append(excuse)
        elif isinstance(excuse, Baselined) and excuse.entry:
            self._baseline[excuse.entry.fingerprint].append(excuse)

    def covering(self, each: Reported) -> Iterator[Excuse]:
        """The excuses that cover a finding: those that mean it, and last no longer than its severity allows."""
        return (
            excuse
            for excuse in self.meaning(each)
            if _short(excuse, self.today)
            or not (_grave(each) or (isinstance(excuse, Baselined) and each.rule.gate == "secrets"))
        )

    def meaning(self, each: Reported) -> Iterator[Excuse]:
        """The excuses that mean a finding. None means one about excuses."""
        if not self.all or _about_excuses(each.rule):
            return
        for name in (each.rule.id, *each.rule.aliases):
            yield from self._beside(each, name)
            yield from (waiver for waiver in self._waivers.get(name, ()) if _means(waiver, each))
        if baselinable(each.rule):
            yield from (line for line in self._baseline.get(each.fingerprint, ()) if _same(line, each))

    def _beside(self, each: Reported, name: str) -> Iterator[Suppression]:
        source, span = each.at
        yield from self._files.get((source.path, name), ())
        lines = self._lines.get((source.path, name))
        if not lines:
            return
        begins = each.subject.span.line if each.subject.path == source.path else 0
        for first, last in ((span.line, span.end_line), (begins, begins)):
            yield from lines[bisect_left(lines, first, key=_line) : bisect_right(lines, last, key=_line)]


def _line(suppression: Suppression) -> int:
    return suppression.line


def _grave(each: Reported) -> bool:
    """Whether it may be excused for a short time only: what is critical, however its rule is graded here; and what the
    baseline holds of secrets."""
    return "critical" in (each.severity, each.finding.severity)


def _short(excuse: Excuse, today: datetime.date) -> bool:
    return excuse.days(today) <= LONGEST_FOR_CRITICAL


def _means(waiver: Waiver, each: Reported) -> bool:
    if waiver.criterion:
        return waiver.criterion == each.rule.id
    return (
        (not waiver.glob or covers(waiver.glob, each.at.source.path))
        and (not waiver.subject or waiver.subject == each.subject.name)
        and (not waiver.fingerprint or waiver.fingerprint == each.fingerprint)
    )


def _same(line: Baselined, each: Reported) -> bool:
    """Whether a line says of itself what its fingerprint means: people read the line."""
    entry = line.entry
    if entry is None:
        return False
    found = (each.rule.id, encodable(each.at.source.path), encodable(each.subject.name))
    return found == (entry.rule, entry.path, entry.subject)


def encodable(text: str) -> str:
    """Text as a baseline holds it: bytes of a path that are no UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


# what is wrong with excuses

State = Literal["used", "unused", "live", "expired", "malformed"]


class Standing(NamedTuple):
    """What an excuse is good for. "live" counts, but whether it is used cannot be told here; `words` say what is wrong
    beyond its own `problem`."""

    excuse: Excuse
    state: State
    words: str = ""


def standings(
    outcomes: Sequence[Outcome], reported: Sequence[Reported], project: Project, known: Collection[str]
) -> list[Standing]:
    """How each excuse stands, in their order."""
    live = _Live(project)
    meant: dict[int, list[Reported]] = defaultdict(list)
    for each in reported:
        for excuse in live.meaning(each):
            meant[id(excuse)].append(each)
    judged = Judged(outcomes, project)
    return [_standing(excuse, meant[id(excuse)], judged, project, known) for excuse in project.all(Excuse)]


def _standing(
    excuse: Excuse, meant: Sequence[Reported], judged: Judged, project: Project, known: Collection[str]
) -> Standing:
    problem = excuse.problem(project.today)
    if problem:
        return Standing(excuse, "expired" if problem.startswith("expired") else "malformed")
    strange = judged.strange(excuse, known)
    if strange:
        return Standing(excuse, "malformed", strange)
    critical = next((each.rule.id for each in meant if each.severity == "critical"), "")
    if critical and not _short(excuse, project.today):
        words = f"does not cover {critical}, which is critical: at most {LONGEST_FOR_CRITICAL} days are allowed for it"
        return Standing(excuse, "malformed", f"{words}, not {excuse.days(project.today)}")
    if meant or project.verdicts.get(excuse.criterion) == "WAIVED":
        return Standing(excuse, "used")
    words = judged.unused(excuse)
    return Standing(excuse, "unused" if words else "live", words)


class Judged:
    """What was judged: whether that no finding was made means that there is none."""

    def __init__(self, outcomes: Sequence[Outcome], project: Project) -> None:
        self._project = project
        self._unread = {fault.source.path for fault in project.faults}
        self._done: set[str] = set()
        self._ids: dict[str, str] = {}
        self._paths: dict[str, set[str]] = defaultdict(set)
        self._subjects: dict[str, set[str]] = defaultdict(set)
        self._analysers: dict[str, set[str]] = {}  # those that ran, by the rules about what they say
        for outcome in outcomes:
            for name in (outcome.rule.id, *outcome.rule.aliases):
                self._take(name, outcome)

    def _take(self, name: str, outcome: Outcome) -> None:
        self._ids[name] = outcome.rule.id
        analysers = issubclass(outcome.rule.subject, Analysed)
        if analysers:
            self._analysers[name] = {verdict.subject.name for verdict in outcome.verdicts}
        if not outcome.error and (outcome.judged or not analysers):
            self._done.add(name)
        for verdict in outcome.verdicts:
            for unknown in verdict.unknowns:
                self._paths[name] |= {verdict.subject.path, place(unknown.at).source.path}
                self._subjects[name].add(verdict.subject.name)

    def gone(self, line: Baselined) -> bool:
        """Whether a finding that is not found is no more: its rule ran, its file was read, nothing was unknown."""
        entry = line.entry
        if entry is None or entry.rule not in self._done:
            return False
        if entry.subject not in self._analysers.get(entry.rule, {entry.subject}):
            return False
        return (
            entry.path not in self._paths[entry.rule]
            and entry.path not in self._unread
            and entry.subject not in self._subjects[entry.rule]
        )

    def strange(self, excuse: Excuse, known: Collection[str]) -> str:
        """That it names what nobody knows; '' when it does not."""
        criterion, criteria = excuse.criterion, self._project.criteria
        if criterion:
            if self._ids.get(criterion, criterion) != criterion:
                return f"{criterion} is the id of another tool: write criterion: {self._ids[criterion]}"
            return f"no criterion is called {criterion}" if criteria and criterion not in criteria else ""
        strange = [name for name in excuse.rules if name not in known] if known else []
        if strange:
            return f"no rule is called {', '.join(strange)}"
        no_rule = [name for name in excuse.rules if name in self._project.verdicts and name not in self._ids]
        return f"{no_rule[0]} is a criterion, not a rule: waive it in the settings, as criterion" if no_rule else ""

    def unused(self, excuse: Excuse) -> str:
        """That it excuses nothing; '' when that cannot be told."""
        if excuse.criterion:
            status = self._project.verdicts.get(excuse.criterion, "ERROR")
            return "" if status in ("WAIVED", "ERROR") else f"excuses nothing: {excuse.criterion} is {status}"
        if not self._done.issuperset(excuse.rules):
            return ""
        rules = ", ".join(excuse.rules)
        if isinstance(excuse, Suppression):
            none = not any(excuse.path in paths for paths in self._open(excuse))
            return f"suppresses nothing: {rules} finds nothing here" if none else ""
        if isinstance(excuse, Waiver):
            glob = excuse.glob or "**"
            none = not any(covers(glob, path) for paths in self._open(excuse) for path in paths)
            return f"excuses nothing: {rules} finds nothing there" if none else ""
        return "excuses nothing any more" if isinstance(excuse, Baselined) and self.gone(excuse) else ""

    def _open(self, excuse: Excuse) -> list[set[str]]:
        """The paths where its rules may have more to say."""
        return [self._unread, *(self._paths[name] for name in excuse.rules)]


def _complaints(standings: Iterable[Standing]) -> Iterator[tuple[Excuse, Finding]]:
    """Findings about excuses that count. There is one for all lines of the baseline that excuse nothing."""
    idle: list[Excuse] = []
    for excuse, state, words in standings:
        if state == "unused" and isinstance(excuse, Baselined):
            idle.append(excuse)
        elif words:
            yield excuse, Finding(excuse, words)
    if idle:
        lines = f"{len(idle)} lines excuse" if len(idle) > 1 else "1 line excuses"
        yield idle[0], Finding(idle[0], f"{lines} nothing any more: gatekeeper baseline prune")


def _with(outcome: Outcome, extra: Sequence[tuple[Excuse, Finding]]) -> Outcome:
    more: dict[int, list[Finding]] = defaultdict(list)
    for excuse, finding in extra:
        more[id(excuse)].append(finding)
    verdicts = (_joined(verdict, more[id(verdict.subject)]) for verdict in outcome.verdicts)
    return msgspec.structs.replace(outcome, verdicts=tuple(verdicts))


def _joined(verdict: Verdict, findings: Sequence[Finding]) -> Verdict:
    return msgspec.structs.replace(verdict, findings=(*verdict.findings, *findings)) if findings else verdict


# what a finding is recognised by

_LINE_NUMBER = regex(r"\b(lines?) \d+(?:-\d+)?")
_COMMENT_LINE = regex(r"\s*(?:#|//)|\s*\Z")


def _fingerprint(rule: Rule, subject: Subject, finding: Finding, seen: dict[str, int]) -> str:
    """`digest-occurrence`, free of line numbers, so that it survives edits elsewhere in the file; equal findings are
    counted. The text of a secret is left out: the digest of a short one could be searched for."""
    at = place(finding.at)
    text = "" if rule.gate == "secrets" or rule.technology == "evidence" else _text(at)
    parts = (rule.id, at.source.path, subject.name, _without_lines(finding), text)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}-{seen[digest]}"


def _without_lines(finding: Finding) -> str:
    message = _LINE_NUMBER.sub(r"\1", finding.message)
    for source, span in (place(finding.at), *(place(note.at) for note in finding.see)):
        message = message.replace(f"{source.path}:{span.line}", source.path)
    return message


def _text(at: Place) -> str:
    """What stands at a place, white space folded, without the comments between its lines."""
    try:
        first, *rest = at.source.slice(at.span).split("\n")
    except Unreadable:
        return ""
    return " ".join(" ".join([first, *(line for line in rest if not _COMMENT_LINE.match(line))]).split())


def at_least(severity: str, threshold: str) -> bool:
    """Whether a severity reaches the threshold; `off` never does."""
    return severity in SEVERITIES and SEVERITIES.index(severity) >= SEVERITIES.index(threshold)
