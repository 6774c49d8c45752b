from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.related import of_type
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import ModuleCall, Resource
from gatekeeper.rule import Answer, Reason, absent, rule

_BUDGETS = (
    "azurerm_consumption_budget_subscription",
    "azurerm_consumption_budget_resource_group",
    "azurerm_consumption_budget_management_group",
)


def _in_azure(repository: Repository, project: Project) -> bool:
    made = project.all(Resource)
    return any(each.type.startswith("azurerm_") and not each.absent and not each.module.shown for each in made)


@rule(
    "tf-azure-budget",
    gate="cost",
    severity="medium",
    seed="9. Cost Analysis: Monthly Estimate",
    where=_in_azure,
)
def budget(repository: Repository, project: Project) -> Iterator[Answer]:
    """What is spent in Azure has a budget.

    A budget tells when a month gets dearer than was planned, before the bill does. That this repository has none does
    not say that nobody has: it is a fault only where `owns` in gatekeeper.yaml names infrastructure.

    Bad, it belongs here: # expect: no budget
    ```yaml gatekeeper.yaml
    owns: [infrastructure]
    ```
    ```hcl main.tf
    resource "azurerm_kubernetes_cluster" "main" {
      name = "main"
    }
    ```

    Good:
    ```hcl
    resource "azurerm_kubernetes_cluster" "main" {
      name = "main"
    }
    resource "azurerm_consumption_budget_subscription" "month" {
      amount = 1000
      notification {
        threshold      = 80
        operator       = "GreaterThan"
        contact_emails = ["team@example.com"]
      }
    }
    ```

    Unknown, nobody said where it is:
    ```hcl
    resource "azurerm_kubernetes_cluster" "main" {
      name = "main"
    }
    ```
    """
    if any(not each.module.shown for kind in _BUDGETS for each in of_type(kind, project)):
        return
    calls = (call for call in project.all(ModuleCall) if not call.local)
    remote = next((call for call in calls if "budget" in call.source.lower()), None)
    if remote is not None:
        words = f"{remote.name} is a remote module: what it makes is not seen"
        yield Unknown(remote, words, Reason.NO_EVIDENCE)
        return
    yield absent(project, "infrastructure", "no budget of Azure here")
