"""What real tools write, kept and judged by the real command: from a test run to the gate table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORKFLOW = "on: push\njobs: {build: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n"
CODE = "def double(n):\n    return 2 * n\n\n\ndef never():\n    return 1\n"
TEST = "from orders import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


def run(words: list[object], cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GIT_", "CI", "PYTEST_", "COV"))}
    return subprocess.run([*map(str, words)], cwd=cwd, env=kept, capture_output=True, text=True, check=False)


def gatekeeper(cwd: Path, *words: object) -> subprocess.CompletedProcess[str]:
    done = run([sys.executable, "-m", "gatekeeper", *words], cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for path, text in {
        ".github/workflows/ci.yml": WORKFLOW,
        "orders.py": CODE,
        "test_orders.py": TEST,
        ".gitignore": ".gatekeeper/evidence/\nreports/\n.coverage\n__pycache__/\n.pytest_cache/\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "reports").mkdir()
    committed(tmp_path)
    return tmp_path


def committed(folder: Path) -> None:
    run(["git", "init", "-q"], folder)
    run(["git", "add", "."], folder)
    done = run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"], folder)
    assert done.returncode == 0, done.stderr


def reported(shop: Path) -> subprocess.CompletedProcess[str]:
    reports = [f"--cov-report={kind}:reports/{name}" for kind, name in COVERAGE.items()]
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov=orders", *reports]
    return gatekeeper(shop, "evidence", "run", "--kind", "junit", "--", *pytest_, "--junitxml=reports/junit.xml")


COVERAGE = {"xml": "coverage.xml", "json": "coverage.json", "lcov": "coverage.lcov"}


def criteria(shop: Path, *selected: str) -> dict[str, tuple[str, str]]:
    words = [word for name in selected for word in ("--select", name)]
    report = json.loads(gatekeeper(shop, "audit", "--output", "json", *words).stdout)
    return {c["id"]: (c["status"], c["result"]) for gate in report["gates"] for c in gate["criteria"]}


def test_a_real_test_run_and_its_coverage_in_three_formats(shop: Path) -> None:
    done = reported(shop)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in COVERAGE.values():
        assert gatekeeper(shop, "evidence", "add", f"reports/{name}").returncode == 0
    found = criteria(shop, "tests-ran", "coverage-measured")
    assert found["tests-ran"] == ("PASS", "1 run, 0 failed")
    assert found["coverage-measured"] == (
        "FAIL",
        "75.0 % of lines (3 of 4), at least 80 % asked",
    )  # the same in all three
    (shop / "gatekeeper.yaml").write_text("thresholds: {coverage: {min: 75}}\n")
    committed(shop)
    assert criteria(shop, "coverage-measured")["coverage-measured"][0] == "UNKNOWN"  # of the commit before


def test_a_command_that_fails_and_writes_nothing_ends_as_it_does_without_us(shop: Path) -> None:
    done = gatekeeper(shop, "evidence", "run", "--kind", "junit", "--", sys.executable, "-c", "raise SystemExit(5)")
    assert done.returncode == 5
    assert "wrote no file" in done.stderr


def test_a_source_file_among_the_words_is_no_report(shop: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_orders.py"]
    done = gatekeeper(shop, "evidence", "run", "--kind", "junit", "--", *words, "--junitxml=reports/junit.xml")
    assert done.returncode == 0, done.stderr
    assert criteria(shop, "tests-ran")["tests-ran"][0] == "PASS"


def test_a_real_failure_fails_the_step_and_the_gate(shop: Path) -> None:
    (shop / "test_orders.py").write_text(TEST.replace("== 4", "== 5"))
    committed(shop)
    assert reported(shop).returncode == 1
    assert criteria(shop, "tests-ran")["tests-ran"] == ("FAIL", "1 run, 1 failed")


@pytest.mark.skipif(not shutil.which("terraform"), reason="no terraform on PATH")
def test_real_terraform(shop: Path) -> None:
    infra = shop / "infra"
    infra.mkdir()
    (infra / "main.tf").write_text('terraform {\n  required_version = ">= 1.4"\n}\nresource "terraform_data" "a" {}\n')
    (shop / ".gitignore").write_text(".gatekeeper/evidence/\n.terraform/\n*.tfplan\n")
    run(["terraform", "-chdir=infra", "init", "-backend=false", "-input=false"], shop)
    committed(shop)
    validate = ["--", "terraform", "-chdir=infra", "validate", "-json"]
    kept = gatekeeper(
        shop, "evidence", "run", "--kind", "terraform_validate", "--about", "infra", "--capture", *validate
    )
    assert kept.returncode == 0, kept.stderr
    assert criteria(shop, "terraform-validate")["terraform-validate"] == ("PASS", "1 of 1 roots valid")
    (infra / "main.tf").write_text('output "a" {\n  value = var.nothing\n}\n')
    committed(shop)
    again = ("evidence", "run", "--kind", "terraform_validate", "--about", "infra", "--capture")
    assert gatekeeper(shop, *again, *validate).returncode == 1
    assert criteria(shop, "terraform-validate")["terraform-validate"] == ("FAIL", "0 of 1 roots valid")


def analyser(name: str) -> Path | None:
    here = ROOT / ".venv-tools" / name / "bin" / name
    found = here if here.exists() else shutil.which(name)
    return Path(found) if found else None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("zizmor", ["--offline", "--no-config", "--format=sarif", ".github"]),
        ("hadolint", ["--no-fail", "--format=sarif", "Dockerfile"]),
        ("checkov", ["--directory=.", "--quiet", "--skip-download", "--output=sarif", "--output-file-path=reports"]),
    ],
)
def test_the_sarif_of_real_analysers_is_read(shop: Path, name: str, words: list[str]) -> None:
    program = analyser(name)
    if program is None:
        pytest.skip(f"no {name} here")
    (shop / "Dockerfile").write_text("FROM debian\nRUN apt-get install curl\n")
    done = run([program, *words], shop)
    report = shop / "reports" / "results_sarif.sarif"
    if name != "checkov":
        report.write_text(done.stdout)
    kept = gatekeeper(shop, "evidence", "add", report)
    assert kept.returncode == 0, kept.stderr
    assert "sarif, bound to" in kept.stderr
    assert "proves nothing" not in kept.stderr
    status, _ = criteria(shop, "scan-results")["scan-results"]
    assert status == "UNKNOWN"  # none of them looks for vulnerabilities of what ships
