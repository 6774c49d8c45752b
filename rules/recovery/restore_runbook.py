from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.restoring import is_about, restoring, shows
from gatekeeper.links.stores import Store, stores
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


def _backed_up(repository: Repository, project: Project) -> bool:
    return bool(_kept(project))


def _kept(project: Project) -> list[Store]:
    """What is backed up here, schedules too; the stores themselves where they are known."""
    found = [each for each in stores(project) if each.backup.on and each.group != "Cache" and not each.spare]
    return [each for each in found if each.group != "Schedule"] or found


@rule("backup-restore-runbook", gate="backup-dr", severity="high", seed="8. Disaster Recovery", where=_backed_up)
def restore_runbook(repository: Repository, project: Project) -> Iterator[Answer]:
    """What is backed up can be restored by a written procedure.

    A backup is made by a machine, a restore by somebody at night who has never done it. Looked for is a document with a
    heading about restoring or recovery whose section says how, for every store that is backed up here: a runbook,
    or a part of the documentation. Many keep them elsewhere: none here is a fault only where `owns` in
    gatekeeper.yaml names runbooks; a section that is there and empty is one anyway, a lesser one where another says
    it.

    Bad, it is empty:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    ```markdown docs/runbooks/database.md
    # Database
    <!-- expect: says nothing -->
    ## Restore from backup
    TODO
    ## Contacts
    Ask in #database.
    ```

    Bad, it belongs here: # expect: how to restore
    ```yaml gatekeeper.yaml
    owns: [runbooks]
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Good:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    ```markdown docs/runbooks/database-restore.md
    # Restore the database
    Run `aws rds restore-db-instance-to-point-in-time`, then compare the orders of the last day.
    ```

    Unknown, it is about something else:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    ```markdown docs/grafana.md
    # Grafana
    ## Restore dashboards from a backup
    Import `dashboards.json` again.
    ```

    Unknown, it says that and not how:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    ```markdown docs/runbooks/database.md
    # Database
    ## Restore from backup
    Please contact the platform team.
    ```

    Unknown:
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```
    """
    found = restoring(project)
    said = any(not each.hollow for each in found)
    for each in found:
        if each.hollow:
            words = f"{each.section.heading.text}: says nothing, or only placeholders"
            yield Finding(each.section.heading.node, words, severity="medium" if said else None)
    showing = [each for each in found if not each.hollow and shows(each)]
    left = [each for each in _kept(project) if each.group != "Schedule" and not any(is_about(s, each) for s in showing)]
    if not found:
        yield absent(project, "runbooks", "backups are made here, and no document says how to restore one")
    elif said and not showing:
        first = next(each for each in found if not each.hollow)
        yield Unknown(first.section.heading.node, f"{first.section.heading.text}: does not say how", Reason.NEEDS_HUMAN)
    elif said and left:
        words = f"no document is seen to say how {left[0].name} is restored"
        yield Unknown(left[0].at, words, Reason.NOT_OWNED_HERE)
