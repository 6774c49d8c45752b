from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_EXACT = regex(r"v?\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+.][\w.+-]{1,100})?\Z")
_HERE = regex(r'"?(?:\.{1,2}/|/|\$\{\s{0,4}path\.)')
_FILE = regex(r".*\.tgz\Z")


def _from_elsewhere(release: Resource, project: Project) -> bool:
    """Whether the chart is fetched from somewhere that hands out several versions of it."""
    if release.type != "helm_release":
        return False
    expr, chart = release.expr("chart"), release.node["chart"]
    if expr is not None and (_HERE.match(expr.text) or expr.text.startswith("path.")):
        return False
    if not chart.known or release.present("repository"):
        return True
    beside = posixpath.normpath(posixpath.join(release.module.directory, chart.text))
    return not (_HERE.match(chart.text) or _FILE.match(chart.text) or f"{beside}/Chart.yaml" in project.tree)


@rule(
    "tf-helm-chart-version",
    gate="iac-validation",
    severity="high",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    where=_from_elsewhere,
)
def chart_version(release: Resource, project: Project) -> Iterator[Answer]:
    """Releases of Helm name one version of their chart.

    Without a version Helm installs the newest there is: two runs of the same commit give two results, and nobody
    decided on the second. A range (`~> 1.2`, `1.x`) does the same within it. Charts of this repository and archives
    named with their file have no version to name, and are not judged.

    Bad:
    ```hcl
    # expect: no version
    resource "helm_release" "ingress" {
      repository = "https://kubernetes.github.io/ingress-nginx"
      chart      = "ingress-nginx"
    }
    ```

    Bad, a range:
    ```hcl
    resource "helm_release" "ingress" {
      repository = "https://kubernetes.github.io/ingress-nginx"
      chart      = "ingress-nginx"
      # expect: ~4.10
      version    = "~4.10"
    }
    ```

    Good:
    ```hcl
    variable "karpenter_version" {
      default = "1.0.2"
    }
    resource "helm_release" "ingress" {
      repository = "https://kubernetes.github.io/ingress-nginx"
      chart      = "ingress-nginx"
      version    = "v4.10.1"
    }
    resource "helm_release" "karpenter" {
      repository = "oci://public.ecr.aws/karpenter"
      chart      = "karpenter"
      version    = var.karpenter_version
    }
    resource "helm_release" "own" {
      chart = "${path.module}/charts/orders"
    }
    resource "helm_release" "archive" {
      chart = "https://charts.example.com/redis-10.7.16.tgz"
    }
    ```

    Unknown:
    ```hcl
    variable "chart_version" {
      type = string
    }
    resource "helm_release" "ingress" {
      repository = "https://kubernetes.github.io/ingress-nginx"
      chart      = "ingress-nginx"
      version    = var.chart_version
    }
    ```

    Unknown, a chart that may be a folder:
    ```hcl
    variable "charts" {
      type = map(any)
    }
    resource "helm_release" "chart" {
      for_each   = var.charts
      chart      = each.value.chart
      repository = try(each.value.repository, null)
    }
    ```
    """
    version, chart, repository = release.node["version"], release.node["chart"], release.node["repository"]
    if not version.present and chart.expression and not (repository.known and repository.present):
        yield Unknown(chart, f"{chart.expression.text} {chart.expression.reason}: it may be a folder")
    elif not version.present:
        yield Finding(release, f"{release.name} names no version of its chart", fix=_FIX)
    elif not _EXACT.match(version.text.strip()):
        yield Finding(version, f"{version.text[:40]} may be one version today and another tomorrow", fix=_FIX)


_FIX = Fix("set version to the one that was tested, and let a bot raise it")
