from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unresolved
from gatekeeper.links.related import targets
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_WIDE = regex(r"/subscriptions/[^/]{1,80}/?\Z|/providers/Microsoft\.Management/managementGroups/[^/]{1,100}/?\Z|/\Z")
_WIDE_BLOCKS = (
    "azurerm_subscription.", "data.azurerm_subscription.", "azurerm_management_group.",
    "data.azurerm_management_group.",
)  # fmt: skip
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


@rule(
    "tf-azure-owner-assignment",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda resource: resource.type == "azurerm_role_assignment",
)
def owner_assignment(assignment: Resource) -> Iterator[Answer]:
    """Nobody is made Owner of a whole subscription.

    Owner may do everything, and hand it on. For a whole subscription or a management group that is everything there is;
    few need it, and they have it for a time by Privileged Identity Management. Owner of one resource or resource group
    is no finding.

    Bad:
    ```hcl
    data "azurerm_subscription" "current" {}
    resource "azurerm_role_assignment" "pipeline" {
      scope                = data.azurerm_subscription.current.id
      # expect: Owner of everything
      role_definition_name = "Owner"
      principal_id         = azurerm_user_assigned_identity.pipeline.principal_id
    }
    ```

    Bad, in words:
    ```hcl
    resource "azurerm_role_assignment" "pipeline" {
      scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
      # expect: Owner of everything
      role_definition_name = "Owner"
    }
    ```

    Good:
    ```hcl
    data "azurerm_subscription" "current" {}
    resource "azurerm_role_assignment" "reader" {
      scope                = data.azurerm_subscription.current.id
      role_definition_name = "Reader"
    }
    resource "azurerm_role_assignment" "group" {
      scope                = azurerm_resource_group.orders.id
      role_definition_name = "Owner"
    }
    resource "azurerm_role_assignment" "by_path" {
      scope                = "${data.azurerm_subscription.current.id}/resourceGroups/orders"
      role_definition_name = "Owner"
    }
    resource "azurerm_resource_group" "orders" {
      name = "orders"
    }
    ```

    Unknown:
    ```hcl
    variable "scope" {}
    resource "azurerm_role_assignment" "pipeline" {
      scope                = var.scope
      role_definition_name = "Owner"
    }
    ```
    """
    role, scope = assignment.node["role_definition_name"], assignment.node["scope"]
    if not role.present:
        role = assignment.node["role_definition_id"]
    if role.known and role.text.lower() != "owner" and _OWNER not in role.text.lower():
        return
    wide = _wide(assignment, scope)
    doubt = role.expression or (scope.expression if wide is None else None)
    if doubt and wide is not False:
        raise Unresolved(role if role.expression else scope, doubt)
    if wide:
        yield Finding(role, f"{assignment.name} makes somebody Owner of everything", fix=_FIX)


_FIX = Fix("give the role that is needed, for the resource group that it is needed in")


def _wide(assignment: Resource, scope: Node) -> bool | None:
    """Whether a scope is a subscription or more."""
    if scope.known:
        return bool(_WIDE.match(scope.text))
    written = assignment.expr("scope")
    texts = (scope.expression.text if scope.expression else "", written.text if written else "")
    if any(part in text for part in ("/resourceGroups/", "/providers/") for text in texts):
        return False
    found = targets(assignment, "scope")
    if not found:
        return None
    return any(target.address.startswith(_WIDE_BLOCKS) for target in found)
