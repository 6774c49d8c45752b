"""Metric alerts of Azure Monitor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.models.alarm_backends.made import MadeAlarm, Spelled, number, spelled, written
from gatekeeper.node import regex

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_OPERATORS = {
    "GreaterThan": ">", "GreaterThanOrEqual": ">=", "LessThan": "<", "LessThanOrEqual": "<=", "Equals": "==",
}  # fmt: skip
# https://learn.microsoft.com/azure/azure-monitor/reference/metrics-index
_NAMES = {
    "HttpResponseTime": "response_time_seconds", "AverageResponseTime": "response_time_seconds",
    "ResponseTime": "response_time_milliseconds", "requests/duration": "request_duration_milliseconds",
    "HealthCheckStatus": "healthy_percent", "UnhealthyHostCount": "unhealthy_hosts",
    "HealthyHostCount": "healthy_hosts",
    "availabilityResults/availabilityPercentage": "healthy_percent", "CpuPercentage": "cpu_used_percent",
    "Percentage CPU": "cpu_used_percent", "cpu_percent": "cpu_used_percent", "memory_percent": "memory_used_percent",
    "storage_percent": "disk_used_percent", "MemoryPercentage": "memory_used_percent", "UsageNanoCores": "cpu_used",
    "WorkingSetBytes": "memory_used_bytes", "Available Memory Bytes": "memory_free_bytes",
    "Availability": "healthy_percent", "SuccessE2ELatency": "latency_milliseconds",
}  # fmt: skip
_ISO = regex(r"PT?(?:(\d{1,3})D)?T?(?:(\d{1,4})H)?(?:(\d{1,5})M)?\Z")


class MetricAlert(MadeAlarm):
    """A metric alert: all of its criteria must hold."""

    backend = "azure"

    @property
    def spelled(self) -> Spelled | None:
        window = _seconds(written(self.node["window_size"]) or "PT5M")
        texts, certain = [], True
        for each in self.resource.blocks("criteria"):
            operator = _OPERATORS.get(written(each["operator"])) if each.is_mapping else None
            name = each["metric_name"]
            if not operator or not name.known:
                return None
            limit = number(each["threshold"])
            certain = certain and limit is not None
            inner = _NAMES.get(name.text) or spelled(name.text)
            total = written(each["aggregation"]) in ("Total", "Count") and window
            measured = f"increase({inner}[{int(window or 0)}s])" if total else inner
            texts.append(f"({measured} {operator} {1 if limit is None else limit})")
        return Spelled(" and ".join(texts), certain) if texts else None

    @property
    def services(self) -> frozenset[str]:
        """What its scopes call it, `*` for what is filled in later."""
        scopes = self.node["scopes"]
        listed = list(scopes) if scopes.is_list else [scopes]
        return frozenset(each.text.rpartition("/")[2] if each.known else "*" for each in listed if each.present)

    @property
    def pages(self) -> bool:
        """Azure's severity 0 is critical, 1 an error."""
        return self.severity is not None and self.severity.text.strip() in ("0", "1")


def _seconds(text: str) -> float | None:
    found = _ISO.match(text)
    if not found or not any(found.groups()):
        return None
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return float(days * 86_400 + hours * 3_600 + minutes * 60)


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    yield MetricAlert(resource) if resource.type == "azurerm_monitor_metric_alert" else MadeAlarm(resource)
