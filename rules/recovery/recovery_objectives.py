from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.objectives import Promise, joined, seconds
from gatekeeper.links.stores import Store, holding
from gatekeeper.links.unseen_stores import spoken_to, unseen
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "recovery-objectives",
    gate="backup-dr",
    severity="high",
    seed="8. Disaster Recovery",
    where=lambda repository, project: deploys(project).deploys,
)
def recovery_objectives(repository: Repository, project: Project) -> Iterator[Answer]:
    """RTO and RPO are set, and backups can keep them.

    Without a number nobody knows whether a backup once a day is enough, or how long people may search before somebody
    else must decide. It passes when a document states both for every data store here (a table with columns RTO and
    RPO, or lines such as `RTO: 1 hour`), and the declared backups are made that often. Documents that do not hold
    (drafts, templates, records of decisions that were not accepted) and promises about other systems do not count.
    One document in 28 repositories did; that it is missing is a fault only where `owns` in gatekeeper.yaml names
    backups. A promise that cannot be kept is the matter of backup-rpo.

    Bad, they belong here: # expect: RTO and RPO
    ```yaml gatekeeper.yaml
    owns: [backups]
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Good:
    ```markdown docs/recovery.md
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | 1 hour | 15 min |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Unknown, it was turned down:
    ```markdown docs/adr/0005-recovery.md
    # 5. Recovery objectives
    ## Status
    Rejected
    ## Decision
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | 1 hour | 15 min |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Unknown, of another system:
    ```markdown docs/recovery.md
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Billing database | 1 hour | 15 min |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Unknown:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    """
    stated, kept, hidden = joined(project), holding(project), unseen(project) or spoken_to(project)
    open_ = [store for store in kept if not _settled([each.promise for each in stated if each.store is store], store)]
    if not stated:
        yield absent(project, "backups", "no document states RTO and RPO")
    elif open_:
        words = f"RTO and RPO that backups are seen to keep are stated for {len(kept) - len(open_)} of {len(kept)}"
        yield Unknown(open_[0].at, f"{words} data stores: {open_[0].name} has none", Reason.NOT_OWNED_HERE)
    elif not kept or hidden:
        words = hidden or "no data store is declared here"
        yield Unknown(
            stated[0].promise.component, f"of what they are stated is not seen: {words}", Reason.NOT_OWNED_HERE
        )


def _settled(stated: list[Promise], store: Store) -> bool:
    """Whether both times are stated of a store, and its backups are often enough for what may be lost."""
    rto = [seconds(each.rto.text) for each in stated if each.rto is not None]
    rpo = [seconds(each.rpo.text) for each in stated if each.rpo is not None]
    loss = store.backup.loss
    kept = store.backup.on is True and loss is not None and all(each is not None and loss <= each for each in rpo)
    return kept and bool(rpo) and any(each is not None and each > 0 for each in rto)
