from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Node
from gatekeeper.rule import rule

_FRAMES = ("7d", "30d", "90d", "custom")


@rule(
    "tf-datadog-slo-warning",
    gate="slo",
    severity="medium",
    seed="5.4 SLO Targets",
    types=("datadog_service_level_objective",),
    where=lambda resource: resource.type == "datadog_service_level_objective" and resource.present("thresholds"),
)
def warning(resource: Resource) -> Iterator[Finding]:
    """Thresholds of a Datadog objective are in order: target below warning, both below 100, over a time Datadog knows.

    The warning is there to be reached before the target is missed, so it lies above it. Datadog refuses one that does
    not, after the plan has passed. A target of 100 leaves no budget. `timeframe` is 7d, 30d, 90d or custom.

    Bad:
    ```hcl
    resource "datadog_service_level_objective" "orders" {
      tags = ["service:orders"]
      thresholds {
        timeframe = "30d"
        target    = 99.9
        # expect: no higher than the target
        warning   = 99.5
      }
      thresholds {
        # expect: 14d
        timeframe = "14d"
        # expect: 100 leaves no budget
        target    = 100
      }
    }
    ```

    Good:
    ```hcl
    resource "datadog_service_level_objective" "orders" {
      tags = ["service:orders"]
      thresholds {
        timeframe = "30d"
        target    = 99.9
        warning   = 99.95
      }
    }
    ```

    Unknown:
    ```hcl
    variable "warning" {
      type = number
    }
    resource "datadog_service_level_objective" "orders" {
      thresholds {
        timeframe = "30d"
        target    = 99.9
        warning   = var.warning
      }
    }
    ```
    """
    for block in resource.blocks("thresholds"):
        yield from _judged(block)


def _judged(block: Node) -> Iterator[Finding]:
    target, early, frame = block["target"], block["warning"], block["timeframe"]
    if target.number is not None and target.number >= 100:
        yield Finding(target, f"{target.number:g} leaves no budget: the first error breaks it")
    if frame.present and frame.text not in _FRAMES:
        yield Finding(frame, f"{frame.text} is no time that Datadog knows: {', '.join(_FRAMES)}")
    if early.present and early.number is not None and target.number is not None and early.number <= target.number:
        words = f"the warning at {early.number:g} is no higher than the target: it comes too late"
        yield Finding(early, words, fix=Fix("warn above the target"))
