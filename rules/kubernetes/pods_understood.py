from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Unknown
from gatekeeper.links.outside import DEPLOYED_BY_OTHERS, MAKE_PODS
from gatekeeper.models.kubernetes import Object, Workload
from gatekeeper.node import Node
from gatekeeper.rule import Reason, rule

_SPEAK_OF_PODS = frozenset(
    "CustomResourceDefinition ClusterPolicy Policy ConstraintTemplate Template ValidatingAdmissionPolicy "
    "MutatingAdmissionPolicy ConfigMap Secret EnvoyFilter MutatingWebhookConfiguration".split()
)
_BUILT_IN = frozenset({"", "apps", "batch"})  # groups whose kinds keep all their containers in one pod
_PLACES = ("containers", "initContainers", "container", "script", "sidecars", "steps")


def _runs_containers(node: Node, but: Node | None = None) -> bool:
    """Whether something in it, `but` aside, is a container: it stands where containers do, and names its image."""
    aside = {id(each) for each in but.walk()} if but is not None else set()
    for each in node.walk():
        for key in _PLACES if each.is_mapping and id(each) not in aside else ():
            found = each[key]
            listed = list(found) if found.known and found.is_list else [found]
            if any(one.is_mapping and one["image"].present and not one["image"].is_mapping for one in listed):
                return True
    return False


def _makes_pods(each: Object) -> bool:
    if each.kind in _SPEAK_OF_PODS | DEPLOYED_BY_OTHERS | MAKE_PODS:
        return False
    return isinstance(each, Workload) or _runs_containers(each.spec)


@rule(
    "k8s-pods-understood",
    gate="container-hardening",
    severity="high",
    seed="4.2 Kubernetes Deployment Template",
    where=_makes_pods,
)
def pods_understood(each: Object) -> Iterator[Unknown]:
    """Every object that runs containers is one whose pods are judged.

    Pods are found by their shape: a template with a pod's spec, a CronJob's below its job, a Pod itself. Some objects
    keep containers in other places (the steps of an Argo Workflow or a Tekton Task, the groups of a RayCluster), and
    the rules about containers do not see those. What is not seen is no pass: it is UNKNOWN here. Kinds whose pods an
    operator makes, and policies that only speak of pods, are not meant.

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web}
    spec:
      template:
        spec:
          containers: [{name: web, image: "web:1.2.0"}]
    ---
    apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {name: pinned}
    spec:
      rules:
        - name: tags
          validate: {pattern: {spec: {containers: [{image: "!*:latest"}]}}}
    ```

    Unknown, the steps of a workflow:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: report}
    spec:
      templates:
        - name: make
          container: {image: "report:1.2.0", command: [make-report]}
    ```

    Unknown, a pod and another:
    ```yaml
    apiVersion: acme.io/v1
    kind: Trainer
    metadata: {name: train}
    spec:
      template: {spec: {containers: [{name: main, image: "train:1.2.0"}]}}
      worker: {spec: {containers: [{name: worker, image: "train:1.2.0", securityContext: {privileged: true}}]}}
    ```

    Unknown, groups of pods:
    ```yaml
    apiVersion: ray.io/v1
    kind: AcmeCluster
    metadata: {name: train}
    spec:
      headGroupSpec:
        template: {spec: {containers: [{name: head, image: "ray:2.40.0"}]}}
    ```
    """
    if not isinstance(each, Workload):
        yield Unknown(each, f"the containers of {each.name} are not judged", Reason.UNSUPPORTED_TOOL)
    elif each.group not in _BUILT_IN and _runs_containers(each.spec, each.pod):
        yield Unknown(each, f"{each.name} has containers beside its pod, which are not judged", Reason.UNSUPPORTED_TOOL)
