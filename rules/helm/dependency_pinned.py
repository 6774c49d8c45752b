from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.helm import Chart, Dependency
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import regex
from gatekeeper.rule import rule

_EXACT = regex(r"=?[ ]?v?[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?\Z")


@rule(
    "helm-dependency-pinned",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    where=lambda chart: any(_fetched(each) for each in chart.dependencies),
)
def dependency_pinned(chart: Chart) -> Iterator[Finding]:
    """What a chart depends on is pinned to a version.

    A range (`^1.2.0`, `12.x`, `*`) takes whatever was published last when `helm dependency update` runs: two builds of
    one commit may deploy different things. An exact version pins; so does a Chart.lock that is committed and names the
    chart. Charts that are local (`file://`), or that stand in `charts/` without a repository, are part of the commit.

    Bad:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies:
      - name: redis
        # expect: redis
        version: ^18.0.0
        repository: https://charts.example.com
      # expect: no version
      - name: postgresql
        repository: oci://registry.example.com/charts
    ```

    Bad, a lock that has never heard of it:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies:
      - name: redis
        # expect: redis
        version: 18.x
        repository: https://charts.example.com
    ```
    ```yaml shop/Chart.lock
    dependencies:
      - {name: postgresql, version: 12.1.0, repository: "https://charts.example.com"}
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    dependencies:
      - {name: redis, version: 18.x, repository: "https://charts.example.com"}
      - {name: postgresql, version: 12.1.0, repository: "https://charts.example.com"}
      - {name: common, version: "*", repository: "file://../common"}
    ```
    ```yaml shop/Chart.lock
    dependencies:
      - {name: redis, version: 18.4.0, repository: "https://charts.example.com"}
    ```
    """
    locked = _locked(chart)
    for each in chart.dependencies:
        if not _fetched(each) or each.name in locked or _EXACT.match(each.version.strip()):
            continue
        fix = Fix("write an exact version, or commit the Chart.lock that `helm dependency update` writes")
        if not each.version:
            yield Finding(each.node, f"{each.name} has no version: it means whatever was published last", fix=fix)
        else:
            lock = "and the lock does not name it" if chart.lock is not None else "and there is no Chart.lock"
            yield Finding(each.node["version"], f"{each.name} may be any version of {each.version}, {lock}", fix=fix)


def _fetched(each: Dependency) -> bool:
    return bool(each.repository) and not each.local


def _locked(chart: Chart) -> set[str]:
    """The charts that the lock pins."""
    listed = chart.lock["dependencies"] if chart.lock is not None else None
    entries = listed if listed is not None and listed.is_list else ()
    return {written(each["name"]) for each in entries if _EXACT.match(written(each["version"]).strip())}
