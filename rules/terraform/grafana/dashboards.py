from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links.dashboards import dashboards
from gatekeeper.links.resources import GROUP_OF, terraform_resources
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule


def _runs_something(repository: Repository, project: Project) -> bool:
    return any(each.type in GROUP_OF for each in terraform_resources(project))


@rule(
    "tf-dashboard-present",
    gate="monitoring",
    severity="medium",
    seed="12. Quality Gates Status; 5.1 Monitoring, Custom dashboards",
    where=_runs_something,
)
def present(repository: Repository, project: Project) -> Iterator[Answer]:
    """What Terraform runs has a dashboard in code.

    A dashboard that somebody clicked together is gone with the next clean-up, and nobody reviews what it shows. Those
    of Grafana, CloudWatch, Datadog, New Relic, Google and Azure count, and JSON models of Grafana. That this repository
    has none does not say that nobody has: it is a fault only where `owns` in gatekeeper.yaml names dashboards.

    Bad, they belong here: # expect: no dashboard
    ```yaml gatekeeper.yaml
    owns: [dashboards]
    ```
    ```hcl main.tf
    resource "aws_ecs_service" "orders" {
      name = "orders"
    }
    ```

    Good:
    ```hcl
    resource "aws_ecs_service" "orders" {
      name = "orders"
    }
    resource "aws_cloudwatch_dashboard" "orders" {
      dashboard_name = "orders"
    }
    ```

    Unknown, nobody said whose they are:
    ```hcl
    resource "aws_ecs_service" "orders" {
      name = "orders"
    }
    ```
    """
    if not dashboards(project):
        yield absent(project, "dashboards", "no dashboard here")
