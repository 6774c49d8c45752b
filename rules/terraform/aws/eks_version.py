from __future__ import annotations

import datetime
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

# When standard support ends, a year before the extended one: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
# and https://endoflife.date/amazon-eks, read on 2026-11-25.
_ENDS = {
    "1.28": datetime.date(2024, 11, 26),
    "1.29": datetime.date(2025, 3, 23),
    "1.30": datetime.date(2025, 7, 23),
    "1.31": datetime.date(2025, 11, 26),
    "1.32": datetime.date(2026, 3, 23),
    "1.33": datetime.date(2026, 7, 29),
    "1.34": datetime.date(2026, 12, 2),
    "1.35": datetime.date(2027, 3, 27),
}
_FIX = Fix("update the cluster one version at a time")


@rule(
    "tf-eks-version",
    gate="security-posture",
    severity="medium",
    seed="6.1 Regular security patching",
    aliases=["CKV_AWS_339"],
    where=lambda each: each.type == "aws_eks_cluster" and each.node["version"].present,
)
def eks_version(cluster: Resource, project: Project) -> Iterator[Answer]:
    """EKS clusters run a version of Kubernetes that is supported.

    A version that is no longer supported gets no security fixes, and AWS updates the cluster by itself when the
    extended support is over, at a time that nobody chose. During the extended support a cluster costs six times as
    much. A cluster that names no version is made with the newest, and is not judged.

    Bad, too old:
    ```hcl
    resource "aws_eks_cluster" "main" {
      # expect: is supported no longer
      version = "1.27"
    }
    ```

    Bad, extended support:
    ```hcl
    resource "aws_eks_cluster" "main" {
      # expect: is in extended support since 2026-07-29
      version = "1.33"
    }
    ```

    Good:
    ```hcl
    resource "aws_eks_cluster" "main" {
      version = "1.35"
    }
    ```

    Unknown:
    ```hcl
    variable "kubernetes" {
      type = string
    }
    resource "aws_eks_cluster" "main" {
      version = var.kubernetes
    }
    ```
    """
    node = cluster.node["version"]
    minor = node.text.strip().removeprefix("1.")
    if not minor.isdigit() or len(minor) > 4:
        yield Unknown(node, f"{node.text[:20]} is no version of Kubernetes that is known here")
        return
    ends = _ENDS.get(f"1.{minor}")
    if ends is None:
        if int(minor) < 28:
            yield Finding(node, f"Kubernetes 1.{minor} is supported no longer", fix=_FIX)
        return
    over = ends.replace(year=ends.year + 1)
    if project.today > over:
        yield Finding(node, f"Kubernetes 1.{minor} is supported no longer, since {over}", fix=_FIX)
    elif project.today > ends:
        yield Finding(node, f"Kubernetes 1.{minor} is in extended support since {ends}", fix=_FIX, severity="low")
