"""What other analysers say is joined with what our rules say: once, and never passed over."""

from __future__ import annotations

from pathlib import Path

from gatekeeper import engine
from gatekeeper.audit import Request, audit
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.engine import Verdict
from gatekeeper.gates import Status
from gatekeeper.links.analysed import also
from gatekeeper.models.evidence import Analysed
from gatekeeper.models.evidence.facts import Problem, Scan
from gatekeeper.node import Source
from gatekeeper.plugins import manager
from gatekeeper.project import Project
from gatekeeper.rule import Reason
from gatekeeper.settings import Settings, load
from gatekeeper.testing import TODAY, project_of

[RULE] = [rule for rule in Catalogue([home()]).rules() if rule.id == "analyser-findings"]
FILES = [("Dockerfile", "FROM debian:12\nUSER root\n"), ("api/Dockerfile", "FROM debian:12\n")]


def project(*problems: Problem, settings: Settings | None = None, incomplete: tuple[str, ...] = ()) -> Project:
    made = project_of(FILES)
    made.settings = settings or made.settings
    made.passed = {("CKV_DOCKER_3", "api/Dockerfile"): "docker-nonroot"}
    made.found = [(frozenset({"docker-nonroot", "CKV_DOCKER_3"}), "Dockerfile", 2)]
    scan = Scan(kind="misconfiguration", targets=("Dockerfile",), problems=problems, incomplete=incomplete)
    made.add([Analysed("checkov", "3", scan)])
    return made


def judged(project: Project) -> Verdict:
    [outcome] = engine.run([RULE], project)
    assert not outcome.error
    return outcome.verdicts[0]


def test_what_both_find_is_said_once_and_names_the_other_tool() -> None:
    both = project(Problem("CKV_DOCKER_3", None, "a user", path="Dockerfile", line=1))
    assert not judged(both).findings
    assert also(both) == {0: ("checkov CKV_DOCKER_3",)}


def test_results_of_one_place_are_one_and_a_range_that_ends_before_is_about_something_else() -> None:
    twice = Problem("CKV_DOCKER_3", None, "a user", path="Dockerfile", line=1, end_line=2)
    assert "1 results, 1 also" in judged(project(twice, twice)).measures[0].words
    above = Problem("CKV_DOCKER_3", "high", "a user", path="Dockerfile", line=1, end_line=1)
    assert also(project(above)) == {}
    assert [finding.severity for finding in judged(project(above)).findings] == ["high"]


def test_what_is_silenced_there_is_counted_and_agrees_with_nothing() -> None:
    silenced = project(Problem("CKV_DOCKER_3", None, "a user", path="Dockerfile", line=1, suppressed="skip"))
    assert also(silenced) == {}
    assert "1 silenced" in judged(silenced).measures[0].words


def test_what_our_rule_passed_is_shown_as_a_difference() -> None:
    differs = project(Problem("CKV_DOCKER_3", "high", "a user", path="api/Dockerfile", line=1))
    [finding] = judged(differs).findings
    assert finding.severity == "low"
    assert "docker-nonroot judges this" in finding.see[0].message
    assert also(differs) == {}


def test_more_is_reported_as_grave_as_the_tool_says_and_ungraded_results_are_not_known() -> None:
    graded = judged(project(Problem("CKV_X", "high", "more", path="Dockerfile", line=1)))
    assert [finding.severity for finding in graded.findings] == ["high"]
    assert not graded.unknowns
    ungraded = judged(project(Problem("CKV_X", None, "more", path="Dockerfile", line=1)))
    assert [unknown.reason for unknown in ungraded.unknowns] == [Reason.SEVERITY_UNKNOWN]
    settings = load(Source("gatekeeper.yaml", "analyser: {checkov: {severity: high}}\n"))
    said = judged(project(Problem("CKV_X", None, "more", path="Dockerfile", line=1), settings=settings))
    assert [finding.severity for finding in said.findings] == ["high"]
    assert not said.unknowns


def test_what_contradicts_the_document_and_what_is_suppressed_has_no_effect_and_is_counted() -> None:
    verdict = judged(
        project(
            Problem("CKV_K8S_35", None, "secrets as files", path="k8s.yaml", line=1),
            Problem("CKV_X", "high", "more", path="Dockerfile", line=1, suppressed="checkov:skip"),
        )
    )
    assert not verdict.findings
    assert not verdict.unknowns
    assert "1 set aside" in verdict.measures[0].words


def test_what_it_did_not_manage_is_not_known() -> None:
    [unknown] = judged(project(incomplete=("could not parse main.tf",))).unknowns
    assert unknown.reason is Reason.TOOL_ERROR
    nothing = project_of(FILES)
    nothing.add([Analysed("trivy", "", None, "tool-error", "trivy is not installed")])
    assert [each.reason for each in judged(nothing).unknowns] == [Reason.TOOL_ERROR]


def test_a_tool_that_has_nothing_to_judge_here_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Shop\n")
    report = audit(Request(root=tmp_path, settings=Settings(), today=TODAY, analysers=("hadolint",)), manager().hook)
    assert not [c for gate in report.gates for c in gate.criteria if c.id == "analyser-findings"]
    [posture] = [gate for gate in report.gates if gate.id == "security-posture"]
    assert posture.status is Status.NOT_APPLICABLE
