from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.slo import Pyrra
from gatekeeper.models.slo.queries import read
from gatekeeper.parsers.promql import Selector
from gatekeeper.rule import Answer, rule


@rule(
    "slo-pyrra-ratio", gate="slo", severity="medium", seed="5.4 SLO Targets",
    where=lambda each: each.spec["indicator"]["ratio"].present,
)  # fmt: skip
def ratio(each: Pyrra) -> Iterator[Answer]:
    """A ratio of Pyrra counts errors apart from everything.

    With the same metric and labels for `errors` and for `total` every request is an error, and the objective can never
    be met. Both are plain selectors: Pyrra puts `rate` and the window around them itself, and refuses an expression.

    Bad:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "99.9"
      window: 4w
      indicator:
        ratio:
          errors:
            # expect: the same as total
            metric: http_requests_total{job="orders"}
          total:
            metric: http_requests_total{ job="orders" }
    ---
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: payments}
    spec:
      target: "99.9"
      window: 4w
      indicator:
        ratio:
          errors:
            # expect: no plain selector
            metric: sum(rate(http_requests_total{code=~"5.."}[5m]))
          total:
            metric: http_requests_total
    ```

    Good:
    ```yaml
    apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: orders}
    spec:
      target: "99.9"
      window: 4w
      indicator:
        ratio:
          errors:
            metric: http_requests_total{job="orders",code=~"5.."}
          total:
            metric: http_requests_total{job="orders"}
    ```
    """
    held = each.spec["indicator"]["ratio"]
    selectors: list[Selector] = []
    for name in ("errors", "total"):
        metric = held[name]["metric"]
        found = read(metric) if metric.present else None
        if found is None:
            yield Finding(held, f"no {name}.metric")
        elif found.wrong:
            yield Finding(metric, f"{name} does not parse: {found.wrong}")
        elif found.query is None:
            yield Unknown(metric, f"whether {name} parses is not known: {found.open}")
        elif not isinstance(found.query.root, Selector) or found.query.root.range is not None:
            yield Finding(metric, f"{name} is no plain selector: Pyrra refuses it")
        else:
            selectors.append(found.query.root)
    if len(selectors) == 2 and str(selectors[0]) == str(selectors[1]):
        yield Finding(held["errors"]["metric"], "errors are the same as total: every request is one")
