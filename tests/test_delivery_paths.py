"""The model across files: reusable workflows, kept copies, composite actions; and the drawing of the way to production.

The drawings are written anew with GATEKEEPER_SNAPSHOTS=write; read the difference before it is kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.links.delivery_paths import DeliveryPath, delivery_paths
from gatekeeper.models.pipeline import SCANS, TESTS, Job, Level, Pipeline, level
from gatekeeper.renderers import delivery
from gatekeeper.testing import project_of

DEPLOY = """\
on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: %s
        with: {command: "%s"}
      - run: kubectl apply -f k8s/
"""
SHARED = """\
on: {workflow_call: {inputs: {where: {type: string, default: dev}}}}
jobs:
  apply:
    runs-on: ubuntu-latest
    environment: ${{ inputs.where }}
    steps: [{run: pytest}, {run: helm upgrade --install shop ./chart}]
"""
ACTION = """\
inputs: {command: {default: "true"}}
runs:
  using: composite
  steps: [{run: "${{ inputs.command }}", shell: bash}]
"""


def judged(files: dict[str, str], kinds: frozenset[str] = TESTS) -> Level:
    project = project_of([*files.items()])
    deploy = next(job for job in project.all(Job) if job.production)
    return level(deploy, kinds, project.all(Pipeline)).level


def test_a_composite_action_runs_what_it_is_given() -> None:
    action = {".github/actions/run/action.yml": ACTION}
    workflow = ".github/workflows/deploy.yml"
    assert judged({workflow: DEPLOY % ("./.github/actions/run", "npx jest"), **action}) is Level.ENFORCED
    assert judged({workflow: DEPLOY % ("./.github/actions/run", "ls -l"), **action}) is Level.ABSENT
    assert judged({workflow: DEPLOY % ("./.github/actions/run", "${{ vars.TEST }}"), **action}) is Level.UNKNOWN


def test_a_kept_copy_stands_for_what_is_elsewhere() -> None:
    workflow = {".github/workflows/deploy.yml": DEPLOY % ("acme/run@v1", "npx jest")}
    assert judged(workflow) is Level.UNKNOWN
    assert judged({**workflow, ".gatekeeper/vendor/acme/run/action.yml": ACTION}) is Level.ENFORCED


def test_a_kept_copy_of_a_reusable_workflow() -> None:
    caller = "on: push\njobs: {go: {uses: acme/shared/.github/workflows/deploy.yml@v1, with: {where: production}}}\n"
    kept = {".gatekeeper/vendor/acme/shared/.github/workflows/deploy.yml": SHARED}
    project = project_of([(".github/workflows/ci.yml", caller), *kept.items()])
    assert [job.name for job in project.all(Job) if job.production] == ["ci.yml:go/apply"]
    assert not any(job.unresolved for job in project.all(Job))
    assert {pipeline.path for pipeline in project.all(Pipeline) if pipeline.entry} == {".github/workflows/ci.yml"}


def test_this_repository_by_its_full_name(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "deploy.yml").write_text(SHARED)
    (folder / "ci.yml").write_text("on: push\njobs: {go: {uses: acme/shop/.github/workflows/deploy.yml@main}}\n")
    for words in (["init", "-q"], ["remote", "add", "origin", "https://github.com/Acme/shop.git"], ["add", "."]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    ran = subprocess.run(
        [sys.executable, "-m", "gatekeeper", "explain", "--pipeline", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "runs .github/workflows/deploy.yml" in ran.stdout
    assert "not in this repository" not in ran.stdout


def test_a_job_whose_own_failure_is_forgiven_still_stops_at_its_tests() -> None:
    text = DEPLOY.replace("environment:", "continue-on-error: true\n    environment:") % ("./none", "")
    text = text.replace('- uses: ./none\n        with: {command: ""}', "- run: pytest")
    assert judged({".github/workflows/deploy.yml": text}) is Level.ENFORCED


TWO = """\
name: Ship "it" <now>
on: {push: {branches: [main]}, workflow_dispatch: {}}
jobs:
  test: {runs-on: ubuntu-latest, steps: [{run: pytest}]}
  scan: {runs-on: ubuntu-latest, steps: [{run: "npm audit || true"}]}
  deploy:
    needs: [test, scan]
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: kubectl apply -f k8s/}]
  elsewhere:
    needs: deploy
    uses: acme/shared/.github/workflows/report.yml@v1
"""


@pytest.mark.parametrize(("name", "draw"), [("delivery.txt", delivery.text), ("delivery.mmd", delivery.mermaid)])
def test_the_drawing(name: str, draw: Callable[[list[DeliveryPath]], str]) -> None:
    checks = "on: pull_request\njobs: {lint: {runs-on: ubuntu-latest, steps: [{run: ruff check}]}}\n"
    project = project_of([(".github/workflows/ship.yml", TWO), (".github/workflows/checks.yml", checks)])
    seen = f"{draw(delivery_paths(project))}\n"
    kept = Path(__file__).parent / "snapshots" / name
    if os.environ.get("GATEKEEPER_SNAPSHOTS") == "write":
        kept.write_text(seen, "utf-8")
    assert seen == kept.read_text("utf-8")


WAITS = """\
on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: lewagon/wait-on-check-action@v1
        with: {check-name: %s, ref: "${{ github.sha }}"}
      - run: kubectl apply -f k8s/
"""
CHECKS = "on: {%s: {branches: [main]}}\njobs: {unit: {runs-on: ubuntu-latest, steps: [{run: pytest}]}}\n"


@pytest.mark.parametrize(
    ("named", "event", "expected"),
    [("unit", "push", Level.CHAINED), ("lint", "push", Level.INDIRECT), ("unit", "pull_request", Level.INDIRECT)],
)
def test_waiting_for_a_check_is_waiting_for_that_check(named: str, event: str, expected: Level) -> None:
    files = {".github/workflows/deploy.yml": WAITS % named, ".github/workflows/ci.yml": CHECKS % event}
    assert judged(files) is expected
    assert judged(files, SCANS) is Level.ABSENT


def test_a_followed_pipeline_must_have_tested_the_push() -> None:
    upstream = "name: CI\non: {push: {branches: [main]}, pull_request: {}}\njobs: {unit: {%s steps: [{run: pytest}]}}\n"
    follows = (
        "on: {workflow_run: {workflows: [CI], types: [completed]}}\njobs:\n  deploy:\n    environment: production\n"
        "    if: github.event.workflow_run.conclusion == 'success'\n    steps: [{run: kubectl apply -f k8s/}]\n"
    )
    skipped = upstream % "if: github.event_name == 'pull_request',"
    assert judged({".github/workflows/a.yml": upstream % "", ".github/workflows/b.yml": follows}) is Level.CHAINED
    assert judged({".github/workflows/a.yml": skipped, ".github/workflows/b.yml": follows}) is Level.INDIRECT


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "markdown", "github", "gitlab", "html", "report"])
def test_a_secret_that_is_a_name_is_shown_nowhere(form: str, tmp_path: Path) -> None:
    token = "ghp_" + "".join(chr(ord("a") + (7 * n) % 26) for n in range(36))
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    job = "runs-on: x\n    environment: production\n    steps: [{run: kubectl apply -f k8s/}]\n"
    (folder / "ship.yml").write_text(f"on: push\njobs:\n  deploy-{token}:\n    {job}")
    ran = subprocess.run(
        [sys.executable, "-m", "gatekeeper", "audit", str(tmp_path), "--exit-zero", "--output", form],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stdout and token not in ran.stdout + ran.stderr


def test_a_broken_pipeline_is_named_and_not_called_none(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ship.yml").write_text("on: push\njobs: {a: [\n")
    words = [sys.executable, "-m", "gatekeeper", "explain", "--pipeline"]
    ran = subprocess.run([*words, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "can be read" in ran.stdout and ".github/workflows/ship.yml:" in ran.stdout
    assert subprocess.run([*words, str(tmp_path / "none")], capture_output=True, text=True).returncode == 2
