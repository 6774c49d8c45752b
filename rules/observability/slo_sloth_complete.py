from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import Sloth
from gatekeeper.node import regex
from gatekeeper.rule import rule

_NAME = regex(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,126}[A-Za-z0-9])?\Z")


@rule("slo-sloth-complete", gate="slo", severity="medium", seed="5.4 SLO Targets")
def complete(spec: Sloth) -> Iterator[Finding]:
    """A specification of Sloth names its service and its objectives, each once.

    Sloth makes rules of both names (`myservice-requests-availability`), so without them, or with one name twice, it
    makes none and stops. Judged are files of `version: prometheus/v1` and objects of kind PrometheusServiceLevel.

    Bad:
    ```yaml
    # expect: no service
    version: prometheus/v1
    slos:
      - name: availability
        objective: 99.9
    ---
    version: prometheus/v1
    service: orders
    slos:
      # expect: an objective without a name
      - objective: 99.9
      - name: latency
        objective: 99
      # expect: latency is there twice
      - name: latency
        objective: 95
    ---
    version: prometheus/v1
    # expect: no objectives
    service: payments
    slos: []
    ```

    Good:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.9
    ```
    """
    service = spec.service
    if not service.present or not service.text:
        yield Finding(spec, "no service", fix=Fix("name the service that it is promised of"))
    elif not _NAME.match(service.text):
        yield Finding(service, f"{service.text!r} is no name: letters, digits, '-' and '_'")
    if not spec.objectives:
        yield Finding(spec, "no objectives: nothing is promised")
    seen: set[str] = set()
    for each in spec.objectives:
        if not each.label:
            first = next((child for _, child in each.node.items()), each.node)
            yield Finding(first, "an objective without a name", fix=Fix("name: requests-availability"))
        elif each.label in seen:
            yield Finding(each, f"{each.label} is there twice: Sloth refuses it")
        seen.add(each.label)
