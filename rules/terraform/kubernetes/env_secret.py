from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.credentials import is_clear, is_credential, named_like_a_credential
from gatekeeper.models.secrets import secrets_in
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_KINDS = ("deployment", "stateful_set", "daemon_set", "daemonset", "replication_controller", "job", "cron_job", "pod")
_TYPES = frozenset(f"kubernetes_{kind}{version}" for kind in _KINDS for version in ("", "_v1"))
_PODS = ("spec.template.spec", "spec.job_template.spec.template.spec", "spec")
_FIX = Fix("put it into a Secret, and name that in value_from.secret_key_ref")


@rule(
    "tf-kubernetes-env-secret",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda workload: workload.type in _TYPES,
)
def env_secret(workload: Resource) -> Iterator[Answer]:
    """Containers that Terraform makes are not given secrets as plain environment.

    What stands in `env` stands in the repository and before everybody who may look at the pod. With `value_from` the
    pod holds only where the secret is. What has the form of a key or token is found by another rule, wherever it
    stands. A value that comes from outside passes. That CKV_K8S_35 wants secrets as files is another matter.

    Bad:
    ```hcl
    resource "kubernetes_deployment_v1" "orders" {
      spec {
        template {
          spec {
            container {
              image = "example.com/orders:1.4.2"
              env {
                name  = "DB_PASSWORD"
                # expect: DB_PASSWORD is written here
                value = "tr0ub4dor-3"
              }
            }
          }
        }
      }
    }
    ```

    Good:
    ```hcl
    resource "kubernetes_deployment_v1" "orders" {
      spec {
        template {
          spec {
            container {
              image = "example.com/orders:1.4.2"
              env {
                name  = "LOG_LEVEL"
                value = "info"
              }
              env {
                name = "DB_PASSWORD"
                value_from {
                  secret_key_ref {
                    name = "db"
                    key  = "password"
                  }
                }
              }
            }
          }
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "environment" {
      type = map(string)
    }
    resource "kubernetes_pod_v1" "orders" {
      spec {
        container {
          image = "example.com/orders:1.4.2"
          dynamic "env" {
            for_each = var.environment
            content {
              name  = env.key
              value = env.value
            }
          }
        }
      }
    }
    ```
    """
    for env in _environment(workload):
        name, value = env["name"], env["value"]
        if not name.present or not value.present:
            continue
        known = name.text  # raises where nobody knows which it is
        if not named_like_a_credential(known) or value.expression:
            continue
        if is_credential(known, value.text, meant=is_clear(known)) and not any(secrets_in(value.text)):
            yield Finding(value, f"{known} is written here in clear text", fix=_FIX)


def _environment(workload: Resource) -> Iterator[Node]:
    for path in _PODS:
        for kind in ("container", "init_container"):
            for container in _items(workload.node.at(f"{path}.{kind}")):
                yield from _items(container["env"])


def _items(node: Node) -> Iterator[Node]:
    """The blocks at a place. Raises where nobody knows how many there are."""
    if node.present:
        yield from node if node.is_list else (node,)
