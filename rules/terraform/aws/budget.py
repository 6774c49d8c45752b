from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.related import of_type
from gatekeeper.links.resources import GROUP_OF, terraform_resources
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import ModuleCall
from gatekeeper.rule import Answer, Reason, absent, rule

_BUDGETS = ("aws_budgets_budget", "aws_ce_anomaly_subscription")


def _in_aws(repository: Repository, project: Project) -> bool:
    """Whether something that costs money by the hour is made in AWS."""
    return any(each.type.startswith("aws_") and each.type in GROUP_OF for each in terraform_resources(project))


@rule("tf-aws-budget", gate="cost", severity="medium", seed="9. Cost Analysis: Monthly Estimate", where=_in_aws)
def budget(repository: Repository, project: Project) -> Iterator[Answer]:
    """What is spent in AWS has a budget.

    A budget, or a subscription to anomalies of cost, tells when a month gets dearer than was planned, before the bill
    does. That this repository has none does not say that nobody has: it is a fault only where `owns` in
    gatekeeper.yaml names infrastructure.

    Bad, it belongs here: # expect: no budget
    ```yaml gatekeeper.yaml
    owns: [infrastructure]
    ```
    ```hcl main.tf
    resource "aws_instance" "web" {
      instance_type = "t3.large"
    }
    ```

    Good:
    ```hcl
    resource "aws_instance" "web" {
      instance_type = "t3.large"
    }
    resource "aws_budgets_budget" "month" {
      limit_amount = "1000"
      notification {
        threshold                 = 80
        subscriber_sns_topic_arns = [aws_sns_topic.cost.arn]
      }
    }
    ```

    Unknown, nobody said where it is:
    ```hcl
    resource "aws_instance" "web" {
      instance_type = "t3.large"
    }
    ```
    """
    if any(not each.module.shown for kind in _BUDGETS for each in of_type(kind, project)):
        return
    remote = next(
        (call for call in project.all(ModuleCall) if not call.local and "budget" in call.source.lower()), None
    )
    if remote is not None:
        yield Unknown(remote, f"{remote.name} is a remote module: what it makes is not seen", Reason.NO_EVIDENCE)
        return
    yield absent(project, "infrastructure", "no budget of AWS here")
