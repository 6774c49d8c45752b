"""The task, its requirements and whoever takes over: settings, what is found of them, and the completion report."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from gatekeeper.audit import Report, Request, audit, read
from gatekeeper.catalogue import NoSuchRule
from gatekeeper.discover import discover
from gatekeeper.links.on_call import on_call
from gatekeeper.links.requirements import requirements, spoken_of
from gatekeeper.links.settings_file import settings_at
from gatekeeper.models.people import names_contact, who
from gatekeeper.node import Source
from gatekeeper.plugins import manager
from gatekeeper.project import Project
from gatekeeper.renderers.report import render
from gatekeeper.settings import FILE, Invalid, Settings, load

TASK = """\
service: {name: orders, owner: team-orders}
requirements: {NFR-001: [slo-agreed, secrets]}
task:
  id: DO-142
  name: Orders to production
  prd: [NFR-001]
  description: The order service takes over
  acceptance: {Zero-downtime deployment: zero-downtime-shown, Nice: ''}
  environment: prod
  dependencies: [BE-001]
  estimate: 3 days
  priority: P1
  started: 2026-11-01
"""


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


def settings(text: str) -> Settings:
    return load(Source(FILE, text))


def project(root: Path, files: dict[str, str]) -> Project:
    write(root, files)
    own = settings(files[FILE]) if FILE in files else Settings()
    return read(discover(root), manager().hook, Request(root, own, profile="pre-commit"))


def report(root: Path, files: dict[str, str]) -> Report:
    write(root, files)
    return audit(Request(root, settings(files[FILE]), today=datetime.date(2026, 11, 26)), manager().hook)


# settings


def test_a_task_is_typed() -> None:
    task = settings(TASK).task
    assert (task.id, task.priority, task.started) == ("DO-142", "P1", datetime.date(2026, 11, 1))
    assert task.acceptance == {"Zero-downtime deployment": "zero-downtime-shown", "Nice": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task: {priority: P9}\n", "gatekeeper.yaml:1: task.priority: no 'P9' here"),
        ("task:\n  id: DO-1\n  titel: x\n", "gatekeeper.yaml:3: task: no setting 'titel' here"),
        ("task:\n  prd: NFR-001\n", "gatekeeper.yaml:2: task.prd: expected array"),
        ("requirements:\n  NFR-001: slo-agreed\n", "gatekeeper.yaml:2: requirements.NFR-001: expected array"),
    ],
)
def test_what_is_wrong_has_its_line(text: str, said: str) -> None:
    with pytest.raises(Invalid) as error:
        settings(text)
    assert any(problem.startswith(said) for problem in error.value.problems), error.value.problems


@pytest.mark.parametrize("text", ["task: {acceptance: {Fast: load-tset}}\n", "requirements: {NFR-001: [load-tset]}\n"])
def test_a_criterion_that_is_none_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(NoSuchRule, match=r"'load-tset', and no gate or criterion is called that;.*load-test"):
        report(tmp_path, {FILE: text})


def test_settings_have_their_places(tmp_path: Path) -> None:
    found = project(tmp_path, {FILE: TASK})
    at = settings_at(found, "task", "name")
    assert at and (at.source.path, at.span.line) == (FILE, 5)
    assert settings_at(found, "task", "nothing") is None
    assert settings_at(project(tmp_path / "none", {"a.md": "# A\n"}), "task") is None


# requirements


def test_who_speaks_of_a_requirement(tmp_path: Path) -> None:
    files = {
        "docs/prd.md": "# Requirements\n" + "".join(f"- NFR-00{number}: words\n" for number in range(1, 8)),
        "tests/test_slow.py": "# NFR-001\n",
        "k8s/alerts.yaml": "# NFR-002\n",
        "docs/adr/0001-cache.md": "# Cache\nFor NFR-003.\n",
        ".gatekeeper/attestations/a.yaml": "statement: NFR-004 is met\n",
        "docs/roadmap.md": "NFR-005 is next\n",
        "docs/requirements.yaml": "- NFR-006\n",
        "node_modules/a/index.js": "// NFR-007\n",
        ".agents/skill.md": "# How\n- NFR-900: shows how\n",
    }
    found = project(tmp_path, files)
    assert [each.id for each in requirements(found)] == [f"NFR-00{number}" for number in range(1, 8)]
    assert {id: at.source.path for id, at in spoken_of(found).items()} == {
        "NFR-001": "tests/test_slow.py",
        "NFR-002": "k8s/alerts.yaml",
        "NFR-003": "docs/adr/0001-cache.md",
        "NFR-004": ".gatekeeper/attestations/a.yaml",
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app.py", "# TODO: NFR-001\n"),
        ("app.py", "# NFR-001 is not met yet\n"),
        ("checks/a.py", '@pytest.mark.skip\ndef test_a():\n    """NFR-001"""\n'),
        ("a.spec.js", "describe.skip('NFR-001', () => {})\n"),
        ("changelogs/a.yml", "title: NFR-001\n"),
        ("docs/specs/all.yaml", "- id: NFR-001\n"),
        (".github/ISSUE_TEMPLATE/a.yml", "label: NFR-001\n"),
        ("docs/adr/0001-a.md", "# A\n\n## Status\n\nRejected\n\n## Context\n\nNFR-001\n"),
        ("docs/runbooks/a.md", "# Runbook: a\nTODO: NFR-001\n"),
        (".gatekeeper/attestations/a.yaml", "statement: NFR-001 is met\nexpires: 2020-01-01\n"),
        ("app.py", "# NFR-0011 XNFR-001 NFR-001.2\n"),
    ],
)
def test_what_puts_it_off_does_not_answer_it(path: str, text: str, tmp_path: Path) -> None:
    assert spoken_of(project(tmp_path, {"docs/prd.md": "# Requirements\n- NFR-001: words\n", path: text})) == {}


def test_numbers_are_written_in_many_ways(tmp_path: Path) -> None:
    prd = "# Requirements\n- NFR_001: a\n- NFR 2: b\n- FR-3.1: c\n- FR-3.2: d\n- REQ-SEC-4: e\n"
    found = project(tmp_path, {"docs/prd.md": prd, "a.py": "def test_nfr_001_and_nfr_2(): ...\n# FR-3.2\n"})
    assert [each.id for each in requirements(found)] == ["NFR-001", "NFR-2", "FR-3.1", "FR-3.2", "REQ-SEC-4"]
    assert sorted(spoken_of(found)) == ["FR-3.2", "NFR-001", "NFR-2"]


# who is called


@pytest.mark.parametrize(
    ("name", "is_"),
    [
        ("group:default/orders", "somebody"), ("@acme/orders", "somebody"), ("a.smith@example.com", "somebody"),
        ("Jane Doe", "somebody"), ("robotics", "somebody"), ("abbot", "somebody"), ("todo-app-team", "somebody"),
        ("TBD - ask Bob", "nobody"), ("@renovate[bot]", "nobody"), ("@acme-bot", "nobody"), ("${OWNER}", "nobody"),
        ("@your-org/your-team", "nobody"), ("[team]", "nobody"), ("?", "nobody"), ("n/a", "nobody"), ("", "nobody"),
        ("REPLACE_ME", "nobody"), ("user:guest", "nobody"), ("@@OWNER@@", "nobody"),
        ("team", "perhaps"), ("@me", "perhaps"), ("default", "perhaps"),
    ],
)  # fmt: skip
def test_who_is_somebody(name: str, is_: str) -> None:
    assert who(name) == is_


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("- On-call: orders@acme.io", True), ("- Slack: #orders-oncall", True), ("| Primary | Jane Doe |", True),
        ("- Manager: Jane Doe, +44 20 7946 0958", True), ("See https://acme.pagerduty.com/schedules", True),
        ("- @acme/orders", True), ("Escalate to the on-call engineer.", False), ("- On-call: name@company.com", False),
        ("- On-call: +1-XXX-XXX-XXXX", False), ("| Primary | [Name] |", False), ("| Primary | TBD |", False),
        ("## Escalation", False), ("- Primary: TODO", False), ("1. L1:", False), ("After 15 minutes, call.", False),
        ("See [the wiki](TODO)", False),
    ],
)  # fmt: skip
def test_what_names_a_contact(line: str, does: bool) -> None:
    assert names_contact(line) is does


def test_everybody_who_is_declared_the_plainest_first(tmp_path: Path) -> None:
    files = {
        FILE: "service: {owner: team-orders}\n",
        "catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: orders\n"
        "  annotations: {pagerduty.com/service-id: P1}\nspec: {owner: 'group:orders'}\n---\n"
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: shop}\nspec: {owner: unknown}\n",
        "pager.tf": 'resource "pagerduty_service" "a" {\n  name = "Orders"\n}\n',
        ".github/CODEOWNERS": "* @acme/first\n* @acme/orders\ndocs/ @acme/writers\n",
        "docs/runbooks/down.md": "# Runbook: down\n## Escalation\n- orders@example.com\n",
    }
    assert [each.who for each in on_call(project(tmp_path, files))] == [
        "team-orders", "group:orders", "Component/orders", "Orders", "@acme/orders", "Runbook: down",
    ]  # fmt: skip


def test_nobody_is_nobody(tmp_path: Path) -> None:
    files = {
        ".github/CODEOWNERS": "* @acme/orders\n*\n",
        "docs/runbooks/down.md": "# Runbook: down\n## Escalation\n- On-call: [contact]\n",
        "skeleton/catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        "metadata: {name: '${{ values.name }}'}\nspec: {owner: team}\n",
    }
    assert on_call(project(tmp_path, files)) == []


def test_a_file_outside_the_repository_is_not_missed(tmp_path: Path) -> None:
    text = (
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\nspec: {definition: {$text: ../../a.yaml}}\n"
    )
    found = project(tmp_path, {"api/catalog-info.yaml": text})
    from gatekeeper.models.catalog import Entity

    [entity] = found.all(Entity)
    assert [*entity.references()] == []


# the report


def test_the_report_is_about_the_task(tmp_path: Path) -> None:
    files = {
        FILE: TASK,
        "docs/prd.md": "# Requirements\n- NFR-001: Availability 99.9 %\n- NFR-002: Response < 500 ms\n",
        "k8s/app.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: orders}  # NFR-002\n",
    }
    text = render(report(tmp_path, files))
    assert text.startswith("## DevOps Completion Report: DO-142 - Orders to production\n")
    assert "**Service**: orders" in text and "**Started**: 2026-11-01 (gatekeeper.yaml)" in text
    assert (
        "| NFR-001: Availability 99.9 % | UNKNOWN: `slo-agreed`, `secrets` | UNKNOWN (nothing here names it) |" in text
    )
    assert "| spoken of in `k8s/app.yaml:3` | `docs/prd.md:3` |" in text
    assert "| Zero-downtime deployment | UNKNOWN (zero-downtime-shown is not asked of level B): `zero-" in text
    assert "| Nice | UNKNOWN (no criterion answers it) |" in text
    assert "| BE-001 | UNKNOWN (needs-human) | UNKNOWN (attest dependencies-ready) |" in text
    assert "**Handoff to**: team-orders (the owner of the service, `gatekeeper.yaml:1`)" in text
    assert "#### Technology Stack" in text and "| Containers | Kubernetes | Service (`k8s/app.yaml:3`) |" in text


def test_without_a_task_the_report_is_about_the_service(tmp_path: Path) -> None:
    text = render(report(tmp_path, {FILE: "service: {name: orders}\n"}))
    assert text.startswith("## DevOps Completion Report: orders\n")
    assert "**Handoff to**: UNKNOWN (nobody is declared" in text
    assert "UNKNOWN (gatekeeper.yaml names none: task.dependencies)" in text
