"""Everything here that alerts somebody, whoever evaluates it, and which alarms are about a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.models import Subject
from gatekeeper.models.alarms import ALARM_TYPES as ALARM_TYPES
from gatekeeper.models.alarms import Alarm, Signal
from gatekeeper.models.prometheus import Alert
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource


def made_by_terraform(project: Project) -> Iterator[Alarm]:
    """The alarms that resources make, of Terraform and of CloudFormation. Not those of others that are only shown."""
    kind = cast("type[Resource] | None", Subject.registry.get("terraform.Resource"))
    made = [each for each in project.all(kind) if each.type in ALARM_TYPES] if kind else []
    if made:
        from gatekeeper.models.alarm_backends import alarms_of

        for each in made:
            yield from alarms_of(each)


def alarms(project: Project) -> list[Alarm]:
    """Every alarm that tells somebody: of any backend, switched on, and none that only proves alerting."""
    return project.once("alarms", _alarms)


def _alarms(project: Project) -> list[Alarm]:
    found = [each for each in project.all(Alarm) if each.there]
    composite = any(each.name.startswith("aws_cloudwatch_composite_alarm") for each in found)
    return [each for each in found if not _is_silent(each, composite)]


def _is_silent(alarm: Alarm, part_of_another: bool) -> bool:
    try:
        return alarm.silent or (alarm.paused and not (part_of_another and alarm.backend == "cloudwatch"))
    except Unresolved:
        return False


def for_production(alarm: Alarm) -> bool:
    """Whether an alarm may be one of production: neither what it asks for nor its path says that it is of a trial."""
    try:
        places = alarm.places
    except Unresolved:
        places = frozenset()
    if places and all(map(is_trial, places)):
        return False
    return any(not _said(name).isdisjoint(_PRODUCTION) for name in places) or not is_trial(alarm.path)


@lru_cache(maxsize=4096)
def is_trial(name: str) -> bool:
    """Whether the name of an environment, or a path, says that it is not production."""
    said = _said(name)
    return said.isdisjoint(_PRODUCTION) and (not said.isdisjoint(_TRIALS) or for_trial(name))


def _said(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_NOT_YET.sub("staging", name.lower())))


_WORD = regex(r"[a-z]+")
_NOT_YET = regex(r"(?:pre|non)[-_]?prod(?:uction)?")
_PRODUCTION = frozenset("prod prd production live".split())
_TRIALS = frozenset("dev devel develop development stage staging stg qa uat sandbox preview testing tst".split())


class Guard(NamedTuple):
    """The alarms about a service: those that name it, and those that hold for `every` service by itself and do not
    leave it out.

    `signals` are those that are recognised among them; `open` the alarms that are not, those that are for a trial, and
    those that name nothing, so that they may be about it: while there are any, nothing is proven to be missing.
    """

    named: list[Alarm]
    every: list[Alarm]
    signals: frozenset[Signal]
    open: list[Alarm]


def guard_of(name: str, project: Project, *others: str) -> Guard:
    """The alarms about the service of some name, or of other names that mean the same."""
    index = project.once("alarms by name", _Index)
    names = [each for each in (name, *others) if each]
    named = list({id(each): each for one in names for each in index.of(one)}.values())
    known = {id(each) for each in named}
    doubtful = [each for each in index.generic if id(each) not in known and not _leaves_out(each, names)]
    every = [each for each in index.every if not _leaves_out(each, names)]
    signals = frozenset(found for each in (*named, *every) if (found := signal_of(each)) and for_production(each))
    unsure = [each for each in (*named, *every) if signal_of(each) is None or not for_production(each)]
    return Guard(named, every, signals, [*unsure, *doubtful])


def _leaves_out(alarm: Alarm, names: list[str]) -> bool:
    return leaves_out(alarm, lambda spared: any(plain(name) == plain(spared) for name in names))


def leaves_out(alarm: Alarm, is_meant: Callable[[str], bool]) -> bool:
    """Whether an alarm says that it is not about what is meant by a name."""
    try:
        return any(is_meant(name) for name in alarm.spared)
    except Unresolved:
        return False


def alarms_of(name: str, project: Project, *others: str) -> list[Alarm]:
    """The alarms that are about a service by what they say: a label, a matcher, their group, the path of their file."""
    return guard_of(name, project, *others).named


def signal_of(alarm: Alarm) -> Signal | None:
    """The signal of an alarm; None also where that is filled in later."""
    try:
        return alarm.signal
    except Unresolved:
        return None


def _holds_for_every(alarm: Alarm) -> bool:
    try:
        return isinstance(alarm, Alert) and alarm.meaning.every
    except Unresolved:
        return False


_WIDE = frozenset(
    "monitoring prometheus alerts alert rules rule general default app apps service services k8s kubernetes production"
    " staging prod base overlays deploy manifests config main grafana"
    " provisioning alerting alertmanager templates charts chart helm examples rendered infra infrastructure terraform"
    " modules".split()
)


class _Index:
    """Alarms by the names that they say they are about; patterns and what says nothing, for all."""

    def __init__(self, project: Project) -> None:
        self._by_name: dict[str, list[Alarm]] = {}
        self._patterns: list[tuple[str, Alarm]] = []
        self.generic: list[Alarm] = []
        self.every: list[Alarm] = []
        for alarm in alarms(project):
            self._take(alarm)

    def _take(self, alarm: Alarm) -> None:
        try:
            said = {plain(name) for name in alarm.services}
        except Unresolved:
            said = {"*"}
        for name in said:
            if "*" not in name:
                self._by_name.setdefault(name, []).append(alarm)
            elif name.strip("*"):
                self._patterns.append((name, alarm))
        if not said - {"*"}:
            for name in _around(alarm.path, alarm.name.partition("/")[0]):
                self._by_name.setdefault(name, []).append(alarm)
        if not said and _holds_for_every(alarm):
            self.every.append(alarm)
        elif not said or "*" in said:
            self.generic.append(alarm)

    def of(self, name: str) -> list[Alarm]:
        from fnmatch import fnmatchcase

        name = plain(name)
        found = [*self._by_name.get(name, ()), *(each for shape, each in self._patterns if fnmatchcase(name, shape))]
        return list({id(each): each for each in found}.values())


def plain(name: str) -> str:
    """A name as it is compared: `Order_Service`, `order-service:8080` and `shop/order-service` are `order-service`."""
    return name.lower().rpartition("/")[2].partition(":")[0].replace("_", "-").replace(" ", "-")


@lru_cache(maxsize=4096)
def _around(path: str, group: str) -> frozenset[str]:
    """The names that stand around an alarm: its group's, or its own, its file's, its folders'."""
    folders = path.lower().replace("_", "-").split("/")
    names = {plain(group), folders[-1].partition(".")[0], *folders[:-1]}
    for ending in _ENDINGS:
        names |= {name.removesuffix(ending) for name in tuple(names) if name.endswith(ending)}
    return frozenset(names - _WIDE - {""})


_ENDINGS = ("-alerts", "-alert", "-rules", "-rule", "-prometheusrule", "-alarms", "-monitors", ".rules")
