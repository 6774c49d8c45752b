"""Lies told to the gate from outside: evidence, settings, statements and excuses that must not come out green."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import gates
from gatekeeper.audit import Report, Request, audit
from gatekeeper.catalogue import Catalogue, NoSuchRule, home
from gatekeeper.commands.arguments import Wrong, settings_of
from gatekeeper.engine import Outcome
from gatekeeper.gates import Criterion, Status
from gatekeeper.links.runs import is_of
from gatekeeper.models.evidence import Evidence, Origin, Revision
from gatekeeper.models.evidence.facts import BranchRules, Estimate, Run, Stage, TestRun
from gatekeeper.models.pipeline import Pipeline
from gatekeeper.node import Source
from gatekeeper.plugins import manager
from gatekeeper.project import Project
from gatekeeper.proof import proofs
from gatekeeper.rule import Finding, Reason, Unknown
from gatekeeper.settings import Settings
from gatekeeper.testing import COMMIT, TODAY, project_of

FIXTURES = Path(__file__).parent.parent / "fixtures"
EVIDENCE = Path(".gatekeeper", "evidence")
GREEN = {Status.PASS, Status.ATTESTED, Status.WAIVED, Status.NOT_APPLICABLE}
PASSING = '<testsuite name="a"><testcase classname="a" name="b"/></testsuite>'
FAILING = '<testsuite name="a"><testcase classname="a" name="b"><failure message="no"/></testcase></testsuite>'
Lie = Callable[[Path], None]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A repository that is ready, with all its evidence and attestations."""
    root = tmp_path / "order-service-ready"
    shutil.copytree(FIXTURES / "repos" / root.name, root)
    shutil.copytree(FIXTURES / "proof" / root.name, root, dirs_exist_ok=True)
    return root


def audited(root: Path, profile: str = "release") -> Report:
    settings, _ = settings_of(root, isolated=False)
    request = Request(
        root=root, settings=settings, profile=profile, fail_on=settings.fail_on, today=TODAY, commit=COMMIT
    )
    return audit(request, manager().hook)


def criterion(report: Report, id: str) -> Criterion | None:
    return next((each for gate in report.gates for each in gate.criteria if each.id == id), None)


def status(report: Report, id: str) -> Status | None:
    found = criterion(report, id)
    return found.status if found else None


def test_without_a_lie_it_is_ready(ready: Path) -> None:
    report = audited(ready)
    assert report.exit_code == 0
    assert status(report, "tests-ran") is Status.PASS


# evidence: what an artifact says of itself, and what a manifest says of it


def changed(path: Path, change: Callable[[Any], object]) -> None:
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")


def manifest(name: str, change: Callable[[Any], object]) -> Lie:
    return lambda root: changed(root / EVIDENCE / f"{name}.json", change)


def artifact(name: str, file: str, change: Callable[[Any], object] | str) -> Lie:
    """A lie in an artifact, which its manifest vouches for by the right hash."""

    def lie(root: Path) -> None:
        path = root / EVIDENCE / name / file
        if isinstance(change, str):
            path.write_text(change, "utf-8")
        else:
            changed(path, change)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        changed(root / EVIDENCE / f"{name}.json", lambda data: data["predicate"]["files"][0].update(sha256=digest))

    return lie


def predicate(**fields: object) -> Callable[[Any], object]:
    return lambda data: data["predicate"].update(fields)


def alone(root: Path) -> None:
    """A scan of some image, which nobody vouches for and which names no commit."""
    (root / EVIDENCE / "scan.json").unlink()


def of_another_service(scan: Any) -> None:
    text = json.dumps(scan).replace("order-service", "billing")
    scan.update(json.loads(text))


def another_root(root: Path) -> None:
    (root / "network").mkdir()
    (root / "network" / "main.tf").write_text('terraform {\n  backend "s3" {}\n}\n')


def broken_off(root: Path) -> None:
    """A scanner that stopped before it found anything."""
    artifact("scan", "trivy.json", lambda scan: [each.pop("Vulnerabilities", None) for each in scan["Results"]])(root)
    manifest("scan", predicate(exitCode=2))(root)


def of_a_repository(root: Path) -> None:
    """The repository is acme/order-service, and the plan is of another one."""
    for words in (("init", "-q"), ("remote", "add", "origin", "https://github.com/acme/order-service.git")):
        subprocess.run(["git", *words], cwd=root, check=True)
    changed(root / EVIDENCE / "plan.json", lambda data: data["subject"][0].update(name="git+https://github.com/x/y"))


def all_refused(summary: Any) -> None:
    summary["metrics"]["http_req_failed"] = {"value": 1, "passes": 1000, "fails": 0}


def nearly_all_refused(summary: Any) -> None:
    summary["metrics"]["http_req_failed"] = {"value": 0.999, "passes": 999, "fails": 1}


def untimed(summary: Any) -> None:
    for metric in summary["metrics"].values():
        metric.pop("thresholds", None)
    summary["metrics"]["vus_max"] = {"value": 5, "min": 5, "max": 5, "thresholds": {"value<100": False}}


def only_an_application(root: Path) -> None:
    (root / EVIDENCE / "plan.json").unlink()
    resource = {"kind": "Deployment", "name": "a", "status": "Synced"}
    status = {"sync": {"status": "Synced", "revision": "f" * 40}, "resources": [resource]}
    app: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a"},
        "status": status,
    }
    app["status"] |= {"health": {"status": "Healthy"}, "reconciledAt": "2026-11-22T09:00:00Z"}
    (root / EVIDENCE / "app.json").write_text(json.dumps(app), "utf-8")


#
EVIDENCE_LIES: dict[str, tuple[str, Lie]] = {
    "a run of another commit": (
        "pipeline-run",
        artifact("run", "github_run.json", lambda r: r.update(headSha="f" * 40)),
    ),
    "an old scan, kept today": (
        "scan-results",
        artifact("scan", "trivy.json", lambda r: r.update(CreatedAt="2024-01-01T00:00:00Z")),
    ),
    "a scan that was told to look for what is low": (
        "scan-results",
        manifest("scan", predicate(command="trivy image --severity LOW --format json shop:1")),
    ),
    "a scan of another service": ("scan-results", artifact("scan", "trivy.json", of_another_service)),
    "a scan by its digest, of nothing that is deployed": ("scan-results", alone),
    "failures that are counted and not shown": (
        "tests-ran",
        artifact("tests", "junit.xml", PASSING.replace('name="a">', 'name="a" tests="9" failures="3">', 1)),
    ),
    "failures under a prefix": (
        "tests-ran",
        artifact(
            "tests", "junit.xml", '<testsuite xmlns:j="urn:j"><testcase name="b"><j:failure/></testcase></testsuite>'
        ),
    ),
    "a working copy of which nothing is said": ("tests-ran", manifest("tests", predicate(dirty=None))),
    "a time that no clock has shown": (
        "tests-ran",
        manifest("tests", predicate(finishedAt="0001-01-01T00:00:00+23:59")),
    ),
    "a time after the last": ("tests-ran", manifest("tests", predicate(finishedAt="9999-12-31T23:59:59-23:59"))),
    "a plan of one root of two": ("drift-free", another_root),
    "a plan of another root": ("drift-free", manifest("plan", predicate(about="somewhere/else"))),
    "a plan of another repository": ("drift-free", of_a_repository),
    "a scan that broke off": ("scan-results", broken_off),
    "a run of a workflow that tests nothing": (
        "pipeline-run",
        artifact("run", "github_run.json", lambda r: r.update(workflowName="Nightly documentation")),
    ),
    "a run that has not finished": (
        "pipeline-run",
        artifact("run", "github_run.json", lambda r: r.update(status="in_progress", conclusion="")),
    ),
    "a coverage report of a command that failed": ("coverage-measured", manifest("coverage", predicate(exitCode=1))),
    "a validation by a command that failed": ("terraform-validate", manifest("validate", predicate(exitCode=1))),
    "an estimate by a command that failed": ("cost-estimate", manifest("cost", predicate(exitCode=1))),
    "a scan that hides what is not fixed": (
        "scan-results",
        manifest("scan", predicate(command="trivy image --ignore-unfixed --format json shop:1")),
    ),
    "a scan for what is low, by the environment": (
        "scan-results",
        manifest("scan", predicate(command="env TRIVY_SEVERITY=LOW trivy image --format json shop:1")),
    ),
    "a scan for what is low, in one word": (
        "scan-results",
        manifest("scan", predicate(command="trivy image -sLOW --format json shop:1")),
    ),
    "an application in sync, for a plan of the roots": ("drift-free", only_an_application),
    "a load test whose thresholds are of no time": ("load-test", artifact("load", "k6.json", untimed)),
    "a load under which nearly every request failed": ("load-test", artifact("load", "k6.json", nearly_all_refused)),
    "a load under which every request failed": ("load-test", artifact("load", "k6.json", all_refused)),
}


@pytest.mark.parametrize("name", EVIDENCE_LIES)
def test_evidence_that_lies(name: str, ready: Path) -> None:
    id, lie = EVIDENCE_LIES[name]
    lie(ready)
    report = audited(ready)
    assert status(report, id) not in GREEN, criterion(report, id)
    assert report.exit_code != 0


RULES = {rule.id: rule for rule in Catalogue([home()]).rules() if rule.subject is Revision}


@pytest.mark.parametrize("id", RULES)
def test_a_rule_over_evidence_that_crashes_is_an_error_and_never_not_applicable(id: str) -> None:
    rule = RULES[id]
    project = project_of([("k8s/a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")])
    definitions = [each for each in gates.load(home() / "gates.yaml") if each.id == rule.gate]
    outcome = Outcome(rule, (), 1, "ValueError at x.py:1: boom")
    [gate] = gates.judge(gates.scope(definitions, "pull-request", "A"), [outcome], [], project, "pull-request")
    assert next(each for each in gate.criteria if each.id == rule.id).status is Status.ERROR


@pytest.mark.parametrize("leave_out", ["[build]", "['*']"])
def test_what_is_left_out_of_a_run_vouches_for_nothing(leave_out: str, ready: Path) -> None:
    def failed(run: Any) -> None:
        run.update(conclusion="failure")
        run["jobs"][0].update(conclusion="failure")

    artifact("run", "github_run.json", failed)(ready)
    configured(ready, f"thresholds:\n  pipeline: {{leave_out: {leave_out}}}\n")
    assert status(audited(ready), "pipeline-run") not in GREEN


def test_two_estimates_share_one_budget() -> None:
    project = project_of([("gatekeeper.yaml", "thresholds: {cost: {max: 1500, currency: USD}}\n")])
    made = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    for part in ("network", "shop"):
        facts = Estimate(currency="USD", total=1000.0, made=made)
        origin = Origin("manifest", commit=COMMIT.id, dirty=False, made=made, about=part)
        project.add([Evidence(Source(f"{part}.json", ""), "infracost", origin, facts)])
    answers = list(RULES["cost-estimate"].check(Revision(), project) or ())
    assert [each.message for each in answers if isinstance(each, Finding)] == [
        "2 estimates come to 2000.00 USD a month together; the budget is 1500"
    ]


def test_a_job_whose_name_is_an_expression_is_no_other_job() -> None:
    text = """\
on: push
name: ci
jobs:
  tests: {name: "${{ matrix.name }}", runs-on: x, steps: [{run: pytest}]}
  deploy: {runs-on: x, steps: [{run: "true"}]}
"""
    project = project_of([(".github/workflows/ci.yml", text)])
    [pipeline] = project.all(Pipeline)
    tests, run = pipeline.job["tests"], Run(name="ci")
    assert not is_of(tests, Stage("deploy", "success"), run)
    assert is_of(tests, Stage("unit", "success"), run)
    assert not is_of(tests, Stage("unit", "success"), Run())


def test_a_branch_that_asks_for_reviews_does_not_speak_for_another() -> None:
    project = project_of([])
    made = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    for branch, approvals in (("develop", 2), ("main", 0)):
        facts = BranchRules(branch=branch, approvals=approvals)
        project.add([Evidence(Source(f"{branch}.json", ""), "github_rules", Origin("itself", made=made), facts)])
    answers = list(RULES["branch-protected"].check(Revision(), project) or ())
    assert [each.message for each in answers if isinstance(each, Unknown)] == [
        "main.json asks for no review; rulesets and branch protection are two snapshots"
    ]


def test_a_signature_binds_to_a_commit_or_to_nothing() -> None:
    origin = Origin("signed", made=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC), signer="ci@example.com")
    evidence = Evidence(Source(".gatekeeper/evidence/junit.xml", ""), "junit", origin, TestRun(cases=3))
    known = project_of([]).tree
    found = proofs(TestRun, Project(known, [Revision(), evidence], today=TODAY, commit=COMMIT), ["junit"])
    assert not found.held
    assert [each.reason for each in found.open] == [Reason.WRONG_SUBJECT]


def test_a_path_that_no_file_can_have_hides_no_other_evidence(ready: Path) -> None:
    artifact("tests", "junit.xml", FAILING)(ready)
    pieces = [{"path": "a\0b", "sha256": "0" * 64}]
    text = json.loads((ready / EVIDENCE / "tests.json").read_text("utf-8"))
    text["predicate"].update(files=pieces)
    (ready / EVIDENCE / "a.json").write_text(json.dumps(text), "utf-8")
    assert status(audited(ready), "tests-ran") is Status.FAIL


# what people state


def attested(root: Path, criterion: str, more: str = "", *, name: str = "") -> None:
    path = root / ".gatekeeper" / "attestations" / f"{name or f'{criterion}-2026-11-20'}.yaml"
    path.write_text(
        f"criterion: {criterion}\nstatement: done\n{more or 'result: met'}\n"
        "by: {name: A. Dba}\non: 2026-11-20\nexpires: 2026-11-28\n"
    )


def test_a_statement_settles_no_evidence_that_was_changed(ready: Path) -> None:
    """That another file is missing, which a person's word could settle, does not stand in front of it."""
    changed_since = ready / EVIDENCE / "load" / "k6.json"
    changed_since.write_text(changed_since.read_text("utf-8") + " ", "utf-8")
    missing = json.loads((ready / EVIDENCE / "load.json").read_text("utf-8"))
    missing["predicate"]["files"][0]["path"] = "nowhere.json"
    (ready / EVIDENCE / "a.json").write_text(json.dumps(missing), "utf-8")
    attested(ready, "load-test")
    assert status(audited(ready), "load-test") is Status.UNKNOWN


def test_a_field_written_twice_says_nothing(ready: Path) -> None:
    attested(ready, "restore-tested", "result: not-met\nresult: met")
    report = audited(ready)
    assert status(report, "restore-tested") not in GREEN
    assert report.exit_code != 0


def test_a_setting_written_twice_is_refused(ready: Path) -> None:
    configured(ready, "thresholds:\n  scan: {critical: 0}\n  scan: {critical: 9}\n")
    with pytest.raises(Wrong, match="twice"):
        settings_of(ready, isolated=False)


def test_the_settings_hide_no_statement_that_says_no(ready: Path) -> None:
    attested(ready, "restore-tested", "result: not-met", name="zz")
    configured(ready, "exclude: ['*zz.yaml']\n")
    assert status(audited(ready), "restore-tested") is Status.FAIL


# the repository's own settings


def configured(root: Path, more: str) -> None:
    path = root / "gatekeeper.yaml"
    budget = "thresholds:\n  cost: {max: 1500, currency: USD}\n"
    text = path.read_text("utf-8")
    assert budget in text
    body = more.removeprefix("thresholds:\n")
    path.write_text(text.replace(budget, "") + (budget + body if body != more else budget + more), "utf-8")


#
ABSURD = [
    "coverage: {min: -5}", "coverage: {min: 1000}", "coverage: {min: -.inf}",
    "scan: {critical: -1}", "scan: {high: -1}", "scan: {max_age: -1}",
    "load: {max_ms: .inf}", "load: {max_ms: -1}", "load: {percentile: 101}", "load: {max_age: -1}",
    "drift_max_age: -1", "api_max_age: -1",
]  # fmt: skip


@pytest.mark.parametrize("threshold", ABSURD)
def test_thresholds_that_mean_nothing_are_refused(threshold: str, ready: Path) -> None:
    configured(ready, f"thresholds:\n  {threshold}\n")
    with pytest.raises(Wrong, match=threshold.split(":")[0]):
        settings_of(ready, isolated=False)


@pytest.mark.parametrize("threshold", ["coverage = {min = nan}", "load = {max_ms = nan}", "cost = {max = inf}"])
def test_no_number_is_no_threshold(threshold: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.gatekeeper.thresholds]\n{threshold}\n")
    with pytest.raises(Wrong, match=threshold.split(" ")[0]):
        settings_of(tmp_path, isolated=False)


# What was asked stands beside what was reached.
ASKED = {
    "scan-results": ("scan: {critical: 0, high: 4321}", "4321"),
    "coverage-measured": ("coverage: {min: 12.5}", "12.5"),
    "load-test": ("load: {max_ms: 4321}", "4321"),
    "cost-estimate": ("cost: {max: 4321}", "4321"),
    "pipeline-run": ("pipeline: {leave_out: [deploy]}", "left out"),
}


@pytest.mark.parametrize("id", ASKED)
def test_the_result_says_what_was_asked(id: str, ready: Path) -> None:
    threshold, words = ASKED[id]
    path = ready / "gatekeeper.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("  cost: {max: 1500, currency: USD}", f"  {threshold}"), "utf-8")
    found = criterion(audited(ready), id)
    assert found and found.status is Status.PASS
    assert words in found.result


# What a repository relaxes for itself is said, in every format for people and programs.
RELAXED = {
    "a rule is off": ("rules: {tests-ran: {severity: off}}", "tests-ran"),
    "a gate is ignored": ("ignore: [coverage-measured]", "coverage-measured"),
    "a rule is graded lower": ("rules: {docker-nonroot: {severity: low}}", "docker-nonroot"),
    "a binding is not asked for": ("evidence: {accept: {release: unbound}}", "unbound"),
    "what fails is raised": ("fail_on: critical", "fail_on"),
    "production is none": ("environments: {nonproduction: [production]}", "production for no production"),
    "files are excluded": ("exclude: ['legacy/**']", "legacy/**"),
}


@pytest.mark.parametrize("format", ["text", "markdown", "json", "html", "report"])
@pytest.mark.parametrize("name", RELAXED)
def test_what_a_repository_relaxes_is_said(name: str, format: str, ready: Path) -> None:
    settings, words = RELAXED[name]
    assert not any(words in each for each in audited(ready).relaxed)
    configured(ready, f"{settings}\n")
    report = audited(ready)
    [relaxed] = [each for each in report.relaxed if words in each]
    said = import_module(f"gatekeeper.renderers.{format}").render(report)
    assert relaxed in " ".join(unescape(said).replace("\\", "").split())


@pytest.mark.parametrize("id", ["tests-ran", "coverage-measured", "pipeline-run"])
def test_what_is_excluded_is_not_proven_to_be_absent(id: str, ready: Path) -> None:
    configured(ready, "exclude: ['.github/**']\n")
    report = audited(ready)
    assert report.exit_code != 0
    assert status(report, id) is not Status.NOT_APPLICABLE


#
@pytest.mark.parametrize("settings", ["rules: {tests-ran: {severity: low}}", "fail_on: critical"])
def test_tests_that_fail_are_no_advisory(settings: str, ready: Path) -> None:
    artifact("tests", "junit.xml", FAILING)(ready)
    configured(ready, f"{settings}\n")
    report = audited(ready)
    assert status(report, "tests-ran") is Status.FAIL
    assert report.exit_code == 1


def test_what_is_critical_is_not_excused_for_longer_by_grading_its_rule_lower(ready: Path) -> None:
    problem = {"VulnerabilityID": "CVE-1", "PkgName": "a", "InstalledVersion": "1", "Severity": "CRITICAL"}
    artifact("scan", "trivy.json", lambda r: r["Results"][0].update(Vulnerabilities=[problem]))(ready)
    excuse = "{rule: scan-results, reason: r, by: a, approved_by: b, on: 2026-11-20, until: 2027-02-10}"
    configured(ready, f"rules: {{scan-results: {{severity: high}}}}\nwaivers: [{excuse}]\n")
    assert status(audited(ready), "scan-results") is Status.FAIL


def test_evidence_is_looked_for_only_below_the_root(ready: Path) -> None:
    (ready.parent / "private").mkdir()
    (ready.parent / "private" / "salaries.json").write_text("{}")
    configured(ready, "evidence: {folders: ['../private']}\n")
    try:
        report = audited(ready)
    except Wrong:
        return
    assert report.exit_code != 0
    assert "salaries" not in import_module("gatekeeper.renderers.json").render(report)


# secrets


#
SHOWN = {
    "semgrep": (
        "app.py",
        'import os\nkey = "{}"\n',
        {
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "Semgrep OSS",
                            "rules": [
                                {"id": "generic.secrets.detected-key", "properties": {"security-severity": "9.5"}}
                            ],
                        }
                    },
                    "invocations": [{"executionSuccessful": True, "endTimeUtc": "2026-11-22T10:00:00Z"}],
                    "results": [
                        {
                            "ruleId": "generic.secrets.detected-key",
                            "message": {"text": "found"},
                            "locations": [
                                {
                                    "physicalLocation": {
                                        "artifactLocation": {"uri": "app.py"},
                                        "region": {"startLine": 2},
                                    }
                                }
                            ],
                        }
                    ],
                }
            ],
        },
    ),
    "trivy": (
        "Containerfile.job",
        "FROM debian:12\nENV DB_URL=postgres://shop:{}@db/shop\nUSER 1001\n",
        {
            "SchemaVersion": 2,
            "CreatedAt": "2026-11-22T10:00:00Z",
            "ArtifactName": ".",
            "ArtifactType": "filesystem",
            "Results": [
                {
                    "Target": "Containerfile.job",
                    "Class": "config",
                    "MisconfSummary": {"Successes": 1, "Failures": 1},
                    "Misconfigurations": [
                        {
                            "ID": "DS031",
                            "Severity": "CRITICAL",
                            "Title": "Secrets passed via build-args or envs",
                            "Status": "FAIL",
                            "CauseMetadata": {"StartLine": 2},
                        }
                    ],
                }
            ],
        },
    ),
}


@pytest.mark.parametrize("format", ["text", "json", "sarif", "markdown", "html", "report", "github", "gitlab", "junit"])
@pytest.mark.parametrize("tool", SHOWN)
def test_what_any_scanner_takes_for_a_secret_is_not_shown(tool: str, format: str, tmp_path: Path) -> None:
    path, text, report = SHOWN[tool]
    (tmp_path / path).write_text(text.format("Zq9hunterAKIA22"))
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
    (tmp_path / EVIDENCE).mkdir(parents=True)
    (tmp_path / EVIDENCE / "scan.json").write_text(json.dumps(report))
    made = audited(tmp_path, "pull-request")
    assert any(each.at.source.path == path for each in made.findings)
    assert "Zq9hunter" not in import_module(f"gatekeeper.renderers.{format}").render(made)


# the commands, in a repository of git


def run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_", "CI"))}
    command = [sys.executable, "-m", "gatekeeper", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for path, text in {
        ".github/workflows/ci.yml": "on: push\njobs: {build: {runs-on: x, steps: [{run: make}]}}\n",
        ".gitignore": ".gatekeeper/evidence/\n*.xml\n",
        "api/a.txt": "a\n",
        "web/a.txt": "a\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "1")
    return root


def outcome_of(root: Path, *more: str) -> str:
    done = run("audit", "--select", "tests-ran", "--output", "json", *more, cwd=root)
    [found] = json.loads(done.stdout)["gates"][0]["criteria"]
    word: str = found["status"]
    return word


def test_a_report_does_not_replace_another_of_the_same_name(shop: Path) -> None:
    for folder, text in (("api", FAILING), ("web", PASSING)):
        (shop / folder / "junit.xml").write_text(text)
        assert run("evidence", "add", f"{folder}/junit.xml", cwd=shop).returncode == 0
    assert outcome_of(shop) == "FAIL"


def test_a_step_does_not_replace_the_same_step_in_another_folder(shop: Path) -> None:
    copies = "import os, pathlib; pathlib.Path('junit.xml').write_text(pathlib.Path('report').read_text())"
    for folder, text in (("api", FAILING), ("web", PASSING)):
        (shop / folder / "report").write_text(text)
        words = ("--root", "..", "--kind", "junit", "--file", "junit.xml", "--", sys.executable, "-c", copies)
        assert run("evidence", "run", *words, cwd=shop / folder).returncode == 0
    assert outcome_of(shop) == "FAIL"


def test_files_of_one_name_are_all_kept(shop: Path) -> None:
    for folder, text in (("api", FAILING), ("web", PASSING)):
        (shop / folder / "junit.xml").write_text(text)
    assert run("evidence", "add", "api/junit.xml", "web/junit.xml", cwd=shop).returncode == 0
    assert outcome_of(shop) == "FAIL"


def test_a_command_that_commits_was_run_on_another_commit(shop: Path) -> None:
    script = shop.parent / "step.sh"
    script.write_text(
        f"echo '{PASSING}' > junit.xml\necho broken > api/a.txt\n"
        "git -c user.name=a -c user.email=a@example.com commit -qam 2\n"
    )
    run("evidence", "run", "--kind", "junit", "--file", "junit.xml", "--", "sh", script, cwd=shop)
    assert outcome_of(shop) not in ("PASS", "N/A")


# What came with the commit was not made from it.
@pytest.mark.parametrize("bound", [False, True])
def test_evidence_that_is_part_of_the_commit_proves_nothing_about_it(bound: bool, shop: Path) -> None:
    profile = ("--profile", "pull-request")
    if not bound:
        (shop / EVIDENCE).mkdir(parents=True)
        (shop / EVIDENCE / "junit.xml").write_text(PASSING)
        git(shop, "add", "-f", ".")
        git(shop, "commit", "-qm", "2")
        assert outcome_of(shop, *profile) not in ("PASS", "N/A")
        return
    (shop / "golden.xml").write_text(PASSING)
    git(shop, "add", "-f", "golden.xml")
    git(shop, "commit", "-qm", "2")
    assert run("evidence", "add", "golden.xml", cwd=shop).returncode == 0
    [path] = (shop / EVIDENCE).glob("*.json")
    changed(path, lambda data: data["predicate"]["files"][0].update(path="../../golden.xml"))
    shutil.rmtree(path.with_suffix(""))  # the copy, to which the manifest does not lead any more
    assert outcome_of(shop) not in ("PASS", "N/A")


# Nothing is written through a link of the repository.
@pytest.mark.parametrize("link", [".gatekeeper", ".gatekeeper/evidence", "manifest", "copy"])
def test_evidence_is_written_through_no_link(link: str, shop: Path) -> None:
    (shop / "junit.xml").write_text(PASSING)
    outside = shop.parent / "outside"
    outside.mkdir()
    target = shop / link
    if link in ("manifest", "copy"):
        assert run("evidence", "add", "junit.xml", cwd=shop).returncode == 0
        [target] = (shop / EVIDENCE).glob("*.json" if link == "manifest" else "*/junit.xml")
        target.unlink()
        outside = outside / "victim"
        outside.write_text("precious")
    target.parent.mkdir(exist_ok=True)
    target.symlink_to(outside)
    done = run("evidence", "add", "junit.xml", cwd=shop)
    assert done.returncode == 2
    assert "link" in done.stderr
    assert outside.read_text() == "precious" if outside.is_file() else not list(outside.iterdir())


@pytest.mark.parametrize("words", [("init",), ("audit", "--output", "json=gatekeeper.yaml")])
def test_a_file_is_written_through_no_link(words: tuple[str, ...], shop: Path) -> None:
    outside = shop.parent / "outside"
    (shop / "gatekeeper.yaml").symlink_to(outside)
    assert run(*words, cwd=shop).returncode == 2
    assert not outside.exists()


@pytest.mark.parametrize("kind", ["clean", "process"])
def test_a_filter_is_not_run_whatever_its_name(kind: str, shop: Path) -> None:
    ran = shop.parent / "ran"
    (shop / ".gitattributes").write_text("*.txt filter=a=b\n")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "2")
    git(shop, "config", f"filter.a=b.{kind}", f"touch {ran}; cat")
    for path in shop.glob("*/a.txt"):
        os.utime(path, (10**9, 10**9))  # so that git has to look at what is in it
    run("audit", "-q", cwd=shop)
    assert not ran.exists()


#
@pytest.mark.parametrize(
    "words",
    [
        ("--token", "Zq9hunter"),
        ("-H", "Authorization: Bearer Zq9hunter"),
        ("https://ci.example.com/?access_token=Zq9hunter",),
        ("DB_PASSWORD=Zq9hunter",),
        ("--password=Zq9hunter",),
    ],
)
def test_a_secret_of_the_command_is_not_written(words: tuple[str, ...], shop: Path) -> None:
    script = f"open('junit.xml', 'w').write('''{PASSING}''')"
    step = ("--file", "junit.xml", "--", sys.executable, "-c", script, *words)
    assert run("evidence", "run", "--kind", "junit", *step, cwd=shop).returncode == 0
    [path] = (shop / EVIDENCE).glob("*.json")
    assert "python" in path.read_text()
    assert "Zq9hunter" not in path.read_text()


def test_a_secret_is_in_the_baseline_for_14_days_whatever_its_line_says(shop: Path) -> None:
    (shop / "k8s.yaml").write_text(
        'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: "hunter2hunter2"}\n'
    )
    assert run("baseline", "create", "--reason", "r", "--by", "a", cwd=shop).returncode == 0
    path = shop / ".gatekeeper" / "baseline.jsonl"
    today = datetime.date.today()
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert any(entry["rule"] == "k8s-plain-secret-committed" for entry in entries)
    last = {"since": str(today), "until": str(today + datetime.timedelta(80))}
    path.write_text("".join(json.dumps(entry | last) + "\n" for entry in entries))
    done = run("audit", "--select", "k8s-plain-secret-committed", "--output", "json", cwd=shop)
    [found] = json.loads(done.stdout)["gates"][0]["criteria"]
    assert found["status"] == "FAIL"


@pytest.mark.parametrize("untold", ["commit", "keygen"])
def test_a_denial_that_cannot_be_checked_is_not_outvoted(
    untold: str, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ready / ".gatekeeper/attestations/zz.yaml"
    text = (
        "criterion: restore-tested\nstatement: It came up empty\nresult: not-met\n"
        "by: {name: Ana, email: ana@x.example}\non: 2026-11-20\nexpires: 2026-12-20\n"
    )
    if untold == "commit":
        text += f"at_commit: {'d' * 40}\ncovers: [infra/]\n"
    else:
        path.with_suffix(".yaml.sig").write_text("-----BEGIN SSH SIGNATURE-----\n")
        (ready / ".gatekeeper/allowed_signers").write_text("ana@x.example ssh-ed25519 AAAA\n")
        monkeypatch.setenv("PATH", "/nowhere")
    path.write_text(text)
    report = audited(ready)
    assert status(report, "restore-tested") not in GREEN
    assert report.exit_code != 0


def test_a_denial_counts_in_whatever_folder_it_lies(ready: Path) -> None:
    folder = ready / ".gatekeeper/attestations/2026/tests"
    folder.mkdir(parents=True)
    text = "criterion: restore-tested\nstatement: It came up empty\nresult: not-met\nby: {name: Ana}\n"
    (folder / "a.yaml").write_text(f"{text}on: 2026-11-20\nexpires: 2026-12-20\n")
    assert status(audited(ready), "restore-tested") is Status.FAIL


def test_what_is_excluded_is_told_behind_thousands_of_files(ready: Path) -> None:
    (ready / "aaa").mkdir()
    for number in range(2001):
        (ready / f"aaa/{number}.txt").write_text("")
    configured(ready, "exclude: ['aaa/*', 'infra/*', '*.tf']\n")
    assert audited(ready).exit_code != 0


def test_what_a_sparse_checkout_leaves_out_is_not_judged_away(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "README.md").write_text("# Shop\n")
    (tmp_path / "ops/pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "a"), ("sparse-checkout", "set", "docs")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    assert not (tmp_path / "ops").exists()
    report = audit(Request(root=tmp_path, settings=Settings(), today=TODAY), manager().hook)
    assert status(report, "file-unreadable") is Status.UNKNOWN


def test_settings_of_a_rule_that_there_is_not_are_refused(ready: Path) -> None:
    configured(ready, "rules: {docker-healthchek: {severity: high}}\n")
    with pytest.raises(NoSuchRule, match="did you mean docker-healthcheck"):
        audited(ready)


def test_settings_that_are_not_staged_relax_no_commit(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\n")
    for words in (("init", "-q"), ("add", ".")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / "gatekeeper.yaml").write_text("fail_on: critical\n")
    assert settings_of(tmp_path, isolated=False, staged=True) == (Settings(), "")
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert settings_of(tmp_path, isolated=False, staged=True)[0].fail_on == "critical"


# containers: manifests, builds and Compose files in which a fault is hidden

GOOD_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec: {containers: [{name: a, image: 'a:1'}]}\n"
BAD_POD = GOOD_POD.replace("image: 'a:1'", "image: 'a:1', securityContext: {privileged: true}")
PATCH = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\n"
    "spec: {containers: [{name: a, securityContext: {privileged: true}}]}\n"
)
HIDDEN: dict[str, dict[str, str]] = {
    "a word of YAML 1.1": {"a.yaml": BAD_POD.replace("true", "yes")},
    "a word of YAML 1.1 in a patch": {
        "base/kustomization.yaml": "resources: [pod.yaml]",
        "base/pod.yaml": GOOD_POD,
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]",
        "prod/patch.yaml": PATCH.replace("true", "on"),
    },
    "a variable in a patch": {
        "base/kustomization.yaml": "resources: [pod.yaml]",
        "base/pod.yaml": GOOD_POD,
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]",
        "prod/patch.yaml": PATCH.replace("true", '"${PRIVILEGED}"'),
    },
    "a build that takes in test data": {
        "prod/kustomization.yaml": "resources: [../tests/base]",
        "tests/base/kustomization.yaml": "resources: [pod.yaml]",
        "tests/base/pod.yaml": BAD_POD,
    },
    "a build that takes in what others wrote": {
        "kustomization.yaml": "resources: [vendor/pod.yaml]",
        "vendor/pod.yaml": BAD_POD,
    },
    "a build of a file without an ending": {"kustomization.yaml": "resources: [pod]", "pod": BAD_POD},
    "a kind in lower case": {"a.yaml": BAD_POD.replace("Pod", "pod")},
    "an apiVersion that nobody wrote": {"a.yaml": BAD_POD.replace("apiVersion: v1\n", "")},
    "an apiVersion that is filled in": {"a.yaml": BAD_POD.replace("v1", "${API_VERSION}")},
    "only the second of two builds": {
        "base/kustomization.yaml": "resources: [pod.yaml]",
        "base/pod.yaml": GOOD_POD,
        "dev/kustomization.yaml": "resources: [../base, 'https://example.com/x']",
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]",
        "prod/patch.yaml": PATCH,
    },
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_deployed_is_not_hidden(name: str, tmp_path: Path) -> None:
    for path, text in {"good.yaml": GOOD_POD.replace("good", "other"), **HIDDEN[name]}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert status(audited(tmp_path), "k8s-privileged") not in GREEN


COMPOSE = "services:\n  app:\n    image: app:1\n"
HIDDEN_SERVICES: dict[str, dict[str, str]] = {
    "compose-privileged": {"compose.yaml": f'{COMPOSE}    privileged: "true"\n'},
    "compose-nonroot": {"compose.yaml": f'{COMPOSE}    user: "00:00"\n'},
    "compose-memory-limit": {"compose.prod.yaml": f"{COMPOSE}    mem_limit: 0\n"},
    "compose-docker-socket": {
        "compose.yaml": f"{COMPOSE}    extends: {{file: base.yaml, service: base}}\n",
        "base.yaml": "services: {base: {volumes: ['/var/run:/var/run']}}",
    },
    "compose-secret": {
        "compose.yaml": f"include: [queue.yaml]\n{COMPOSE}",
        "queue.yaml": "services: {q: {image: 'q:1', environment: {PASSWORD: tr0ub4dor-3}}}",
    },
}


@pytest.mark.parametrize("id", HIDDEN_SERVICES)
def test_no_service_is_hidden(id: str, tmp_path: Path) -> None:
    for path, text in HIDDEN_SERVICES[id].items():
        (tmp_path / path).write_text(text)
    request = Request(root=tmp_path, settings=Settings(), fail_on="low", today=TODAY, commit=COMMIT)
    assert status(audit(request, manager().hook), id) not in GREEN
