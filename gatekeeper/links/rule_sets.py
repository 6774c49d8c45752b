"""What the rules of a repository record, how often their Prometheus looks, and what tests they have."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.prometheus import Alert, GroupedRule, RecordingRule, RuleGroup, seconds
from gatekeeper.models.prometheus_server import Server
from gatekeeper.node import Node
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

SCRAPED_EVERY = 60.0  # where nobody says: https://prometheus.io/docs/prometheus/latest/configuration/configuration/
OPERATORS_EVERY = 30.0  # and where its operator runs it: https://prometheus-operator.dev/docs/api-reference/api/


class Interval(NamedTuple):
    """How often series get a new value, in seconds; `declared` where it is written, None when the default is meant."""

    seconds: float
    declared: Node | None


def interval(project: Project | None, group: RuleGroup) -> Interval:
    """The shortest interval that a Prometheus of this repository scrapes at; else the default of whoever runs it."""
    found = project.once("scrape interval", _interval) if project else None
    return found or Interval(OPERATORS_EVERY if group.of_object else SCRAPED_EVERY, None)


def _interval(project: Project) -> Interval | None:
    monitor = Subject.registry.get("kubernetes.Monitor")  # not imported: nothing to look for unless somebody read it
    written = [node for each in project.all(Server) for node in each.intervals]
    for each in project.all(monitor) if monitor else ():
        for key in ("endpoints", "podMetricsEndpoints"):
            ends = each.node.at(f"spec.{key}")
            written += [end["interval"] for end in ends if end.is_mapping] if ends.known and ends.is_list else []
    known = [(every, node) for node in written if node.present and (every := seconds(node))]
    return Interval(*min(known, key=lambda pair: pair[0])) if known else None


def recordings(project: Project) -> dict[str, list[RecordingRule]]:
    """The recording rules by the metric they record."""
    return project.by(RecordingRule, "record")


def families(project: Project) -> frozenset[str]:
    """The beginnings of recorded metrics that are some rule set's own."""
    return project.once("recorded families", lambda project: frozenset(filter(None, map(family, recordings(project)))))


_GENERIC = frozenset("job instance cluster node namespace pod container service global".split())


def family(metric: str) -> str:
    """Whose rule set a recorded metric is of, by its name: `slo:sli_error` of `slo:sli_error:ratio_rate5m`."""
    level, *rest = metric.split(":")
    if len(rest) > 1:
        return f"{level}:{rest[0]}"
    return level if rest and level and level not in _GENERIC else ""


def unrecorded(rule: GroupedRule, project: Project) -> list[str]:
    """The metrics of its query that are named as recorded ones of a family of this repository, and recorded nowhere."""
    metrics = rule.query.metrics if rule.query else ()
    names, known = recordings(project), families(project)
    return sorted(name for name in metrics if ":" in name and name not in names and family(name) in known)


class RuleTest(NamedTuple):
    """The test of one alert, as promtool runs it. `rule_files` are the paths that it loads, relative to the root."""

    alert: str
    node: Node
    rule_files: tuple[str, ...]

    def loads(self, project: Project) -> bool:
        """Whether rules of this repository are what it tests: all its files were read, and hold alerts."""
        held = project.by(Alert, "path")
        return bool(self.rule_files) and all(path in held for path in self.rule_files)


def rule_tests(project: Project) -> dict[str, list[RuleTest]]:
    """The tests of alerts by the alert they name, also in folders that hold tests only."""
    return project.once("rule tests", _rule_tests)


def _rule_tests(project: Project) -> dict[str, list[RuleTest]]:
    found: dict[str, list[RuleTest]] = {}
    for path in project.tree.paths:
        if not path.endswith((".yaml", ".yml")) or "test" not in path.lower():
            continue
        source = project.tree.source(path)
        try:
            if "alert_rule_test" not in source.text or "rule_files" not in source.text:
                continue
        except Unreadable:
            continue
        for document in source.once(yaml.parse).nodes:
            for test in _tests(document):
                found.setdefault(test.alert, []).append(test)
    return found


def _tests(document: Node) -> Iterator[RuleTest]:
    if not document.is_mapping or not document["rule_files"].is_list or not document["tests"].is_list:
        return
    folder = document.source.path.rpartition("/")[0]
    names = [each.text for each in document["rule_files"] if each.known]
    files = tuple(normpath(f"{folder}/{name}" if folder else name) for name in names)
    for node in document["tests"].walk():
        name = node["alertname"] if node.is_mapping and "eval_time" in node else None
        if name is not None and name.known and name.text:
            yield RuleTest(name.text, name, files)
