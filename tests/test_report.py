"""The completion report: its form, and that no cell says more than the facts do.

The snapshots are written anew with GATEKEEPER_SNAPSHOTS=write; read the difference before it is kept.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.audit import Report, Request, audit
from gatekeeper.commands.arguments import settings_of
from gatekeeper.git import Commit
from gatekeeper.links.objectives import seconds
from gatekeeper.links.owners import owners_of
from gatekeeper.links.receivers import routed
from gatekeeper.links.stores import DAY, HOUR, MINUTE, interval
from gatekeeper.models.evidence import Evidence, Origin
from gatekeeper.models.evidence.facts import Estimate, Facts, Price, Run, Stage
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import Source
from gatekeeper.plugins import manager
from gatekeeper.renderers.report import render
from gatekeeper.rule import Place
from gatekeeper.testing import TODAY, project_of

ROOT = Path(__file__).parent.parent
REPOS = ROOT / "fixtures" / "repos"
SNAPSHOTS = Path(__file__).parent / "snapshots"
NAMES = {"order-service": "completion-report.md", "order-service-ready": "completion-report-ready.md"}
COMMIT = Commit("9c1f2ab" + "0" * 33, False)

HEADINGS = """\
### 1. Implementation Summary
#### What Was Implemented
#### Technical Decisions
#### Files/Configurations Changed
### 2. PRD Alignment Check
### 3. Acceptance Criteria Verification
### 4. Infrastructure Status
#### Environments
#### Resources Provisioned
#### Technology Stack
### 5. CI/CD Pipeline Status
#### Pipeline Stages
#### Pipeline URL
### 6. Observability Setup
#### Monitoring
#### Alerting Rules Configured
#### Logging
### 7. Security Checklist
### 8. Disaster Recovery
#### Backup Schedule
### 9. Cost Analysis
#### Monthly Estimate
#### Cost Optimization Done
### 10. Documentation Delivered
### 11. Runbook: Deployment Procedure
### 12. Quality Gates Status
### 13. Dependencies on Other Tasks
### 14. Known Issues / Technical Debt
### 15. Recommendations for Next Steps
""".splitlines()


def report(root: Path, commit: Commit | None = COMMIT) -> Report:
    settings, _ = settings_of(root, isolated=False)
    made = audit(Request(root=root, settings=settings, today=TODAY, commit=commit), manager().hook)
    return msgspec.structs.replace(made, root=root.name)


def written(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return root


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def tables(text: str) -> Iterable[list[list[str]]]:
    """Every table as rows of cells, the header first."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            block.append(line)
        elif block:
            yield [cells(block[0]), *map(cells, block[2:])]
            block = []


def table(text: str, heading: str) -> list[dict[str, str]]:
    below = text.partition(f"{heading}\n")[2].partition("\n#")[0]
    header, *rows = next(iter(tables(below)))
    return [dict(zip(header, row, strict=True)) for row in rows]


# form


@pytest.mark.parametrize("name", NAMES)
def test_snapshot(name: str) -> None:
    seen = render(report(REPOS / name))
    kept = SNAPSHOTS / NAMES[name]
    if os.environ.get("GATEKEEPER_SNAPSHOTS") == "write":
        kept.write_text(seen, "utf-8")
    assert seen == kept.read_text("utf-8")


@pytest.mark.parametrize("name", [*NAMES, "library", "empty"])
def test_form(name: str) -> None:
    made = report(REPOS / name)
    seen = render(made)
    assert [line for line in seen.splitlines() if line.startswith("###")] == HEADINGS
    for header, *rows in tables(seen):
        assert rows and {len(row) for row in rows} == {len(header)}
    assert f"**Ready for Production Traffic**: {made.verdict} (computed)" in seen
    assert not re.search(r"\[[xX]\]|[✅✔✓☑]", seen)


@pytest.mark.parametrize("name", [*NAMES, "library", "empty"])
def test_what_only_people_or_evidence_can_say_is_open(name: str) -> None:
    seen = render(report(REPOS / name))
    for heading, columns in (
        ("#### Environments", ("Status", "Health")),
        ("#### Pipeline Stages", ("Status", "Duration")),
        ("#### Monitoring", ("URL",)),
        ("#### Backup Schedule", ("Tested",)),
        ("#### Monthly Estimate", ("Cost/Month",)),
        ("### 13. Dependencies on Other Tasks", ("Status",)),
    ):
        for row in table(seen, heading):
            assert all(row[column].startswith(("UNKNOWN (", "N/A: ")) or not row[column] for column in columns)
    assert "**All Environments Healthy**: UNKNOWN" in seen or "**All Environments Healthy**: N/A" in seen


def test_a_report_that_is_kept_is_no_source_of_the_next(tmp_path: Path) -> None:
    files = {"docs/recovery.md": "# Recovery\n\n| Part | RTO | RPO |\n|---|---|---|\n| Database | 1 h | 5 min |\n"}
    first = render(report(written(tmp_path, files)))
    written(tmp_path, {"docs/completion-report.md": first})
    again = render(report(tmp_path))
    for heading, column in (
        ("### 2. PRD Alignment Check", "Where"),
        ("### 8. Disaster Recovery", "RTO (stated)"),
        ("### 10. Documentation Delivered", "Location"),
    ):
        assert [row[column] for row in table(again, heading)] == [row[column] for row in table(first, heading)]


def test_settings_that_are_not_in_force_are_not_given_as_the_policy(tmp_path: Path) -> None:
    written(tmp_path, {"gatekeeper.yaml": "service: {name: shop}\n"})
    assert "gatekeeper.yaml sha256:" in render(report(tmp_path))
    isolated = audit(Request(root=tmp_path, settings=settings_of(tmp_path, True)[0], today=TODAY), manager().hook)
    assert "gatekeeper.yaml is not in force" in render(isolated)


def test_no_part_of_the_questions_makes_a_repository_ready(tmp_path: Path) -> None:
    written(tmp_path, {"Dockerfile": "FROM alpine:3.20\nUSER 1000\n"})
    settings = settings_of(tmp_path, True)[0]
    made = audit(Request(tmp_path, settings, profile="pre-commit", select=("docker-nonroot",)), manager().hook)
    assert made.verdict == "PASSED"
    assert "READY" not in render(made)
    one_file = audit(Request(tmp_path, settings, profile="pre-commit", paths=("Dockerfile",)), manager().hook)
    assert one_file.verdict == "PASSED"
    assert "READY" not in render(one_file) and "N/A" not in render(one_file)


# what a hostile repository writes

SECRET = "hunter2-and-more-of-it"
HOSTILE = {
    "gatekeeper.yaml": 'service: {name: "a <b>x</b> | [y](http://e.org) ##[error]"}\n',
    "docs/adr/0001-x.md": "# 1. <img src=x> | **b**\n\nStatus: acc|epted <i>\n\n## Context\n\nWhy <b> | not. No.\n",
    "docs/prd.md": "# Requirements\n\n- NFR-001: up | <b>always</b> \x1b[31m\n",
    "k8s/a.yaml": f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: "a|b<i>\\n::error::"}}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - {{name: a, image: "a:1", env: [{{name: DB_PASSWORD, value: {SECRET}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: i}}
spec: {{rules: [{{host: "x|<b>.org"}}]}}
""",
    "rules.yaml": 'groups: [{name: g, rules: [{alert: "A|<b>", expr: "up | `x` == 0", labels: {severity: "c|`"}}]}]\n',
    "board.json": '{"title": "T|<b>", "uid": "`|", "panels": [{}], "schemaVersion": 1, "description": "::error::"}',
}


def test_nothing_that_a_repository_writes_is_markup(tmp_path: Path) -> None:
    seen = render(report(written(tmp_path, HOSTILE)))
    plain = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", seen)
    assert not re.search(r"<(?!!-- Written by gatekeeper|br>)[a-z/!]", plain)
    assert "##[" not in seen and "\x1b" not in seen
    assert not [line for line in seen.splitlines() if line.lstrip().startswith("::")]
    for header, *rows in tables(seen):
        assert {len(row) for row in rows} == {len(header)}
    assert [line for line in seen.splitlines() if line.startswith("###")] == HEADINGS
    assert SECRET not in seen


NONSENSE = {
    "a.tf": """\
provider "aws" { region = [1] }
resource "aws_ecs_service" "a" { desired_count = 1e999 }
resource "aws_db_instance" "b" { backup_retention_period = "x" }
resource "aws_cloudwatch_metric_alarm" "m" { alarm_actions = 3 }
""",
    "k.yaml": """\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: .inf, template: {spec: {}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {minReplicas: .nan}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {}, spec: {rules: {a: b}, tls: 3}}
---
{apiVersion: velero.io/v1, kind: Schedule, metadata: {name: v}, spec: {schedule: 3, template: []}}
""",
    "board.json": '{"panels": [1, {"type": 3, "panels": [null]}], "schemaVersion": 1, "title": {}, "uid": []}',
    "rules.yaml": "groups: [{name: [], rules: [{alert: [1], expr: {}, for: [], labels: [1]}]}]\n",
    "am.yaml": "{route: {receiver: r, routes: [3, {matchers: [1, null, {}]}]}, receivers: [3, {name: r}]}\n",
    "docs/adr/0001-a.md": "## Status\n## Context\n",
    "docs/runbooks/deploy.md": "",
}


def test_nonsense_is_no_number_and_breaks_nothing(tmp_path: Path) -> None:
    seen = render(report(written(tmp_path, NONSENSE)))
    counts = {row["Type"]: row["Count"] for row in table(seen, "#### Resources Provisioned")}
    assert counts["`aws_ecs_service` `aws_ecs_service.a`"].startswith("UNKNOWN")
    assert counts["`Deployment` `Deployment/d`"].startswith("UNKNOWN")
    assert table(seen, "### 8. Disaster Recovery")[0]["Status"].startswith("UNKNOWN")


def test_a_value_on_a_line_with_a_secret_is_withheld(tmp_path: Path) -> None:
    one_line = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a, env: "
    rule = "groups: [{name: g, rules: [{alert: A, expr: up}]}]"
    text = f"{one_line}[{{name: DB_PASSWORD, value: {SECRET}}}]}}]}}\n"
    made = report(written(tmp_path, {"pod.yaml": text, "rules.yaml": rule}))
    at = next(place for place in made.secrets if place.source.path == "pod.yaml")
    there = Place(Source("rules.yaml", rule), at.span._replace(line=1))
    seen = render(msgspec.structs.replace(made, secrets=(*made.secrets, there)))
    assert table(seen, "#### Alerting Rules Configured")[0]["Condition"] == "withheld: a secret stands here"


# evidence

WORKFLOW = """\
name: CI
on: push
jobs:
  test: {runs-on: ubuntu-24.04, steps: [{run: npm test}]}
  deploy: {name: To production, needs: test, runs-on: ubuntu-24.04, steps: [{run: kubectl apply -f k8s/}]}
"""


def with_evidence(root: Path, facts: Facts, commit: str = COMMIT.id, form: str = "github_run") -> str:
    made = report(written(root, {".github/workflows/ci.yml": WORKFLOW}))
    source = Source(".gatekeeper/evidence/it.json", "")
    made.project.add([Evidence(source, form, Origin("itself", commit), facts)])
    return render(made)


RUN = Run(
    name="CI",
    url="https://robot:hunter2@ci.example/runs/1?key=1",
    conclusion="failure",
    stages=(Stage("test", "success", 61.0, line=4), Stage("To production", "failure", 5.0, line=9)),
)


def test_a_run_of_this_commit_says_how_each_stage_ended(tmp_path: Path) -> None:
    seen = with_evidence(tmp_path, RUN)
    stages = {row["Stage"]: row for row in table(seen, "#### Pipeline Stages")}
    assert stages["`ci.yml:test`"]["Status"].startswith("success (`.gatekeeper/evidence/it.json:4`")
    assert stages["`ci.yml:test`"]["Duration"] == "1m 1s"
    assert stages["`ci.yml:deploy`"]["Status"].startswith("failure")
    assert stages["**Total**"]["Status"] == "failure"
    assert "`https://ci.example/runs/1`" in seen and "hunter2" not in seen


@pytest.mark.parametrize(
    ("run", "commit", "reason"),
    [
        (RUN, "b" * 40, "wrong-subject"),
        (msgspec.structs.replace(RUN, name="Nightly"), COMMIT.id, "the run does not show this job"),
    ],
)
def test_a_run_of_something_else_says_nothing_of_a_stage(tmp_path: Path, run: Run, commit: str, reason: str) -> None:
    seen = with_evidence(tmp_path, run, commit)
    stages = {row["Stage"]: row for row in table(seen, "#### Pipeline Stages")}
    assert reason in stages["`ci.yml:test`"]["Status"] and "UNKNOWN" in stages["`ci.yml:test`"]["Status"]


def test_an_estimate_says_what_it_leaves_out(tmp_path: Path) -> None:
    rows = (Price("a.b", "aws_lb", 20.5), Price("a.c", "aws_s3_bucket", None))
    when = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
    estimate = Estimate(currency="USD", total=20.5, unpriced=1, rows=rows, made=when)
    seen = with_evidence(tmp_path, estimate, form="infracost")
    found = {row["Resource"]: row for row in table(seen, "#### Monthly Estimate")}
    assert found["`a.b`"]["Cost/Month"] == "20.50 USD"
    assert found["`a.c`"]["Cost/Month"].startswith("UNKNOWN")
    assert "excludes 1 unpriced" in found["**Total**"]["Notes"]


def attestation(criterion: str, result: str = "met", expires: str = "2026-12-01") -> str:
    return (
        f"criterion: {criterion}\nstatement: It is so\nresult: {result}\nby: {{name: Ana}}\non: 2026-11-01\n"
        f"expires: {expires}\n"
    )


DATABASE = 'resource "aws_db_instance" "main" {\n  engine = "postgres"\n  backup_retention_period = 7\n}\n'


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (attestation("restore-tested"), "ATTESTED: attested 2026-11-01 by Ana, until 2026-12-01"),
        (attestation("restore-tested", expires="2026-11-02"), "UNKNOWN (attestation-expired: attest restore-tested"),
        (attestation("restore-tested", "not-met"), "FAIL: attested as not met by Ana"),
    ],
)
def test_what_people_attest_is_shown_as_far_as_it_holds(tmp_path: Path, text: str, seen: str) -> None:
    made = render(report(written(tmp_path, {"rds.tf": DATABASE, ".gatekeeper/attestations/a.yaml": text})))
    tested = table(made, "#### Backup Schedule")[0]["Tested"]
    assert tested.startswith(seen) and "(`.gatekeeper/attestations/a.yaml:1`)" in tested


def test_that_not_all_environments_are_healthy_says_of_none_that_it_is_not_deployed(tmp_path: Path) -> None:
    text = attestation("environments-healthy", "not-met", "2026-12-01").replace("2026-11-01", "2026-11-20")
    files = {"envs/dev.tfvars": "a = 1\n", "main.tf": DATABASE, ".gatekeeper/attestations/a.yaml": text}
    files[".gatekeeper/attestations/a.yaml"] += f"at_commit: {COMMIT.id}\n"
    [row] = table(render(report(written(tmp_path, files))), "#### Environments")
    assert row["Status"] == "UNKNOWN (attest environments-healthy)"
    assert row["Health"].startswith("not every environment is: FAIL")


# recovery


@pytest.mark.parametrize(
    ("days", "promised", "feasible"),
    [
        ("7", "15 min", "yes (at most 5 min)"), ("7", "1 min", "**no** (at most 5 min)"),
        ("0", "1 day", "**no**: nothing is backed up"), ("var.days", "1 day", "UNKNOWN (unresolved"),
        ("7", "soon", "UNKNOWN (no promise that can be read)"),
    ],
)  # fmt: skip
def test_a_promise_is_held_against_the_schedule(tmp_path: Path, days: str, promised: str, feasible: str) -> None:
    files = {
        "rds.tf": f'{DATABASE.replace("7", days)}variable "days" {{}}\n',
        "docs/dr.md": f"# DR\n\n| Part | RTO | RPO |\n|---|---|---|\n| Database | 1 h | {promised} |\n",
    }
    first = table(render(report(written(tmp_path, files))), "### 8. Disaster Recovery")[0]
    assert first["RPO feasible by the schedule"].startswith(feasible)


def test_two_promises_that_may_both_be_meant_are_given_to_neither(tmp_path: Path) -> None:
    promises = "| Part | RPO |\n|---|---|\n| Orders database | 1 h |\n| Users database | 1 min |\n"
    rows = table(
        render(report(written(tmp_path, {"rds.tf": DATABASE, "dr.md": f"# DR\n\n{promises}"}))),
        "### 8. Disaster Recovery",
    )
    assert rows[0]["RPO (promised)"].startswith("UNKNOWN")
    assert [row["DR Component"] for row in rows][-2:] == ["Orders database", "Users database"]


@pytest.mark.parametrize(
    ("cron", "length"),
    [
        ("0 2 * * *", DAY), ("@hourly", HOUR), ("*/15 * * * *", 15 * MINUTE), ("5 */6 * * *", 6 * HOUR),
        ("0 3 * * 0", 7 * DAY), ("0 3 1 * *", 31 * DAY), ("0 0,12 * * *", 12 * HOUR), ("0 3 * * 1-5", 3 * DAY),
        ("x", None),
    ],
)  # fmt: skip
def test_interval(cron: str, length: int | None) -> None:
    assert interval(cron) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [("15 minutes", 900), ("< 1 hour", 3600), ("0", 0), ("1.5 h", 5400), ("24h", 86400), ("15", None), ("soon", None)],
)
def test_seconds(text: str, length: float | None) -> None:
    assert seconds(text) == length


# receivers

TREE = """\
route:
  receiver: chat
  routes:
  - {match: {severity: critical}, receiver: pager, continue: true}
  - {match_re: {severity: "critical|page"}, receiver: mail}
  - {matchers: ['team = "db"'], receiver: dba}
  - {matchers: ['severity =~ "(a+)+$"'], receiver: rich}
  - {match: {severity: info}, receiver: nobody}
  - {match: {severity: debug}, receiver: forgotten}
receivers:
- {name: chat, slack_configs: [{channel: "#a"}]}
- {name: pager, pagerduty_configs: [{routing_key_file: /k}]}
- {name: mail, email_configs: [{to: a@b.c}]}
- {name: dba, webhook_configs: [{url: "https://x"}]}
- {name: rich, slack_configs: [{channel: "#r"}]}
- {name: nobody}
"""


@pytest.mark.parametrize(
    ("labels", "names", "certain"),
    [
        ("{severity: critical, team: web}", ["pager", "mail"], True),
        ("{severity: page, team: web}", ["mail"], True),
        ("{severity: critical}", ["pager", "mail"], True),
        ("{severity: warning, team: db}", ["dba"], True),
        ("{severity: warning}", ["dba", "rich", "chat"], False),
        ("{team: web}", ["pager", "mail", "rich", "nobody", "forgotten", "chat"], False),
        ('{severity: "{{ $labels.s }}", team: db}', ["pager", "mail", "dba"], False),
    ],
)
def test_routes(labels: str, names: list[str], certain: bool) -> None:
    rules = f"groups: [{{name: g, rules: [{{alert: A, expr: up, labels: {labels}}}]}}]\n"
    project = project_of([("rules.yaml", rules), ("alertmanager.yaml", TREE)])
    found = routed(project.all(Alert)[0], project)
    assert found is not None
    assert [each.name for each in found.receivers] == names
    assert found.certain is certain
    by_name = {each.name: each for each in found.receivers}
    assert "nobody" not in by_name or by_name["nobody"].integrations == ()
    assert "forgotten" not in by_name or by_name["forgotten"].node is None


def test_an_alertmanager_config_is_never_certain_to_take_an_alert() -> None:
    custom = (
        "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: {name: a, namespace: shop}\n"
        "spec:\n  route: {receiver: chat}\n  receivers: [{name: chat, slackConfigs: [{channel: a}]}]\n"
    )
    project = project_of([("rules.yaml", "groups: [{name: g, rules: [{alert: A, expr: up}]}]"), ("am.yaml", custom)])
    found = routed(project.all(Alert)[0], project)
    assert found is not None and not found.certain
    assert found.receivers[0].integrations == ("slack",)


# owners


@pytest.mark.parametrize(
    ("pattern", "path", "owned"),
    [
        ("*", "a/b.tf", True), ("*.tf", "a/b.tf", True), ("/infra/", "infra/a/b.tf", True),
        ("/infra/", "x/infra/b", False),
        ("apps/", "x/apps/b", True), ("docs/*", "docs/a.md", True), ("docs/*", "docs/a/b.md", False),
        ("/docs", "docs/a.md", True), ("**/logs", "x/y/logs/z", True), ("a/**/b", "a/x/y/b", True),
        ("/infra/", "infra", False), ("b.tf", "a/b.tf", True), ("a", "ab", False),
    ],
)  # fmt: skip
def test_owners(pattern: str, path: str, owned: bool) -> None:
    project = project_of([(path, ""), ("CODEOWNERS", f"{pattern} @team # why\n")])
    assert owners_of(path, project) == (("@team",) if owned else ())


def test_the_last_pattern_that_means_a_path_says_who_owns_it() -> None:
    project = project_of([("CODEOWNERS", "* @all\n/a/ @a b@c.d\n/a/free\n")])
    assert owners_of("x", project) == ("@all",)
    assert owners_of("a/x", project) == ("@a", "b@c.d")
    assert owners_of("a/free", project) == ()


@given(st.lists(st.sampled_from(["**", "*", "a", "b*", "?"]), min_size=1, max_size=30), st.text("ab/", max_size=60))
def test_owners_never_fail(steps: list[str], path: str) -> None:
    project = project_of([("CODEOWNERS", f"{'/'.join(steps)} @team\n")])
    assert owners_of(path, project) in ((), ("@team",))


@pytest.mark.parametrize(
    "url", ["https://ci.example?key=hunter2", "https://ci.example/1#key=hunter2", "https://u:hunter2@ci.example/1"]
)
def test_no_address_keeps_a_credential(url: str, tmp_path: Path) -> None:
    assert "hunter2" not in with_evidence(tmp_path, msgspec.structs.replace(RUN, url=url))


def lines(root: Path, **files: str) -> list[str]:
    return render(report(written(root, {name.replace("_", "."): text for name, text in files.items()}))).splitlines()


def test_a_backup_that_is_suspended_is_none(tmp_path: Path) -> None:
    job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: db-backup}\n"
    seen = lines(tmp_path, job_yaml=f"{job}spec: {{schedule: 0 3 * * *, suspend: true}}\n")
    assert any("**no backup declared**" in line for line in seen if line.startswith("| Schedule: "))


def test_a_promise_of_one_database_is_not_made_for_two(tmp_path: Path) -> None:
    promise = "# Disaster recovery\n\n| Component | RTO | RPO |\n|---|---|---|\n| Orders database | 4 h | 1 h |\n"
    seen = lines(tmp_path, main_tf=DATABASE + DATABASE.replace('"main"', '"billing"'), dr_md=promise)
    rows = [line for line in seen if line.startswith("| Database: ")]
    assert len(rows) == 2
    assert not any("4 h" in row for row in rows)


def test_a_size_that_is_not_written_is_not_one(tmp_path: Path) -> None:
    seen = lines(tmp_path, main_tf='resource "aws_autoscaling_group" "web" {\n  min_size = 6\n}\n')
    assert "UNKNOWN" in next(line for line in seen if "autoscaling" in line)
