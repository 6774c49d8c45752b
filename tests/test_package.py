"""What is installed is what is here: the wheel, a stranger's plugin, and the hooks under the real pre-commit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from gatekeeper.catalogue import Catalogue, home

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.xdist_group("package")


IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def run(*words: object, cwd: Path | None = None, code: int = 0, variables: dict[str, str] | None = None) -> str:
    foreign = ("GIT_", "PYTHON", "GITHUB_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = {**kept, **IDENTITY, **(variables or {})}
    command = [str(word) for word in words]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{words} exits with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)  # the wheel is built from the sdist
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment that has the wheel, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    bin_ = folder / ("Scripts" if os.name == "nt" else "bin")
    run(bin_ / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    return bin_


def test_the_wheel_has_every_rule(installed: Path, tmp_path: Path) -> None:
    listed = json.loads(run(installed / "gatekeeper", "rules", "--output", "json", cwd=tmp_path))
    assert [rule["id"] for rule in listed["rules"]] == [rule.id for rule in Catalogue([home()]).rules()]
    schema = run(installed / "gatekeeper", "schema", "report", cwd=tmp_path)
    assert "gatekeeper/report/v1" in schema


def test_a_strangers_plugin(installed: Path, tmp_path: Path) -> None:
    python, gatekeeper = installed / "python", installed / "gatekeeper"
    plugin = shutil.copytree(ROOT / "tests" / "plugin", tmp_path / "plugin")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", plugin, "pytest")
    run(python, "-m", "pytest", "-q", plugin / "tests", cwd=tmp_path)

    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "serverless.yml").write_text("functions:\n  orders: {handler: orders.handle}\n")
    words = ("audit", shop, "--output", "json", "--select", "serverless-timeout")
    assert "matches no rule" in subprocess.run([gatekeeper, *words], capture_output=True, text=True, check=False).stderr
    report = json.loads(run(gatekeeper, *words, "--plugin", "serverless", code=1))
    [finding] = report["findings"]
    assert (finding["rule"], finding["path"], finding["line"]) == ("serverless-timeout", "serverless.yml", 2)
    assert [gate["id"] for gate in report["gates"]] == ["workload-reliability"]


def test_pre_commit(tmp_path: Path) -> None:
    """The real pre-commit installs this repository from a clone and runs both hooks: once failing, once passing."""
    pre_commit = Path(sys.executable).with_name("pre-commit")
    hooks = tmp_path / "hooks"
    # A copy of the working tree as a repository of its own: what is about to be committed is what is tested.
    files = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    for path in files:
        if (ROOT / path).is_file() and not path.startswith(("fixtures/", "tests/")):
            (hooks / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, hooks / path)
    run("git", "init", "-q", hooks)
    run("git", "add", "-A", cwd=hooks)
    run("git", "commit", "-qm", "hooks", cwd=hooks)
    revision = run("git", "rev-parse", "HEAD", cwd=hooks).strip()

    shop = tmp_path / "shop"
    run("git", "init", "-q", shop)
    (shop / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks: [{{id: gatekeeper}}, {{id: gatekeeper-files}}]\n"
    )
    (shop / "Dockerfile").write_text('FROM debian:12\nCMD ["true"]\n')
    run("git", "add", "-A", cwd=shop)
    settings = {
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "PATH": f"{pre_commit.parent}:{os.environ['PATH']}",
    }
    run(pre_commit, "install", cwd=shop, variables=settings)
    run("git", "commit", "-qm", "root", cwd=shop, code=1, variables=settings)

    # What is staged counts, not what is on disk.
    (shop / "Dockerfile").write_text('FROM debian:12\nUSER 1001\nHEALTHCHECK CMD ["true"]\nCMD ["true"]\n')
    run("git", "commit", "-qm", "root", cwd=shop, code=1, variables=settings)
    run("git", "add", "-A", cwd=shop)
    run("git", "commit", "-qm", "no root", cwd=shop, variables=settings)
    assert run("git", "log", "--format=%s", cwd=shop).split("\n")[0] == "no root"
