from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.named import judge, named_in
from gatekeeper.models.docs import Runbook
from gatekeeper.rule import Answer, Reason, rule


def _names_ours(runbook: Runbook, project: Project) -> bool:
    return any(judge(each, project) is not None for each in named_in(runbook, project))


@rule(
    "runbook-command-target",
    gate="documentation",
    severity="medium",
    seed="Runbook Template",
    where=_names_ours,
)
def command_target(runbook: Runbook, project: Project) -> Iterator[Answer]:
    """The commands of a runbook name what is there.

    `kubectl logs deployment/orders` of a workload that was renamed answers `not found`, at three in the morning. Judged
    are the objects that commands of kubectl, oc, argocd, aws ecs and docker compose name, each against what this
    repository declares of its kind, and only where it declares any. Left out are variables and names to fill in
    (`$NAME`, `<name>`), namespaces that nothing here is deployed to, and rollbacks (runbook-placeholder-command). Where
    templates, remote charts or operators may declare more, a name that is not found is not known.

    Bad:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Diagnosis
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders, namespace: prod}
    spec: {template: {spec: {containers: [{name: app, image: "orders:1.0.0"}]}}}
    ```
    ```markdown docs/runbooks/latency.md
    # Runbook: Latency
    ## Diagnosis
    ~~~bash
    # expect: no Deployment order here
    kubectl logs deployment/order -n prod --since=1h | grep timeout
    ~~~
    ## Resolution
    <!-- expect: no Deployment order here -->
    Run `kubectl rollout restart deployment order`.
    ```

    Bad, Compose and ECS:
    ```markdown docs/runbooks/queue.md
    # Runbook: Queue
    ## Diagnosis
    <!-- expect: no Compose service worker here -->
    `docker compose logs -f worker`

    <!-- expect: no ECS service shop here -->
    `aws ecs update-service --cluster main --service shop --force-new-deployment`
    ```
    ```yaml compose.yaml
    services:
      web: {image: "web:1"}
    ```
    ```hcl main.tf
    resource "aws_ecs_service" "orders" { name = "orders" }
    ```

    Good:
    ```markdown docs/runbooks/latency.md
    # Runbook: Latency
    ## Diagnosis
    `kubectl get deploy orders -o yaml`, `kubectl -n prod exec -it deploy/orders -- sh`,
    `kubectl rollout status deployment/prod-orders`, `kubectl describe deployment $NAME`,
    `kubectl logs deployment/<name>`, `kubectl logs -n kube-system deployment/coredns`, `kubectl get pods -n prod`,
    `kubectl get svc other`, `kubectl apply -f deployment.yaml`
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders, namespace: prod}
    spec: {template: {spec: {containers: [{name: app, image: "orders:1.0.0"}]}}}
    ```

    Unknown, a chart may declare it:
    ```markdown docs/runbooks/latency.md
    # Runbook: Latency
    ## Diagnosis
    `kubectl logs deployment/gateway`
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders, namespace: prod}
    spec: {template: {spec: {containers: [{name: app, image: "orders:1.0.0"}]}}}
    ```
    ```yaml k8s/release.yaml
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: gateway}
    spec: {chart: {spec: {chart: gateway}}}
    ```
    """
    for named in named_in(runbook, project):
        judged = judge(named, project)
        if judged is None or judged.there:
            continue
        words = f"`{named.command}`: no {named.what} {named.name[:60]} here"
        if judged.doubt:
            yield Unknown(named.at, f"{words}, as far as can be seen: {judged.doubt}", Reason.NOT_OWNED_HERE)
            continue
        near = get_close_matches(named.name, judged.known, 1, 0.7) or judged.known[:3]
        yield Finding(named.at, words, fix=Fix(f"here are {', '.join(near)}"))
