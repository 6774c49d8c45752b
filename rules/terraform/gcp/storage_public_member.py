from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.members import EVERYBODY, members, shape
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_TYPES = ("google_storage_bucket_iam_member", "google_storage_bucket_iam_binding")
_FIX = Fix("name the accounts or groups that need it")


@rule(
    "tf-gcs-public",
    gate="security-posture",
    severity="critical",
    seed="6.1 Security Hardening, Network segmentation",
    aliases=["CKV_GCP_28", "GCP-0001"],
    where=lambda grant: grant.type in _TYPES,
)
def public(grant: Resource) -> Iterator[Answer]:
    """Buckets of Google Cloud are not open to everybody.

    `allUsers` is the internet, and `allAuthenticatedUsers` is everybody with an account at Google. Buckets that are a
    website need a waiver.

    Bad:
    ```hcl
    resource "google_storage_bucket_iam_member" "public" {
      role   = "roles/storage.objectViewer"
      # expect: everybody
      member = "allUsers"
    }
    resource "google_storage_bucket_iam_binding" "public" {
      role    = "roles/storage.objectViewer"
      # expect: everybody
      members = ["group:orders@example.com", "allAuthenticatedUsers"]
    }
    ```

    Good:
    ```hcl
    resource "google_storage_bucket_iam_member" "orders" {
      role   = "roles/storage.objectViewer"
      member = "group:orders@example.com"
    }
    resource "google_storage_bucket_iam_binding" "web" {
      role    = "roles/storage.objectViewer"
      members = ["serviceAccount:${google_service_account.web.email}", google_service_account.web.member]
    }
    resource "google_service_account" "web" {
      account_id = "web"
    }
    ```

    Unknown:
    ```hcl
    variable "members" {
      type = list(string)
    }
    resource "google_storage_bucket_iam_binding" "orders" {
      role    = "roles/storage.objectViewer"
      members = var.members
    }
    ```
    """
    doubts = []
    for node in members(grant):
        everybody = shape(node).among(EVERYBODY)
        if everybody:
            yield Finding(node, f"{grant.name} opens the bucket to everybody", fix=_FIX)
        elif everybody is None:
            doubts.append(node)
    for node in doubts:
        _ = node.text  # raises: whom it means is not known
