from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import deploys, services_of
from gatekeeper.links.alerting import alarms, guard_of, signal_of
from gatekeeper.links.measured import keeps_data
from gatekeeper.links.shown import served
from gatekeeper.models.alarms import Signal
from gatekeeper.models.files import Repository
from gatekeeper.models.kubernetes import texts
from gatekeeper.rule import Answer, Measure, Reason, absent, rule

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Workload

_ASKED: dict[Signal, str] = {"error": "errors", "latency": "latency", "availability": "outage"}
_NAMES = ("app", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "k8s-app")


@rule(
    "alert-signals",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules; 6. Observability Setup",
    where=lambda repository, project: deploys(project).deploys,
)
def alert_signals(repository: Repository, project: Project) -> Iterator[Answer]:
    """Errors, latency and outage of every service raise an alert.

    Whoever has one of the three without an alert hears of it from customers. Which of them an alert is about is told by
    what it measures: a ratio of failed requests, a percentile or mean of a duration, `up`, absence, replicas that are
    missing; alarms of CloudWatch, Datadog, New Relic, Google, Azure and Grafana are read too. An alert is about a
    service when a label, a matcher, its group or its file says so.

    Something is missing only where every alert about the service, and every one that names none, is recognised: one
    that nobody could place may be it. Asked of workloads that a Service leads to; where none is visible, a person must
    say which alert stands for what. A database, a cache or a queue is asked for its outage alone.

    Bad, all of its alerts are recognised:
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: orders has no alert on its latency
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
    ```yaml monitoring/orders.yaml
    groups:
      - name: orders
        rules:
          - alert: OrdersDown
            expr: absent(up{job="orders"} == 1)
          - alert: OrdersErrors
            expr: |
              sum(rate(http_requests_total{job="orders", code=~"5.."}[5m]))
                / sum(rate(http_requests_total{job="orders"}[5m])) > 0.01
    ```

    Good:
    ```yaml k8s/orders.yaml
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
    ```yaml monitoring/orders.yaml
    groups:
      - name: orders
        rules:
          - alert: Down
            expr: up{job="orders"} == 0
          - alert: Errors
            expr: sum(rate(http_requests_total{job="orders", code=~"5.."}[5m])) > 1
          - alert: Slow
            expr: histogram_quantile(0.95, sum by (le) (rate(http_duration_seconds_bucket{job="orders"}[5m]))) > 0.5
    ```

    Good, alerts that hold for every service:
    ```yaml k8s/orders.yaml
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
    ```yaml monitoring/all.yaml
    groups:
      - name: all
        rules:
          - alert: Down
            expr: up == 0
          - alert: Errors
            expr: |
              sum by (job) (rate(http_requests_total{code=~"5.."}[5m]))
                / sum by (job) (rate(http_requests_total[5m])) > 0.01
          - alert: Slow
            expr: histogram_quantile(0.95, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m]))) > 0.5
    ```

    Good, a database:
    ```yaml k8s/mongo.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: mongo}
    spec:
      selector: {matchLabels: {app: mongo}}
      template:
        metadata: {labels: {app: mongo}}
        spec: {containers: [{name: mongo, image: "mongo:3.2"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: mongo}
    spec: {selector: {app: mongo}, ports: [{port: 27017}]}
    ```
    ```yaml monitoring/all.yaml
    groups:
      - name: all
        rules:
          - alert: Down
            expr: up == 0
    ```

    Unknown, an alert that nobody can place:
    ```yaml k8s/orders.yaml
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
    ```yaml monitoring/orders.yaml
    groups:
      - name: orders
        rules:
          - alert: OrdersDown
            expr: up{job="orders"} == 0
          - alert: OrdersStrange
            expr: orders_something{job="orders"} > 3
    ```
    """
    if not alarms(project):
        yield absent(project, "alerts", "no alert here")
        return
    every = served(project)
    if not every:
        words = "no service is visible here: which alert stands for what is not known"
        yield Unknown(repository, words, Reason.NEEDS_HUMAN)
        return
    answers = {each.object_name: answer for each in every if (answer := _missing(each, project))}
    having = len(every) - len(answers)
    yield Measure(repository, f"{having} of {len(every)} services have the three alerts", having)
    yield from list(answers.values())[:_MOST]


_MOST = 50  # services that are named


def _missing(workload: Workload, project: Project) -> Answer | None:
    """What is said of a service that lacks one of the three."""
    guard = guard_of(workload.object_name, project, *_names(workload, project))
    asked = [signal for signal in _ASKED if signal == "availability" or not keeps_data(workload)]
    missing = [signal for signal in asked if signal not in guard.signals]
    if not missing:
        return None
    words = _listed([_ASKED[signal] for signal in missing])
    open_ = [each for each in guard.open if (found := signal_of(each)) is None or found in missing]
    if not guard.named and not guard.every and "alerts" not in project.settings.owns:
        words = f"no alert here names {workload.object_name}: attest its alerts, or say that they belong here (`owns`)"
        return Unknown(workload, words, Reason.NOT_OWNED_HERE)
    if open_:
        more = f"{open_[0].title}{f' and {len(open_) - 1} more' if len(open_) > 1 else ''}"
        return Unknown(workload, f"no alert on its {words} is recognised: {more} may be one", Reason.NEEDS_HUMAN)
    fix = Fix(f"add an alert on its {words}, or attest where it is")
    return Finding(workload, f"{workload.object_name} has no alert on its {words}", fix=fix)


def _names(workload: Workload, project: Project) -> list[str]:
    labels = texts(workload.template.at("metadata.labels"))
    found = [labels[key] for key in _NAMES if key in labels]
    return [*found, *(each.object_name for each in services_of(workload, project))]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
