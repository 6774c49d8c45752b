"""Documents: what they are for, what their sections are about, and which of those say nothing."""

from pathlib import Path

import pytest

from gatekeeper.discover import Tree
from gatekeeper.models.docs import Document, Runbook, hollow, read
from gatekeeper.models.document_parts import INCIDENT, part_of
from gatekeeper.testing import project_of


def document(path: str, text: str = "") -> Document:
    tree = Tree(Path("."), [path], {path: text})
    made = next(iter(read(tree.source(path), tree)))
    assert isinstance(made, Document)
    return made


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("docs/adr/0001-use-postgres.md", "adr"),
        ("docs/architecture/decisions/0002-queue.md", "adr"),
        ("docs/architecture/decisions/0000-template.md", "other"),
        ("docs/adr/README.md", "other"),
        ("docs/architecture.md", "architecture"),
        ("docs/architecture/overview.md", "architecture"),
        ("ARCHITECTURE.md", "architecture"),
        ("docs/local-setup.md", "setup"),
        ("INSTALL.md", "setup"),
        ("docs/getting-started/index.md", "setup"),
        ("CONTRIBUTING.md", "contributing"),
        ("CHANGELOG.md", "changelog"),
        ("README.md", "readme"),
        ("docs/api.md", "other"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert document(path).kind == kind


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("docs/runbooks/errors.md", "# Errors\n## Investigation\n", "incident"),
        ("docs/runbooks/HighErrorRate.md", "Restart it.", "incident"),
        ("runbooks/etcdNoLeader.md", "", "incident"),
        ("docs/db.md", "# Runbook: The database is slow\n## Mitigation\n", "incident"),
        ("docs/runbooks/rotate-keys.md", "# Rotate the keys\n## Steps\n", "procedure"),
        ("ops/payments-runbook.md", "# Payments\n", "procedure"),
        ("docs/runbooks/deploy.md", "# Anything\n", "deployment"),
        ("docs/x.md", "## Deploy to Production\n\n### Pre-deployment\n", "deployment"),
        ("docs/x.md", "---\ntitle: Deployment runbook\n---\n", "deployment"),
        ("docs/runbooks/web.md", "# Releasing the web app\n", "deployment"),
        ("docs/runbooks/stuck.md", "# Deployment is stuck\n## Diagnosis\n", "incident"),
        ("docs/runbooks/README.md", "# Runbooks\n## Impact\n", "none"),
        ("docs/runbooks/_template.md", "# Runbook: [Issue Name]\n## Impact\n", "none"),
        ("docs/deploy-kind.md", "# Deploy to kind\n", "none"),
        ("RELEASE.md", "# Release schedule\n", "none"),
    ],
)
def test_runbooks(path: str, text: str, what: str) -> None:
    found = document(path, text)
    said = "none"
    if isinstance(found, Runbook):
        said = "deployment" if found.deploys else "incident" if found.incident else "procedure"
    assert said == what


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Symptoms", "symptoms"),
        ("Meaning", "symptoms"),
        ("Impact", "impact"),
        ("2. Who is affected?", "impact"),
        ("Diagnosis Steps", "diagnosis"),
        ("Troubleshooting", "diagnosis"),
        ("Root-cause analysis", "diagnosis"),
        ("How to debug", "diagnosis"),
        ("Resolution Steps", "resolution"),
        ("Mitigation", "resolution"),
        ("What to do", "resolution"),
        ("Recovery", "resolution"),
        ("Rollback Procedure", "rollback"),
        ("Rolling back", "rollback"),
        ("Back-out plan", "rollback"),
        ("Escalation", "escalation"),
        ("On-call contacts", "escalation"),
        ("Post-Incident", "follow-up"),
        ("Severity: P1 | P2 | P3", "severity"),
        ("Links", ""),
    ],
)
def test_what_a_heading_is_about(heading: str, name: str) -> None:
    assert part_of(heading, INCIDENT) == name


HOLLOW = [
    "",
    "TODO",
    "TBD.",
    "**TODO**: write this",
    "To be done",
    "...",
    "- [Step 1]\n- [Step 2]",
    "On-call: [contact]",
    "<!-- explain -->",
    "### Details\n\n_Coming soon_",
    "| Role | Who |\n|---|---|\n| [role] | [name] |",
    "```bash\n# TODO: the command\n```",
    "---",
    "N/A",
    "1. Step 1\n2. Step 2",
    "_Describe the steps here._",
    "{Describe the context and problem statement}",
    "[Look here](#)",
    "See [the guide]().",
    "| Step | Command |\n|---|---|",
    "| Step | Command |\n|---|---|\n| 1 | TBD |\n| Logs | |",
]
SAYS = [
    "Restart it.",
    "[the other one](other.md)",
    "![chart](chart.png)",
    "```\nkubectl get pods\n```",
    "1. Check [dashboard/logs]",
    "On-call: @orders",
    "TODO\n\nUntil then restart it.",
    "None: it repairs itself",
    "### Details\n\nRestart it.",
    "- [ ] Restart it",
    "See [nothing]() and restart it.",
    "| Step | Command |\n|---|---|\n| 1 | TBD |\n| 2 | restart it |",
]


@pytest.mark.parametrize(("body", "expected"), [*((body, True) for body in HOLLOW), *((body, False) for body in SAYS)])
def test_hollow_sections(body: str, expected: bool) -> None:
    found = document("docs/runbooks/a.md", f"# A\n\n## Resolution\n\n{body}\n\n## Escalation\n\nCall.\n")
    assert [hollow(found, section) for section in found.sections("resolution")] == [expected]


def test_commands() -> None:
    shell, other = "```bash\n# not this\n$ kubectl \\\n  get pods\n```\n", "```json\n{}\n```\n"
    text = f"# A\n{shell}{other}Run `helm rollback a 1`, not `orders`.\n"
    assert [command.text for command in document("a.md", text).commands()] == ["kubectl get pods", "helm rollback a 1"]


def test_a_document_that_is_too_long_is_a_fault_and_no_document() -> None:
    project = project_of([("a.md", "a\n" * 1_100_000)])
    assert project.all(Document) == []
    assert [fault.reason for fault in project.faults] == ["unreadable"]
