from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.slo import SlothObjective
from gatekeeper.models.slo.queries import WINDOW, read
from gatekeeper.rule import Answer, rule


def _measures(each: SlothObjective) -> bool:
    return not each.node["sli"]["plugin"].present


@rule("slo-sloth-query", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_measures)
def query(each: SlothObjective) -> Iterator[Answer]:
    """Queries of Sloth parse, and leave the window to Sloth.

    Sloth asks every query over many windows, from five minutes to thirty days, and writes each in place of
    `{{.window}}`. A query with a window of its own (`[5m]`) gives the same value for all of them: the alerts on how
    fast the budget is used up then compare a thing with itself. An indicator has `events` with `error_query` and
    `total_query`, or a `raw` ratio. One that a plugin writes is not judged.

    Bad:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.9
        sli:
          events:
            # expect: has a window of its own
            error_query: sum(rate(http_requests_total{code=~"5.."}[5m]))
            # expect: does not parse
            total_query: sum(rate(http_requests_total[{{.window}}])
      # expect: no sli
      - name: latency
        objective: 99
    ```

    Good:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.9
        sli:
          events:
            error_query: sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))
            total_query: sum(rate(http_requests_total[{{ .window }}]))
      - name: freshness
        objective: 95
        sli:
          plugin: {id: "sloth-common/freshness/age"}
    ```

    Unknown, a chart fills it in:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.9
        sli:
          raw:
            error_ratio_query: '{{ .Values.errors }}[{{.window}}]'
    ```
    """
    held = dict(each.queries)
    if not held:
        yield Finding(each, "no sli: nothing is measured", fix=Fix("add sli.events with error_query and total_query"))
    for name, node in held.items():
        if not node.present:
            yield Finding(node, f"no {name}: the ratio cannot be made")
            continue
        found = read(node)
        if found.wrong:
            yield Finding(node, f"{name} does not parse: {found.wrong}")
        elif found.open:
            yield Unknown(node, f"whether {name} parses is not known: {found.open}")
        elif not WINDOW.search(node.text):
            yield Finding(node, f"{name} has a window of its own", fix=Fix("write {{.window}} in place of it"))
