"""Alarms of CloudWatch, also those of CloudFormation's templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper.models.alarm_backends.made import MadeAlarm, Spelled, number, spelled, written
from gatekeeper.node import Node, regex

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_OPERATORS = {
    "GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<", "LessThanOrEqualToThreshold": "<=",
}  # fmt: skip
# What the names of AWS leave out: units, and what an instance's or a queue's figure is about.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
_NAMES = {
    "UnHealthyHostCount": "unhealthy_hosts", "HealthyHostCount": "healthy_hosts", "RunningTaskCount": "running_tasks",
    "StatusCheckFailed": "unhealthy_instances", "StatusCheckFailed_System": "unhealthy_instances",
    "StatusCheckFailed_Instance": "unhealthy_instances", "HealthCheckStatus": "healthy_endpoints",
    "FreeableMemory": "memory_free_bytes", "FreeStorageSpace": "disk_free_bytes", "BurstBalance": "disk_balance",
    "CPUCreditBalance": "cpu_balance", "CPUUtilization": "cpu_used_percent", "MemoryUtilization": "memory_used_percent",
    "ApproximateNumberOfMessagesVisible": "queue_messages", "ConcurrentExecutions": "concurrent_executions",
    "TargetResponseTime": "response_time_seconds", "5xxErrorRate": "error_percent", "4xxErrorRate": "error_percent",
    "ReadLatency": "read_latency_seconds", "WriteLatency": "write_latency_seconds",
}  # fmt: skip
_OF_SERVICES = {
    ("AWS/ApiGateway", "Latency"): "latency_milliseconds",
    ("AWS/ApiGateway", "IntegrationLatency"): "integration_latency_milliseconds",
    ("AWS/Lambda", "Duration"): "duration_milliseconds",
    ("AWS/AppSync", "Latency"): "latency_milliseconds",
    ("AWS/DynamoDB", "SuccessfulRequestLatency"): "request_latency_milliseconds",
    ("AWS/CloudFront", "OriginLatency"): "latency_milliseconds",
    ("AWS/ELB", "Latency"): "latency_seconds",
}
_PERCENTILE = regex(r"p(\d{1,2}(?:\.\d{1,4})?)\Z")
_IDENTIFIER = regex(r"[a-z][A-Za-z0-9_]*")
_FILLED = regex(r"FILL\(\s*(\w{1,255})\s*,[^(),]{1,40}\)")
_SCALES = ("aws_autoscaling_policy.", "aws_appautoscaling_policy.")


class CloudWatchAlarm(MadeAlarm):
    """A metric alarm of CloudWatch."""

    backend = "cloudwatch"
    titles = ("alarm_name",)
    summaries = ("alarm_description",)
    severities = ()

    @property
    def spelled(self) -> Spelled | None:
        node = self.node
        operator = _OPERATORS.get(written(node["comparison_operator"]))
        measured = self._measured()
        if not operator or not measured:
            return None
        limit = number(node["threshold"])
        periods = number(node["evaluation_periods"])
        period = number(self._metrics[0]["period"]) if self._metrics else None
        held = periods * period if periods and period else None
        return Spelled(f"{measured} {operator} {1 if limit is None else limit}", limit is not None, held)

    @property
    def condition(self) -> Node:
        return next((self.node[name] for name in ("threshold", "metric_name") if self.node[name].present), self.node)

    @property
    def _metrics(self) -> list[Node]:
        if self.node["metric_name"].present:
            return [self.node]
        return [query["metric"] for query in self._queries if query["metric"].is_mapping]

    @property
    def _queries(self) -> list[Node]:
        return [each for each in self.resource.blocks("metric_query") if each.is_mapping]

    def _measured(self) -> str:
        if self.node["metric_name"].present:
            return _metric(self.node)
        names = {written(query["id"]): _metric(_inside(query)) for query in self._queries if _inside(query).is_mapping}
        returned = next((each for each in self._queries if written(each["return_data"]) == "true"), None)
        if returned is None or not returned["expression"].present:
            return names.get(written(returned["id"]), "") if returned is not None else ""
        text = _FILLED.sub(r"\1", written(returned["expression"]))
        if any(name not in names for name in _IDENTIFIER.findall(text)):
            return ""
        return "(" + _IDENTIFIER.sub(lambda found: names[found[0]], text) + ")"

    @property
    def silent(self) -> bool:
        """Whether all that it does is to scale."""
        told = self.resource.addresses("alarm_actions")
        return bool(told) and all(each.startswith(_SCALES) for each in told)

    @property
    def services(self) -> frozenset[str]:
        """The values of its dimensions; `*` for those that are filled in later."""
        found: set[str] = set()
        for holder in self._metrics:
            dimensions = holder["dimensions"]
            if not dimensions.known:
                found.add("*")
            elif dimensions.is_mapping:
                found |= {each.text if each.known else "*" for _, each in sorted(dimensions.value.items())}
        return frozenset(name for name in found if name)


def _inside(query: Node) -> Node:
    inner = query["metric"]
    return inner[0] if inner.is_list else inner


def _metric(holder: Node) -> str:
    name, space = written(holder["metric_name"]), written(holder["namespace"])
    if not holder["metric_name"].known:
        return ""
    stat = written(holder["extended_statistic"]) or written(holder["statistic"]) or written(holder["stat"])
    said = _OF_SERVICES.get((space, name)) or _NAMES.get(name) or spelled(name)
    if name in ("5XXError", "4XXError"):  # of API Gateway and S3: the mean of ones and zeros
        said = "error_ratio" if stat == "Average" else "error_count"
    period = number(holder["period"])
    percentile = _PERCENTILE.match(stat)
    if percentile:
        return f'{said}{{quantile="{float(percentile[1]) / 100:g}"}}'
    return f"increase({said}[{int(period)}s])" if stat == "Sum" and period else said


def alarms(resource: Resource) -> Iterator[MadeAlarm]:
    yield CloudWatchAlarm(resource) if resource.type == "aws_cloudwatch_metric_alarm" else MadeAlarm(resource)
