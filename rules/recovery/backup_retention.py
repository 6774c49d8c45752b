from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.in_force import holds, set_aside
from gatekeeper.links.objectives import one_of, seconds
from gatekeeper.links.stores import Store
from gatekeeper.models.docs import Document
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Note, Reason, rule

_RETENTION = regex(r"\b(?:retention|kept|retained|keep)\b", 2)  # in any case
_FREQUENCY = regex(r"\b(?:frequency|schedule|how often|interval|backup)\b", 2)


class _Row(NamedTuple):
    """A row of a table of backups: what is backed up, and how long that is kept."""

    component: Node
    retention: Node


def _rows(document: Document) -> list[_Row]:
    if "|" not in document.source.text or not _RETENTION.search(document.source.text):
        return []
    found = []
    for table in document.parts.tables:
        kept = [at for at, cell in enumerate(table.header) if at and _RETENTION.search(cell.text)]
        if not kept or not any(_FREQUENCY.search(cell.text) for cell in table.header):
            continue
        if set_aside(document, table.node):
            continue
        rows = [row for row in table.rows if len(row) > kept[0] and row[0].text and row[kept[0]].text]
        found += [_Row(row[0], row[kept[0]]) for row in rows]
    return found if found and holds(document) else []


def _about(document: Document, project: Project) -> list[tuple[_Row, Store, float]]:
    """The rows whose store is surely told, and that say a length of time."""
    found = []
    for row in _rows(document):
        store, wanted = one_of(row.component.text, project), seconds(row.retention.text)
        if store is not None and wanted is not None:
            found.append((row, store, wanted))
    return found


@rule(
    "backup-retention",
    gate="backup-dr",
    severity="medium",
    seed="8. Disaster Recovery, Backup Schedule",
    where=lambda document, project: bool(_about(document, project)),
)
def backup_retention(document: Document, project: Project) -> Iterator[Answer]:
    """Backups are kept for as long as the documents say.

    Whoever looks for last month's state trusts the table that promises 30 days. Read are tables of backups with a
    column about retention; a row is held against the data store that it names, or the only one of its kind here. That
    backups are kept for longer than written is no fault.

    Bad:
    ```markdown docs/backups.md
    | Resource | Frequency | Retention |
    |----------|-----------|-----------|
    | Database | Daily | 30 days | <!-- expect: 7 days -->
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 7
    }
    ```

    Good:
    ```markdown docs/backups.md
    | Resource | Frequency | Retention |
    |----------|-----------|-----------|
    | Database | Daily | 30 days |
    | Config/Secrets | Continuous | N/A |
    ```
    ```hcl main.tf
    resource "aws_db_instance" "orders" {
      backup_retention_period = 30
    }
    ```

    Unknown:
    ```markdown docs/backups.md
    | Resource | Frequency | Retention |
    |----------|-----------|-----------|
    | Database | Daily | 30 days |
    ```
    ```hcl main.tf
    variable "days" {
      type = number
    }
    resource "aws_db_instance" "orders" {
      backup_retention_period = var.days
    }
    ```
    """
    for row, store, wanted in _about(document, project):
        backup, see = store.backup, (Note(store.at, f"{store.name} is declared here"),)
        said = f"{row.component.text[:60]}: {row.retention.text[:30]} are promised"
        if backup.on is not True or backup.kept is None:
            yield Unknown(
                row.retention, f"{said}; for how long {store.name} keeps backups is not seen", Reason.NOT_OWNED_HERE
            )
        elif backup.kept < wanted:
            fix = Fix("keep them as long as is written, or write how long they are kept")
            yield Finding(row.retention, f"{said}, and {store.name} keeps {backup.retention}", see, fix)
