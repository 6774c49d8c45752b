from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.log_ways import ways
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "log-shipper-present",
    gate="logging",
    severity="high",
    seed="5.2 Logging, Centralized logging; Phase 7 Logging centralized and searchable",
    where=lambda repository, project: deploys(project).deploys,
)
def shipper_present(repository: Repository, project: Project) -> Iterator[Answer]:
    """Something here brings the logs of what is deployed to one place.

    What counts: a collector whose configuration reads logs and sends them somewhere else (Fluent Bit, Fluentd, Vector,
    Promtail, Grafana Alloy, Filebeat, the OpenTelemetry Collector), a chart that ships logs as it comes or is told to,
    the log driver of an ECS task or of a Compose service, and platforms that keep what their programs print. A
    container or a chart whose configuration is not here may ship them: that is not known. Files that say of themselves
    that they are for a trial do not count. That this repository has none does not say that nobody has: a cluster's
    shipper often stands elsewhere. It is a fault only where `owns` in gatekeeper.yaml names logging. Whether the logs
    of every service arrive, and can be searched, is not judged.

    Bad, they belong here: # expect: nothing here ships logs
    ```yaml gatekeeper.yaml
    owns: [logging]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml k8s/fluent-bit.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: fluent-bit}
    data:
      fluent-bit.conf: |
        [INPUT]
            Name tail
            Path /var/log/containers/*.log
        [OUTPUT]
            Name  loki
            Match *
            Host  loki.example.com
    ```

    Good, as Terraform:
    ```hcl
    resource "aws_ecs_task_definition" "orders" {
      container_definitions = jsonencode([{
        name             = "orders"
        logConfiguration = { logDriver = "awslogs", options = { awslogs-group = "/ecs/orders" } }
      }])
    }
    ```

    Unknown, nobody said where it stands:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    """
    found = ways(project)
    if any(not way.doubt for way in found):
        return
    if found:
        yield Unknown(found[0].at, f"{found[0].words} may ship logs: {found[0].doubt}", Reason.UNRESOLVED)
        return
    unread = [fault for fault in project.faults if fault.technology == "telemetry"]
    if unread:
        words = f"what ships logs cannot be read: {unread[0].source.path}: {unread[0].message}"
        reason = Reason.UNREADABLE if unread[0].reason == "unreadable" else Reason.TEMPLATE_UNRENDERED
        yield Unknown(repository, words, reason)
    else:
        yield absent(project, "logging", "nothing here ships logs")
