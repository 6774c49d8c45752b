"""What alerts somebody, whoever evaluates it: Prometheus, Loki, Grafana, or the monitoring of a cloud.

Each backend writes the same few things in its own way: what is measured, the bound that it must not pass, for how long,
how urgent that is, and what to do then. Rules read them here; what a backend does not say, or nobody can tell from the
files, is absent, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.node import Node, regex

Signal = Literal["error", "latency", "traffic", "saturation", "availability"]

PAGING = frozenset(["critical", "page", "pager", "emergency", "disaster", "p0", "p1", "sev0", "sev1"])

# Labels that name an environment.
PLACES = frozenset(
    ["env", "environment", "stage", "deployment_environment", "deployment_environment_name", "namespace"]
)

RUNBOOK = regex(r"run[-_ ]?book|play[-_ ]?book", re.IGNORECASE)

ALARM_TYPES = frozenset({
    "aws_cloudwatch_metric_alarm",
    "aws_cloudwatch_composite_alarm",
    "azurerm_monitor_metric_alert",
    "azurerm_monitor_scheduled_query_rules_alert",
    "azurerm_monitor_scheduled_query_rules_alert_v2",
    "datadog_monitor",
    "datadog_monitor_json",
    "digitalocean_monitor_alert",
    "digitalocean_uptime_alert",
    "google_monitoring_alert_policy",
    "grafana_rule_group",
    "newrelic_alert_condition",
    "newrelic_infra_alert_condition",
    "newrelic_nrql_alert_condition",
    "newrelic_synthetics_alert_condition",
    "newrelic_synthetics_multilocation_alert_condition",
})  # fmt: skip


class Bound(NamedTuple):
    """What a measured value must not pass: it alerts when `value comparator limit` holds.

    `limit` is in the base unit: a ratio (5 % is 0.05), seconds, or a count, as `unit` says; '' where that is not known.
    `quantile` is of a latency (0.95), `window` what the value is taken over and `held` how long it must hold, in
    seconds; None where nothing says so. `metric` is what is measured, in the words of the backend.
    """

    metric: str
    comparator: Literal[">", ">=", "<", "<=", "==", "!="]
    limit: float
    unit: Literal["ratio", "seconds", "count", "bytes", ""]
    quantile: float | None
    window: float | None
    held: float | None
    at: Node


class Alarm(Subject):
    """An alert of any backend. Properties that read what is known only at run time raise `Unresolved`."""

    technology = "alerts"
    also_in: ClassVar[tuple[str, ...]] = ("prometheus", "grafana", "terraform", "cloudformation")
    example_path = "monitoring/rules.yaml"

    @property
    def backend(self) -> str:
        """Who evaluates it: prometheus, loki, grafana, cloudwatch, datadog, newrelic, google, azure; '' for others."""
        return ""

    @property
    def title(self) -> str:
        """What it is called, by those who get it."""
        return self.name

    @property
    def signal(self) -> Signal | None:
        """What it tells about its service; None when that is not recognised, which says nothing."""
        return None

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """The bounds that it is compared with, as far as they are written out as numbers; all of them or none."""
        return ()

    @property
    def paused(self) -> bool:
        """Whether it is switched off."""
        return False

    @property
    def services(self) -> frozenset[str]:
        """The names by which it says what it is about: of a service, a job, a workload, a resource. Empty: any.

        A `*` stands for what is left open, by a pattern or until it is filled in.
        """
        return frozenset()

    @property
    def spared(self) -> frozenset[str]:
        """The names of what it says that it is not about (`job!="api"`), with `*` as in `services`."""
        return frozenset()

    @property
    def places(self) -> frozenset[str]:
        """The environments that it says it is for (`env="staging"`). Empty: any."""
        return frozenset()

    @property
    def severity(self) -> Node | None:
        """What says how urgent it is, as written."""
        return None

    @property
    def pages(self) -> bool:
        """Whether its severity gets somebody out of bed. Raises `Unresolved` when that is filled in later."""
        return self.severity is not None and self.severity.text.strip().lower() in PAGING

    @property
    def silent(self) -> bool:
        """Whether it is meant to tell nobody: it always fires, to prove that alerting works."""
        return False

    @property
    def burn_rate(self) -> bool:
        """Whether it compares how fast an objective's budget is used up, over several windows."""
        return False

    @property
    def budgets(self) -> frozenset[float]:
        """The error budgets that it says it multiplies: 0.001 of `> 14.4 * 0.001`."""
        return frozenset()

    @property
    def summary(self) -> Node | None:
        """The words that say what is wrong."""
        return None

    @property
    def runbook(self) -> Node | None:
        """What names or links to the runbook."""
        return None


class RoutedAlarm(Alarm):
    """An alarm that a routing tree takes to its receivers, by its labels."""

    technology = "alerts"
    also_in = ("prometheus", "grafana")
    example_path = "monitoring/rules.yaml"

    @property
    def labels(self) -> Mapping[str, Node]:
        return {}

    @property
    def receiver(self) -> Node:
        """The receiver that it names itself, where it may; missing else."""
        return Node(None, self.node.source, self.node.span)
