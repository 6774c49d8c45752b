from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.stores import Store, holding, stores
from gatekeeper.links.unseen_stores import dumping, spoken_to, unseen
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule

_FIX = Fix("back it up on a schedule: by Velero, snapshots of its volumes, its operator or a job; or say where that is")


@rule(
    "backups-scheduled",
    gate="backup-dr",
    severity="high",
    seed="8. Disaster Recovery, Backup Schedule; 2.2 Resource Provisioning",
    where=lambda repository, project: deploys(project).deploys,
)
def backups_scheduled(repository: Repository, project: Project) -> Iterator[Answer]:
    """All data is backed up on a schedule, and kept.

    A disk fails, a migration goes wrong, somebody deletes the wrong namespace: what nobody copied is gone. Looked at is
    everything that keeps data: databases and disks that Terraform makes, workloads that claim volumes, the databases of
    operators; and what may back each of them up: what the service or operator does by itself, schedules of Velero,
    VolSync, SnapScheduler, Longhorn, Kasten, K8up and Stash, and jobs that dump a database. Caches, queues,
    measurements, examples and what is for development are left out; buckets are judged by rules of their own.

    What may fail to bring data back is not counted: a schedule that never comes or is of another cluster, copies that
    are removed before the next, a dump that stays in the job or leaves tables out, snapshots on the same storage, a
    ScheduledBackup of a cluster that says no place for it.

    Most repositories have their backups elsewhere, so that there is none here is a fault only where `owns` in
    gatekeeper.yaml names backups; where others of its kind are backed up here and it is not, it is less grave. It
    passes when every store here surely has a backup, and nothing comes from elsewhere that may hold more.

    Bad, they belong here:
    ```yaml gatekeeper.yaml
    owns: [backups]
    ```
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    # expect: nothing backs up
    metadata: {name: orders-db, namespace: shop}
    spec:
      serviceName: orders-db
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 10Gi}}}}]
    ```

    Bad, another database is backed up:
    ```yaml k8s/databases.yaml
    apiVersion: postgresql.cnpg.io/v1
    kind: Cluster
    metadata: {name: orders, namespace: shop}
    spec:
      instances: 3
      backup: {retentionPolicy: 30d, barmanObjectStore: {destinationPath: "s3://backups/orders"}}
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: ScheduledBackup
    metadata: {name: orders, namespace: shop}
    spec: {schedule: "0 0 2 * * *", cluster: {name: orders}}
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: Cluster
    # expect: no ScheduledBackup
    metadata: {name: invoices, namespace: shop}
    spec:
      instances: 3
      backup: {retentionPolicy: 30d, barmanObjectStore: {destinationPath: "s3://backups/invoices"}}
    ```

    Good:
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders-db, namespace: shop}
    spec:
      serviceName: orders-db
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 10Gi}}}}]
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec: {schedule: "0 2 * * *", template: {ttl: 720h, includedNamespaces: [shop]}}
    ```

    Good, by a job:
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders-db, namespace: shop}
    spec:
      serviceName: orders-db
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}}]
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: nightly, namespace: shop}
    spec:
      schedule: "0 2 * * *"
      jobTemplate:
        spec:
          template:
            spec:
              containers:
                - name: dump
                  image: postgres:17
                  command: [sh, -c, "pg_dump -h orders-db orders | aws s3 cp - s3://backups/orders.sql"]
    ```

    Good, by the service:
    ```hcl
    resource "aws_db_instance" "orders" {
      backup_retention_period = 30
    }
    ```

    Unknown, nobody said where they are:
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders-db, namespace: shop}
    spec:
      serviceName: orders-db
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}}]
    ```

    Unknown, the dump is lost with the job:
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders-db, namespace: shop}
    spec:
      serviceName: orders-db
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}}]
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: nightly, namespace: shop}
    spec:
      schedule: "0 2 * * *"
      jobTemplate:
        spec:
          template:
            spec:
              containers:
                - name: dump
                  image: postgres:17
                  command: [sh, -c, "pg_dump -h orders-db orders > /tmp/orders.sql"]
    ```

    Unknown, another database is asked that is declared nowhere here:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 30
    }
    ```
    ```yaml k8s/api.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec:
      template:
        spec:
          containers:
            - {name: api, image: "acme/api:1", env: [{name: MONGO_URL, value: "mongodb+srv://app@c0.abcde.mongodb.net"}]}
    ```

    Unknown, the job may mean another database:
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders-db, namespace: shop}
    spec:
      serviceName: orders-db
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}}]
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: nightly-backup, namespace: shop}
    spec:
      schedule: "0 2 * * *"
      jobTemplate: {spec: {template: {spec: {containers: [{name: dump, image: "acme/backup:1.4"}]}}}}
    ```
    """
    kept, hidden = holding(project), unseen(project)
    bare = [each for each in kept if each.backup.on is False]
    doubtful = [each for each in kept if each.backup.on is None]
    findings = [found for each in bare for found in _without(each, kept, hidden, project)]
    yield from findings
    if bare and all(found.severity for found in findings):
        yield _nobody_knows(bare, kept, project)
    elif doubtful:
        words = f"{_of(doubtful, kept)}: {doubtful[0].name}{_why(doubtful[0])}"
        yield Unknown(doubtful[0].at, words, Reason.NOT_OWNED_HERE)
    elif (hidden or (kept and spoken_to(project))) and not bare:
        words = hidden or spoken_to(project)
        yield Unknown(repository, f"what keeps data may not be seen: {words}", Reason.NOT_OWNED_HERE)
    elif not kept and any(each.group == "Schedule" for each in stores(project)):
        yield Unknown(repository, "backups are made here, of data that is not declared here", Reason.NOT_OWNED_HERE)
    elif not kept:
        yield absent(project, "backups", "no data store and no backup here")


def _nobody_knows(bare: list[Store], kept: list[Store], project: Project) -> Answer:
    """Stores without a backup here may have one elsewhere: also those of a service, of which other rules ask it."""
    words = f"{_of(bare, kept)}: {bare[0].name}{_why(bare[0])}"
    if "backups" in project.settings.owns:
        return Unknown(bare[0].at, words, Reason.NOT_OWNED_HERE)
    return absent(project, "backups", words)


def _without(store: Store, kept: list[Store], hidden: str, project: Project) -> Iterator[Finding]:
    """The fault of a store without a backup, where nothing that is not seen may make one."""
    if store.managed or hidden or dumping(project) or project.settings.elsewhere.get("backups"):
        return  # rules about the service itself say what it lacks
    words = store.backup.why or f"nothing backs up {store.name}"
    if "backups" in project.settings.owns:
        yield Finding(store.at, words, fix=_FIX)
    elif store.group == "Database" and _others(store, kept):
        yield Finding(store.at, f"{words}; other databases here are backed up", fix=_FIX, severity="medium")


def _others(store: Store, kept: list[Store]) -> bool:
    return any(each.backup.on and each.group == "Database" and not each.managed for each in kept if each is not store)


def _of(some: list[Store], kept: list[Store]) -> str:
    return f"{len(some)} of {len(kept)} data stores {'has' if len(some) == 1 else 'have'} no backup that is seen here"


def _why(store: Store) -> str:
    return f" ({store.backup.why})" if store.backup.why else ""
