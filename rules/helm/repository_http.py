from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.helm import Chart
from gatekeeper.node import regex
from gatekeeper.rule import rule

_HERE = regex(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|\Z)")


@rule(
    "helm-repository-http",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda chart: any(each.repository for each in chart.dependencies),
)
def repository_http(chart: Chart) -> Iterator[Finding]:
    """No chart is fetched over plain HTTP.

    Whoever sits on the way can put another chart in its place, and what it holds is applied to the cluster. Chart.lock
    does not help: its digest is of the list of dependencies and not of what they are.

    Bad:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies:
      - name: redis
        version: 18.4.0
        # expect: http://charts.example.com
        repository: http://charts.example.com
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies:
      - {name: redis, version: 18.4.0, repository: "https://charts.example.com"}
      - {name: nats, version: 1.1.0, repository: "oci://registry.example.com/charts"}
      - {name: common, version: 1.0.0, repository: "file://../common"}
      - {name: local, version: 1.0.0, repository: "http://localhost:8080"}
    ```
    """
    for each in chart.dependencies:
        if each.repository.startswith("http://") and not _HERE.match(each.repository):
            host = each.repository.partition("@")[2] or each.repository.removeprefix("http://")
            words = f"{each.name} comes from http://{host.partition('/')[0]}: anybody on the way can change it"
            yield Finding(each.node["repository"], words, fix=Fix("use https:// or oci://"))
