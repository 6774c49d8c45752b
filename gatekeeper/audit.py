"""The straight line: root -> files -> subjects -> project -> outcomes -> gates -> report."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from gatekeeper import engine, gates, planning, rendering, waivers
from gatekeeper.catalogue import Catalogue, NoSuchRule, home, select
from gatekeeper.discover import EXCLUDED, UNREAD, Skip, Tree, Unreadable, discover, is_test_data, sort_out
from gatekeeper.git import Commit, commit_of
from gatekeeper.meant import meant
from gatekeeper.models import Subject
from gatekeeper.models.evidence import FOLDER, Analysed, Evidence
from gatekeeper.models.evidence.facts import Scan, speaks_of_secret
from gatekeeper.models.files import File, Text
from gatekeeper.models.waivers import Suppression, suppressions
from gatekeeper.node import START, Fault, Source, Span
from gatekeeper.project import Project
from gatekeeper.relaxed import relaxed
from gatekeeper.rule import SEVERITIES, Place, Rule, place
from gatekeeper.settings import Settings

T = TypeVar("T")


class Presentation(msgspec.Struct, frozen=True):
    """How a person wants to see it; without effect on what it says. `width` in columns."""

    colour: bool = False
    width: int | None = None
    table: bool = True
    verdicts: bool = False
    files: bool = False
    quiet: bool = False


class Report(msgspec.Struct, frozen=True):
    """All that one audit came to. Renderers read it and nothing else. `secrets` are the places never to be shown.

    `left_out` are the criteria that the profile leaves out, `not_asked` those that the level of service is not asked,
    `relaxed` says what the settings ask less than would be asked without them.
    """

    version: str
    root: str
    profile: str
    settings: Settings
    commit: Commit | None
    project: Project
    rules: tuple[Rule, ...]
    outcomes: tuple[engine.Outcome, ...]
    findings: tuple[waivers.Reported, ...]
    gates: tuple[gates.Gate, ...]
    secrets: tuple[Place, ...]
    left_out: tuple[str, ...]
    exit_code: int
    not_asked: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    shown: Presentation = Presentation()

    @property
    def verdict(self) -> str:
        """The answer in words. Computed; nothing can set it. What was asked only in part is passed, not ready."""
        passed = "PASSED" if self.left_out else "READY"
        return {0: passed, 1: "NOT READY"}.get(self.exit_code, "NOT PROVEN")


class Request(msgspec.Struct, frozen=True):
    """What is to be audited, and how. `paths` (below the root) narrow it to files or folders and, when they leave
    something out, to the rules that judge by one file alone. `analysers` are run beside our rules, those of `render`
    before them, to make objects of templates. `commit` is asked of git unless it is given. `changed` are texts to be
    judged in place of what is on disk. `progress` is called with what is done, how far, of how many."""

    root: Path
    settings: Settings
    profile: str = "release"
    staged: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    paths: tuple[str, ...] = ()
    analysers: tuple[str, ...] = ()
    render: tuple[str, ...] = ()
    force_exclude: bool = False
    changed: dict[str, str] = {}
    today: datetime.date | None = None
    commit: Commit | None = None
    shown: Presentation = Presentation()
    progress: Callable[[str, int, int], None] | None = None

    @property
    def narrowed(self) -> bool:
        return bool(self.paths) and "." not in self.paths


def audit(request: Request, hooks: Any) -> Report:
    """Judge a repository. `hooks` is pluggy's relay.

    Raises what `discover` raises for the root, `NoSuchRule` for a name that nothing goes by, `Broken` for a rule
    file that cannot be loaded. Whatever is wrong inside the repository is in the report.
    """
    from gatekeeper import __version__

    found = _meanwhile(lambda: discover(request.root, staged=request.staged))
    commit = _meanwhile(lambda: request.commit or (None if request.staged else commit_of(request.root)))
    catalogue = Catalogue(folder for folders in hooks.gatekeeper_catalogues() for folder in folders)
    every = catalogue.rules()
    selected = request.select or tuple(request.settings.select)
    definitions = gates.load(home() / "gates.yaml")
    known = frozenset(every_id(every, definitions))
    named = known | {definition.id for definition in definitions}
    _refuse_strange(request.settings, named, {rule.id for rule in every})
    scope = gates.scope(definitions, request.profile, request.settings.service.level, only_rules=bool(selected))
    rules = _asked(every, selected, request, scope)
    tree = found().with_changes(request.changed) if request.changed else found()
    analysed = _analysed(tree, request)
    project = read(tree, hooks, request, commit())
    project.criteria = known
    outcomes, reported, table = _judged(rules, project, scope, request, analysed)
    return Report(
        version=__version__,
        root=str(request.root),
        profile=request.profile,
        settings=request.settings,
        commit=project.commit,
        project=project,
        rules=tuple(rules),
        outcomes=tuple(outcomes),
        findings=tuple(sorted(reported, key=_by_gravity)),
        gates=tuple(table),
        secrets=tuple(_secrets(outcomes, every, project)),
        left_out=scope.left_out,
        not_asked=scope.not_asked,
        relaxed=tuple(relaxed(request.settings, every)),
        exit_code=gates.exit_code(
            table,
            project.faults,
            nothing_will_do=request.force_exclude,
            nothing_read=not selected and not any(each.judged and each.rule.subject is not Text for each in outcomes),
            waived_blocks=request.settings.waived == "block",
        ),
        shown=request.shown,
    )


def _refuse_strange(settings: Settings, known: Collection[str], rules: Collection[str]) -> None:
    """Names in the settings that nothing goes by would change nothing. Raises `NoSuchRule`."""
    for words, name in settings.claims.items():
        if name not in known:
            raise NoSuchRule(f"claims: {words!r} is to mean {name!r}, and no gate, criterion or rule is called that")
    answers = [(f"task.acceptance: {words!r}", name) for words, name in settings.task.acceptance.items() if name]
    answers += [(f"requirements: {id}", name) for id, names in settings.requirements.items() for name in names]
    for words, name in answers:
        if name not in known:
            hint = meant(name, sorted(known), "see `gatekeeper explain GATE`")
            raise NoSuchRule(f"{words} is to be answered by {name!r}, and no gate or criterion is called that; {hint}")
    for name in settings.rules:
        if name not in rules:
            hint = meant(name, sorted(rules), "see `gatekeeper rules`")
            raise NoSuchRule(f"rules: no rule has the id {name!r}; {hint}")


def _asked(every: Sequence[Rule], selected: Sequence[str], request: Request, scope: gates.Scope) -> list[Rule]:
    """The rules that run: those selected; else what the settings, the profile and the level of service leave."""
    switched = _switched_on(every, request.settings)
    rules = _enabled(select(switched, selected, [*request.settings.ignore, *request.ignore]), request.settings)
    if not selected:
        rules = [rule for rule in rules if rule.id not in scope.not_asked]
    if not scope.evidence:
        rules = [rule for rule in rules if rule.technology != "evidence"]
    return [rule for rule in rules if rule.per_file] if request.narrowed else rules


def every_id(every: Iterable[Rule], definitions: Iterable[gates.Definition]) -> Iterator[str]:
    for rule in every:
        yield from (rule.id, *rule.aliases)
    for definition in definitions:
        yield from (asked.id for asked in definition.criteria)


def _judged(
    rules: Sequence[Rule],
    project: Project,
    scope: gates.Scope,
    request: Request,
    analysed: Callable[[], list[Subject]] | None,
) -> tuple[list[engine.Outcome], list[waivers.Reported], list[gates.Gate]]:
    """Outcomes, findings and gates. Rules about late subjects run last: they are told what the gates come to."""

    def settled(outcomes: list[engine.Outcome]) -> Any:
        outcomes, reported = waivers.settle(outcomes, project, project.criteria)
        return outcomes, reported, gates.judge(scope, outcomes, reported, project, request.profile, request.fail_on)

    late = [rule for rule in rules if rule.subject.late]
    early, outcomes = gates.applicable((rule for rule in rules if not rule.subject.late), scope, project)
    outcomes += engine.run(early, project)
    if analysed:
        project.add(analysed())
    if any(project.all(rule.subject) for rule in late):
        tell(project, outcomes, *settled(outcomes)[1:])
    outcomes += engine.run(late, project)
    outcomes, reported, table = settled(outcomes)
    return outcomes, _agreed(reported, project) if analysed else reported, table


def _agreed(reported: Sequence[waivers.Reported], project: Project) -> list[waivers.Reported]:
    """The findings, each with the checks of other analysers that report the same. They were told in this order."""
    from gatekeeper.links.analysed import also

    told = {key: number for number, key in enumerate(map(tuple, project.found))}
    names = also(project)
    return [replace(each, also=names.get(told.get(_known(each), -1), ())) for each in reported]


def _passed(outcomes: Iterable[engine.Outcome]) -> Iterator[tuple[tuple[str, str], str]]:
    """Every name of a rule and path in which it judged something and all of that passed."""
    for outcome in outcomes:
        rule = outcome.rule
        paths = {verdict.subject.path for verdict in outcome.verdicts}
        for path in paths - {verdict.subject.path for verdict in outcome.verdicts if verdict.word != "pass"}:
            yield from (((name, path), rule.id) for name in (rule.id, *rule.aliases))


def _known(each: waivers.Reported) -> tuple[frozenset[str], str, int]:
    return frozenset((each.rule.id, *each.rule.aliases)), each.at.source.path, each.at.span.line


def tell(
    project: Project,
    outcomes: Sequence[engine.Outcome],
    reported: Sequence[waivers.Reported],
    table: Sequence[gates.Gate],
) -> None:
    """Tell the project what the gates come to, for the rules about late subjects."""
    project.verdicts = {criterion.id: criterion.told for gate in table for criterion in gate.criteria}
    project.gates = {gate.id: gate.told for gate in table}
    project.passed = dict(_passed(outcomes))
    project.found = [_known(each) for each in reported]


def _analysed(tree: Tree, request: Request) -> Callable[[], list[Subject]] | None:
    """Start the analysers that are asked for; gives what fetches what they say. None when there is nothing to run."""
    if not request.analysers or request.staged or request.narrowed:
        return None
    from gatekeeper import analysers

    judged, _ = _sorted_out(tree, request)
    answers = analysers.start(request.analysers, tree, judged)

    def fetched() -> list[Subject]:
        if request.progress:
            request.progress(f"waiting for {', '.join(request.analysers)}", 0, 0)
        return [
            Analysed(each.tool, each.version, each.scan, each.reason, each.message)
            for each in answers()
            if each.files or each.reason != "empty"  # what has nothing to judge here was not run, and proves nothing
        ]

    return fetched


def _meanwhile(ask: Callable[[], T]) -> Callable[[], T]:
    """Ask in a thread of its own, since git takes its time; gives what fetches the answer, or raises what it raised."""
    from threading import Thread

    answers: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # raised where the answer is asked for
            errors.append(error)

    asking = Thread(target=work, daemon=True)
    asking.start()

    def answer() -> T:
        asking.join()
        if errors:
            raise errors[0]
        return answers[0]

    return answer


def _switched_on(rules: Iterable[Rule], settings: Settings) -> list[Rule]:
    """The rules; those that are off by themselves as grave as the settings make them."""
    on = {name: each.severity for name, each in settings.rules.items() if each.severity}
    return [replace(rule, severity=on[rule.id]) if rule.severity == "off" and rule.id in on else rule for rule in rules]


def _enabled(rules: Iterable[Rule], settings: Settings) -> list[Rule]:
    off = {name for name, changed in settings.rules.items() if changed.severity == "off"}
    return [rule for rule in rules if rule.id not in off]


def _secrets(outcomes: Iterable[engine.Outcome], every: Iterable[Rule], project: Project) -> Iterator[Place]:
    """Where secrets stand: also what rules find that were not selected, since others' excerpts would show it."""
    ran = {outcome.rule.id for outcome in outcomes}
    unselected = engine.run((rule for rule in every if rule.gate == "secrets" and rule.id not in ran), project)
    for outcome in (*outcomes, *unselected):
        if outcome.rule.gate == "secrets":
            for _, finding in outcome.findings():
                yield from (place(finding.at), *(place(note.at) for note in finding.see))
    yield from _found_by_scanners(project)


def _found_by_scanners(project: Project) -> Iterator[Place]:
    """Where scanners for secrets say that one stands, whether that evidence counts or not."""
    scans = [*(each.facts for each in project.all(Evidence)), *(each.scan for each in project.all(Analysed))]
    for scan in scans:
        if isinstance(scan, Scan):
            for problem in scan.problems:
                if problem.path in project.tree and (scan.kind == "secrets" or speaks_of_secret(problem)):
                    line = max(problem.line, 1)
                    yield Place(project.tree.source(problem.path), Span(line, 1, line, 1))


def _by_gravity(each: waivers.Reported) -> tuple[int, str, str, int, int]:
    grave = SEVERITIES.index(each.severity) if each.severity in SEVERITIES else -1
    return -grave, each.rule.id, each.at.source.path, each.at.span.line, each.at.span.column


def read(tree: Tree, hooks: Any, request: Request | None = None, commit: Commit | None = None) -> Project:
    """Every file that somebody reads, as subjects of a project; and what stands in no file of it."""
    request = request or Request(tree.root, Settings())
    tree.told["pipeline.kinds"] = tuple(request.settings.pipeline.kinds)
    judged, skipped = _sorted_out(tree, request)
    subjects: list[Subject] = []
    for number, path in enumerate(judged):
        if request.progress:
            request.progress("reading", number, len(judged))
        source = tree.source(path)
        found = _read_file(source, hooks.gatekeeper_read(source=source, tree=tree))
        subjects.append(Text(source, partial(tree.data, path)))
        if found is None:
            skipped.append(Skip(path, UNREAD))
        else:
            subjects += found
    project = Project(
        tree, subjects, skipped=sorted(skipped), settings=request.settings, today=request.today, commit=commit,
        profile=request.profile,
    )  # fmt: skip
    project.excluded = _excluded(tree, project, hooks)
    project.add(waivers.excuses(tree, request.settings))
    if not request.narrowed:
        project.add(_collected(project, hooks))
        rendering.take_in(project, () if request.staged else request.render)
        planning.take_in(project)
    return project


def _excluded(tree: Tree, project: Project, hooks: Any) -> dict[str, str]:
    """The technologies that only files have which the settings leave out, each with one such file."""
    found: dict[str, str] = {}
    known = project.technologies()
    left_out = [skip.path for skip in project.skipped if skip.reason.startswith(EXCLUDED)]
    for path in left_out:
        source = tree.source(path)
        for each in _read_file(source, hooks.gatekeeper_read(source=source, tree=tree)) or ():
            for technology in getattr(each, "technologies", (each.technology,)):
                if technology not in known:
                    found.setdefault(technology, path)
    return found


def _collected(project: Project, hooks: Any) -> list[Subject]:
    """What evidence and plugins bring that stands in no file which is read."""
    found: list[Subject] = []
    try:
        for collected in hooks.gatekeeper_collect(project=project):
            found.extend(_as_subject(each) for each in collected)
    except Exception as error:  # a plugin's mistake: what it was to bring is not known
        words = f"a plugin failed to collect ({type(error).__name__}: {error})"
        found.append(File(Source(".", ""), (), [Fault(Source(".", ""), START, words, reason="tool-error")]))
    return found


def _as_subject(each: Subject | Fault) -> Subject:
    return File(each.source, [each.technology], [each]) if isinstance(each, Fault) else each


def _sorted_out(tree: Tree, request: Request) -> tuple[list[str], list[Skip]]:
    """What to judge. A path that was named is judged whatever its folders are called, unless that is forced."""
    judged, skipped = sort_out(tree, request.settings.exclude)
    judged = [path for path in judged if not path.startswith(f"{FOLDER}/")]  # evidence is read by itself
    skipped = [skip for skip in skipped if not skip.path.startswith(f"{FOLDER}/")]
    if not request.paths:
        return judged, skipped
    named = [path for path in tree.paths if any(_below(path, above) for above in request.paths)]
    if request.force_exclude:
        return sorted(set(named) & set(judged)), []
    return [
        path for path in named if not any(is_test_data(path, above) for above in request.paths if _below(path, above))
    ], []


def _below(path: str, above: str) -> bool:
    return above in (".", path) or path.startswith(f"{above}/")


def _read_file(source: Source, readings: Sequence[Iterable[Subject | Fault]]) -> list[Subject] | None:
    if not readings:
        return None
    found: list[Subject] = []
    faults: dict[tuple[Span, str], Fault] = {}
    for reading in readings:
        try:
            for each in reading:
                if isinstance(each, Fault):
                    known = faults.get((each.span, each.message))
                    faults[each.span, each.message] = each if known is None or not known.technology else known
                else:
                    found.append(each)
        except Unreadable as error:
            faults[START, str(error)] = Fault(source, START, f"cannot be read: {error}")
        except RecursionError:
            faults[START, "depth"] = Fault(source, START, "nests too deeply to be read")
        except Exception as error:  # a fault of ours in one file must not hide the others
            words = f"gatekeeper failed on this file ({type(error).__name__}: {error})"
            faults[START, words] = Fault(source, START, words, reason="tool-error")
    technologies = {each.technology for each in found} | {fault.technology for fault in faults.values()}
    return [*found, *_excuses(source), File(source, sorted(technologies - {""}), tuple(faults.values()))]


def _excuses(source: Source) -> list[Suppression]:
    try:
        return list(suppressions(source))
    except Unreadable:  # said already, by the model that asked for the text first
        return []
