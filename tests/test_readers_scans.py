"""Reports of scanners and of Terraform: real ones, and lies that must not look like success."""

from __future__ import annotations

import datetime
import json
import tracemalloc
from collections.abc import Iterable
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Drift, Facts, Problem, Scan, Validation
from gatekeeper.models.evidence.readers import module_of, trivy
from gatekeeper.node import Source

FOLDER = Path(__file__).parent / "evidence"
FORMATS = ("sarif", "trivy", "snyk", "tflint", "terraform_validate", "terraform_plan")
READERS: dict[str, ModuleType] = {format: import_module(module_of(format)) for format in FORMATS}


def artifact(data: bytes, name: str = "report.json") -> Artifact:
    return Artifact(Source(name, ""), data)


def facts(format: str, data: bytes | dict[str, Any] | list[Any]) -> list[Facts]:
    return list(READERS[format].read(artifact(data if isinstance(data, bytes) else json.dumps(data).encode())))


def scan(format: str, data: bytes | dict[str, Any] | list[Any]) -> Scan:
    (found,) = facts(format, data)
    assert isinstance(found, Scan)
    return found


def stored(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def reason(format: str, data: bytes | dict[str, Any] | list[Any]) -> str:
    with pytest.raises(Unusable) as caught:
        facts(format, data)
    return caught.value.reason


def ids(problems: Iterable[Problem]) -> list[str]:
    return [problem.id for problem in problems]


# the text of JSON


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text("abcxyz {}[]:,", min_size=1),
        st.none() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
    ),
    st.integers(0, 200),
)
def test_outermost_keys_as_far_as_the_head_goes(value: dict[str, Any], cut: int) -> None:
    head = json.dumps(value).encode()
    assert list(json_text.keys(head)) == list(value)
    assert list(json_text.keys(b" [" + head + b', {"second": 1}]')) == (list(value) or ["second"])
    seen = list(json_text.keys(head[:cut]))
    assert seen == list(value)[: len(seen)]


def test_lines_follow_the_order_of_equal_values() -> None:
    text = b'[{"id": "a"},\n{"id": "b"},\n{"x": "\\"id\\": \\"a\\"",\n"id" :\n"a"}]'
    lines = json_text.lines(artifact(text), ("id",), ["a", "b", "a", "none", "a"])
    assert list(islice(lines, 7)) == [1, 2, 4, 1, 1, 1, 1]


def test_lines_keep_nothing_of_records_that_nobody_asks_for() -> None:
    data = artifact(b"\n".join(b'{"id": "%d"}' % number for number in range(50_000)))
    tracemalloc.start()
    assert next(json_text.lines(data, ("id",), ["49999"])) == 50_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("written", "below"),
    [
        ("src/a.py", "src/a.py"), ("./src//a.py", "src/a.py"), ("src\\a.py", "src/a.py"),
        ("/etc/passwd", ""), ("../a", ""), ("src/../../a", ""), ("C:\\a", ""), ("c:/a", ""), ("a\nb", ""),
        ("", ""), (".", ""),
        ("/home/runner/work/shop/shop/a.py", "a.py"), ("/home/runner/work/shop/other/a.py", ""),
        ("/builds/shop/a.py", "a.py"), ("/builds/shopper/a.py", ""), ("/builds/shop/../a.py", ""),
    ],
)  # fmt: skip
def test_paths_stay_in_the_repository(written: str, below: str) -> None:
    assert reported.path(written, ["/builds/shop/", "/", ""]) == below


@pytest.mark.parametrize(
    "text", ["2026-11-02T09:30:00", "2026-11-02", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "now", None]
)
def test_a_time_without_a_zone_or_out_of_range_is_none(text: str | None) -> None:
    assert reported.moment(text) is None


# SARIF


def test_sarif_of_bandit() -> None:
    found = scan("sarif", stored("sarif/bandit.sarif"))
    assert (found.tool, found.kind, found.targets) == ("Bandit", "code", ("app.py",))
    assert found.made == datetime.datetime(2026, 11, 25, 16, 11, 38, tzinfo=datetime.UTC)
    assert [(p.id, p.severity, p.path, p.line) for p in found.problems][2] == ("B602", None, "app.py", 9)
    text = stored("sarif/bandit.sarif").decode().splitlines()
    assert all(problem.id in text[problem.record - 1] for problem in found.problems)


def test_a_password_in_a_message_is_not_repeated() -> None:
    data = stored("sarif/bandit.sarif")
    assert b"correct-horse-battery" in data
    assert "correct-horse-battery" not in repr(scan("sarif", data))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bandit-unparsed", "syntax error"),
        ("semgrep-unparsed", "Syntax error at line broken.py:2"),
        ("semgrep-no-target", "Invalid scanning root"),
    ],
)
def test_no_result_of_what_was_not_read_is_incomplete(name: str, words: str) -> None:
    found = scan("sarif", stored(f"sarif/{name}.sarif"))
    assert not found.problems
    assert any(words in said for said in found.incomplete)


def test_clean_runs_name_what_they_looked_at_where_the_tool_does() -> None:
    bandit, hadolint = (scan("sarif", stored(f"sarif/{name}-clean.sarif")) for name in ("bandit", "hadolint"))
    assert (bandit.problems, bandit.targets, bandit.incomplete) == ((), ("fine.py",), ())
    assert (hadolint.problems, hadolint.targets, hadolint.kind) == ((), (), "lint")


def test_suppressed_results_say_by_what() -> None:
    semgrep = scan("sarif", stored("sarif/semgrep-suppressed.sarif"))
    assert [(p.line, p.suppressed) for p in semgrep.problems] == [(2, "inSource"), (3, "")]
    checkov = scan("sarif", stored("sarif/checkov-suppressed.sarif"))
    assert [p.suppressed for p in checkov.problems] == ["", "reached through a bastion only"]
    assert checkov.kind == "misconfiguration"


def test_paths_of_a_runner_and_kinds_of_tools() -> None:
    ruff = scan("sarif", stored("sarif/ruff.sarif"))
    assert (ruff.kind, {p.path for p in ruff.problems}) == ("lint", {"app.py"})
    zizmor = scan("sarif", stored("sarif/zizmor.sarif"))
    assert (zizmor.kind, len(zizmor.problems)) == ("misconfiguration", 2)


ODD_SCORES: tuple[Any, ...] = ("high", "99", -1, True, [], "1e1", 10**30)


def log(result: dict[str, Any], **run: Any) -> dict[str, Any]:
    driver = {"name": "Example", "rules": [{"id": "R1", "properties": {"security-severity": "9.8"}}, {"id": "R2"}]}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": [{"ruleId": "R1", **result}], **run}]}


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        ({}, "critical"),
        ({"level": "note"}, "critical"),
        ({"ruleIndex": 0}, "critical"),
        ({"ruleIndex": 1}, "critical"),  # leads to another rule than the id: not followed
        ({"ruleId": "R1/sub"}, "critical"),
        ({"ruleId": "R2", "level": "error"}, None),
        ({"ruleId": "none", "level": "error"}, None),
        ({"ruleId": None, "rule": {"index": 0}}, "critical"),
        ({"ruleId": None, "ruleIndex": 7}, None),
        ({"ruleId": "X", "rule": {"id": "X", "index": 0, "toolComponent": {"index": 0}}}, "medium"),
        ({"ruleId": "X"}, "medium"),
        ({"properties": {"security-severity": "0.1"}}, "low"),
        ({"properties": {"security-severity": 7}}, "high"),
        ({"properties": {"security-severity": "0.0"}}, None),
        *(({"properties": {"security-severity": odd}}, None) for odd in ODD_SCORES),
    ],
)
def test_severity_is_the_score_and_nothing_else(result: dict[str, Any], severity: str | None) -> None:
    data = log(result)
    data["runs"][0]["tool"]["extensions"] = [
        {"name": "pack", "rules": [{"id": "X", "properties": {"security-severity": "4.0"}}]}
    ]
    assert [problem.severity for problem in scan("sarif", data).problems] == [severity]


@pytest.mark.parametrize(
    ("suppressions", "silenced"),
    [
        ([], False),
        (None, False),
        ([{"kind": "external"}], True),
        ([{"kind": "external", "status": "accepted"}], True),
        ([{"kind": "external", "state": "accepted"}], True),
        ([{"kind": "external", "status": "underReview"}], False),
        ([{"kind": "inSource"}, {"kind": "external", "state": "rejected"}], False),
    ],
)
def test_what_is_not_accepted_silences_nothing(suppressions: Any, silenced: bool) -> None:
    (problem,) = scan("sarif", log({"suppressions": suppressions})).problems
    assert bool(problem.suppressed) is silenced


def test_only_what_fails_is_a_problem() -> None:
    for kind in ("pass", "notApplicable", "informational", "open", "review"):
        assert not scan("sarif", log({"kind": kind})).problems
    assert not scan("sarif", log({"baselineState": "absent"})).problems
    assert scan("sarif", log({"kind": "fail", "baselineState": "unchanged", "level": "none"})).problems


def test_missing_results_are_not_zero_results() -> None:
    for absent in ({"results": None}, {}):
        run = {"tool": {"driver": {"name": "Example"}}, **absent}
        assert reason("sarif", {"version": "2.1.0", "runs": [run]}) == "empty"
        both = facts("sarif", {"version": "2.1.0", "runs": [run, log({})["runs"][0]]})
        assert [bool(found.incomplete) for found in both if isinstance(found, Scan)] == [True, False]
    assert reason("sarif", {"version": "2.1.0", "runs": []}) == "empty"
    assert reason("sarif", {"version": "2.0.0", "runs": []}) == "unreadable"


def test_what_a_run_did_not_manage() -> None:
    assert scan("sarif", log({}, invocations=[{"executionSuccessful": False}])).incomplete
    note = {"level": "error", "message": {"text": "out of\nmemory"}}
    found = scan("sarif", log({}, invocations=[{"toolConfigurationNotifications": [note]}]))
    assert found.incomplete == ("out of memory",)
    assert not scan("sarif", log({}, invocations=[{"toolExecutionNotifications": [{"level": "note"}]}])).incomplete
    coverage = [
        {"files": 9, "isSupported": True, "lang": "HTML", "type": "SUPPORTED"},
        {"files": 51, "isSupported": True, "lang": "Apex", "type": "FAILED_PARSING"},
    ]
    found = scan("sarif", log({}, properties={"coverage": coverage}))
    assert found.incomplete == ("51 files of Apex were not read",)
    assert found.targets == ("files of HTML",)


def test_commit_time_places_and_images() -> None:
    commit = "9c1f2ab49c1f2ab49c1f2ab49c1f2ab49c1f2ab4"
    place = {"physicalLocation": {"artifactLocation": {"index": 0}, "region": {"startLine": 3}}}
    found = scan(
        "sarif",
        log(
            {"locations": [place]},
            versionControlProvenance=[{"revisionId": commit}],
            invocations=[{"endTimeUtc": "2026-11-02T09:30:00.123Z"}, {"endTimeUtc": "2026-11-02T09:00:00"}],
            artifacts=[{"location": {"uri": "src/a%20b.py", "uriBaseId": "%SRCROOT%"}}],
        ),
    )
    assert (found.commit, found.made and found.made.minute, found.targets) == (commit, 30, ("src/a b.py",))
    assert [(p.path, p.line) for p in found.problems] == [("src/a b.py", 3)]
    image = {"imageName": "order:1", "imageID": "sha256:22", "repoDigests": ["order@sha256:33"]}
    found = scan("sarif", log({"locations": [place]}, artifacts=[{"location": {"uri": "usr/lib/x"}}], properties=image))
    assert (found.images, found.problems[0].path, found.problems[0].where) == (
        ("order:1", "sha256:22", "order@sha256:33"), "", "usr/lib/x",
    )  # fmt: skip


def test_trivy_tells_what_it_looks_for_by_its_rules() -> None:
    rules = [{"id": tag, "properties": {"tags": [tag]}} for tag in ("vulnerability", "secret", "license")]
    results = [{"ruleId": rule["id"], "message": {"text": "Match: hunter2"}} for rule in rules]
    run = {"tool": {"driver": {"name": "Trivy", "rules": rules}}, "results": results}
    found = facts("sarif", {"version": "2.1.0", "runs": [run]})
    assert [(s.kind, ids(s.problems)) for s in found if isinstance(s, Scan)] == [
        ("vulnerabilities", ["vulnerability"]), ("secrets", ["secret"]),
    ]  # fmt: skip
    assert "hunter2" not in repr(found[1])
    assert scan("sarif", stored("sarif/trivy-clean.sarif")).incomplete
    secrets = scan("sarif", stored("sarif/trivy-secrets.sarif"))
    assert [(p.id, p.severity, p.message, p.path, p.line) for p in secrets.problems] == [
        ("aws-access-key-id", "critical", "AWS Access Key ID", "creds.ini", 1)
    ]
    assert (secrets.kind, secrets.incomplete) == ("secrets", ())


# Trivy


def test_trivy_image() -> None:
    data = stored("trivy/image.json")
    vulnerabilities, secrets = facts("trivy", data)
    assert isinstance(vulnerabilities, Scan) and isinstance(secrets, Scan)
    assert [(p.id[-5:], p.severity, p.suppressed) for p in vulnerabilities.problems] == [
        ("10001", "critical", ""),
        ("10002", None, ""),
        ("10003", "high", "not_affected: vulnerable_code_not_in_execute_path"),
        ("10004", "high", ""),
    ]
    assert vulnerabilities.problems[0].where == "libexample@1.0-1"
    assert vulnerabilities.targets == ("registry.example.com/shop/order:1.4.0 (debian 10.13)", "Python")
    assert {"sha256:" + "2" * 64, "sha256:" + "3" * 64} <= set(vulnerabilities.images)
    assert vulnerabilities.incomplete == (
        "debian 10.13 is past its end of life: its vulnerabilities are no longer recorded",
    )
    assert vulnerabilities.made == datetime.datetime(2026, 11, 2, 8, 30, 0, 123456, tzinfo=datetime.UTC)
    assert [(p.id, p.message, p.path, p.where) for p in secrets.problems] == [
        ("private-key", "Asymmetric Private Key", "", "/app/settings.py")
    ]
    assert "hunter2" not in repr(secrets)
    lines = data.decode().splitlines()
    assert all(p.id in lines[p.record - 1] for s in (vulnerabilities, secrets) for p in s.problems)


def test_trivy_files() -> None:
    vulnerabilities, misconfiguration = facts("trivy", stored("trivy/filesystem.json"))
    assert isinstance(vulnerabilities, Scan) and isinstance(misconfiguration, Scan)
    assert (vulnerabilities.problems, vulnerabilities.targets) == ((), ("package-lock.json",))
    assert vulnerabilities.commit.startswith("9c1f2ab")
    assert [(p.id, p.severity, p.path, p.line) for p in misconfiguration.problems] == [
        ("DS-0002", "high", "services/order/Dockerfile", 4)
    ]


def test_trivy_looks_for_more_than_vulnerabilities() -> None:
    found = scan("trivy", stored("trivy/config.json"))
    assert (found.kind, found.targets) == ("misconfiguration", (".", "Dockerfile", "main.tf"))
    assert [(p.id, p.severity, p.path, p.line) for p in found.problems] == [
        ("DS-0001", "medium", "infra/Dockerfile", 1),
        ("DS-0021", "high", "infra/Dockerfile", 2),
        ("AWS-0107", "high", "infra/main.tf", 12),
    ]
    assert found.problems[2].where == "aws_security_group.open"
    found = scan("trivy", stored("trivy/secrets.json"))
    assert [(p.id, p.severity, p.path, p.line) for p in found.problems] == [
        ("aws-access-key-id", "critical", "infra/creds.ini", 1)
    ]


def test_packages_listed_by_a_scan_for_secrets_are_no_scan_for_vulnerabilities() -> None:
    found = scan("trivy", stored("trivy/packages-only.json"))
    assert (found.kind, found.problems, found.incomplete) == ("vulnerabilities", (), (trivy.UNSAID,))


def test_trivy_lies() -> None:
    assert reason("trivy", stored("trivy/nothing.json")) == "empty"
    report = json.loads(stored("trivy/filesystem.json"))
    nothing: tuple[Any, ...] = (None, [], [{"Target": "LICENSE", "Class": "license"}])
    for results in nothing:
        assert reason("trivy", report | {"Results": results}) == "empty"
    report["Results"] = [{"Target": "a", "Class": "config", "MisconfSummary": {"Successes": 0, "Failures": 0}}]
    assert reason("trivy", report) == "empty"
    report["Results"][0]["MisconfSummary"]["Failures"] = 3
    assert scan("trivy", report).incomplete == ("a: counts 3 failures and shows 0",)
    report |= {"ArtifactType": "container_image", "Metadata": {"OS": {"Family": "slackware", "Name": "15"}}}
    report["Results"] = [{"Target": "Python", "Class": "lang-pkgs"}]
    assert scan("trivy", report).incomplete == ("the packages of slackware 15 were not looked at",)
    assert reason("trivy", report | {"SchemaVersion": 3}) == "unreadable"


# Snyk


def test_snyk() -> None:
    found = scan("snyk", stored("snyk/npm.json"))
    assert [(p.id, p.severity, p.where, p.suppressed) for p in found.problems] == [
        ("SNYK-JS-EXAMPLE-1000001", "critical", "example@1.0.0", ""),
        ("SNYK-JS-WEB-1000002", "medium", "web@2.0.0", "only used while building"),
    ]
    assert (found.targets, found.problems[0].path, found.incomplete) == (
        ("web/package-lock.json",), "web/package-lock.json", (),
    )  # fmt: skip
    assert scan("snyk", b"[" + stored("snyk/npm.json") + b"]") == found


def test_snyk_lies() -> None:
    report = json.loads(stored("snyk/npm.json"))
    clean = {"ok": True, "vulnerabilities": [], "dependencyCount": 4, "packageManager": "npm", "targetFile": "a.json"}
    error = {"ok": False, "error": "Missing node_modules folder", "path": "/builds"}
    assert scan("snyk", report | {"ok": True}).problems
    assert scan("snyk", clean).incomplete == ()
    assert scan("snyk", clean | {"ok": False}).incomplete
    assert scan("snyk", clean | {"uniqueCount": 2}).incomplete
    assert scan("snyk", clean | {"dependencyCount": None}).incomplete
    assert reason("snyk", clean | {"dependencyCount": 0}) == "empty"
    assert reason("snyk", clean | {"vulnerabilities": None}) == "unreadable"
    assert reason("snyk", clean | {"infrastructureAsCodeIssues": []}) == "unsupported-tool"
    assert reason("snyk", error) == "tool-error"
    assert READERS["snyk"].recognises(artifact(json.dumps(error).encode()))
    assert "Missing node_modules" in scan("snyk", [clean, error]).incomplete[0]
    image = report | {"docker": {"baseImage": "x"}, "path": "order:1", "applications": [clean]}
    found = scan("snyk", image)
    assert (found.images, found.targets) == (("order:1",), ("web/package-lock.json", "a.json"))


# tflint


def test_tflint() -> None:
    found = scan("tflint", stored("tflint/issues.json"))
    assert [(p.id, p.severity, p.path, p.line) for p in found.problems] == [
        ("terraform_typed_variables", None, "main.tf", 1),
        ("terraform_deprecated_interpolation", None, "main.tf", 4),
        ("terraform_deprecated_interpolation", None, "main.tf", 8),
    ]
    assert found.problems[0].message == "warning: `unused` variable has no type"
    lines = stored("tflint/issues.json").decode().splitlines()
    assert [lines[p.record - 1].split('"')[3] for p in found.problems] == ids(found.problems)
    assert reason("tflint", stored("tflint/error.json")) == "tool-error"
    assert reason("tflint", {"issues": []}) == "unreadable"
    assert scan("tflint", stored("tflint/nothing.json")).targets == ()  # says of no file that it was looked at


# terraform validate


def validation(data: bytes | dict[str, Any]) -> Validation:
    (found,) = facts("terraform_validate", data)
    assert isinstance(found, Validation)
    return found


def test_validate() -> None:
    assert validation(stored("terraform_validate/valid.json")).valid
    found = validation(stored("terraform_validate/invalid.json"))
    assert (found.valid, [(c.name, c.message, c.line) for c in found.errors]) == (
        False, [("Invalid quoted type constraints", "v.tf:2", 9)],
    )  # fmt: skip


def test_validate_lies() -> None:
    report = json.loads(stored("terraform_validate/invalid.json"))
    assert not validation(report | {"valid": True, "error_count": 0}).valid
    assert not validation(report | {"diagnostics": [], "valid": True}).valid
    assert not validation(report | {"diagnostics": [], "error_count": 0}).valid
    claim = validation(report | {"error_count": 7}).errors[0]
    assert (claim.name, claim.message) == ("error_count", "says 7, and 1 of its diagnostics are errors")
    report["diagnostics"][0]["severity"] = "warning"
    found = validation(report | {"valid": True, "error_count": 0})
    assert (found.valid, found.errors) == (True, ())
    report["diagnostics"][0]["severity"] = "fatal"
    assert reason("terraform_validate", report) == "unreadable"
    assert reason("terraform_validate", report | {"format_version": "2.0", "diagnostics": []}) == "unreadable"
    assert reason("terraform_validate", {"format_version": "1.0", "valid": True, "error_count": 0}) == "unreadable"
    spoken = b"There are some problems with the CLI configuration:\n" + stored("terraform_validate/valid.json")
    assert READERS["terraform_validate"].recognises(artifact(spoken))
    assert reason("terraform_validate", spoken) == "unreadable"
    assert reason("terraform_validate", b"Error: no such folder\n") == "unreadable"


# terraform plan


def drift(data: bytes | dict[str, Any]) -> Drift:
    (found,) = facts("terraform_plan", data)
    assert isinstance(found, Drift)
    return found


def test_plan() -> None:
    clean = drift(stored("terraform_plan/clean.json"))
    assert (clean.synced, clean.differing, clean.compared) == (True, (), 4)
    assert clean.made and clean.version == "1.11.4"
    differing = ("terraform_data.notes[1]", "terraform_data.release", "output.release")
    found = drift(stored("terraform_plan/drift.json"))
    assert (found.synced, found.differing, found.compared) == (False, differing, 4)
    in_lines = drift(stored("terraform_plan/drift.jsonl"))
    assert (in_lines.synced, set(in_lines.differing), in_lines.made is not None) == (False, set(differing), True)


def test_plans_that_prove_nothing() -> None:
    assert reason("terraform_plan", stored("terraform_plan/refresh-only.json")) == "empty"
    assert reason("terraform_plan", stored("terraform_plan/clean.jsonl")) == "empty"  # as -refresh-only looks
    assert reason("terraform_plan", stored("terraform_plan/target.json")) == "unresolved"
    assert reason("terraform_plan", stored("terraform_plan/errored.json")) == "tool-error"
    assert reason("terraform_plan", stored("terraform_plan/errored.jsonl")) == "tool-error"
    unfinished = b"\n".join(stored("terraform_plan/drift.jsonl").splitlines()[:-2])
    assert reason("terraform_plan", unfinished) == "tool-error"
    applied = stored("terraform_plan/drift.jsonl").replace(b'"operation":"plan"', b'"operation":"apply"')
    assert reason("terraform_plan", applied) == "unreadable"
    unsaid = [line for line in stored("terraform_plan/drift.jsonl").splitlines() if b"planned_change" not in line]
    assert reason("terraform_plan", b"\n".join(line for line in unsaid if b'"outputs"' not in line)) == "unreadable"


def test_what_else_a_plan_would_do_is_drift() -> None:
    plan = json.loads(stored("terraform_plan/clean.json"))
    first = plan["resource_changes"][0]
    changes: tuple[dict[str, Any], ...] = (
        {"previous_address": "terraform_data.old"},
        {"change": {"actions": ["forget"]}},
        {"change": {"actions": ["no-op"], "importing": {"id": "x"}}},
        {"change": {"actions": []}},
        {"change": {"actions": ["delete", "create"]}},
    )
    for change in changes:
        plan["resource_changes"][0] = first | change
        assert drift(plan).differing == (first["address"],)
    refreshed = json.loads(stored("terraform_plan/refresh-only.json"))
    refreshed["resource_drift"] = [first | {"change": {"actions": ["delete"]}}]
    assert drift(refreshed).differing == (first["address"],)
    plan["resource_changes"] = [first | {"mode": "data", "change": {"actions": ["read"]}}]
    assert reason("terraform_plan", plan) == "empty"
