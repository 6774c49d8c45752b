from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.dashboards import dashboards
from gatekeeper.links.shown import served, shown, unseen
from gatekeeper.models.files import Repository
from gatekeeper.models.trial import for_trial
from gatekeeper.rule import Answer, Measure, Reason, absent, rule


def _all_read(project: Project) -> bool:
    """Whether each dashboard was read, and none was left out because its path says that it is for a trial."""
    return all(each.panels is not None and not for_trial(each.node.source.path) for each in dashboards(project))


@rule(
    "dashboard-of-service",
    gate="monitoring",
    severity="medium",
    seed="5.1 Monitoring, Custom dashboards; 12. Quality Gates Status",
    where=lambda repository, project: deploys(project).deploys,
)
def dashboard_of_service(repository: Repository, project: Project) -> Iterator[Answer]:
    """Every service that is deployed from here has a dashboard.

    In an incident the first question is what it looks like now. A dashboard is about a workload when a query of it
    names the workload or its Service by a label (`job`, `service`, `app` and the like), asks for metrics that begin
    with its name or that an alert about it asks for, or when its title, uid or file is called like it. One for whatever
    a reader chooses (`$job`) may be about it. One that shows nothing, and one for a trial, does not count. That this
    repository has none for a workload does not say that nobody has: it is a fault only where `owns` in gatekeeper.yaml
    names dashboards, and none here may be about it. Whether somebody looked at it is asked by `dashboards-ready`.
    Workloads that a Service leads to are judged.

    Bad, they belong here: # expect: no dashboard is about payments
    ```yaml gatekeeper.yaml
    owns: [dashboards]
    ```
    ```yaml k8s/payments.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: payments}
    spec:
      selector: {matchLabels: {app: payments}}
      template:
        metadata: {labels: {app: payments}}
        spec: {containers: [{name: payments, image: "payments:1.0.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: payments}
    spec: {selector: {app: payments}, ports: [{port: 80}]}
    ```
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(http_errors_total{job=\\"orders\\"}[5m]))"}]}
    ]}
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
    ```json dashboards/shop.json
    {"title": "Shop", "uid": "shop", "schemaVersion": 39, "panels": [
      {"type": "timeseries", "title": "Errors", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"refId": "A", "expr": "sum(rate(http_errors_total{job=\\"orders\\"}[5m]))"}]}
    ]}
    ```

    Unknown, called like it, with nothing on it:
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
    ```json dashboards/orders.json
    {"title": "Orders", "uid": "orders", "schemaVersion": 39, "panels": [{"type": "text", "title": "Orders"}]}
    ```

    Unknown, nobody said whose they are:
    ```yaml k8s/orders.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ```
    """
    if not dashboards(project):
        unread = next((fault for fault in project.faults if fault.technology == "dashboards"), None)
        if unread is not None:
            words = f"the dashboards cannot be read: {unread.source.path}: {unread.message}"
            yield Unknown(repository, words, Reason.TEMPLATE_UNRENDERED)
        else:
            yield absent(project, "dashboards", "no dashboard here")
        return
    workloads = served(project)
    found = [(each, shown(each, project)) for each in workloads]
    having = sum(1 for _, each in found if each.own)
    if workloads:
        yield Measure(repository, f"{having} of {len(workloads)} services on a dashboard", having)
    else:
        yield Unknown(repository, "no workload is visible here: which services its dashboards are about is not known")
    if workloads and unseen(project):
        yield Unknown(repository, f"which other services there are: {unseen(project)}", Reason.TEMPLATE_UNRENDERED)
    for workload, each in found:
        if each.own:
            continue
        words = f"no dashboard is about {workload.object_name}"
        if each.shared:
            title = each.shared[0].title or each.shared[0].path
            yield Unknown(workload, f"{words} for certain; {title} may be: attest that it shows it")
        elif "dashboards" in project.settings.owns and _all_read(project):
            yield Finding(workload, f"{words}; gatekeeper.yaml says that dashboards belong here")
        else:
            yield Unknown(workload, f"{words}: it may be elsewhere", Reason.NOT_OWNED_HERE)
