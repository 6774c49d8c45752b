"""Whole repositories and the table each comes to: what a person sees, word for word.

`GATEKEEPER_UPDATE=1` writes the expected output anew; the difference is then to be read line by line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gatekeeper.audit import Report, Request, audit
from gatekeeper.commands.arguments import settings_of
from gatekeeper.plugins import manager
from gatekeeper.renderers import report as completion_report
from gatekeeper.renderers.text import render
from gatekeeper.testing import COMMIT, TODAY

ROOT = Path(__file__).parent.parent
REPOS = ROOT / "fixtures" / "repos"
PROOF = ROOT / "fixtures" / "proof"  # evidence, attestations and settings to lay over a repository
NAMES = ("order-service", "order-service-ready", "library", "empty")
PROVEN = ("order-service", "order-service-ready")
PROFILES = ("release", "pull-request", "pre-commit")
EXIT = {
    "order-service": {"release": 1, "pull-request": 1, "pre-commit": 1},
    "order-service-ready": {"release": 3, "pull-request": 3, "pre-commit": 0},
    "library": {"release": 3, "pull-request": 3, "pre-commit": 0},
    "empty": {"release": 3, "pull-request": 3, "pre-commit": 3},
}
PROVEN_EXIT = {
    "order-service": {"release": 1, "pull-request": 1, "pre-commit": 1},
    "order-service-ready": {"release": 0, "pull-request": 0, "pre-commit": 0},
}


def report(name: str, profile: str = "release", root: Path | None = None) -> Report:
    root = root or REPOS / name
    settings, _ = settings_of(root, isolated=False)
    made = audit(Request(root=root, settings=settings, profile=profile, today=TODAY, commit=COMMIT), manager().hook)
    return msgspec.structs.replace(made, commit=None, root=name)


@pytest.fixture
def proven(tmp_path: Path) -> Callable[[str], Path]:
    """A repository with its evidence and attestations."""

    def laid(name: str) -> Path:
        shutil.copytree(REPOS / name, tmp_path / name)
        shutil.copytree(PROOF / name, tmp_path / name, dirs_exist_ok=True)
        return tmp_path / name

    return laid


def is_golden(seen: str, expected: Path) -> None:
    if os.environ.get("GATEKEEPER_UPDATE"):
        expected.write_text(seen, "utf-8")
    assert seen == expected.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    is_golden(render(report(name)), REPOS / f"{name}.expected")


@pytest.mark.parametrize("profile", ["pull-request", "pre-commit"])
@pytest.mark.parametrize("name", PROVEN)
def test_golden_table_of_other_profiles(name: str, profile: str) -> None:
    table = "\n\n".join(render(report(name, profile)).split("\n\n")[:3]) + "\n"
    is_golden(table, REPOS / f"{name}.{profile}.expected")


@pytest.mark.parametrize("name", PROVEN)
def test_golden_completion_report(name: str, proven: Callable[[str], Path]) -> None:
    is_golden(completion_report.render(report(name, root=proven(name))), PROOF / f"{name}.report.md")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", PROVEN)
def test_golden_with_evidence(name: str, profile: str, proven: Callable[[str], Path]) -> None:
    made = report(name, profile, proven(name))
    is_golden(render(made), PROOF / f"{name}.{profile}.expected")
    assert made.exit_code == PROVEN_EXIT[name][profile]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", NAMES)
def test_exit_code(name: str, profile: str) -> None:
    assert report(name, profile).exit_code == EXIT[name][profile]


def test_the_repaired_repository_has_no_failure_and_crashes_nothing() -> None:
    made = report("order-service-ready")
    assert [each.rule.id for each in made.findings if not each.waiver and each.severity in ("high", "critical")] == []
    assert not [outcome.rule.id for outcome in made.outcomes if outcome.error]


def test_the_readme_shows_what_the_program_prints() -> None:
    table = render(report("order-service")).split("\n\n")
    readme = (ROOT / "README.md").read_text("utf-8")
    for part in table[:3]:  # the heading, the table, the verdict
        assert part in readme
