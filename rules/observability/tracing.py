from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.measured import dropped, keeps_data, runs_elsewhere, traced, traced_by_compose
from gatekeeper.links.shown import copies_of_served, unseen
from gatekeeper.models import Subject
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Measure, Reason, rule

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service
    from gatekeeper.models.kubernetes import Workload

_MOST = 20  # services that are named


def _asked(project: Project) -> list[tuple[Subject, str, str]]:
    """Each service with its name, and what makes it send traces: those of a cluster, else those that Compose builds."""
    found: list[tuple[Subject, str, str]] = [
        (copies[0], name, _all_traced(copies, project))
        for name, copies in copies_of_served(project).items()
        if not keeps_data(copies[0])
    ]
    if found or runs_elsewhere(project):
        return found
    kind = cast("type[Service] | None", Subject.registry.get("compose.Service"))
    built = [each for each in (project.all(kind) if kind else ()) if each["build"].present and not each.development]
    return [(each, each.service_name, traced_by_compose(each)) for each in built]


def _all_traced(copies: list[Workload], project: Project) -> str:
    """What makes a service send traces in every environment and namespace that it is in; '' where one shows nothing."""
    words = [traced(each, project) for each in copies]
    return words[0] if all(words) else ""


@rule(
    "tracing",
    gate="monitoring",
    severity="high",
    seed="5.2 Logging, Correlation IDs for tracing; Best Practices Checklist: Observability",
    where=lambda repository, project: deploys(project).deploys,
)
def tracing(repository: Repository, project: Project) -> Iterator[Answer]:
    """A request can be followed through every service.

    A service takes part that is told where to send its traces: an address in its environment (`OTEL_EXPORTER_OTLP_...`,
    Jaeger, Zipkin, Datadog, X-Ray and the like), also from a ConfigMap, or an annotation by which the OpenTelemetry
    operator or Datadog instruments its pods. It does not where they are switched off beside it, printed, or sampled
    away (`OTEL_SDK_DISABLED`, the exporter `console`, the sampler `always_off`, a share of 0), nor where only a proxy
    in its pod is told. Workloads that a Service leads to are judged, in every environment of production, but for data
    stores and queues; where nothing here runs in a cluster or a cloud, what Compose builds. What the program does by
    itself is in no file that is read here: that nothing shows it is no fault.

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec:
          containers:
            - {name: orders, image: "o:1", env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel:4317"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```

    Unknown, none is kept:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec:
          containers:
            - name: orders
              image: "o:1"
              env:
                - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel:4317"}
                - {name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio}
                - {name: OTEL_TRACES_SAMPLER_ARG, value: "0.0"}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```

    Unknown, the collector prints them:
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec:
          containers:
            - {name: orders, image: "o:1", env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel:4317"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    ```yaml otel.yaml
    receivers: {otlp: {protocols: {grpc: {}}}}
    exporters: {debug: {}}
    service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
    ```

    Unknown, nothing shows it:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    """
    every = _asked(project)
    missing = [(each, name) for each, name, words in every if not words]
    having = len(every) - len(missing)
    if every:
        yield Measure(repository, f"{having} of {len(every)} services send traces", having)
    else:
        words = "no service is visible here: whose requests are to be followed is not known"
        yield Unknown(repository, words, Reason.NEEDS_HUMAN)
    if every and unseen(project):
        yield Unknown(repository, f"which other services there are: {unseen(project)}", Reason.TEMPLATE_UNRENDERED)
    nobody = dropped(project)
    if having and nobody is not None:
        yield Unknown(nobody, "the collector here passes traces on to nobody", Reason.NEEDS_HUMAN)
    for each, name in missing[:_MOST]:
        yield Unknown(each, f"nothing here makes {name} send traces", Reason.NOT_OWNED_HERE)
