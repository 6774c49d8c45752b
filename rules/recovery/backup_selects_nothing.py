from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.schedules import namespaces_named, objects_named
from gatekeeper.links.unseen_stores import unseen
from gatekeeper.models.kubernetes import Object
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "backup-selects-nothing",
    gate="backup-dr",
    severity="low",
    seed="8. Disaster Recovery, Backup Schedule",
    where=lambda each: bool(namespaces_named(each) or objects_named(each)),
)
def backup_selects_nothing(each: Object, project: Project) -> Iterator[Answer]:
    """What is to be backed up exists.

    A namespace was renamed, a database got another name: the schedule goes on making backups, of nothing. Judged are
    the namespaces that a schedule of Velero takes in, and the cluster, claim or workload that a ScheduledBackup, a
    ReplicationSource or a BackupConfiguration names. Where something comes from elsewhere that may be it, nobody can
    tell.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      schedule: "0 2 * * *"
      template:
        includedNamespaces:
          - shop
          # expect: no namespace 'store' here
          - store
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: ScheduledBackup
    metadata: {name: orders, namespace: shop}
    # expect: no Cluster 'orders-db' here
    spec: {schedule: "0 0 2 * * *", cluster: {name: orders-db}}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop-eu}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec: {schedule: "0 2 * * *", template: {includedNamespaces: ["shop-*"]}}
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: Cluster
    metadata: {name: orders, namespace: shop-eu}
    spec: {instances: 3}
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: ScheduledBackup
    metadata: {name: orders, namespace: shop-eu}
    spec: {schedule: "0 0 2 * * *", cluster: {name: orders}}
    ```

    Unknown:
    ```yaml
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: store, namespace: flux-system}
    spec: {chart: {spec: {chart: store, sourceRef: {kind: HelmRepository, name: acme}}}}
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec: {schedule: "0 2 * * *", template: {includedNamespaces: [store]}}
    ```
    """
    missing = [(node, f"no namespace {node.text!r} here") for node in namespaces_named(each) if not _is(node, project)]
    missing += [
        (node, f"no {kind} {node.text!r} here")
        for node, kind in objects_named(each)
        if not _exists(node, kind, each, project)
    ]
    for node, words in missing:
        hidden = unseen(project)
        yield Unknown(node, f"{words}; {hidden}", Reason.NOT_OWNED_HERE) if hidden else Finding(node, words)


def _is(node: Node, project: Project) -> bool:
    """Whether something here is in a namespace of that name, or makes it."""
    known = project.once("namespaces", _namespaces)
    return any(fnmatchcase(name, node.text) for name in known)


def _namespaces(project: Project) -> frozenset[str]:
    found: set[str] = set()
    for each in project.all(Object):
        if each.kind != "Schedule":
            found.add(each.namespace)
        if each.kind == "Namespace":
            found.add(each.object_name)
        for path in ("targetNamespace", "destination.namespace"):
            node = each.spec.at(path)
            found.add(node.text if node.known else "")
    return frozenset(found - {""})


def _exists(node: Node, kind: str, by: Object, project: Project) -> bool:
    wanted = node.text
    for each in project.all(Object):
        if each is by:
            continue
        if each.kind == kind and each.object_name == wanted:
            return True
        templates = each.spec["volumeClaimTemplates"]
        for item in templates if kind == "PersistentVolumeClaim" and templates.is_list else ():
            name = item["metadata"]["name"]
            if name.known and fnmatchcase(wanted, f"{name.text}-{each.object_name}-*"):
                return True
    return False
