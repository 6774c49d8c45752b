from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.members import is_default, members, shape
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_TYPES = ("google_project_iam_member", "google_project_iam_binding")
_FIX = Fix("make a google_service_account for what needs it")


@rule(
    "tf-gcp-default-service-account-grant",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_GCP_46", "GCP-0006"],
    where=lambda grant: grant.type in _TYPES,
)
def default_service_account(grant: Resource) -> Iterator[Answer]:
    """Default service accounts get no rights.

    The default accounts of Compute Engine and App Engine are shared by everything that names no account of its own. A
    right that is given to one is given to all of that.

    Bad:
    ```hcl
    resource "google_project_iam_member" "storage" {
      role   = "roles/storage.admin"
      # expect: default service account
      member = "serviceAccount:123456789012-compute@developer.gserviceaccount.com"
    }
    ```

    Bad, of any project:
    ```hcl
    data "google_project" "this" {}
    data "google_compute_default_service_account" "this" {}
    resource "google_project_iam_binding" "storage" {
      role    = "roles/storage.admin"
      # expect: default service account
      members = ["serviceAccount:${data.google_project.this.number}-compute@developer.gserviceaccount.com"]
    }
    resource "google_project_iam_member" "logs" {
      role   = "roles/logging.admin"
      # expect: default service account
      member = "serviceAccount:${data.google_compute_default_service_account.this.email}"
    }
    ```

    Good:
    ```hcl
    resource "google_service_account" "orders" {
      account_id = "orders"
    }
    resource "google_project_iam_member" "storage" {
      role   = "roles/storage.objectViewer"
      member = "serviceAccount:${google_service_account.orders.email}"
    }
    resource "google_project_iam_member" "people" {
      role   = "roles/storage.objectViewer"
      member = "group:${var.group}"
    }
    variable "group" {
      type = string
    }
    ```

    Unknown, one of two:
    ```hcl
    variable "email" {
      type = string
    }
    resource "google_service_account" "orders" {
      account_id = "orders"
    }
    resource "google_project_iam_member" "storage" {
      role   = "roles/storage.admin"
      member = "serviceAccount:${var.email != "" ? var.email : google_service_account.orders.email}"
    }
    ```

    Unknown:
    ```hcl
    variable "member" {
      type = string
    }
    resource "google_project_iam_member" "storage" {
      role   = "roles/storage.admin"
      member = var.member
    }
    ```
    """
    doubts = []
    for node in members(grant):
        if shape(node).begins("serviceAccount:") is False:
            continue
        default = is_default(node)
        if default:
            yield Finding(node, f"{grant.name} gives a right to everything with the default service account", fix=_FIX)
        elif default is None:
            doubts.append(node)
    for node in doubts:
        _ = node.text  # raises: whom it means is not known
