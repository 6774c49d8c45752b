"""Which dashboards are about a workload, and which may be: a ladder from what a query asks for to a file's name."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.alerting import alarms_of, guard_of, plain, signal_of
from gatekeeper.links.aside import aside_of
from gatekeeper.links.monitored import asked_by
from gatekeeper.links.outside import PODS, unread
from gatekeeper.links.policies import CONTROL_PLANE
from gatekeeper.links.selectors import services_of, visited
from gatekeeper.models.alarms import Alarm, Signal
from gatekeeper.models.dashboards import Dashboard, promql
from gatekeeper.models.kubernetes import Workload, texts
from gatekeeper.models.prometheus import Alert, GroupedRule
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Unresolved, regex
from gatekeeper.parsers.promql import VARIABLE, Malformed, Query
from gatekeeper.project import Project

_NAMES = ("app", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "k8s-app")
_LABELS = frozenset(
    "job service app application service_name container deployment workload pod exported_job exported_service "
    "kubernetes_name app_kubernetes_io_name destination_service destination_service_name destination_workload".split()
)
_GENERIC = frozenset(  # what many things are called: alone it says of none what it is
    "api app web server service backend frontend worker db main client proxy gateway cluster node controller operator"
    " manager agent master primary default core ui".split()
)
_FILLERS = frozenset(
    "a the of and for service services dashboard overview metrics red golden signals slo slos latency errors traffic"
    " performance health status requests http".split()
)
_WORD = regex(r"[a-z0-9]+")
_SHORTEST = 3


class Shown(NamedTuple):
    """The dashboards about a workload; those that may be: for whatever a reader chooses, or called like it."""

    own: list[Dashboard]
    shared: list[Dashboard]


def served(project: Project) -> list[Workload]:
    """The workloads that serve others through a Service, each name once: overlays have copies of them."""
    return [copies[0] for copies in copies_of_served(project).values()]


def copies_of_served(project: Project) -> dict[str, list[Workload]]:
    """The same by name, each with its copies: those of production where there are any."""

    def make(project: Project) -> dict[str, list[Workload]]:
        found: dict[str, list[Workload]] = {}
        for each in project.all(Workload):
            if each.batch or each.namespace.startswith(CONTROL_PLANE) or not each.object_name:
                continue
            if services_of(each, project) and visited(each, project):
                found.setdefault(each.object_name, []).append(each)
        return {name: [each for each in copies if not aside_of(each)] or copies for name, copies in found.items()}

    return project.once("workloads that serve", make)


def unseen(project: Project) -> str:
    """Why there may be services here that are not seen, in words: manifests that are not rendered or cannot be read."""
    return unread(project, PODS)


def names_of(workload: Workload, project: Project) -> list[str]:
    """What a workload goes by: its name, those of its Services, its labels where they say more than `server`."""
    labels = texts(workload.template.at("metadata.labels"))
    said = [name for name in (labels.get(each, "") for each in _NAMES) if name.lower() not in _GENERIC]
    services = [service.object_name for service in services_of(workload, project)]
    return list(dict.fromkeys(filter(None, (workload.object_name, *services, *said))))


def shown(workload: Workload, project: Project) -> Shown:
    """The dashboards that are about a workload, and those that may be."""
    index, whose = project.once("what dashboards are about", _index), _Whose(workload, project)
    own = [each.dashboard for each in index if each.about(whose)]
    return Shown(own, [each.dashboard for each in index if each.may_be(whose) and each.dashboard not in own])


def signals_of(workload: Workload, project: Project) -> frozenset[Signal]:
    """The signals of a workload that something here asks for: queries about it, and alerts about it."""
    whose = _Whose(workload, project)
    found: set[Signal] = set()
    for entry in project.once("what dashboards are about", _index):
        titled = entry.titled(whose)
        for each in entry.asked:
            if each.about(whose) or (titled and not each.named):
                found |= each.signals
    return frozenset(found | set(_alerted_signals(workload, project)))


def _alerted_signals(workload: Workload, project: Project) -> Iterator[Signal]:
    """The signals of the alerts that are about a workload, and can fire."""
    names = names_of(workload, project)
    guard = guard_of(names[0], project, *names[1:])
    every = guard.every if guard.every and asked_by(workload, project) else []
    for alarm in (*guard.named, *every):
        signal = signal_of(alarm)
        if signal and not for_trial(alarm.path) and not _of_another(alarm, names) and not _never(alarm):
            yield signal


def _of_another(alarm: Alarm, names: list[str]) -> bool:
    """Whether what an alert measures is another's, whoever its labels say that it is about."""
    measured = {plain(each) for each in alarm.meaning.services} if isinstance(alarm, Alert) else set()
    return bool(measured) and not any(fnmatchcase(plain(name), each) for name in names for each in measured)


_MOST_SECONDS = 3600  # nobody waits longer for an answer


def _never(alarm: Alarm) -> bool:
    """Whether an alert's bound is beyond all that can be: more than all requests, an answer after an hour."""
    try:
        bounds = [each for each in alarm.bounds if each.comparator in (">", ">=")]
    except Unresolved:
        return False
    return any(
        (each.unit == "ratio" and each.limit >= 1) or (each.unit == "seconds" and each.limit > _MOST_SECONDS)
        for each in bounds
    )


class _Whose:
    """What a workload goes by, and what others do, as words."""

    def __init__(self, workload: Workload, project: Project) -> None:
        from gatekeeper.models.promql_meaning import is_common  # loaded where there are dashboards

        first, *others = names_of(workload, project)
        self.names = {words for name in (first, *others) if len("".join(words := _words(name))) >= _SHORTEST}
        every: frozenset[tuple[str, ...]] = project.once("names of workloads", _names_of_all)
        self.others = every - self.names
        self.alerted = frozenset(
            metric
            for alarm in alarms_of(first, project, *others)
            if isinstance(alarm, GroupedRule) and alarm.query is not None
            for metric in alarm.query.metrics
            if not is_common(metric)
        )

    def has_prefix(self, metric: str) -> bool:
        """Whether a metric begins with one of its names, and with no longer one of somebody else."""
        own = [name for name in self.names if "".join(name) not in _GENERIC and metric.startswith("_".join(name) + "_")]
        longest = max(map(len, own), default=0)
        return bool(own) and not any(
            len(name) > longest and metric.startswith("_".join(name) + "_") for name in self.others
        )


def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.lower()))


def _names_of_all(project: Project) -> frozenset[tuple[str, ...]]:
    return frozenset(_words(each.object_name) for each in project.all(Workload) if each.object_name)


class _Asked(NamedTuple):
    """What one query asks for: of whom, by the values of labels, which metrics and signals; `open`: readers choose."""

    named: frozenset[tuple[str, ...]]
    metrics: frozenset[str]
    signals: frozenset[Signal]
    open: bool

    def about(self, whose: _Whose) -> bool:
        if self.named:
            return not whose.names.isdisjoint(self.named)
        alerted = not self.open and not whose.alerted.isdisjoint(self.metrics)
        return alerted or any(map(whose.has_prefix, self.metrics))


class _Entry(NamedTuple):
    """What one dashboard says that it is about."""

    dashboard: Dashboard
    words: tuple[str, ...]  # of its title, its uid and its file
    asked: list[_Asked]
    other: bool  # it asks something that is no Prometheus, or that stands in a library

    def may_be(self, whose: _Whose) -> bool:
        """Whether readers can choose a workload in it, or it is called like one."""
        return any(each.open for each in self.asked) or any(_holds(self.words, name) for name in whose.names)

    def titled(self, whose: _Whose) -> bool:
        """Whether it is called like a workload, and shows anything that may be it."""
        called = any(_holds(self.words, name) and self._says_enough(name) for name in whose.names)
        return called and (self.other or any(not each.named for each in self.asked))

    def about(self, whose: _Whose) -> bool:
        return any(each.about(whose) for each in self.asked) or self.titled(whose)

    def _says_enough(self, name: tuple[str, ...]) -> bool:
        """Whether a name that many things have is all that the dashboard is called."""
        return "".join(name) not in _GENERIC or {*_words(self.dashboard.title)} <= {*name, *_FILLERS}


def _index(project: Project) -> list[_Entry]:
    return [_entry(each) for each in project.all(Dashboard) if each.known and not for_trial(each.path)]


def _entry(dashboard: Dashboard) -> _Entry:
    asked: list[_Asked] = []
    other = any(panel.shared for panel in dashboard.panels)
    for target in dashboard.targets:
        if not target.visible:
            continue
        if target.asks_prometheus is False:
            other = True
            continue
        try:
            asked.append(_of_query(promql(target)))
        except Malformed:
            continue
    words = _WORD.findall(f"{dashboard.title} / {dashboard.uid} / {dashboard.path.rpartition('/')[2]}".lower())
    return _Entry(dashboard, tuple(words), asked, other)


def _of_query(query: Query) -> _Asked:
    from gatekeeper.models.promql_meaning import asked as signals_shown

    named: set[tuple[str, ...]] = set()
    open_to_all = False
    for matcher in (matcher for selector in query.selectors for matcher in selector.matchers):
        if matcher.op in ("=", "=~") and matcher.label in _LABELS:
            open_to_all = open_to_all or VARIABLE in matcher.value
            parts = [part for part in matcher.value.split("|") if "$" not in part and VARIABLE not in part]
            named |= {words for part in parts if (words := _words(part))}
    return _Asked(frozenset(named), query.metrics, signals_shown(query), open_to_all)


def _holds(words: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether the words of a name follow one another in others."""
    return any(words[at : at + len(name)] == name for at in range(len(words) - len(name) + 1))
