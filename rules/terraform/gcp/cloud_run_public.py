from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project
from gatekeeper.links.members import EVERYBODY, members, shape
from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Expression, Unresolved
from gatekeeper.rule import Answer, rule

_TYPES = frozenset(
    f"google_cloud_run_{version}service_iam_{kind}" for version in ("", "v2_") for kind in ("member", "binding")
)
_INGRESS = {
    "google_cloud_run_v2_service": ("ingress",),
    "google_cloud_run_service": ("metadata.annotations", "run.googleapis.com/ingress"),
}
_INSIDE = (
    "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    "internal",
    "internal-and-cloud-load-balancing",
)
_FIX = Fix("name the accounts that call it, or set ingress to INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")


@rule(
    "tf-cloud-run-public",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_GCP_102"],
    where=lambda grant: grant.type in _TYPES,
)
def public(grant: Resource, project: Project) -> Iterator[Answer]:
    """Cloud Run services ask who calls.

    `allUsers` lets everybody on the internet call a service. For a website that is meant, and a waiver says so; for
    everything else the callers have accounts. A service that takes requests from the inside, or from load balancers,
    only (`ingress`) passes.

    Bad:
    ```hcl
    resource "google_cloud_run_v2_service_iam_member" "public" {
      name   = google_cloud_run_v2_service.orders.name
      role   = "roles/run.invoker"
      # expect: everybody
      member = "allUsers"
    }
    resource "google_cloud_run_v2_service" "orders" {
      location = "europe-west1"
    }
    ```

    Good:
    ```hcl
    resource "google_cloud_run_v2_service_iam_member" "shop" {
      name   = google_cloud_run_v2_service.orders.name
      member = "serviceAccount:${google_service_account.shop.email}"
    }
    resource "google_cloud_run_v2_service_iam_binding" "behind" {
      name    = google_cloud_run_v2_service.orders.name
      members = ["allUsers"]
    }
    resource "google_cloud_run_v2_service" "orders" {
      ingress = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    }
    resource "google_service_account" "shop" {
      account_id = "shop"
    }
    resource "google_cloud_run_service_iam_member" "older" {
      service = google_cloud_run_service.older.name
      member  = "allUsers"
    }
    resource "google_cloud_run_service" "older" {
      metadata {
        annotations = {
          "run.googleapis.com/ingress" = "internal"
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "members" {
      type = list(string)
    }
    resource "google_cloud_run_v2_service_iam_binding" "callers" {
      name    = google_cloud_run_v2_service.orders.name
      members = var.members
    }
    resource "google_cloud_run_v2_service" "orders" {
      location = "europe-west1"
    }
    ```
    """
    open_: list[Node] = []
    doubts: list[Node] = []
    for node in members(grant):
        everybody = shape(node).among(EVERYBODY)
        if everybody is not False:
            (open_ if everybody else doubts).append(node)
    if (open_ or doubts) and _inside(grant, project):  # raises where the ingress is not known
        return
    for node in open_:
        yield Finding(node, f"{grant.name} lets everybody call the service", fix=_FIX)
    for node in doubts:
        _ = node.text  # raises: whom it means is not known


def _inside(grant: Resource, project: Project) -> bool:
    """Whether every service that is meant takes requests from the inside only. Raises where nobody knows."""
    found = [each for path in ("name", "service") for each in referred(grant, path, project)]
    services = [each for each in found if each.type in _INGRESS]
    if not services:
        name = grant.node["name"] if grant.node["name"].present else grant.node["service"]
        raise Unresolved(name, name.expression or Expression("the service", "is not declared here"))
    return all(_ingress(each) in _INSIDE for each in services)


def _ingress(service: Resource) -> str:
    node = service.node.at(_INGRESS[service.type][0])
    for step in _INGRESS[service.type][1:]:
        node = node[step]
    return node.text if node.present else ""
