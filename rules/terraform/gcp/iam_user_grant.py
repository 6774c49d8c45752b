from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.members import members, shape
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_LEVELS = ("project", "folder", "organization")
_TYPES = frozenset(f"google_{level}_iam_{kind}" for level in _LEVELS for kind in ("member", "binding"))
_FIX = Fix("give it to a group")


@rule(
    "tf-gcp-user-grant",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["GCP-0003"],
    where=lambda grant: grant.type in _TYPES,
)
def user_grant(grant: Resource) -> Iterator[Answer]:
    """Rights are given to groups and services, not to single people.

    A right that hangs on a person stays when the person moves to another team, and nobody sees who may do what without
    reading every line. Groups are kept where people come and go. Judged are projects, folders and organizations.

    Bad:
    ```hcl
    resource "google_project_iam_member" "admin" {
      role   = "roles/container.admin"
      # expect: single person
      member = "user:jane@example.com"
    }
    resource "google_folder_iam_binding" "admins" {
      role    = "roles/container.admin"
      # expect: single person
      members = ["group:admins@example.com", "user:joe@example.com"]
    }
    ```

    Bad, any person:
    ```hcl
    variable "admin" {
      type = string
    }
    resource "google_project_iam_member" "admin" {
      role   = "roles/container.admin"
      # expect: single person
      member = "user:${var.admin}"
    }
    ```

    Good:
    ```hcl
    resource "google_project_iam_member" "admins" {
      role   = "roles/container.admin"
      member = "group:admins@example.com"
    }
    resource "google_service_account" "web" {
      account_id = "web"
    }
    resource "google_project_iam_member" "web" {
      role   = "roles/cloudsql.client"
      member = "serviceAccount:${google_service_account.web.email}"
    }
    resource "google_project_iam_member" "also_web" {
      role   = "roles/logging.logWriter"
      member = google_service_account.web.member
    }
    ```

    Unknown:
    ```hcl
    variable "members" {
      type = list(string)
    }
    resource "google_project_iam_binding" "admins" {
      role    = "roles/container.admin"
      members = var.members
    }
    ```
    """
    doubts = []
    for node in members(grant):
        single = shape(node).begins("user:")
        if single:
            yield Finding(node, f"{grant.name} gives a right to a single person", fix=_FIX)
        elif single is None:
            doubts.append(node)
    for node in doubts:
        _ = node.text  # raises: whom it means is not known
