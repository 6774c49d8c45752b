from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_KINDS = (
    "deployment", "stateful_set", "daemon_set", "daemonset", "pod", "job", "cron_job", "service", "secret",
    "config_map",
)  # fmt: skip
_TYPES = frozenset(f"kubernetes_{kind}{version}" for kind in _KINDS for version in ("", "_v1"))
_NAMESPACES = ("kubernetes_namespace", "kubernetes_namespace_v1")
_FIX = Fix("set namespace in metadata")


@rule(
    "tf-kubernetes-default-namespace",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening, Network segmentation",
    where=lambda resource: resource.type in _TYPES,
)
def default_namespace(resource: Resource, project: Project) -> Iterator[Answer]:
    """What Terraform makes in Kubernetes is not in the default namespace.

    Rights, quotas and network policies are given to namespaces; in the default one everything shares them, and whoever
    forgets to name one is there too. Nothing written means the default one.

    Bad:
    ```hcl
    # expect: default namespace
    resource "kubernetes_deployment_v1" "orders" {
      metadata {
        name = "orders"
      }
    }
    resource "kubernetes_service_v1" "orders" {
      metadata {
        name      = "orders"
        # expect: default namespace
        namespace = "default"
      }
    }
    ```

    Good:
    ```hcl
    resource "kubernetes_namespace_v1" "orders" {
      metadata {
        name = "orders"
      }
    }
    resource "kubernetes_deployment_v1" "orders" {
      metadata {
        name      = "orders"
        namespace = "orders"
      }
    }
    resource "kubernetes_service_v1" "orders" {
      metadata {
        name      = "orders"
        namespace = kubernetes_namespace_v1.orders.metadata[0].name
      }
    }
    ```

    Unknown:
    ```hcl
    variable "namespace" {
      type = string
    }
    resource "kubernetes_deployment_v1" "orders" {
      metadata {
        name      = "orders"
        namespace = var.namespace
      }
    }
    ```
    """
    namespace = resource.effective("metadata.namespace")
    if namespace.expression:
        path = "metadata.namespace"
        if any(each.type in _NAMESPACES for each in referred(resource, path, project)):
            return  # nobody makes the namespace that is there already
    if not namespace.present or namespace.text == "default":
        written = resource.node.at("metadata.namespace")
        yield Finding(
            written if written.present else resource, f"{resource.name} is in the default namespace", fix=_FIX
        )
