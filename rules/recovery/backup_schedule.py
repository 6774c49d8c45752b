from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.schedules import times
from gatekeeper.models.cron import cron
from gatekeeper.models.kubernetes import Object
from gatekeeper.rule import rule

_FIVE = 5  # fields, of which the first is for seconds where six are meant


@rule(
    "backup-schedule",
    gate="backup-dr",
    severity="high",
    seed="8. Disaster Recovery, Backup Schedule",
    where=lambda each: any(True for _ in times(each)),
)
def backup_schedule(each: Object) -> Iterator[Finding]:
    """The times at which backups are made are times.

    A schedule that cannot be read is refused, or accepted and never run: nobody notices until a backup is needed. Read
    are the schedules of Velero, VolSync, SnapScheduler, Longhorn, K8up, Stash, the operators of databases, and of jobs
    that make backups, as these read them: five fields, Sunday is 0 and not 7, or a word such as `@daily`. A
    ScheduledBackup of CloudNativePG has six, the first for seconds; with five it runs every hour where once a day was
    meant, which is less grave.

    Bad:
    ```yaml
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec:
      # expect: '60' is no minute
      schedule: "60 2 * * *"
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: orders-backup}
    spec:
      # expect: '7' is no weekday
      schedule: "0 2 * * 7"
      jobTemplate: {spec: {template: {spec: {containers: [{name: dump, image: "acme/dump:1"}]}}}}
    ```

    Bad, hourly where once a day was meant:
    ```yaml
    apiVersion: postgresql.cnpg.io/v1
    kind: ScheduledBackup
    metadata: {name: orders}
    spec:
      # expect: the first of its five fields is for seconds
      schedule: "0 2 * * *"
      cluster: {name: orders}
    ```

    Good:
    ```yaml
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec: {schedule: "CRON_TZ=Europe/Berlin 30 2 * * mon-fri"}
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: ScheduledBackup
    metadata: {name: orders}
    spec: {schedule: "0 0 2 * * *", cluster: {name: orders}}
    ---
    apiVersion: k8up.io/v1
    kind: Schedule
    metadata: {name: all}
    spec: {backup: {schedule: "@daily-random"}}
    ```

    Unknown:
    ```yaml
    apiVersion: velero.io/v1
    kind: Schedule
    metadata: {name: daily, namespace: velero}
    spec: {schedule: "${BACKUP_TIME}"}
    ```
    """
    for node, seconds_first in times(each):
        found = cron(node.text, seconds_first)
        if found.fault:
            fix = Fix('five fields, such as "0 2 * * *"' if not seconds_first else 'six fields, such as "0 0 2 * * *"')
            yield Finding(node, f"{node.text!r}: {found.fault}", fix=fix)
        elif seconds_first and len(node.text.split()) == _FIVE and not node.text.startswith("@"):
            words = f"the first of its five fields is for seconds: it runs every {_span(found.gap)}"
            yield Finding(node, words, fix=Fix(f'put the seconds in front: "0 {node.text}"'), severity="medium")


def _span(gap: int | None) -> str:
    if gap is None:
        return "few years"
    for length, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if gap >= length:
            return name.removesuffix("s") if gap == length else f"{gap / length:g} {name}"
    return f"{gap} seconds"
