"""What keeps data, what backs it up, and what documents promise about it."""

import pytest

from gatekeeper.links.budgets import budgets, clouds
from gatekeeper.links.objectives import joined, promises
from gatekeeper.links.restoring import is_about, restoring, shows
from gatekeeper.links.schedules import seconds
from gatekeeper.links.spot import spot
from gatekeeper.links.stores import Backup, holding, stores
from gatekeeper.links.unseen_stores import spoken_to, unseen
from gatekeeper.models.cron import DAY, HOUR, MINUTE, cron
from gatekeeper.testing import project_of

SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders-db, namespace: shop, labels: {app: orders}}
spec:
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: db, image: "IMAGE"}]}
  volumeClaimTemplates: [{metadata: {name: data, labels: {keep: "yes"}}, spec: {storageClassName: longhorn}}]
---
"""


def backup(text: str, image: str = "postgres:17", path: str = "k8s/db.yaml") -> Backup:
    project = project_of([(path, SET.replace("IMAGE", image) + text)])
    [store] = [each for each in stores(project) if each.group != "Schedule"]
    return store.backup


TIME = 'schedule: "0 2 * * *", '


def velero(template: str, more: str = "") -> str:
    return (
        "apiVersion: velero.io/v1\nkind: Schedule\nmetadata: {name: daily, namespace: velero}\n"
        f"spec: {{{'' if 'schedule' in more else TIME}{more}template: {{{template}}}}}\n"
    )


@pytest.mark.parametrize(
    ("template", "more", "on"),
    [
        ("", "", True), ('includedNamespaces: ["*"]', "", True), ("includedNamespaces: [shop]", "", True),
        ('includedNamespaces: ["sh*"]', "", True), ("includedNamespaces: [store]", "", False),
        ("excludedNamespaces: [shop]", "", False), ("includedResources: [configmaps]", "", False),
        ("excludedResources: [persistentvolumeclaims]", "", False), ("snapshotVolumes: false", "", None),
        ("snapshotVolumes: false, defaultVolumesToFsBackup: true", "", True),
        ("excludedResources: [persistentvolumes]", "", None), ("includeClusterResources: false", "", None),
        ("excludedNamespaceScopedResources: [pvc]", "", False), ("resourcePolicy: {name: skip}", "", None),
        ("ttl: 1h0m0s", "", None), ("ttl: 24h", "", True), ("ttl: 0s", "", True),
        ("labelSelector: {matchLabels: {keep: 'yes'}}", "", True),
        ("labelSelector: {matchLabels: {app: web}}", "", False),
        ("orLabelSelectors: [{matchLabels: {app: web}}, {matchLabels: {app: orders}}]", "", True),
        ('includedNamespaces: ["${NAMESPACE}"]', "", None), ("", "paused: true, ", False),
        ("", 'paused: "true", ', False), ("", 'schedule: "0 2 31 2 *", ', None), ("", "schedule: '@yearly', ", None),
        ("", 'schedule: "${TIME}", ', None),
    ],
)  # fmt: skip
def test_what_a_schedule_of_velero_takes_in(template: str, more: str, on: bool | None) -> None:
    assert backup(velero(template, more)).on is on


def test_a_place_for_backups_that_nothing_is_written_to() -> None:
    place = (
        "---\napiVersion: velero.io/v1\nkind: BackupStorageLocation\nmetadata: {{name: {}, namespace: velero}}\n"
        "spec: {{accessMode: {}}}\n"
    )
    assert backup(velero("") + place.format("default", "ReadOnly")).on is None
    assert backup(velero("storageLocation: old") + place.format("old", "ReadOnly")).on is None
    assert backup(velero("") + place.format("old", "ReadOnly")).on is True
    assert backup(velero("") + place.format("default", "ReadWrite")).on is True


VOLSYNC = (
    "apiVersion: volsync.backube/v1alpha1\nkind: ReplicationSource\nmetadata: {{name: orders, namespace: shop}}\n"
    'spec: {{sourcePVC: "{}", trigger: {{schedule: "0 * * * *"}}, restic: {{retain: {{daily: 7}}}}}}\n'
)
K8UP = (
    "apiVersion: k8up.io/v1\nkind: Schedule\nmetadata: {{name: all, namespace: {}}}\n"
    "spec: {{backup: {{schedule: '@daily-random'}}, prune: {{retention: {{keepDaily: 14}}}}}}\n"
)
SNAPSHOTS = (
    "apiVersion: snapscheduler.backube/v1\nkind: SnapshotSchedule\nmetadata: {{name: all, namespace: shop}}\n"
    'spec: {{schedule: "0 3 * * *", claimSelector: {{matchLabels: {{{}}}}}}}\n'
)
LONGHORN = (
    "apiVersion: longhorn.io/v1beta2\nkind: RecurringJob\nmetadata: {{name: daily, namespace: longhorn-system}}\n"
    'spec: {{task: {}, cron: "0 3 * * *", groups: [{}], retain: 7}}\n'
)
STASH = (
    "apiVersion: stash.appscode.com/v1beta1\nkind: BackupConfiguration\nmetadata: {{name: orders, namespace: shop}}\n"
    'spec: {{schedule: "0 3 * * *", target: {{ref: {{apiVersion: apps/v1, kind: StatefulSet, name: {}}}}}}}\n'
)
KASTEN = (
    "apiVersion: config.kio.kasten.io/v1alpha1\nkind: Policy\nmetadata: {{name: shop, namespace: kasten-io}}\n"
    "spec:\n  frequency: '@daily'\n  actions: [{{action: {}}}, {{action: export}}]\n"
    "  selector: {{matchExpressions: [{{key: k10.kasten.io/appNamespace, operator: In, values: [{}]}}]}}\n"
)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        (VOLSYNC.format("data-orders-db-0"), True), (VOLSYNC.format("data-users-db-0"), False),
        (VOLSYNC.format("${APP}"), None), (K8UP.format("shop"), True), (K8UP.format("store"), False),
        (SNAPSHOTS.format('keep: "yes"'), None), (SNAPSHOTS.format('keep: "no"'), False),
        (LONGHORN.format("backup", "default"), True), (LONGHORN.format("backup", "weekly"), None),
        (LONGHORN.format("filesystem-trim", "default"), False), (STASH.format("orders-db"), True),
        (STASH.format("users-db"), False), (KASTEN.format("backup", "shop"), True),
        (KASTEN.format("backup", "store"), None), (KASTEN.format("import", "shop"), False),
        (KASTEN.format("backup", "shop").replace("@daily", "@onDemand"), False),
        (KASTEN.format("backup", "shop").replace(", {action: export}", ""), None),
        (LONGHORN.format("snapshot", "default"), None), (LONGHORN.format("snapshot-cleanup", "default"), False),
        (VOLSYNC.format("data-orders-db-0").replace('schedule: "0 * * * *"', "manual: once"), None),
        (VOLSYNC.format("data-orders-db-0").replace("restic", "rsyncTLS"), None),
        (K8UP.format("shop").replace("spec: {", "spec: {backend: {local: {mountPath: /b}}, "), None),
    ],
)  # fmt: skip
def test_what_copies_a_volume(text: str, on: bool | None) -> None:
    assert backup(text).on is on


JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}, namespace: shop}}
spec:
  schedule: "0 2 * * *"
  jobTemplate:
    spec: {{template: {{spec: {{containers: [{{name: dump, image: "postgres:17", command: [sh, -c, "{command}"]}}]}}}}}}
"""


@pytest.mark.parametrize(
    ("name", "command", "on"),
    [
        ("dump", "pg_dump -h orders-db orders | aws s3 cp - s3://b/orders.sql", True),
        ("dump", "pg_dump postgresql://app@orders-db-rw.shop.svc:5432/orders | restic backup --stdin", True),
        ("dump", "kubectl exec sts/orders-db -- pg_dump orders | rclone rcat s3:b/orders", True),
        ("dump", "PGHOST=orders-db pg_dump -f /tmp/o orders && aws s3 cp /tmp/o s3://b/", True),
        ("dump", "pg_dump -h orders-db.store.svc orders | aws s3 cp - s3://b/o", None),
        ("dump", "pg_dump -h orders-db orders > /tmp/orders.sql", None), ("dump", "pg_dump -h orders-db orders", None),
        ("dump", "pg_dump -h orders-db orders | psql -h users-db; curl https://ping.acme.dev/1", None),
        ("dump", "pg_dump -h users-db -U orders-db users | aws s3 cp - s3://orders-db/u", None),
        ("dump", "pg_dump -s -h orders-db orders | aws s3 cp - s3://b/o", None),
        ("dump", "pg_dump --table=users -h orders-db orders | aws s3 cp - s3://b/o", None),
        ("backup", "echo pg_dump -h orders-db orders | aws s3 cp - s3://b/o", None),
        ("backup", "# pg_dump -h orders-db | aws s3 cp - s3://b/o", None),
        ("dump", "pg_dump -h users-db users", None), ("dump", "mysqldump -h orders-db", False),
        ("dump", "vacuumdb -h orders-db", False), ("nightly-backup", "/scripts/run.sh", None),
    ],
)  # fmt: skip
def test_which_database_a_job_dumps(name: str, command: str, on: bool | None) -> None:
    found = backup(JOB.format(name=name, command=command))
    assert found.on is on
    assert (found.loss, found.point_in_time) == ((DAY, False) if on else (None, None))


@pytest.mark.parametrize(
    ("at", "schedule_at", "on"),
    [
        ("clusters/eu/shop/db.yaml", "clusters/eu/velero/daily.yaml", True),
        ("clusters/eu/db.yaml", "clusters/us/velero.yaml", None),
        ("clusters/eu/db.yaml", "clusters/base/velero.yaml", True),
        ("k8s/db.yaml", "overlays/staging/velero.yaml", None), ("k8s/db.yaml", "docs/velero.yaml", None),
    ],
)  # fmt: skip
def test_a_schedule_is_of_the_same_cluster(at: str, schedule_at: str, on: bool | None) -> None:
    project = project_of([(at, SET.replace("IMAGE", "postgres:17")), (schedule_at, velero(""))])
    assert [each.backup.on for each in holding(project)] == [on]


@pytest.mark.parametrize(
    ("change", "on"),
    [
        (("labels: {keep", "labels: {velero.io/exclude-from-backup: 'true', keep"), False),
        (("namespace: shop, labels: {", "namespace: shop, labels: {velero.io/exclude-from-backup: 'true', "), False),
    ],
)
def test_what_refuses_a_backup(change: tuple[str, str], on: bool | None) -> None:
    text = SET.replace("IMAGE", "postgres:17").replace(*change) + velero("")
    [store] = holding(project_of([("k8s/db.yaml", text)]))
    assert store.backup.on is on


def test_every_claim_of_what_is_no_database_is_copied() -> None:
    both = SET.replace("IMAGE", "acme/files:1").replace("spec:\n", "spec:\n  replicas: 2\n", 1)
    one = both + VOLSYNC.format("data-orders-db-0")
    two = one + "---\n" + VOLSYNC.format("data-orders-db-1")
    found = [holding(project_of([("k8s/db.yaml", text)]))[0].backup.on for text in (one, two)]
    assert found == [None, True]


def cluster(kind: str, group: str, spec: str) -> str:
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: orders, namespace: shop}}\nspec: {spec}\n---\n"


CNPG = "postgresql.cnpg.io/v1"
CRUNCHY = "postgres-operator.crunchydata.com/v1beta1"
BARMAN = "{backup: {retentionPolicy: 30d, barmanObjectStore: {destinationPath: 's3://b/'}}}"
PLUGIN = "{plugins: [{name: barman-cloud.cloudnative-pg.io, isWALArchiver: true}]}"
MARIA = "k8s.mariadb.com/v1alpha1"
DUMP = '{mariaDbRef: {name: orders}, schedule: {cron: "0 0 * * *"}, storage: {s3: {}}}'
PLUGGED = cluster(
    "ScheduledBackup", CNPG,
    '{method: plugin, schedule: "0 0 2 * * *", cluster: {name: orders}, '
    "pluginConfiguration: {name: barman-cloud.cloudnative-pg.io}}",
)  # fmt: skip
DAILY = cluster("ScheduledBackup", CNPG, '{schedule: "0 0 2 * * *", cluster: {name: orders}}')


@pytest.mark.parametrize(
    ("text", "on", "loss", "in_time"),
    [
        (cluster("Cluster", CNPG, BARMAN) + DAILY, True, 5 * MINUTE, True),
        (cluster("Cluster", CNPG, PLUGIN) + PLUGGED, True, 5 * MINUTE, True),
        (cluster("Cluster", CNPG, PLUGIN.replace("{name", "{enabled: false, name")) + PLUGGED, None, None, None),
        (cluster("Cluster", CNPG, "{instances: 3}") + DAILY, None, None, None),
        (cluster("Cluster", CNPG, "{backup: {volumeSnapshot: {className: csi}}}")
         + DAILY.replace("{schedule", "{method: volumeSnapshot, schedule"), True, DAY, False),
        (cluster("Cluster", CNPG, BARMAN), False, None, True),
        (cluster("Cluster", CNPG, "{instances: 3}"), False, None, None),
        (cluster("postgresql", "acid.zalan.do/v1", "{enableLogicalBackup: true}"), True, DAY, None),
        (cluster("postgresql", "acid.zalan.do/v1", "{teamId: a}"), None, None, None),
        (cluster("PostgresCluster", CRUNCHY, "{backups: {pgbackrest: {repos: [{name: r}]}}}"), None, None, None),
        (cluster("PostgresCluster", CRUNCHY,
                 "{backups: {pgbackrest: {repos: [{name: r, schedules: {full: '0 1 * * 0'}}]}}}"),
         True, 5 * MINUTE, True),
        (cluster("MariaDB", MARIA, "{replicas: 1}") + cluster("Backup", MARIA, DUMP), True, DAY, False),
        (cluster("MariaDB", MARIA, "{replicas: 1}")
         + cluster("Backup", MARIA, DUMP.replace("{cron", "{suspend: true, cron")), False, None, None),
        (cluster("MariaDB", MARIA, "{replicas: 1}")
         + cluster("Backup", MARIA, DUMP.replace("s3: {}", "volume: {emptyDir: {}}")), None, None, None),
        (cluster("PerconaXtraDBCluster", "pxc.percona.com/v1", '{backup: {schedule: [{schedule: "0 */6 * * *"}]}}'),
         True, 6 * HOUR, False),
        (cluster("InnoDBCluster", "mysql.oracle.com/v2", "{instances: 3}"), False, None, None),
        (cluster("Elasticsearch", "elasticsearch.k8s.elastic.co/v1", "{version: 9.1.0}"), None, None, None),
    ],
)  # fmt: skip
def test_databases_of_operators(text: str, on: bool | None, loss: int | None, in_time: bool | None) -> None:
    [store] = holding(project_of([("k8s/db.yaml", text)]))
    found = store.backup
    assert (found.on, found.loss, found.point_in_time) == (on, loss, in_time)


@pytest.mark.parametrize(
    ("image", "path", "spare"),
    [
        ("postgres:17", "k8s/db.yaml", ""), ("acme/orders:1", "k8s/db.yaml", ""),
        ("bitnami/redis:7", "k8s/db.yaml", "it is a cache"),
        ("confluentinc/cp-kafka:7.6", "k8s/db.yaml", "it is a queue"),
        ("prom/prometheus:v3", "k8s/db.yaml", "it keeps measurements"),
        ("postgres:17", "examples/db.yaml", "it is an example, or put away"),
        ("postgres:17", "overlays/dev/db.yaml", "it is not of production"),
    ],
)  # fmt: skip
def test_what_nobody_need_back_up(image: str, path: str, spare: str) -> None:
    [store] = stores(project_of([(path, SET.replace("IMAGE", image))]))
    assert store.spare == spare
    assert bool(holding(project_of([(path, SET.replace("IMAGE", image))]))) is not bool(spare)


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("0 2 * * *", DAY), ("*/15 * * * *", 15 * MINUTE), ("0 3 * * mon", 7 * DAY), ("0 3 1,15 * *", 17 * DAY),
        ("0 3 1 * 0", 7 * DAY), ("0 3 */2 * mon", 2 * DAY), ("5 8-18 * * *", 14 * HOUR), ("@every 90m", 90 * MINUTE),
        ("TZ=UTC 0 2 * * *", DAY),
    ],
)  # fmt: skip
def test_the_longest_time_between_two_runs(text: str, gap: int) -> None:
    assert cron(text) == ("", gap)


@pytest.mark.parametrize(
    "text", ["", "0 2 * *", "0 24 * * *", "0 2 * * 7", "0 2 32 * *", "a b c d e", "@never", "*/0 * * * *",
             "5-1 * * * *", "1,, * * * *", "0 2 * * *" * 100],
)  # fmt: skip
def test_what_is_no_schedule(text: str) -> None:
    assert cron(text).fault


def test_five_fields_where_the_first_is_for_seconds() -> None:
    assert cron("0 2 * * *", seconds_first=True) == ("", HOUR)
    assert cron("0 0 2 * * *", seconds_first=True) == ("", DAY)
    assert cron("61 0 2 * * *", seconds_first=True).fault


def test_times_to_keep() -> None:
    assert (seconds("720h"), seconds("30d"), seconds("240h0m0s")) == (30 * DAY, 30 * DAY, 10 * DAY)
    assert (seconds(""), seconds("for ever"), seconds("30 d x")) == (None, None, None)


RDS = 'resource "aws_db_instance" "orders" {\n  backup_retention_period = 7\n}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("| Part | RTO | RPO |\n|---|---|---|\n| Database | 1 h | 15 min |\n", [("Database", "1 h", "15 min")]),
        ("## Database\n- **RTO**: 4 hours\n- **RPO (Recovery Point Objective):** 24 hours\n",
         [("Database", "4 hours", "24 hours")]),
        ("## Objectives\n| Metric | Target |\n|---|---|\n| RTO | 4h |\n| RPO (data loss) | _< 24h_ |\n",
         [("Objectives", "4h", "< 24h")]),
        ("## DR\n| | Dev | Prod |\n|---|---|---|\n| RPO | 24 hours | 1 hour |\n",
         [("Dev", "", "24 hours"), ("Prod", "", "1 hour")]),
        ("The RPO is what may be lost: 1 h is much.\n", []),
    ],
)  # fmt: skip
def test_the_shapes_of_promises(text: str, said: list[tuple[str, str, str]]) -> None:
    found = promises(project_of([("docs/dr.md", f"# Recovery\n\n{text}")]))
    assert [(p.component.text, p.rto.text if p.rto else "", p.rpo.text if p.rpo else "") for p in found] == said


def test_which_store_a_promise_is_about() -> None:
    two = f'{RDS}resource "aws_dynamodb_table" "carts" {{\n  hash_key = "id"\n}}\n'
    table = "# DR\n\n| Part | RPO |\n|---|---|\n| Orders database | 1 h |\n| Database | 1 h |\n| Service | 0 |\n"
    [named, vague] = joined(project_of([("main.tf", two), ("docs/dr.md", table)]))
    assert named.store is not None and named.store.name == "aws_db_instance.orders"
    assert vague.store is None


def test_a_section_on_restoring_speaks_of_data() -> None:
    text = "# Guide\n## Restore packages\nRun `dotnet restore`.\n## Error recovery\nIt retries.\n"
    text += "## Restore a backup\nRun it.\n"
    [found] = restoring(project_of([("docs/guide.md", text)]))
    assert found.section.heading.text == "Restore a backup" and not found.hollow


def test_budgets_that_tell_nobody() -> None:
    text = (
        'resource "aws_instance" "a" {}\n'
        'resource "aws_budgets_budget" "b" {\n  notification {\n    threshold = 80\n  }\n}\n'
        'resource "google_cloud_run_v2_service" "s" {}\nresource "google_billing_budget" "g" {\n  threshold_rules {\n'
        "    threshold_percent = 0.8\n  }\n}\n"
    )
    project = project_of([("main.tf", text)])
    assert clouds(project) == ["AWS", "Google Cloud"]
    assert [(each.cloud, each.tells) for each in budgets(project)] == [("AWS", False), ("Google Cloud", True)]


def test_what_is_spot() -> None:
    text = (
        'resource "aws_eks_node_group" "a" {\n  capacity_type = "SPOT"\n}\n'
        'resource "aws_eks_node_group" "b" {\n  capacity_type = var.type\n}\nvariable "type" {}\n'
        'resource "google_container_node_pool" "c" {\n  node_config {\n    spot = true\n  }\n}\n'
        'resource "aws_instance" "d" {}\n'
    )
    assert [each.text for each in spot(project_of([("main.tf", text)]))] == [
        "aws_eks_node_group.a",
        "google_container_node_pool.c",
    ]


@pytest.mark.parametrize(
    ("component", "told"),
    [
        ("Database", True), ("Primary production database", True), ("PostgreSQL (RDS)", True), ("Orders", True),
        ("Billing database", False), ("MongoDB", False), ("DynamoDB", False), ("Cloud SQL", False),
        ("Staging database", False),
    ],
)  # fmt: skip
def test_a_promise_of_another_system_is_about_no_store_here(component: str, told: bool) -> None:
    table = f"# DR\n\n| Part | RPO |\n|---|---|\n| {component} | 1 h |\n"
    found = joined(project_of([("main.tf", RDS), ("docs/dr.md", table)]))
    assert any(each.store is not None for each in found) is told


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("docs/archive/dr.md", "# DR"), ("docs/templates/dr.md", "# DR"), ("docs/dr-template.md", "# DR"),
        ("docs/dr.md", "# DR\n\nStatus: superseded by the new plan"), ("docs/dr.md", "---\nstatus: draft\n---\n# DR"),
        ("docs/dr.md", "# DR\n\n> This document is deprecated."), ("docs/dr.md", "# DR\n\n## Example"),
        ("docs/adr/0005-targets.md", "# 5. Targets\n\n## Status\n\nRejected\n\n## Decision"),
        ("docs/dr.md", "# DR [DRAFT]"),
    ],
)  # fmt: skip
def test_what_is_promised_where_it_does_not_hold(path: str, head: str) -> None:
    text = f"{head}\n\n| Part | RTO | RPO |\n|---|---|---|\n| Database | 1 h | 1 h |\n"
    assert promises(project_of([(path, text)])) == []
    accepted = text.replace("Rejected", "Accepted")
    assert bool(promises(project_of([(path, accepted)]))) is ("Rejected" in head)


@pytest.mark.parametrize(
    ("text", "found", "shown"),
    [
        ("## Restore packages\nRun `npm ci`, then create the database.", False, False),
        ("## Restore\nRun `dotnet restore`, then `dotnet ef database update`.", False, False),
        ("## Restoring a cart\nIts data is restored from the session.", False, False),
        ("## Restore from backup\nNot documented yet. Ask the DBA team.", True, False),
        ("## Restore from backup\nSee [the wiki](https://wiki.acme.dev/restore).", True, False),
        ("## Restore from backup\nThis section will describe how backups are restored.", True, False),
        ("## Restore from backup\n1. The snapshot is restored to a new instance.", True, True),
        ("## Restore from backup\n`pg_restore -d orders orders.dump`", True, True),
    ],
)
def test_what_says_how_to_restore(text: str, found: bool, shown: bool) -> None:
    sections = restoring(project_of([("docs/guide.md", f"# Guide\n\n{text}\n")]))
    assert (bool(sections), any(map(shows, sections))) == (found, shown)


def test_a_section_on_restoring_is_about_a_store() -> None:
    text = "# Grafana\n## Restore dashboards from a backup\nImport `dashboards.json` again.\n"
    project = project_of([("main.tf", RDS), ("docs/grafana.md", text)])
    [section], [store] = restoring(project), holding(project)
    assert not is_about(section, store)


OBJECT = "apiVersion: {}\nkind: {}\nmetadata: {{name: x, namespace: shop}}\nspec: {{}}\n"
API = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec:\n"
    "  template: {{spec: {{containers: [{{name: api, image: 'acme/api:1', env: [{{name: {}, value: '{}'}}]}}]}}}}\n"
)


@pytest.mark.parametrize(
    ("path", "text", "seen"),
    [
        ("net.tf", 'module "vpc" {\n  source = "git::https://git.acme.dev/tf/aws-vpc.git"\n}\n', True),
        ("net.tf", 'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n', True),
        ("app.tf", 'module "app" {\n  source = "git@github.com:acme/tf-app-stack.git"\n}\n', False),
        ("app.tf", 'module "dwh" {\n  source = "terraform-aws-modules/redshift/aws"\n}\n', False),
        ("k8s/x.yaml", OBJECT.format("rds.services.k8s.aws/v1alpha1", "DBInstance"), False),
        ("k8s/x.yaml", OBJECT.format("kubedb.com/v1", "Postgres"), False),
        ("k8s/x.yaml", OBJECT.format("db.movetokube.com/v1alpha1", "PostgresUser"), True),
        ("render.yaml", "databases:\n  - name: orders\n", False), ("infra/cdk.json", "{}\n", False),
        ("docker-compose.prod.yml", "services:\n  db: {image: 'clickhouse/clickhouse-server:24'}\n", False),
        ("k8s/api.yaml", API.format("MONGO_URL", "mongodb+srv://u@c0.abcde.mongodb.net/x"), False),
        ("k8s/api.yaml", API.format("DATABASE_URL", "postgres://orders.cluster.local/x"), True),
    ],
)  # fmt: skip
def test_what_may_keep_data_without_being_seen(path: str, text: str, seen: bool) -> None:
    project = project_of([("main.tf", RDS), (path, text)])
    assert (not (unseen(project) or spoken_to(project))) is seen


@pytest.mark.parametrize("kind", ["aws_memorydb_cluster", "google_compute_disk", "hcloud_volume", "neon_project"])
def test_a_store_that_is_not_read_is_one_all_the_same(kind: str) -> None:
    [store] = holding(project_of([("main.tf", f'resource "{kind}" "x" {{\n}}\n')]))
    assert store.backup.on is None


@pytest.mark.parametrize(
    ("plan", "sure"),
    [
        ("resources = [aws_efs_file_system.u.arn]", True), ('resources = ["*"]', True),
        ('resources = ["*"]\n  not_resources = [aws_efs_file_system.u.arn]', None),
        ('resources = ["*"]\n  condition {\n    string_equals {\n      key = "a"\n      value = "b"\n    }\n  }', None),
        ("resources = [aws_efs_file_system.u.arn]\n  plan_id = aws_backup_plan.yearly.id", None),
    ],
)  # fmt: skip
def test_what_keeps_a_plan_from_backing_up(plan: str, sure: bool | None) -> None:
    text = f'resource "aws_efs_file_system" "u" {{}}\nresource "aws_backup_selection" "s" {{\n  {plan}\n}}\n'
    text += 'resource "aws_backup_plan" "yearly" {\n  rule {\n    schedule = "cron(0 2 1 1 ? *)"\n  }\n}\n'
    [store] = holding(project_of([("main.tf", text)]))
    assert store.backup.on is sure


AWS_BUDGET = """\
resource "aws_budgets_budget" "b" {
  budget_type  = "COST"
  limit_amount = "1000"
  notification {
    threshold                  = 80
    subscriber_email_addresses = ["team@acme.dev"]
  }
}
variable "emails" {}
"""
GOOGLE_BUDGET = """\
resource "google_billing_budget" "b" {
  amount {
    specified_amount {
      units = "1000"
    }
  }
  all_updates_rule {
    disable_default_iam_recipients = false
  }
  threshold_rules {
    threshold_percent = 0.8
  }
}
"""
AZURE_BUDGET = """\
resource "azurerm_consumption_budget_subscription" "b" {
  amount = 1000
  notification {
    enabled        = true
    threshold      = 90
    contact_emails = ["team@acme.dev"]
  }
}
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "why"),
    [
        (AWS_BUDGET, "", "", ""), (GOOGLE_BUDGET, "", "", ""), (AZURE_BUDGET, "", "", ""),
        (AWS_BUDGET, '"1000"', '"0"', "no limit"), (AWS_BUDGET, '"COST"', '"USAGE"', "counts USAGE"),
        (AWS_BUDGET, '["team@acme.dev"]', "[]", "nobody"), (AWS_BUDGET, '["team@acme.dev"]', "var.emails", "nobody"),
        (AWS_BUDGET, "team@acme.dev", "changeme@example.com", "nobody"), (AWS_BUDGET, "= 80", "= 8000", "nobody"),
        (AWS_BUDGET, "  notification", '  account_id = "1"\n  notification', "account"),
        (AWS_BUDGET, "  notification", '  time_period_end = "2021-01-01_00:00"\n  notification', "ended"),
        (AWS_BUDGET, "  notification", '  cost_filter {\n    name = "Service"\n  }\n  notification', "a part"),
        (GOOGLE_BUDGET, "= false", "= true", "nobody"), (GOOGLE_BUDGET, '"1000"', '"0"', "no limit"),
        (AZURE_BUDGET, "= true", "= false", "nobody"), (AZURE_BUDGET, "= 1000", "= 0", "no limit"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_budget(text: str, old: str, new: str, why: str) -> None:
    [found] = budgets(project_of([("main.tf", text.replace(old, new, 1) if old else text)]))
    assert why in found.fault and bool(found.fault) is bool(why)
