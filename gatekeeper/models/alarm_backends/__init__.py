"""The alarms that Terraform and CloudFormation make, each backend's in the words of the neutral model.

What a backend compares is spelled as PromQL, which says the same of any of them (`increase(errors[300s]) > 5`): so one
reader finds signals, bounds and services in all. What is not known until something runs, or cannot be spelled so, says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, cast

from gatekeeper.models.alarms import Alarm

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_READERS = {
    "aws_cloudwatch_": "cloudwatch",
    "datadog_": "datadog",
    "newrelic_": "newrelic",
    "google_": "google",
    "azurerm_": "azure",
    "grafana_": "grafana",
}


def alarms_of(resource: Resource) -> Iterator[Alarm]:
    """The alarms that a resource makes: one, for most; each rule of a group of rules of Grafana."""
    reader = next((module for start, module in _READERS.items() if resource.type.startswith(start)), "made")
    yield from cast("Iterator[Alarm]", import_module(f"gatekeeper.models.alarm_backends.{reader}").alarms(resource))
