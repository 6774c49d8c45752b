"""What real repositories taught: names, targets and files that mean less than they seem to."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper import gates
from gatekeeper.discover import discover
from gatekeeper.models.pipeline import Job, kinds
from gatekeeper.testing import project_of

_PLAN = """
on: workflow_dispatch
jobs:
  plan:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
      - run: ./tofu.sh
"""


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Load image", ""), ("load-test", "perf"), ("Audit DNS requests", ""), ("labeler deploy", "")],
)
def test_names_that_say_less(name: str, kind: str) -> None:
    assert [hit.kind for hit in kinds.by_name(name)] == ([kind] if kind else [])


def test_a_script_of_a_plan_may_apply() -> None:
    project = project_of([(".github/workflows/ci.yml", _PLAN), ("tofu.sh", "tofu plan\n[ $APPLY ] && tofu apply\n")])
    (job,) = project.all(Job)
    assert job.production
    assert not job.production.certain


@pytest.mark.parametrize(
    ("command", "production"),
    [("complete-demo.yaml", True), ("k8s/demo/app.yaml", False), ("values-test.yaml", False)],
)
def test_what_a_manifest_is_called_is_no_place(command: str, production: bool) -> None:
    flow = "on: {push: {branches: [main]}}\njobs:\n  go:\n    runs-on: x\n    steps:\n      - run: "
    (job,) = project_of([(".github/workflows/ci.yml", f"{flow}kubectl apply -f {command}\n")]).all(Job)
    assert bool(job.production) is production


def test_variables_that_name_another_environment() -> None:
    flow = (
        "on: push\nenv: {TF_WORKSPACE: shop-development}\njobs:\n  go:\n    runs-on: x\n"
        "    environment: production\n    steps:\n      - run: terraform apply\n"
    )
    (job,) = project_of([(".github/workflows/ci.yml", flow)]).all(Job)
    assert job.production
    assert not job.production.certain


def test_modes_that_an_archive_lost(tmp_path: Path) -> None:
    for name in ("a.sh", "b.sh"):
        (tmp_path / name).write_text("true\n")
    assert discover(tmp_path).executable("a.sh") is None
    (tmp_path / "b.sh").chmod(0o755)
    assert discover(tmp_path).executable("a.sh") is False


@pytest.mark.parametrize(("tool", "open_"), [("github", False), ("jenkins", False), ("circle", True)])
def test_the_file_of_another_tool(tool: str, open_: bool) -> None:
    project = project_of([(".circleci/config.yml", "version: 2\n")])
    (fault,) = (fault for fault in project.faults if fault.technology == "pipeline")
    assert gates._may_be_of(fault, tool) is open_
