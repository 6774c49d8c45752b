from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Reason, rule

_TYPES = ("google_compute_backend_service", "google_compute_region_backend_service")
_WITHOUT = ("google_compute_region_network_endpoint_group", "google_compute_global_network_endpoint_group")
_FIX = Fix("set health_checks to a google_compute_health_check")


@rule(
    "tf-gcp-backend-health-check",
    gate="workload-reliability",
    severity="medium",
    seed="1.2 Architecture Design, Plan for high availability",
    where=lambda service: service.type in _TYPES,
)
def backend_health_check(service: Resource, project: Project) -> Iterator[Answer]:
    """Load balancers of Google Cloud ask their backends.

    Without a health check requests go to machines that do not answer. Backends without machines (Cloud Run, functions,
    addresses on the internet, which are network endpoint groups of a region or of the world) have none.

    Bad:
    ```hcl
    # expect: no health check
    resource "google_compute_backend_service" "web" {
      backend {
        group = google_compute_instance_group_manager.web.instance_group
      }
    }
    resource "google_compute_instance_group_manager" "web" {
      target_size = 3
    }
    ```

    Good:
    ```hcl
    resource "google_compute_backend_service" "web" {
      health_checks = [google_compute_health_check.web.id]
    }
    resource "google_compute_backend_service" "run" {
      backend {
        group = google_compute_region_network_endpoint_group.run.id
      }
    }
    resource "google_compute_region_network_endpoint_group" "run" {
      network_endpoint_type = "SERVERLESS"
    }
    ```

    Unknown:
    ```hcl
    variable "health_checks" {
      type = list(string)
    }
    resource "google_compute_backend_service" "web" {
      health_checks = var.health_checks
    }
    ```

    Unknown, one of several groups:
    ```hcl
    variable "group" {
      type = string
    }
    locals {
      groups = {
        machines = google_compute_instance_group_manager.web.instance_group
        run      = google_compute_region_network_endpoint_group.run.id
      }
    }
    resource "google_compute_backend_service" "web" {
      backend {
        group = local.groups[var.group]
      }
    }
    resource "google_compute_instance_group_manager" "web" {
      target_size = 3
    }
    resource "google_compute_region_network_endpoint_group" "run" {
      network_endpoint_type = "SERVERLESS"
    }
    ```
    """
    checks = service.node["health_checks"]
    if checks.present and len(checks):  # raises where it is not known
        return
    without = {each.type in _WITHOUT for each in referred(service, "backend.group", project)}
    if without == {True}:
        return
    if not without:
        for backend in service.blocks("backend"):
            _ = backend["group"].text  # raises where it is not known
    if True in without:
        yield Unknown(service, "backend may be a group that has no health check", Reason.UNRESOLVED)
    else:
        yield Finding(service, "no health check asks whether the backends answer", fix=_FIX)
