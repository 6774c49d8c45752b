"""Objectives and what stands behind them: which alerts guard one, which workloads keep it, what else promises the same.

A name joins an objective with an alert where both say it. An alert that names nothing is about whatever there is; one
that names something else is about another service only where that one is known. The rest nobody can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.alerting import alarms, for_production, is_trial, leaves_out
from gatekeeper.links.resources import terraform_resources
from gatekeeper.links.selectors import visited
from gatekeeper.links.written_out import expanded
from gatekeeper.models.alarms import Alarm, Bound
from gatekeeper.models.prometheus import Alert, seconds
from gatekeeper.models.slo import Objective
from gatekeeper.node import Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Workload

Words = frozenset[str]

_WORD = regex(r"[A-Z]{2,20}(?![a-z])|[A-Z]?[a-z]{1,60}|[0-9]{1,20}")
_EMPTY = frozenset("service services svc app application the server a of and sli slo availability latency".split())
_MAIN = frozenset("api apis backend web http https rest public main core website site frontend system overall".split())
_STORES = {
    word: kind
    for kind, words in {
        "database": "database databases db dbs postgres postgresql pg mysql mysqld mariadb rds aurora sql mongo "
        "mongodb dynamodb cassandra cockroachdb cloudsql spanner",
        "cache": "cache redis valkey memcached elasticache",
        "queue": "queue queues kafka rabbitmq sqs nats pubsub broker",
        "search": "elasticsearch opensearch search",
        "storage": "storage s3 gcs blobs",
    }.items()
    for word in words.split()
}


def objectives(project: Project) -> list[Objective]:
    """Every objective that is written here."""
    return project.all(Objective)


def stands(objective: Objective, project: Project) -> bool:
    """Whether it is the one that counts of those that say the same: a README often repeats what another file says."""
    if objective.form != "a table" or objective.limit is None:
        return True
    return project.once("standing objectives", _standing).get(_key(objective)) is objective


def _standing(project: Project) -> dict[tuple[object, ...], Objective]:
    found: dict[tuple[object, ...], Objective] = {}
    written = [each for each in objectives(project) if each.form == "a table"]
    for each in sorted(written, key=lambda each: ("slo" not in each.path.lower(), each.path.count("/"))):
        found.setdefault(_key(each), each)
    return found


def _key(objective: Objective) -> tuple[object, ...]:
    return words_of(objective.service), objective.indicator, objective.limit, objective.quantile


def of_another(objective: Objective, alarm: Alarm, project: Project) -> bool:
    """Whether an alert on a latency is made for another objective of the service, by the percentile it looks at."""
    shares = {bound.quantile for bound in bounds_of(alarm, project)} - {None, objective.quantile}
    if objective.indicator != "latency" or not shares:
        return False
    own = words_of(objective.service)
    return any(
        each.indicator == "latency" and each.quantile in shares and words_of(each.service) == own
        for each in objectives(project)
    )


def made_by_terraform(project: Project) -> Iterator[Objective]:
    """The objectives that Terraform makes."""
    from gatekeeper.models.slo.terraform import WRITERS
    from gatekeeper.models.slo.terraform import objectives as of_resource

    found = [each for each in terraform_resources(project) if each.type in WRITERS]
    if not found:
        return
    watched = _addresses_watched(project)
    for each in found:
        alerted = any((each.module.directory, address) in watched for address in each.addressed_as)
        yield from of_resource(each, alerted)


def _addresses_watched(project: Project) -> set[tuple[str, str]]:
    """What the monitors of Datadog and the alert policies of Google refer to."""
    return {
        (each.module.directory, ".".join(reference.path[:2]))
        for each in terraform_resources(project)
        if each.type in ("datadog_monitor", "google_monitoring_alert_policy", "aws_cloudwatch_metric_alarm")
        for reference in each.references
    }


# names


def words_of(name: str) -> Words:
    """The words of a name, without those that every service has (`order-service` and `Order Service` are one)."""
    said = frozenset(_singular(word.lower()) for word in _WORD.findall(name[:300].replace("_", " ")))
    return said - _EMPTY or said & _MAIN


def _singular(word: str) -> str:
    plural = len(word) > 3 and word[-1] == "s" and word[-2] != "s" and word not in _STORES
    return word[:-1] if plural and word not in _MAIN else word


def same(one: Words, other: Words) -> bool:
    """Whether two names mean one service: the words of one are among those of the other, and say more than `api`."""
    if not one or not other:
        return False
    small, large = sorted((one, other), key=len)
    return one == other or (small <= large and not small <= _MAIN and not small <= _STORES.keys())


def kinds_of_store(words: Iterable[str]) -> set[str]:
    return {_STORES[word] for word in words if word in _STORES}


def _meant(own: Words, name: Words, home: _Home) -> bool:
    """Whether a name means a service: the same words, and none beside them that might tell another one from it."""
    return own == name or (same(own, name) and own ^ name <= _BESIDE and name not in home.known)


# What stands beside the name of a service: its kind, and where it runs.
_BESIDE = _MAIN | frozenset(
    "server prod production prd live deployment deploy pod container ms microservice namespace cluster eu us ap na west"
    " east north south central v ns k8s 0 1 2 3 4 5 a b c".split()
)


class _Home(NamedTuple):
    """What goes by the name of the one service that a repository has ('API'), and everything else that has a name."""

    names: tuple[Words, ...]
    known: tuple[Words, ...]


def _home(project: Project) -> _Home:
    return project.once("home of objectives", _find_home)


def _find_home(project: Project) -> _Home:
    from gatekeeper.models.kubernetes import Service, Workload

    workloads, services = project.all(Workload), project.all(Service)
    stated = [project.settings.service.name] if project.settings.service.name else []
    asked = [each.object_name for each in workloads if _visited(each, project)] or [e.object_name for e in services]
    said = [name for alarm in alarms(project) for name in _services(alarm) or ()]
    known = tuple({words_of(name) for name in (*asked, *(e.object_name for e in workloads), *(
        each.service for each in objectives(project)))} - {frozenset()})  # fmt: skip
    for names in (stated, asked, said):
        distinct = {words_of(name) for name in names} - {frozenset()}
        distinct = {each for each in distinct if not kinds_of_store(each)}
        if distinct:
            return _Home(tuple(distinct) if len(distinct) == 1 else (), known)
    return _Home((), known)


def _visited(workload: Workload, project: Project) -> bool:
    try:
        return bool(visited(workload, project))
    except Unresolved:
        return False


# alerts


def _services(alarm: Alarm) -> frozenset[str] | None:
    try:
        return alarm.services
    except Unresolved:
        return None


def bounds_of(alarm: Alarm, project: Project) -> tuple[Bound, ...]:
    """The bounds of an alert, those of the series that are recorded here too."""
    known = project.once("bounds of alarms", lambda project: {id(each.alarm): each.bounds for each in _said(project)})
    return known.get(id(alarm), ())


def signal_of(alarm: Alarm, project: Project) -> str | None:
    known = project.once("signals of alarms", lambda project: {id(each.alarm): each.signal for each in _said(project)})
    return known.get(id(alarm))


_BURNING = frozenset(("burn", "burning", "burnrate", "budget"))


# What the title of any alert may say, and says nothing of what it is about.
_SAYS_WHAT = frozenset(
    _singular(word)
    for word in (
        "high higher highly low lower too many much very elevated increased increase excessive slow fast sustained"
        " critical warning page ticket alert alarm slo sli objective breach breached breaching violation violated"
        " exceeded above below missed miss error rate ratio percent percentage failure fail failing failed"
        " 4xx 5xx 500 5 4 xx latency latencies response time duration request req http https grpc p50 p75 p90"
        " p95 p99 p 50 75 90 95 99 999"
        " quantile percentile median avg average available availability unavailable down up outage instance target"
        " endpoint unreachable missing absent scrape success burn burning rate budget server client status code ms"
        " s m h second detected per total is not of the on for in and or window short long detected degraded spike"
    ).split()
)


class _Said(NamedTuple):
    """What an alert says of itself, read once: the names of what it is about (None where they are not known), the words
    of its title that say what it is about, those of what it measures, its signal and bounds, and whether it looks at
    how fast a budget is used up."""

    alarm: Alarm
    names: tuple[Words, ...] | None
    subject: Words
    measured: Words
    signal: str | None
    bounds: tuple[Bound, ...]
    burns: bool


def _said(project: Project) -> list[_Said]:
    return project.once("what alarms say", _read_all)


def _read_all(project: Project) -> list[_Said]:
    every = alarms(project)
    counted = Counter(word for alarm in every for word in words_of(alarm.title))
    common = {word for word, count in counted.items() if len(every) >= 3 and count * 3 >= len(every) * 2}
    return [_reading(alarm, common, project) for alarm in every]


def _meaning(alarm: Alarm, project: Project) -> tuple[str | None, tuple[Bound, ...]]:
    """Its signal and bounds; over recorded series, those of what is recorded."""
    try:
        signal, bounds = alarm.signal, alarm.bounds
    except Unresolved:
        return None, ()
    if isinstance(alarm, Alert) and (signal is None or any(not each.unit for each in bounds)):
        text = expanded(alarm, project)
        if text and text != alarm.expr.text:
            from gatekeeper.models.promql_meaning import limits, meaning

            held = seconds(alarm.node["for"])
            bounds = tuple(Bound(*each, held, alarm.expr) for each in limits(text)) or bounds
            signal = meaning(text, alarm.title).signal or signal
    return signal, bounds


def _reading(alarm: Alarm, common: set[str], project: Project) -> _Said:
    names = _services(alarm)
    said = None if names is None else tuple({words_of(name) for name in names} - {frozenset()})
    signal, bounds = _meaning(alarm, project)
    measured = {word for name in (alarm.title, *(bound.metric for bound in bounds)) for word in words_of(name)}
    burns = _burns(alarm) or not words_of(alarm.title).isdisjoint(_BURNING)
    subject = words_of(alarm.title) - _SAYS_WHAT - _MAIN - common
    return _Said(alarm, said, subject - _STORES.keys(), frozenset(measured), signal, bounds, burns)


def about(objective: Objective, said: _Said, project: Project) -> bool | None:
    """Whether an alert is about the service of an objective; None when nobody can tell."""
    own = words_of(objective.service)
    stores = kinds_of_store(own)
    if said.names is None:
        return None
    if leaves_out(said.alarm, lambda name: bool(own) and own == words_of(name)):
        return False
    home = _home(project)
    if not said.names:
        if said.subject and not stores and not any(same(said.subject, each) for each in (own, *home.names)):
            return None  # it is called after something, and what that is nobody says
        return _unnamed(stores, kinds_of_store(said.measured), said.signal)
    if any(_meant(own, each, home) for each in said.names):
        return True
    if stores and own <= _STORES.keys():
        return _about_store(stores, said, home)
    if not own or own <= _MAIN:
        return _about_home(said.names, home)
    others = [other for other in (*home.known, *home.names) if not same(own, other)]
    return False if any(same(each, other) for other in others for each in said.names) else None


def _about_store(stores: set[str], said: _Said, home: _Home) -> bool | None:
    """Of an objective of 'the database': an alert that names one is about it, one of a service is not."""
    names = said.names or ()
    if any(stores & kinds_of_store(each) for each in (*names, said.measured)):
        return True
    known = [*home.names, *home.known]
    return False if any(same(each, other) for each in names for other in known) else None


def _about_home(names: Iterable[Words], home: _Home) -> bool | None:
    """Of an objective of 'the API': whether it is the one service that there is."""
    names = list(names)
    if any(_meant(name, each, home) for each in names for name in home.names):
        return True
    others = [each for each in home.known if each not in home.names and not each <= _MAIN] if home.names else []
    another = all(kinds_of_store(each) or any(same(each, other) for other in others) for each in names)
    return False if another else None


def _unnamed(stores: set[str], measured: set[str], signal: str | None) -> bool | None:
    """An alert that names nothing: about every service, or about the kind of store whose metrics it reads."""
    if stores:
        return True if stores & measured else False if signal in ("error", "latency", "availability") else None
    return not measured


class Guards(NamedTuple):
    """The alerts about an objective: those of its indicator, those that look at how fast its budget is used up, and
    those of which nobody can tell."""

    fitting: list[Alarm]
    burning: list[Alarm]
    doubts: list[Alarm]


def guards(objective: Objective, project: Project) -> Guards:
    return project.once(("guards", id(objective)), lambda project: _guards(objective, project))


def _guards(objective: Objective, project: Project) -> Guards:
    found = Guards([], [], [])
    wanted = _signals(objective, project)
    for said in _said(project):
        alarm, signal, is_about = said.alarm, said.signal, about(objective, said, project)
        if is_about is False:
            continue
        if is_about and not (for_production(alarm) or is_trial(f"{objective.words} {objective.path}")):
            is_about = None
        if is_about and said.burns and (signal in (None, "error") or signal in wanted) and _watches(objective, said):
            found.burning.append(alarm)
        elif signal is None or (is_about is None and signal in wanted):
            found.doubts.append(alarm)
        elif is_about and signal in wanted:
            found.fitting.append(alarm)
    return found


def _burns(alarm: Alarm) -> bool:
    try:
        return alarm.burn_rate
    except Unresolved:
        return False


_FASTEST = 50.0  # times a budget: the fastest of the usual pairs of windows looks at 14.4


def _watches(objective: Objective, said: _Said) -> bool:
    """Whether an alert on how fast a budget is used up means the objective's: not one that is larger by far, nor one
    that is written out (`14.4 * 0.01`) and is another."""
    if objective.limit is None or objective.indicator not in ("availability", "error"):
        return True
    allowed = allowed_by(objective)
    shares = [missed for each in said.bounds if (missed := _missed(each, "error")) is not None]
    written = said.alarm.budgets
    if any(share > allowed * 1.01 for share in written):
        return False
    return not shares or min(shares) <= allowed * _FASTEST


def allowed_by(objective: Objective) -> float:
    """The share that may fail."""
    limit = objective.limit or 0.0
    return 1 - limit if objective.indicator == "availability" else limit


_OF_REQUESTS = regex(r"\b5xx\b|\b5\.\.|\bsuccessful\b|\brequests?\b|\bresponses?\b|_requests?_", 2)


def _signals(objective: Objective, project: Project) -> frozenset[str]:
    """The signals of alerts that guard it. Errors stand for availability where nothing else promises them, or where
    the words say that it is counted by requests."""
    if objective.indicator != "availability":
        return frozenset([objective.indicator])
    if counts_requests(objective):
        return frozenset(["availability", "error"])
    own = words_of(objective.service)
    apart = any(each.indicator == "error" and words_of(each.service) == own for each in objectives(project))
    return frozenset(["availability"]) if apart else frozenset(["availability", "error"])


def counts_requests(objective: Objective) -> bool:
    """Whether it says that its availability is the share of requests that succeed."""
    return objective.indicator == "availability" and _OF_REQUESTS.search(objective.words) is not None


def made_alerts(objective: Objective, project: Project) -> Objective | None:
    """The objective, or another of the same service and indicator, of which a tool makes alerts."""
    if objective.alerted:
        return objective
    return next((each for each in project.once("alerted", _alerted) if alike(each, objective)), None)


def _alerted(project: Project) -> list[Objective]:
    return [each for each in objectives(project) if each.alerted]


def alike(one: Objective, other: Objective) -> bool:
    """Whether two objectives are about the same thing: of a request, availability is the share that does not fail."""
    kinds = {one.indicator, other.indicator}
    return (len(kinds) == 1 or kinds == {"availability", "error"}) and same(
        words_of(one.service), words_of(other.service)
    )


# how loose


class Loose(NamedTuple):
    """How an alert's bound compares with an objective: looser by that factor where it is above 1."""

    alarm: Alarm
    bound: Bound
    factor: float


def compared(objective: Objective, alarm: Alarm, project: Project) -> Loose | None:
    """The bound of an alert, compared with the objective; None where they cannot be compared."""
    apart = {(each.comparator, each.limit, each.unit, each.quantile): each for each in bounds_of(alarm, project)}
    limits = [bound for bound in apart.values() if bound.comparator not in ("==", "!=")]
    if len(limits) != 1 or objective.limit is None:
        return None
    [bound] = limits
    kind = objective.indicator
    if kind == "latency":
        same_share = bound.quantile is None or objective.quantile in (None, bound.quantile)
        fits = bound.unit == "seconds" and bound.comparator[0] == ">" and bound.quantile is not None and same_share
        return Loose(alarm, bound, bound.limit / objective.limit) if fits and objective.limit > 0 else None
    allowed = allowed_by(objective)
    missed = _missed(bound, kind)
    if missed is None or allowed <= 0:
        return None
    return Loose(alarm, bound, missed / allowed)


def _missed(bound: Bound, kind: str) -> float | None:
    """The share that may fail before an alert on a ratio fires."""
    if bound.comparator[0] == "<":  # of what is up, the mean over a time is a ratio without being called one
        ratio = bound.unit == "ratio" or (kind == "availability" and not bound.unit and bound.window is not None)
        return 1 - bound.limit if ratio and 0.5 < bound.limit < 1 else None
    return bound.limit if bound.unit == "ratio" and 0 <= bound.limit <= 1 else None


class Late(NamedTuple):
    """An alert that waits longer than an outage may last: both in seconds."""

    alarm: Alarm
    held: float
    budget: float


def waits_too_long(objective: Objective, project: Project) -> Late | None:
    """The alert that fires first of those for an objective, where an outage has used up all of its budget by then."""
    if objective.limit is None or objective.indicator not in ("availability", "error"):
        return None
    budget = allowed_by(objective) * (objective.window or _YEAR)
    waiting = [(_held(alarm, project), alarm) for alarm in guards(objective, project).fitting]
    held, alarm = min(waiting, key=lambda each: each[0], default=(0.0, None))
    return Late(alarm, held, budget) if alarm is not None and held > budget > 0 else None


def _held(alarm: Alarm, project: Project) -> float:
    return max((bound.held or 0.0 for bound in bounds_of(alarm, project)), default=0.0)


_YEAR = 31_536_000.0


def shown(limit: float, unit: str) -> str:
    """A bound, as people write it: 5 %, 1 s, 250 ms."""
    if unit == "ratio":
        return f"{limit * 100:.6g} %"
    if unit == "seconds":
        return f"{limit:g} s" if limit >= 1 else f"{limit * 1000:g} ms"
    return f"{limit:g}"


def kept_by(objective: Objective, project: Project) -> list[Workload]:
    """The workloads of the service that an objective is about."""
    from gatekeeper.models.kubernetes import Workload

    own, home = words_of(objective.service), _home(project)
    wanted = list(home.names) if not own or own <= _MAIN else [own]
    found = [(words_of(each.object_name), each) for each in project.all(Workload)]
    if own and own <= _STORES.keys():
        return [each for words, each in found if kinds_of_store(words) & kinds_of_store(own)]
    exact = [each for words, each in found if words in wanted]
    return exact or [each for words, each in found if any(_meant(name, words, home) for name in wanted)]


def distinct_services(project: Project) -> set[Words]:
    """The services that anything is promised of, without the stores behind them."""
    every = {words_of(each.service) for each in objectives(project)}
    return {frozenset() if each <= _MAIN else each for each in every if not kinds_of_store(each)}


def depends_on(objective: Objective, project: Project) -> set[str]:
    """The names of what its service is declared to depend on, in the descriptors of Backstage."""
    from gatekeeper.models.catalog import Entity

    own = words_of(objective.service)
    called = [each for each in project.all(Entity) if same(own, words_of(each.name.partition("/")[2]))]
    return {name for each in called for name in each.depends_on}
