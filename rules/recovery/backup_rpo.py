from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.objectives import Joined, joined, seconds
from gatekeeper.models.docs import Document
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Note, Reason, rule


def _of(document: Document, project: Project) -> list[tuple[Joined, Node]]:
    """The promises of a document about how much data may be lost."""
    return [
        (each, each.promise.rpo)
        for each in joined(project)
        if each.promise.rpo is not None and each.promise.rpo.source is document.source
    ]


@rule(
    "backup-rpo",
    gate="backup-dr",
    severity="high",
    seed="8. Disaster Recovery",
    where=lambda document, project: bool(_of(document, project)),
)
def backup_rpo(document: Document, project: Project) -> Iterator[Answer]:
    """Backups are made often enough for the RPO that is promised.

    A recovery point objective of 15 minutes is not kept by a backup once a day: what was written since is lost. Read
    are the tables with a column RPO and lines such as `RPO: 15 minutes`; a promise is held against the data store that
    it names, or the only one of its kind here. The longest time between two backups counts, and where the store can be
    brought back to a point in time, that does. What is made anew from code is not judged.

    Bad:
    ```markdown docs/recovery.md
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | 1 hour | 15 min | <!-- expect: up to 1 day may be lost -->
    ```
    ```yaml k8s/db.yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders-db, namespace: shop}
    spec:
      template: {spec: {containers: [{name: postgres, image: "postgres:17"}]}}
      volumeClaimTemplates: [{metadata: {name: data}}]
    ---
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily}
    spec: {schedule: "0 2 * * *", template: {includedNamespaces: [shop]}}
    ```

    Bad, nothing is backed up:
    ```markdown docs/recovery.md
    ## Database
    <!-- expect: keeps no backup -->
    - **RPO (Recovery Point Objective):** 24 hours
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 0
    }
    ```

    Good:
    ```markdown docs/recovery.md
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | 1 hour | 15 min |
    | Infrastructure code | 30 min | 0 |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Unknown, two databases:
    ```markdown docs/recovery.md
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | 1 hour | 15 min |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    resource "aws_dynamodb_table" "carts" {
      hash_key = "id"
    }
    ```
    """
    for each, rpo in _of(document, project):
        yield from _judged(each, rpo)


def _judged(each: Joined, rpo: Node) -> Iterator[Answer]:
    wanted, store = seconds(rpo.text), each.store
    about = f"{each.promise.component.text[:60]}: RPO {rpo.text[:30]}"
    if wanted is None:
        yield Unknown(rpo, f"{about} is no time that can be read")
        return
    if store is None:
        yield Unknown(rpo, f"{about}: of which data store here is not said", Reason.NOT_OWNED_HERE)
        return
    backup, see = store.backup, (Note(store.at, f"{store.name} is declared here"),)
    if backup.on is False and store.managed:
        yield Finding(rpo, f"{about}, and {store.name} keeps no backup", see)
    elif backup.on is not True:
        yield Unknown(rpo, f"{about}: whether {store.name} is backed up is not seen here", Reason.NOT_OWNED_HERE)
    elif backup.loss is None:
        yield Unknown(rpo, f"{about}: how much of {store.name} may be lost is not known", Reason.NEEDS_HUMAN)
    elif backup.loss > wanted and backup.point_in_time is False:
        words = f"{about}, and up to {span(backup.loss)} may be lost: {backup.frequency}, no point in time"
        yield Finding(rpo, words, see, Fix("make backups as often, keep the log, or promise what they can keep"))
    elif backup.loss > wanted:
        yield Unknown(rpo, f"{about}: {store.name} may lose up to {span(backup.loss)}", Reason.NEEDS_HUMAN)


def span(length: int) -> str:
    """A length of time in words, in the largest unit that it is a whole number of."""
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if length % unit == 0:
            return f"{length // unit} {name}{'' if length == unit else 's'}"
    return f"{length} seconds"
