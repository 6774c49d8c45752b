from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import Rung, compatible, unsettled
from gatekeeper.links.scaling import Utilization, scaled_by, utilizations
from gatekeeper.models.kubernetes import Container, HorizontalPodAutoscaler, Object, Workload
from gatekeeper.rule import Answer, Reason, rule


def _by_share(scaler: HorizontalPodAutoscaler, project: Project) -> bool:
    return bool(utilizations(scaler)) and bool(scaled_by(scaler, project).workloads)


@rule(
    "k8s-hpa-without-requests",
    gate="workload-reliability",
    severity="high",
    seed="1.1 Define scalability requirements",
    where=_by_share,
)
def hpa_without_requests(scaler: HorizontalPodAutoscaler, project: Project) -> Iterator[Answer]:
    """Every workload that is scaled by utilization requests what is measured.

    Utilization is a share of the request. Where one container of the pod requests nothing, the autoscaler says
    FailedGetResourceMetric and never scales: the load comes, and nothing happens. A limit alone counts, because the API
    copies it into the request; so does a request of the pod as a whole, and a LimitRange beside it that fills one in.
    Native sidecars count, other init containers do not. An autoscaler without any metric is given one by the API: 80 %
    of CPU. Metrics of type AverageValue need no request.

    Judged is the workload that stands nearest by kind and name, also for KEDA's ScaledObjects with cpu and memory
    triggers, and for Argo Rollouts.

    Bad:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 9
      metrics:
        - type: Resource
          resource:
            # expect: proxy of Deployment/web requests no cpu
            name: cpu
            target: {type: Utilization, averageUtilization: 70}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
            - {name: web, image: "web:1.0.0", resources: {requests: {cpu: 250m}}}
            - {name: proxy, image: "proxy:1.0.0", resources: {}}
    ```

    Bad, the old form and a Rollout:
    ```yaml
    apiVersion: autoscaling/v1
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web}
      maxReplicas: 9
      # expect: requests no cpu
      targetCPUUtilizationPercentage: 80
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      template:
        spec:
          containers: [{name: web, image: "web:1.0.0", resources: {requests: {memory: 64Mi}}}]
    ```

    Bad, a Rollout that takes its pods from a Deployment:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      # expect: web of Deployment/web requests no cpu
      scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web-rollout}
      maxReplicas: 9
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web-rollout}
    spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```

    Bad, KEDA:
    ```yaml
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {name: worker}
    spec:
      scaleTargetRef: {name: worker}
      triggers:
        # expect: requests no memory
        - type: memory
          metricType: Utilization
          metadata: {value: "80"}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker}
    spec:
      template:
        spec:
          containers: [{name: worker, image: "worker:1.0.0"}]
    ```

    Good, a limit is copied into the request:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 9
      metrics:
        - type: ContainerResource
          containerResource: {name: cpu, container: web, target: {type: Utilization, averageUtilization: 70}}
        - type: Resource
          resource: {name: memory, target: {type: AverageValue, averageValue: 500Mi}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          initContainers: [{name: migrate, image: "web:1.0.0"}]
          containers:
            - {name: web, image: "web:1.0.0", resources: {limits: {cpu: "1"}}}
            - {name: proxy, image: "proxy:1.0.0"}
    ```

    Good, a LimitRange gives one:
    ```yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 9
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ---
    apiVersion: v1
    kind: LimitRange
    metadata: {name: defaults, namespace: shop}
    spec: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}
    ```

    Unknown, another variant has them:
    ```yaml hpa/web.yaml
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
      maxReplicas: 9
    ```
    ```yaml small/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```
    ```yaml large/web.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0", resources: {requests: {cpu: "1"}}}]}}}
    ```
    """
    targets, rung = scaled_by(scaler, project)
    for metric in utilizations(scaler):
        lacking = [found for each in targets for found in _lacking(each, metric, project)]
        if not lacking:
            continue
        container = lacking[0]
        words = f"{container.container_name} of {container.workload.name} requests no {metric.resource}"
        patch = next((patch for each in lacking if (patch := unsettled(each, project))), None)
        if patch:
            yield Unknown(metric.node, f"{patch.path} may patch the resources of {container.workload.name}")
        elif rung == Rung.REPOSITORY or len({id(each.workload) for each in lacking}) < len(targets):
            why = f"{words}, and it is not certain that this one is scaled"
            yield Unknown(metric.node, why, Reason.UNBOUND)
        else:
            see = tuple(Note(each, f"requests no {metric.resource}") for each in lacking)
            yield Finding(metric.node, f"{words}: its utilization is not known, and nothing is scaled", see)


def _lacking(workload: Workload, metric: Utilization, project: Project) -> list[Container]:
    if _filled_in(workload, metric.resource, project):
        return []
    return [
        container
        for container in workload.containers
        if container.role in ("app", "sidecar")
        and metric.container in ("", container.container_name)
        and not container.request(metric.resource).present
    ]


def _filled_in(workload: Workload, resource: str, project: Project) -> bool:
    """Whether a LimitRange of its namespace gives such a request to containers that have none."""
    return any(
        item[field][resource].present
        for each in project.by(Object, "kind").get("LimitRange", ())
        if compatible(each.namespace, workload.namespace)
        for item in each.spec["limits"]
        for field in ("defaultRequest", "default", "max")
    )
