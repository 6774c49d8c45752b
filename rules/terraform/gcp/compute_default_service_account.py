from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.members import is_default
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_TYPES = ("google_compute_instance", "google_compute_instance_template", "google_compute_region_instance_template")
_FIX = Fix("make a google_service_account for it, and name that in service_account")


@rule(
    "tf-gce-default-service-account",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_GCP_30", "GCP-0044"],
    where=lambda machine: machine.type in _TYPES,
)
def default_service_account(machine: Resource) -> Iterator[Answer]:
    """Machines of Google Cloud have a service account of their own.

    The default service account is an editor of the whole project in most projects, and every machine shares it. A
    `service_account` block without an address means that one; no block means none. A check that asks only for the
    default account with every scope (CKV_GCP_31) is no alias.

    Bad:
    ```hcl
    resource "google_compute_instance" "web" {
      # expect: default service account
      service_account {
        scopes = ["cloud-platform"]
      }
    }
    resource "google_compute_instance" "worker" {
      service_account {
        # expect: default service account
        email  = "123456789012-compute@developer.gserviceaccount.com"
        scopes = ["cloud-platform"]
      }
    }
    ```

    Good:
    ```hcl
    resource "google_service_account" "web" {
      account_id = "web"
    }
    resource "google_compute_instance" "web" {
      service_account {
        email  = google_service_account.web.email
        scopes = ["cloud-platform"]
      }
    }
    resource "google_compute_instance" "none" {
      machine_type = "e2-small"
    }
    ```

    Unknown:
    ```hcl
    variable "email" {
      type = string
    }
    resource "google_compute_instance" "web" {
      service_account {
        email  = var.email
        scopes = ["cloud-platform"]
      }
    }
    ```
    """
    for block in machine.blocks("service_account"):
        email = block["email"]  # raises where it is not known whether there is one
        default = is_default(email) if email.present else True
        if default:
            yield Finding(
                email if email.present else block, f"{machine.name} has the default service account", fix=_FIX
            )
        elif default is None:
            _ = email.text  # raises: whose it is is not known
