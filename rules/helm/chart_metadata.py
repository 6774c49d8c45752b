from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.helm import Chart
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import regex
from gatekeeper.rule import Spot, rule

_SEMVER = regex(
    r"v?(?:0|[1-9][0-9]{0,9})\.(?:0|[1-9][0-9]{0,9})\.(?:0|[1-9][0-9]{0,9})"
    r"(?:-[0-9A-Za-z.-]{1,120})?(?:\+[0-9A-Za-z.-]{1,120})?\Z"
)


@rule("helm-chart-metadata", gate="iac-validation", severity="low", seed="2.1 IaC Best Practices")
def chart_metadata(chart: Chart) -> Iterator[Finding]:
    """A chart says which version it is, and of what.

    Helm refuses to package a chart whose version is no semantic version. `appVersion` is what `helm list` shows an
    operator, and what most charts fall back to for the image's tag. `apiVersion: v1` is the form of Helm 2, which is
    no longer supported. A library deploys nothing and needs no `appVersion`; neither does a chart in another one's
    `charts/`, or one that puts others together.

    Bad:
    ```yaml shop/Chart.yaml
    # expect: Helm 2
    apiVersion: v1
    # expect: appVersion
    name: shop
    # expect: no semantic version
    version: "1.0"
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0-rc.1+build.5
    appVersion: "2.3"
    ```
    ```yaml common/Chart.yaml
    apiVersion: v2
    name: common
    type: library
    version: 1.0.0
    ```
    ```yaml all/Chart.yaml
    apiVersion: v2
    name: all
    version: 1.0.0
    dependencies: [{name: shop, version: 1.0.0, repository: "file://../shop"}]
    ```
    """
    node = chart.node
    if written(node["apiVersion"]) == "v1":
        yield Finding(node["apiVersion"], "v1 is the form of charts for Helm 2")
    elif written(node["apiVersion"]) != "v2":
        yield Finding(node["apiVersion"] if node["apiVersion"].present else chart, "apiVersion is not v2")
    version = written(node["version"]).strip()
    if not _SEMVER.match(version):
        words = f"{version!r} is no semantic version (1.2.3)" if version else "has no version"
        yield Finding(node["version"] if node["version"].present else _top(chart), words)
    if not chart.library and not chart.is_part and not chart.dependencies and not node["appVersion"].present:
        yield Finding(_top(chart), "no appVersion: nothing says which version of the application it deploys")


def _top(chart: Chart) -> Spot:
    return chart.node["name"] if chart.node["name"].present else chart
