from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.budgets import budgets, clouds, others
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "budget-set",
    gate="cost",
    severity="high",
    seed="1.1 Infrastructure Requirements, Budget constraints",
    where=lambda repository, project: deploys(project).deploys,
)
def budget_set(repository: Repository, project: Project) -> Iterator[Answer]:
    """There is a budget, and an alarm on it.

    Costs grow by themselves; somebody must be told before the bill is. It passes where every cloud in which Terraform
    makes something that runs has a budget here that tells somebody: a notification with a subscriber (AWS), with
    contacts (Azure), thresholds (Google Cloud). A budget without a limit, one that has ended, that is not made, is
    of another account or counts a part of what is spent, and a subscription to anomalies alone, are none. Most
    budgets are set elsewhere, for a whole account, so that there is none here is no fault of this repository:
    somebody attests it. What a single cloud lacks is the matter of tf-aws-budget, tf-azure-budget and
    tf-gcp-budget.

    Good:
    ```hcl
    resource "aws_instance" "web" {
      instance_type = "t3.large"
    }
    resource "aws_budgets_budget" "month" {
      budget_type  = "COST"
      limit_amount = "1000"
      limit_unit   = "USD"
      time_unit    = "MONTHLY"
      notification {
        comparison_operator        = "GREATER_THAN"
        threshold                  = 80
        threshold_type             = "PERCENTAGE"
        notification_type          = "FORECASTED"
        subscriber_email_addresses = ["team-orders@acme.dev"]
      }
    }
    ```

    Unknown, it tells nobody:
    ```hcl
    resource "aws_instance" "web" {
      instance_type = "t3.large"
    }
    resource "aws_budgets_budget" "month" {
      limit_amount = "1000"
    }
    ```

    Unknown, it counts a part:
    ```hcl
    resource "aws_instance" "web" {
      instance_type = "t3.large"
    }
    resource "aws_budgets_budget" "storage" {
      limit_amount = "1000"
      cost_filter {
        name   = "Service"
        values = ["Amazon Simple Storage Service"]
      }
      notification {
        threshold                  = 80
        subscriber_email_addresses = ["team-orders@acme.dev"]
      }
    }
    ```

    Unknown, nobody said where it is:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    """
    used, found = clouds(project), budgets(project)
    telling = {each.cloud for each in found if each.tells}
    without = [name for name in used if name not in telling]
    silent = next((each for each in found if each.cloud in without), None)
    elsewhere = others(project)
    if silent is not None:
        yield Unknown(
            silent.at, f"{silent.at.text}: {silent.fault}; attest the budget, and who is told", Reason.NEEDS_HUMAN
        )
    elif used and not without and elsewhere:
        words = f"no budget of {' and '.join(elsewhere)} can be seen here"
        yield Unknown(repository, f"{words}: attest the budget, and who is told", Reason.NEEDS_HUMAN)
    elif without or not used:
        words = f"no budget of {' and '.join(without)} here" if without else "what costs money is not declared here"
        yield Unknown(repository, f"{words}: attest the budget, who agreed to it and who is told", Reason.NEEDS_HUMAN)
