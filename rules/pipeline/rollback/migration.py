from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.discover import Unreadable
from gatekeeper.links import production_of
from gatekeeper.links.judged import documents
from gatekeeper.links.ran import ran
from gatekeeper.links.schema_changes import undo_of
from gatekeeper.models.pipeline import Fact, Job
from gatekeeper.node import START, regex
from gatekeeper.rule import Place, rule

_SAVES = regex(
    r"pg_dump|mysqldump|mariadb-dump|create-db-(?:cluster-)?snapshot|start-backup-job|sql backups create|mongodump"
    r"|pg:backups:capture|create-backup|create-restore-point|sqlpackage|\bbackup\b|\bsnapshot\b",
    re.IGNORECASE,
)
_WRITTEN = regex(r"migrat|schema|database|\bdb\b|restore|alembic|downgrade", re.IGNORECASE)


def _migrations(job: Job) -> list[Fact]:
    return [fact for fact in job.facts if fact.kind == "migrate"]


def _firm(job: Job) -> bool:
    return any(fact.strength != "name" for fact in _migrations(job))


def _saved(job: Job, project: Project) -> bool:
    """Whether something before the migration keeps the data: a dump, a snapshot, a step that is called so."""
    jobs = (job, *job.ancestors())
    said = (f"{step.label} {step.uses}" for each in jobs for step in each.steps)
    done = (" ".join(command.words[:12]) for each in jobs for command in ran(each, project))
    return any(_SAVES.search(text) for text in (*said, *done))


def _described(project: Project) -> bool:
    """Whether a section on going back speaks of the data."""
    for document in documents(project):
        try:
            if not _WRITTEN.search(document.source.text):
                continue
        except Unreadable:
            continue
        for section in document.sections("rollback"):
            lines = document.source.lines[section.first - 1 : section.last]
            if any(_WRITTEN.search(line) for line in lines):
                return True
    return False


@rule(
    "pipeline-migration-before-rollback",
    gate="deployment-rollback",
    severity="low",
    seed="11. Rollback Procedure; anti-pattern No rollback plan",
    where=lambda job, project: production_of(job, project) is not None and _firm(job),
)
def migration(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """A production deployment that changes the schema has a way back for the data too.

    The earlier version of a service comes back in a minute and finds the new schema. What counts: a backup or snapshot
    before the migration, a migration that says how it is undone (judged by the last one here), or a section on going
    back that speaks of the database. Prisma, Drizzle and Flyway undo nothing by themselves. Migrations that only add,
    and code that runs with both schemas, are the better answer; whether these do is not judged.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: no way back for the data
          - run: npx prisma migrate deploy
          - run: kubectl apply -f k8s/
    ```

    Bad, nothing to undo it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: does not say how it is undone
          - run: alembic upgrade head
          - run: kubectl apply -f k8s/
    ```
    ```python migrations/versions/2026_11_drop.py
    def upgrade():
        op.drop_column("orders", "note")


    def downgrade():
        pass
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: aws rds create-db-snapshot --db-instance-identifier shop --db-snapshot-identifier before
          - run: npx prisma migrate deploy
          - run: kubectl apply -f k8s/
    ```

    Good, it can be undone:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: migrate -path db -database $URL up
          - run: alembic upgrade head
          - run: kubectl apply -f k8s/
    ```
    ```sql db/1_orders.up.sql
    CREATE TABLE orders (id int);
    ```
    ```sql db/1_orders.down.sql
    DROP TABLE orders;
    ```
    ```python migrations/versions/2026_11_note.py
    def upgrade():
        op.add_column("orders", "note")


    def downgrade():
        op.drop_column("orders", "note")
    ```

    Good, written down:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: npx prisma migrate deploy
          - run: kubectl apply -f k8s/
    ```
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `kubectl rollout undo deployment/shop`, then restore the database from the snapshot of the hour before.
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: python manage.py migrate
          - run: kubectl apply -f k8s/
    ```
    """
    if _saved(job, project) or project.once("going back speaks of data", _described):
        return
    production = production_of(job, project)
    by_tool = {fact.tool: fact for fact in reversed(_migrations(job)) if fact.strength != "name"}
    for fact in by_tool.values():
        found = undo_of(fact.tool, project)
        if found.word == "yes":
            continue
        if found.word == "unknown":
            yield Unknown(fact.place, f"no backup comes before it, and {found.why}")
        elif production and not production.certain:
            words = f"no way back for the data: {found.why}; held to be production because {production.why}"
            yield Unknown(fact.place, words)
        else:
            see = (Note(Place(found.last, START), "the last migration"),) if found.last else ()
            fix = Fix("take a snapshot before it, or write down how the data goes back")
            yield Finding(fact.place, f"no way back for the data: {found.why}", see, fix)
