from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links.related import of_type
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule

_SLOS = (
    "datadog_service_level_objective",
    "newrelic_service_level",
    "grafana_slo",
    "google_monitoring_slo",
    "nobl9_slo",
    "aws_applicationsignals_service_level_objective",
    "awscc_applicationsignals_service_level_objective",
)
_WATCHED = ("datadog_monitor", "newrelic_nrql_alert_condition", "grafana_rule_group")


def _watches(repository: Repository, project: Project) -> bool:
    return any(each.type in _WATCHED for each in terraform_resources(project))


@rule("tf-slo-present", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_watches)
def present(repository: Repository, project: Project) -> Iterator[Answer]:
    """Where monitors are made in code, objectives are too.

    A monitor says that something is wrong now, an objective whether it is wrong too often. Judged are repositories that
    make monitors of Datadog, New Relic or Grafana. That there is no objective here does not say that nobody has one: it
    is a fault only where `owns` in gatekeeper.yaml names slo.

    Bad, they belong here: # expect: no objective
    ```yaml gatekeeper.yaml
    owns: [slo]
    ```
    ```hcl main.tf
    resource "datadog_monitor" "errors" {
      message = "Many errors @pagerduty"
    }
    ```

    Good:
    ```hcl
    resource "datadog_monitor" "errors" {
      message = "Many errors @pagerduty"
    }
    resource "datadog_service_level_objective" "orders" {
      tags = ["service:orders"]
    }
    ```

    Unknown, nobody said whose they are:
    ```hcl
    resource "datadog_monitor" "errors" {
      message = "Many errors @pagerduty"
    }
    ```
    """
    if not any(not each.module.shown for kind in _SLOS for each in of_type(kind, project)):
        yield absent(project, "slo", "no objective here")
