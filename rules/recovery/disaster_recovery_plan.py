from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.objectives import promises, seconds
from gatekeeper.links.restoring import Said, acts, disasters
from gatekeeper.models.files import Repository
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "disaster-recovery-plan",
    gate="backup-dr",
    severity="high",
    seed="1.2 Architecture Design, Design disaster recovery strategy; 8. Disaster Recovery",
    where=lambda repository, project: deploys(project).deploys,
)
def disaster_recovery_plan(repository: Repository, project: Project) -> Iterator[Answer]:
    """What to do after a disaster is written down.

    When a region or an account is lost, those who must act did not build it. Looked for is a document or section that
    is called disaster recovery, says something, says how data or a service comes back, and states RTO and RPO as
    times. Templates, drafts, what was put away and records of decisions that were not accepted do not count. Where
    one of these is missing, somebody may know where it is: the answer is not known, and a fault only where `owns`
    in gatekeeper.yaml names backups.

    Bad, it belongs here: # expect: what to do after a disaster
    ```yaml gatekeeper.yaml
    owns: [backups]
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Good:
    ```markdown docs/disaster-recovery.md
    # Disaster recovery
    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | 1 hour | 15 min |

    The database is restored in eu-west-1: see [the runbook](runbooks/restore.md).
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Unknown, nobody filled it in:
    ```markdown docs/disaster-recovery.md
    # Disaster recovery
    TODO: describe how to restore the database.

    | Component | RTO | RPO |
    |-----------|-----|-----|
    | Database | TBD | TBD |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Unknown, it states no times:
    ```markdown docs/disaster-recovery.md
    # Disaster recovery
    The database is restored in eu-west-1.
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    """
    found = [each for each in disasters(project) if not each.hollow]
    acting = [each for each in found if acts(each)]
    if any(_stated(each, project) for each in acting):
        return
    if not found:
        yield absent(project, "backups", "no document says what to do after a disaster")
        return
    lacks = "states RTO and RPO" if acting else "says how anything comes back"
    first = (acting or found)[0]
    yield Unknown(first.section.heading.node, f"{first.document.path}: nothing in it {lacks}", Reason.NEEDS_HUMAN)


def _stated(said: Said, project: Project) -> bool:
    """Whether both times are stated in the document."""
    mine = [each for each in promises(project) if each.component.source is said.document.source]
    return any(_time(each.rto) for each in mine) and any(_time(each.rpo) for each in mine)


def _time(node: Node | None) -> bool:
    return node is not None and seconds(node.text) is not None
