from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.related import referred
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule

_FIX = Fix("add copy_action { destination_vault_arn = ... } to the rule that makes the daily backup")


@rule(
    "tf-backup-copied",
    gate="backup-dr",
    severity="low",
    seed="8. Disaster Recovery",
    types=["aws_backup_plan"],
    where=lambda plan: plan.type == "aws_backup_plan",
)
def backup_copied(plan: Resource, project: Project) -> Iterator[Answer]:
    """Backups are copied to another region or account.

    Whoever gets hold of the account deletes the data and its backups; a region that is lost takes both. A rule of a
    plan copies what it makes to a vault elsewhere (`copy_action`). Nothing written means no copy, and a vault that is
    made beside the plan by the same provider is in the same account and region.

    Bad:
    ```hcl
    resource "aws_backup_plan" "daily" {
      name = "daily"
      # expect: copies its backups
      rule {
        rule_name         = "daily"
        target_vault_name = "main"
        schedule          = "cron(0 2 * * ? *)"
      }
    }
    ```

    Bad, to the same region:
    ```hcl
    resource "aws_backup_vault" "second" {
      name = "second"
    }
    resource "aws_backup_plan" "daily" {
      name = "daily"
      # expect: copies its backups
      rule {
        rule_name         = "daily"
        target_vault_name = "main"
        schedule          = "cron(0 2 * * ? *)"
        copy_action {
          destination_vault_arn = aws_backup_vault.second.arn
        }
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_backup_plan" "daily" {
      name = "daily"
      rule {
        rule_name         = "daily"
        target_vault_name = "main"
        schedule          = "cron(0 2 * * ? *)"
        copy_action {
          destination_vault_arn = "arn:aws:backup:eu-west-1:123456789012:backup-vault:elsewhere"
        }
      }
    }
    resource "aws_backup_vault" "elsewhere" {
      provider = aws.ireland
      name     = "elsewhere"
    }
    resource "aws_backup_plan" "hourly" {
      name = "hourly"
      rule {
        rule_name         = "hourly"
        target_vault_name = "main"
        schedule          = "cron(0 * * * ? *)"
        copy_action {
          destination_vault_arn = aws_backup_vault.elsewhere.arn
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "copies" {
      type = list(string)
    }
    resource "aws_backup_plan" "daily" {
      name = "daily"
      rule {
        rule_name         = "daily"
        target_vault_name = "main"
        dynamic "copy_action" {
          for_each = var.copies
          content {
            destination_vault_arn = copy_action.value
          }
        }
      }
    }
    ```
    """
    rules = plan.blocks("rule")
    copies = [each["copy_action"] for each in rules if each["copy_action"].present]
    written = [action["destination_vault_arn"] for rule in rules for action in _actions(rule)]
    vaults = referred(plan, "rule.copy_action.destination_vault_arn", project)
    known = any(each.known for each in written)
    if not copies or (vaults and not known and all(_is_beside(each, plan) for each in vaults)):
        yield Finding(rules[0] if rules else plan, "no rule of this plan copies its backups elsewhere", fix=_FIX)
    elif not known and not vaults:
        yield Unknown([*written, *copies][0], "whether this copies anything, and where to, is filled in later")


def _is_beside(vault: Resource, plan: Resource) -> bool:
    """Whether a vault is made beside a plan by the same provider: in the same account and region."""
    alike = vault.type == "aws_backup_vault" and vault.module is plan.module
    return alike and vault.provider_alias == plan.provider_alias and not vault.node["region"].present


def _actions(rule: Node) -> list[Node]:
    actions = rule["copy_action"]
    if not actions.known:
        return []
    return list(actions) if actions.is_list else [actions] if actions.present else []
