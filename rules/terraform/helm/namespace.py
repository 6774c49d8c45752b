from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_NAMESPACES = ("kubernetes_namespace", "kubernetes_namespace_v1")


@rule(
    "tf-helm-namespace",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening",
    where=lambda resource: resource.type == "helm_release",
)
def namespace(release: Resource, project: Project) -> Iterator[Answer]:
    """Releases of Helm have a namespace of their own.

    In `default` everything meets that nobody placed: names collide, policies and quotas cannot tell them apart, and
    removing one is guesswork. Nothing written means default.

    Bad:
    ```hcl
    # expect: namespace default
    resource "helm_release" "ingress" {
      chart = "ingress-nginx"
    }
    resource "helm_release" "orders" {
      # expect: namespace default
      namespace = "default"
    }
    ```

    Good:
    ```hcl
    resource "helm_release" "ingress" {
      namespace        = "ingress"
      create_namespace = true
    }
    resource "helm_release" "app" {
      namespace = kubernetes_namespace.app.metadata[0].name
    }
    resource "kubernetes_namespace" "app" {
      metadata {
        name = "app"
      }
    }
    ```

    Unknown:
    ```hcl
    variable "namespace" {}
    resource "helm_release" "ingress" {
      namespace = var.namespace
    }
    ```
    """
    written = release.effective("namespace")
    if not written.known:
        meant = [each for each in referred(release, "namespace", project) if each.type in _NAMESPACES]
        if meant and all(each.node.at("metadata.name") != "default" for each in meant):
            return
    if written == "default":
        yield Finding(release.node["namespace"] if release.present("namespace") else release, _WORDS, fix=_FIX)


_WORDS = "the release goes into the namespace default"
_FIX = Fix("set namespace, and create_namespace = true")
