from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.related import of_type
from gatekeeper.links.resources import GROUP_OF, terraform_resources
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import ModuleCall
from gatekeeper.rule import Answer, Reason, absent, rule


def _in_google_cloud(repository: Repository, project: Project) -> bool:
    """Whether something that costs money by the hour is made in Google Cloud."""
    return any(each.type.startswith("google_") and each.type in GROUP_OF for each in terraform_resources(project))


@rule("tf-gcp-budget", gate="cost", severity="medium", seed="9. Cost Analysis: Monthly Estimate",
      where=_in_google_cloud)  # fmt: skip
def budget(repository: Repository, project: Project) -> Iterator[Answer]:
    """What is spent in Google Cloud has a budget.

    A budget tells when a month gets dearer than was planned, before the bill does. That this repository has none does
    not say that nobody has: it is a fault only where `owns` in gatekeeper.yaml names infrastructure.

    Bad, it belongs here: # expect: no budget
    ```yaml gatekeeper.yaml
    owns: [infrastructure]
    ```
    ```hcl main.tf
    resource "google_compute_instance" "web" {
      machine_type = "e2-standard-4"
    }
    ```

    Good:
    ```hcl
    resource "google_compute_instance" "web" {
      machine_type = "e2-standard-4"
    }
    resource "google_billing_budget" "month" {
      threshold_rules {
        threshold_percent = 0.8
      }
    }
    ```

    Unknown, nobody said where it is:
    ```hcl
    resource "google_compute_instance" "web" {
      machine_type = "e2-standard-4"
    }
    ```
    """
    if any(not each.module.shown for each in of_type("google_billing_budget", project)):
        return
    remote = next(
        (call for call in project.all(ModuleCall) if not call.local and "budget" in call.source.lower()), None
    )
    if remote is not None:
        yield Unknown(remote, f"{remote.name} is a remote module: what it makes is not seen", Reason.NO_EVIDENCE)
        return
    yield absent(project, "infrastructure", "no budget of Google Cloud here")
