from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.slo import OpenSlo
from gatekeeper.models.slo.queries import read
from gatekeeper.node import Node
from gatekeeper.project import Project
from gatekeeper.rule import Answer, rule


def _queries(each: OpenSlo, project: Project) -> list[Node]:
    """The queries of Prometheus in it: those whose source is of that type, by itself or by the DataSource it names."""
    found = []
    for holder in each.node.walk():
        source = holder["metricSource"] if holder.is_mapping else None
        if source is not None and source.is_mapping and _prometheus(source, project):
            found += [source["spec"][name] for name in ("query", "promql") if source["spec"][name].present]
    return found


def _prometheus(source: Node, project: Project) -> bool:
    if source["type"].present:
        return source["type"].known and source["type"].text.lower() == "prometheus"
    reference = source["metricSourceRef"]
    named = project.by(OpenSlo, "object_name").get(reference.text, []) if reference.known and reference.present else []
    return any(
        each.kind == "DataSource" and each.spec["type"].known and each.spec["type"].text.lower() == "prometheus"
        for each in named
    )


def _asks(each: OpenSlo, project: Project) -> bool:
    return each.version == "v1" and each.kind in ("SLO", "SLI") and bool(_queries(each, project))


@rule("slo-openslo-query", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_asks)
def query(each: OpenSlo, project: Project) -> Iterator[Answer]:
    """Queries of Prometheus in OpenSLO parse.

    A query with a mistake in it gives no data, and an indicator without data is often shown as one without errors.
    Judged are the queries of a `metricSource` of type Prometheus, also where a DataSource written here says so.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLI
    metadata: {name: orders}
    spec:
      ratioMetric:
        good:
          metricSource:
            type: Prometheus
            spec:
              # expect: does not parse
              query: sum(rate(requests_total{code!~"5.."}[5m])
        total:
          metricSource:
            type: Prometheus
            spec:
              query: sum(rate(requests_total[5m]))
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLI
    metadata: {name: orders}
    spec:
      ratioMetric:
        good: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total{code!~"5.."}[{{.window}}]))'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total[$__rate_interval]))'}}}
    ```
    """
    for node in _queries(each, project):
        found = read(node)
        if found.wrong:
            yield Finding(node, f"the query does not parse: {found.wrong}")
        elif found.open:
            yield Unknown(node, f"whether the query parses is not known: {found.open}")
