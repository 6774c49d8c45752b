from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import services_of
from gatekeeper.links.monitored import discovers, from_elsewhere, perhaps_watched, watched_by
from gatekeeper.links.policies import CONTROL_PLANE
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, Reason, rule


def _serves(workload: Workload, project: Project) -> bool:
    """It runs on, a Service leads to it, and it does not come with the cluster."""
    if workload.batch or workload.namespace.startswith(CONTROL_PLANE):
        return False
    return bool(services_of(workload, project))


@rule(
    "k8s-workload-unmonitored",
    gate="monitoring",
    severity="medium",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    where=_serves,
)
def workload_unmonitored(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every workload behind a Service is monitored.

    What nobody measures is noticed by its users first. One of these is enough: a ServiceMonitor or PodMonitor (or one
    of VictoriaMetrics or Google Cloud) that selects it or its Service and asks at a port that is there, a scrape
    annotation on the pods or the Service, an agent's annotation (OpenTelemetry, Datadog, Elastic, New Relic), the proxy
    of a mesh, an exporter beside it in the pod, environment variables that say where telemetry is sent (OTLP, StatsD
    and the like) and do not switch it off, a PrometheusRule or a scrape configuration that names it. Where a Prometheus
    here finds its targets by itself, where it only has a name for its telemetry (`OTEL_SERVICE_NAME`, `DD_ENV`), or
    something that monitors may come from elsewhere (a chart, a remote base), the answer is not known.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      # expect: nothing here collects
      name: web
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, labels: {app: web}}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata: {name: web}
    spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}
    ```

    Good, it sends:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - {name: web, image: "web:1.0.0", env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel:4317"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ```

    Unknown, it is switched off:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: "web:1.0.0"
              env:
                - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel:4317"}
                - {name: OTEL_SDK_DISABLED, value: "true"}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    ```

    Unknown, a Prometheus finds its targets itself:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: prometheus}
    data:
      prometheus.yml: |
        scrape_configs:
          - job_name: pods
            kubernetes_sd_configs: [{role: pod}]
    ```
    """
    if watched_by(workload, project):
        return
    found, other = discovers(project), from_elsewhere(project)
    words = "nothing here collects its metrics, and it sends none"
    if found:
        yield Unknown(workload, f"{found} finds its targets in the cluster by itself: whether this is one is not known")
    elif perhaps := perhaps_watched(workload, project):
        yield Unknown(workload, f"{words} for certain: {perhaps}")
    elif other:
        yield Unknown(workload, f"{words}; monitoring may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(workload, words)
