from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Unknown
from gatekeeper.models.helm import Chart
from gatekeeper.models.helm.lock import digests
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.rule import Answer, rule


@rule(
    "helm-chart-lock",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    where=lambda chart: chart.lock is not None and written(chart.lock["digest"]).startswith("sha256:"),
)
def chart_lock(chart: Chart) -> Iterator[Answer]:
    """A chart's lock is in step with its Chart.yaml.

    Chart.lock holds a digest of the dependencies that it was made for. Where these were changed since,
    `helm dependency build` refuses, so the chart can no longer be put together from its commit: somebody edited
    Chart.yaml and did not commit the new lock.

    Bad:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies: [{name: redis, version: 18.5.0, repository: "https://charts.example.com"}]
    ```
    ```yaml shop/Chart.lock
    dependencies: [{name: redis, repository: "https://charts.example.com", version: 18.4.0}]
    # expect: other dependencies
    digest: sha256:5b9d5e8a9d5ac3c6f0bdc4bba9ddba18c1f04c1fa62a1dbe3bd0a4fa9e7dd4cb
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies: [{name: redis, version: ">=18.4.0", repository: "https://charts.example.com"}]
    ```
    ```yaml shop/Chart.lock
    dependencies: [{name: redis, repository: "https://charts.example.com", version: 18.4.0}]
    digest: sha256:9087e91553e5a2afaac6f0ba13f3130bede5890bc2f3c3a862cae26b52a199e2
    ```
    """
    assert chart.lock is not None
    said, right = chart.lock["digest"], digests(chart)
    if not right:
        yield Unknown(said, "import-values hold a word that Helm may take for true or false")
    elif written(said) not in right:
        see = (Note(chart.node["dependencies"], "these are not what was locked"),)
        yield Finding(
            said, "was made for other dependencies than Chart.yaml has", see, Fix("run helm dependency update")
        )
