"""The straight line: root -> files -> subjects -> project -> outcomes -> gates -> report."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from gatekeeper import engine, gates, waivers
from gatekeeper.catalogue import Catalogue, home, select
from gatekeeper.discover import UNREAD, Commit, Skip, Tree, Unreadable, commit_of, discover, is_test_data, sort_out
from gatekeeper.models import Subject
from gatekeeper.models.files import File, Suppression, suppressions
from gatekeeper.node import START, Fault, Source, Span
from gatekeeper.project import Project
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
    """All that one audit came to. Renderers read it and nothing else. `secrets` are the places never to be shown."""

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
    left_out: int
    exit_code: int
    shown: Presentation = Presentation()

    @property
    def verdict(self) -> str:
        """The answer in words. Computed; nothing can set it."""
        return {0: "READY", 1: "NOT READY"}.get(self.exit_code, "NOT PROVEN")


class Request(msgspec.Struct, frozen=True):
    """What is to be audited, and how. `paths` (below the root) narrow it to files or folders and, when they leave
    something out, to the rules that judge by one file alone."""

    root: Path
    settings: Settings
    profile: str = "release"
    staged: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    paths: tuple[str, ...] = ()
    force_exclude: bool = False
    today: datetime.date | None = None
    shown: Presentation = Presentation()
    progress: Callable[[int, int], None] | None = None  # called with how many files are read, of how many


def audit(request: Request, hooks: Any) -> Report:
    """Judge a repository. `hooks` is pluggy's relay.

    Raises what `discover` raises for the root, `NoSuchRule` for a selector that matches nothing, `Broken` for a rule
    file that cannot be loaded. Whatever is wrong inside the repository is in the report.
    """
    from gatekeeper import __version__

    found = _meanwhile(lambda: discover(request.root, staged=request.staged))
    commit = _meanwhile(lambda: None if request.staged else commit_of(request.root))
    catalogue = Catalogue(folder for folders in hooks.gatekeeper_catalogues() for folder in folders)
    every = catalogue.rules()
    selected = request.select or tuple(request.settings.select)
    rules = _enabled(select(every, selected, [*request.settings.ignore, *request.ignore]), request.settings)
    tree = found()
    narrowed = bool(request.paths) and "." not in request.paths
    if narrowed:
        rules = [rule for rule in rules if rule.per_file]
    project = read(tree, hooks, request)
    known = (name for rule in every for name in (rule.id, *rule.aliases))
    outcomes, reported = waivers.settle(engine.run(rules, project), project, known)
    definitions = gates.load(home() / "gates.yaml")
    only_rules = request.profile == "pre-commit" or bool(selected)
    table = gates.judge(
        definitions, outcomes, reported, project, request.profile, request.fail_on, only_rules=only_rules
    )
    return Report(
        version=__version__,
        root=str(request.root),
        profile=request.profile,
        settings=request.settings,
        commit=commit(),
        project=project,
        rules=tuple(rules),
        outcomes=tuple(outcomes),
        findings=tuple(sorted(reported, key=_by_gravity)),
        gates=tuple(table),
        secrets=tuple(_secrets(outcomes, every, project)),
        left_out=sum(len(definition.criteria) for definition in definitions) if only_rules else 0,
        exit_code=gates.exit_code(table, project.faults, nothing_will_do=request.force_exclude),
        shown=request.shown,
    )


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


def _by_gravity(each: waivers.Reported) -> tuple[int, str, str, int, int]:
    grave = SEVERITIES.index(each.severity) if each.severity in SEVERITIES else -1
    return -grave, each.rule.id, each.at.source.path, each.at.span.line, each.at.span.column


def read(tree: Tree, hooks: Any, request: Request | None = None) -> Project:
    """Every file that somebody reads, as subjects of a project."""
    request = request or Request(tree.root, Settings())
    judged, skipped = _sorted_out(tree, request)
    subjects: list[Subject] = []
    for number, path in enumerate(judged):
        if request.progress:
            request.progress(number, len(judged))
        source = tree.source(path)
        found = _read_file(source, hooks.gatekeeper_read(source=source, tree=tree))
        if found is None:
            skipped.append(Skip(path, UNREAD))
        else:
            subjects += found
    project = Project(tree, subjects, skipped=sorted(skipped), settings=request.settings, today=request.today)
    return _with_collected(project, hooks)


def _with_collected(project: Project, hooks: Any) -> Project:
    """The project with what plugins bring that stands in no single file of it."""
    found: list[Subject] = []
    try:
        for collected in hooks.gatekeeper_collect(project=project):
            found.extend(_as_subject(each) for each in collected)
    except Exception as error:  # a plugin's mistake: what it was to bring is not known
        words = f"a plugin failed to collect ({type(error).__name__}: {error})"
        found.append(File(Source(".", ""), (), [Fault(Source(".", ""), START, words, reason="tool-error")]))
    return project.joined_by(found) if found else project


def _as_subject(each: Subject | Fault) -> Subject:
    return File(each.source, [each.technology], [each]) if isinstance(each, Fault) else each


def _sorted_out(tree: Tree, request: Request) -> tuple[list[str], list[Skip]]:
    """What to judge. A path that was named is judged whatever its folders are called, unless that is forced."""
    judged, skipped = sort_out(tree, request.settings.exclude)
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
