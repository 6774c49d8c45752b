"""What documents say of themselves, who owns what, and which runbooks are known by their headings."""

from pathlib import Path

import pytest

from gatekeeper.discover import Tree
from gatekeeper.links.owners import _means, means_something
from gatekeeper.models.codeowners import OwnerLine
from gatekeeper.models.decisions import Decision
from gatekeeper.models.docs import Document, Runbook, read
from gatekeeper.testing import project_of


def document(path: str, text: str) -> Document:
    tree = Tree(Path("."), [path], {path: text})
    made = next(iter(read(tree.source(path), tree)))
    assert isinstance(made, Document)
    return made


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("# A\n## Status\n\nAccepted\n", "accepted"),
        ("# A\n## Status\n\n✅ **Decided**\n", "accepted"),
        ("---\nstatus: proposed\n---\n# A\n", "proposed"),
        ("# A\n\n* Status: superseded by [ADR-0005](0005-b.md)\n", "superseded"),
        ("# A\n\nStatus: Accepted, supersedes ADR-0003\n", "accepted"),
        ("# A\n\nStatus: Deprecated (no superseding ADR)\n", "deprecated"),
        ("# A\n\n| Status | Rejected |\n|---|---|\n| Date | today |\n", "rejected"),
        ("# A\n\n| Date | Status |\n|---|---|\n| today | In review |\n", "proposed"),
        ("# A\n## Status: Implemented\n", "accepted"),
        ("# A\n\n```\nStatus: accepted\n```\n", ""),
        ("# A\n\nThe HTTP status: 500\n", ""),
        ("# A\n\nStatus: not yet accepted\n", "proposed"),
        ("# A\n\nStatus: to be decided\n", "proposed"),
        ("# A\n\nStatus: accepted, not yet implemented\n", "accepted"),
        ("# A\n\nStatus: inactive\n", "deprecated"),
    ],
)
def test_a_status_in_whatever_form(text: str, standing: str) -> None:
    found = document("docs/adr/0001-a.md", text)
    assert isinstance(found, Decision)
    assert found.standing == standing


@pytest.mark.parametrize(
    ("path", "text", "is_one"),
    [
        ("alerts/etcd/etcdMembersDown.md", "# A\n## Meaning\nx\n## Mitigation\ny\n", True),
        ("alerts/etcd/etcdMembersDown.md", "# A\n## Meaning\nx\n", False),
        ("docs/postMortem.md", "# A\n## Impact\nx\n## Timeline\ny\n", False),
        ("docs/troubleshooting.md", "# A\n## Diagnosis\nx\n## Resolution\ny\n", False),
    ],
)
def test_a_runbook_by_its_headings(path: str, text: str, is_one: bool) -> None:
    assert isinstance(document(path, text), Runbook) is is_one


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("**Diagnosis:** look\n", True),
        ("**Diagnosis:**\n\n1. look\n", True),
        ("**Diagnosis:** TBD\n", False),
        ("**Diagnosis:**\n\n**Resolution:** restart\n", False),
        ("<!--\n**Diagnosis:** how to find\n-->\n", False),
        ("```\n**Diagnosis:** look\n```\n", False),
    ],
)
def test_bold_words_count_where_something_follows_them(below: str, expected: bool) -> None:
    assert document("docs/runbooks/a.md", f"# A\n## Impact\nx\n\n{below}").tells("diagnosis") is expected


def test_bold_words_that_open_a_paragraph_are_a_section_too() -> None:
    found = document("docs/runbooks/a.md", "# A\n## Impact\nx\n**Investigation steps:**\n1. x\n\n- **Mitigation**: y\n")
    assert found.tells("diagnosis")
    assert found.tells("resolution")
    assert not found.tells("escalation")


@pytest.mark.parametrize(
    ("pattern", "path", "means"),
    [
        ("*", "a/b.c", True),
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/b/a.md", False),
        ("/docs/", "docs/b/a.md", True),
        ("docs/", "a/docs/b.md", True),
        ("*.tf", "a/b/c.tf", True),
        ("/*.tf", "a/c.tf", False),
        ("a/**/c.tf", "a/b/b/c.tf", True),
        ("!docs/", "docs/a.md", False),
    ],
)
def test_what_a_pattern_means(pattern: str, path: str, means: bool) -> None:
    assert _means(pattern, path) is means
    if not pattern.startswith("!"):
        project = project_of([("CODEOWNERS", f"{pattern} @a\n"), (path, "x")])
        line = project.all(OwnerLine)[0]
        assert means_something(line, project) is (means or pattern == "*")


def test_the_first_place_of_the_owners_counts() -> None:
    project = project_of(
        [("CODEOWNERS", "* @root\n"), (".github/CODEOWNERS", "* @github # them\n\n# none\n/a\\ b @x y\n")]
    )
    assert [(line.pattern, line.owners, line.not_owners) for line in project.all(OwnerLine)] == [
        ("*", ("@github",), []),
        ("/a b", ("@x", "y"), ["y"]),
    ]
