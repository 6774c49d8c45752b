from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.on_call import on_call
from gatekeeper.models.files import Repository
from gatekeeper.rule import Measure, Reason, rule


@rule(
    "on-call-declared",
    gate="handoff",
    severity="medium",
    seed="Handoff Protocol",
    where=lambda repository, project: deploys(project).deploys,
)
def on_call_declared(repository: Repository, project: Project) -> Iterator[Measure | Unknown]:
    """It is declared who is called when it breaks.

    Whoever finds it down looks for a name in the repository first. Any of these counts: `service.owner` in
    gatekeeper.yaml, the owner of a Component or System in Backstage's catalogue, a service or schedule of PagerDuty,
    Opsgenie, Grafana OnCall or the like in Terraform, a line of CODEOWNERS that means everything, contacts in a
    runbook's section on escalation. That they took the service over is another question (handoff-accepted), and that
    nobody is declared here proves nothing.

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```text CODEOWNERS
    * @acme/orders
    docs/ @acme/writers
    ```

    Good, a schedule:
    ```hcl
    resource "aws_ecs_service" "app" { name = "app" }
    resource "pagerduty_schedule" "orders" {
      name      = "orders"
      time_zone = "UTC"
    }
    ```

    Good, contacts:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/runbooks/app.md
    # Runbook: app is down
    ## Escalation
    - On-call: orders-oncall@example.com
    ```

    Unknown, nobody is named:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```text CODEOWNERS
    docs/ @acme/writers
    ```
    ```markdown docs/runbooks/app.md
    # Runbook: app is down
    ## Escalation
    - On-call: [contact]
    ```
    """
    found = on_call(project)
    if not found:
        yield Unknown(repository, "nobody is declared here to be called", Reason.NEEDS_HUMAN)
        return
    first = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    yield Measure(first.at, f"{first.who} ({first.by}, {first.at.source.path}:{first.at.span.line}){more}", len(found))
