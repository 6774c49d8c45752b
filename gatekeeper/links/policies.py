"""Which network policies are about a workload's pods."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.outside import PODS, elsewhere
from gatekeeper.links.overlays import unsettled
from gatekeeper.links.selectors import Rung, compatible, rung_of, selected
from gatekeeper.models.kubernetes import LabelSelector, NetworkPolicy, Object, Workload, builds, written
from gatekeeper.node import Unresolved
from gatekeeper.project import Project

# Their pods come with the cluster.
CONTROL_PLANE = ("kube-", "openshift-", "gke-managed-", "gmp-", "azure-", "calico-", "tigera-")
_ITS_PODS = frozenset(
    "kube-dns coredns kube-apiserver apiserver kube-scheduler kube-controller-manager kube-proxy kubelet etcd".split()
)
_NAMESPACE_LABEL = "io.kubernetes.pod.namespace"


def of_the_cluster(selector: LabelSelector) -> bool:
    """Whether it means pods that come with the cluster: DNS, the API server and the like."""
    return any(not each.values.isdisjoint(_ITS_PODS) for each in selector.requirements if each.operator == "In")


def _left_out(policy: NetworkPolicy, workload: Workload, project: Project) -> bool:
    """Whether it belongs to Kustomize's components alone, and none of the builds with the workload takes one in."""
    graph = project.tree.once(builds)
    nothing: frozenset[str] = frozenset()
    of_policy, of_workload = (graph.including.get(each.path, nothing) for each in (policy, workload))
    kinds = {written(graph.by_folder[folder].node["kind"]) for folder in of_policy}
    return kinds == {"Component"} and not of_policy & of_workload


class Covered(NamedTuple):
    """The policies about a workload's pods, and why one more may be, in words."""

    policies: tuple[NetworkPolicy, ...] = ()
    unsure: str = ""


def policies_of(workload: Workload, project: Project) -> Covered:
    """The policies that select the pods of a workload. Raises `Unresolved`."""
    found: list[NetworkPolicy] = []
    unsure = ""
    for policy in project.all(NetworkPolicy):
        if not _same_namespace(policy, workload):
            continue
        try:
            selectors = policy.selectors
        except Unresolved as unresolved:
            unsure = unsure or f"{policy.name}: {unresolved}"
            continue
        for selector in selectors:
            if selector is None:
                unsure = unsure or f"the selector of {policy.name} is not read"
            elif _matches(selector, workload):
                if _far(policy, selector, workload, project):
                    unsure = (
                        unsure
                        or f"{policy.name} selects every pod of its namespace; whether these are in it is not known"
                    )
                elif _left_out(policy, workload, project):
                    unsure = unsure or f"{policy.name} is of a component that the build of this workload leaves out"
                else:
                    found.append(policy)
                    break
    return Covered(tuple(found), unsure)


def _same_namespace(policy: NetworkPolicy, workload: Workload) -> bool:
    return policy.of_the_cluster or compatible(policy.namespace, workload.namespace)


def _matches(selector: LabelSelector, workload: Workload) -> bool:
    labels = dict(workload.pod_labels)
    if workload.namespace:
        labels[_NAMESPACE_LABEL] = workload.namespace
    return selector.matches(labels)


def _far(policy: NetworkPolicy, selector: LabelSelector, workload: Workload, project: Project) -> bool:
    """Whether it selects everything where it is applied, and nobody can tell that it is applied where the pods are."""
    if selector.requirements or policy.of_the_cluster:
        return False
    return rung_of(policy, workload, project.tree.once(builds)) == Rung.REPOSITORY


def without_pods(selector: LabelSelector, near: Object, project: Project) -> str | None:
    """None where a workload here has the labels, '' where none has; in words, why one may that is not seen."""
    if selected(selector, near, project).workloads:
        return None
    other = elsewhere(project, *PODS)
    if other:
        return f"its pods may come from elsewhere: {other}"
    if unsettled(near, project):
        return "a kustomization adds labels to selectors and pods"
    return "" if project.all(Workload) else "no workload is declared here"


def in_words(selector: LabelSelector) -> str:
    """A selector as people write it: `app=web, tier in (a, b)`."""
    parts = []
    for each in selector.requirements:
        values = ", ".join(sorted(each.values))
        one = each.operator == "In" and len(each.values) == 1
        parts.append(f"{each.key}={values}" if one else f"{each.key} {each.operator} {values}".strip())
    return ", ".join(parts)
