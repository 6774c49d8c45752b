"""What scales a workload, what is applied together, which claims pods share, and what probes ask."""

from __future__ import annotations

import pytest

from gatekeeper.links.scaling import fewest, most, replicated, scaled_by, scalers, utilizations
from gatekeeper.links.together import applied_together, twins_of
from gatekeeper.links.volumes import claims_of
from gatekeeper.models.kubernetes import Container, HorizontalPodAutoscaler, Object, Service, Workload
from gatekeeper.models.kubernetes.probes import probe, share_handler
from gatekeeper.node import Unresolved
from gatekeeper.project import Project
from gatekeeper.testing import project_of


def project(**files: str) -> Project:
    return project_of((path.replace("__", "/") + ".yaml", text) for path, text in files.items())


def deployment(name: str, *, head: str = "", spec: str = "") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n{head}"
        f"  template: {{spec: {{{spec}containers: [{{name: app, image: 'a:1'}}]}}}}\n"
    )


def scaler(name: str, target: str, bounds: str = "minReplicas: 2, maxReplicas: 9", *, version: str = "v2") -> str:
    spec = f"{{scaleTargetRef: {target}, {bounds}}}"
    return (
        f"apiVersion: autoscaling/{version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    )


WEB = "{kind: Deployment, name: web}"
ROLLOUT = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: out}\n"
    "spec: {replicas: 4, workloadRef: {kind: Deployment, name: web}}\n"
)


def test_an_autoscaler_scales_the_nearest_workload_of_its_targets_name() -> None:
    found = project(a__web=deployment("web"), a__hpa=scaler("web", WEB), b__web=deployment("web"))
    [hpa] = found.all(HorizontalPodAutoscaler)
    near, far = found.all(Workload)
    assert scaled_by(hpa, found).workloads == (near,)
    assert scalers(near, found) == [hpa]
    assert scalers(far, found) == []
    assert (fewest(near, found), most(near, found)) == (2, 9)
    assert (fewest(far, found), most(far, found)) == (1, 1)


def test_an_autoscaler_in_a_folder_of_its_own_scales_the_only_one() -> None:
    found = project(apps__web=deployment("web"), hpa__web=scaler("web", WEB))
    [workload] = found.all(Workload)
    assert [each.object_name for each in scalers(workload, found)] == ["web"]


def test_a_rollout_counts_the_pods_it_takes_from_a_deployment() -> None:
    target = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: out}"
    files = {"a": deployment("web", head="  replicas: 0\n"), "b": ROLLOUT}
    alone = project(**files)
    [workload] = alone.all(Workload)
    assert fewest(workload, alone) == most(workload, alone) == 4
    scaled = project(**files, c=scaler("out", target))
    [workload] = scaled.all(Workload)
    [hpa] = scaled.all(HorizontalPodAutoscaler)
    assert scaled_by(hpa, scaled).workloads == (workload,)
    assert (fewest(workload, scaled), most(workload, scaled)) == (2, 9)


def test_replicas_that_are_filled_in_later_may_be_many() -> None:
    found = project(a=deployment("web", head="  replicas: ${COUNT}\n"))
    [workload] = found.all(Workload)
    assert replicated(workload, found)
    with pytest.raises(Unresolved):
        fewest(workload, found)


@pytest.mark.parametrize(
    ("version", "bounds", "wanted"),
    [
        ("v1", "maxReplicas: 9, targetCPUUtilizationPercentage: 70", [("cpu", "")]),
        ("v1", "maxReplicas: 9", [("cpu", "")]),
        ("v2", "maxReplicas: 9, metrics: []", [("cpu", "")]),
        (
            "v2beta1",
            "maxReplicas: 9, metrics: [{type: Resource, resource: {name: memory, targetAverageUtilization: 60}}]",
            [("memory", "")],
        ),
        (
            "v2",
            "maxReplicas: 9, metrics: [{type: Resource, resource: {name: memory, target: {type: AverageValue}}}]",
            [],
        ),
        (
            "v2",
            "maxReplicas: 9, metrics: [{type: ContainerResource, containerResource: "
            "{name: cpu, container: app, target: {type: Utilization, averageUtilization: 60}}}]",
            [("cpu", "app")],
        ),
        ("v2", "maxReplicas: 9, metrics: [{type: Pods, pods: {metric: {name: requests}}}]", []),
    ],
)
def test_what_an_autoscaler_measures(version: str, bounds: str, wanted: list[tuple[str, str]]) -> None:
    found = project(a=scaler("web", WEB, bounds, version=version))
    [hpa] = found.all(HorizontalPodAutoscaler)
    assert [(each.resource, each.container) for each in utilizations(hpa)] == wanted


def settings(namespace: str = "", name: str = "settings", kind: str = "ConfigMap") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: '{namespace}'}}\n"


def twins(found: Project) -> list[str]:
    later = (node for each in found.all(Object) for node in twins_of(each, found))
    return [f"{node.source.path}:{node['kind'].span.line}" for node in later]


def test_an_object_that_stands_twice_in_a_file_has_a_twin() -> None:
    assert twins(project(a=f"{settings()}---\n{settings()}")) == ["a.yaml:6"]
    assert twins(project(a=f"{settings()}---\n{settings('shop')}---\n{settings(kind='Secret')}")) == []
    assert twins(project(a=settings(), b=settings())) == []


def test_an_object_that_stands_twice_in_a_build_or_a_chart_has_a_twin() -> None:
    assert twins(project(kustomization="resources: [a.yaml, b.yaml]\n", a=settings(), b=settings())) == ["b.yaml:2"]
    chart = {"c__Chart": "apiVersion: v2\nname: c\nversion: 1.0.0\n"}
    found = project(**chart, c__templates__a=settings(), c__templates__b=settings())
    assert twins(found) in ([], ["c/templates/b.yaml:2"])  # none where the chart is rendered or not read


def test_alternatives_side_by_side_are_not_applied_together() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n"
    found = project(a=f"{service}---\n{deployment('one')}", b=deployment("two"))
    [it] = found.all(Service)
    assert [applied_together(it, each) for each in found.all(Workload)] == [True, False]


def claim(name: str, mode: str) -> str:
    return f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{accessModes: [{mode}]}}\n"


def test_the_nearest_claim_of_a_name_counts() -> None:
    volumes = "volumes: [{name: d, persistentVolumeClaim: {claimName: data}}, {name: e, emptyDir: {}}], "
    found = project(
        a__web=deployment("web", spec=volumes),
        a__claim=claim("data", "ReadWriteMany"),
        b__claim=claim("data", "ReadWriteOnce"),
    )
    [workload] = found.all(Workload)
    [shared] = claims_of(workload, found)
    assert shared.modes == {"ReadWriteMany"}
    found = project(a__web=deployment("web", spec=volumes))
    [shared] = claims_of(found.all(Workload)[0], found)
    assert shared.claim is None
    assert shared.modes == frozenset()


@pytest.mark.parametrize(
    ("live", "ready", "same"),
    [
        ("{httpGet: {path: /, port: 80}}", "{httpGet: {port: http}}", True),
        ("{httpGet: {path: /, port: 80, scheme: https}}", "{httpGet: {path: /, port: 80}}", False),
        ("{httpGet: {path: /, port: metrics}}", "{httpGet: {path: /, port: http}}", False),
        ("{tcpSocket: {port: 80}}", "{httpGet: {port: 80}}", False),
        ("{exec: {command: [a, b]}}", "{exec: {command: [a, b]}, periodSeconds: 1}", True),
        ("{exec: {command: [a b]}}", "{exec: {command: [a, b]}}", False),
        ("{grpc: {port: 80}}", "{grpc: {port: 80, service: ready}}", False),
        ("{}", "{}", False),
    ],
)
def test_two_probes_that_ask_the_same(live: str, ready: str, same: bool) -> None:
    ports = "[{name: http, containerPort: 80}, {name: metrics, containerPort: 81}]"
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: a, "
        f"ports: {ports}, livenessProbe: {live}, readinessProbe: {ready}}}]}}\n"
    )
    [container] = project(a=text).all(Container)
    assert share_handler(container) is same


def test_a_probe_fails_after_its_period_times_its_threshold() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: a, "
        "livenessProbe: {periodSeconds: 5, initialDelaySeconds: 90}, readinessProbe: {failureThreshold: 1}}]}\n"
    )
    [container] = project(a=text).all(Container)
    found = [probe(container, field) for field in ("livenessProbe", "readinessProbe", "startupProbe")]
    assert [each.window if each else None for each in found] == [15, 10, None]
