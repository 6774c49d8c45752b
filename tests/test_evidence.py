"""Evidence proves something only when it is of this commit, bound, complete and true; whatever else is UNKNOWN."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatekeeper import engine, gates, waivers
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.gates import Criterion
from gatekeeper.git import Commit, owner_and_name
from gatekeeper.models.evidence import Evidence, Origin, Revision, Trouble
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.facts import Bill, Coverage, Facts, Grade, Problem, Ratio, Run, Scan, Stage, TestRun
from gatekeeper.models.evidence.manifest import read
from gatekeeper.node import Source
from gatekeeper.project import Project
from gatekeeper.rule import Reason
from gatekeeper.settings import Binding, Settings, load
from gatekeeper.testing import COMMIT, TODAY, project_of

RULES = {rule.id: rule for rule in Catalogue([home()]).rules()}
DEFINITIONS = gates.load(home() / "gates.yaml")
NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
SHOP = project_of([(".github/workflows/ci.yml", "on: push\njobs: {build: {runs-on: x, steps: [{run: make}]}}\n")])
ORIGIN = Origin("manifest", commit=COMMIT.id, dirty=False, made=NOON)
GREEN: dict[str, tuple[str, Facts]] = {
    "tests-ran": ("junit", TestRun(cases=3)),
    "coverage-measured": ("lcov", Coverage(metrics={"line": Ratio(9, 10)})),
    "scan-results": ("trivy", Scan(kind="vulnerabilities", targets=("package-lock.json",))),
    "pipeline-run": ("github_run", Run(stages=(Stage("build", "success"),))),
    "bill-of-materials": ("cyclonedx", Bill(components=4)),
}


def judged(
    rule: str, *evidence: Evidence, settings: Settings | None = None, profile: str = "release", commit: Commit = COMMIT
) -> Criterion:
    """What a criterion comes to with some evidence, in a repository that has a pipeline."""
    known = SHOP.all(Revision)
    project = Project(
        SHOP.tree, [*known, *evidence], settings=settings or Settings(), today=TODAY, commit=commit, profile=profile
    )
    outcomes, reported = waivers.settle(engine.run([RULES[rule]], project), project, [])
    asked = [d for d in DEFINITIONS if d.id == RULES[rule].gate]
    table = gates.judge(gates.scope(asked, profile, "A"), outcomes, reported, project, profile)
    return next(criterion for gate in table for criterion in gate.criteria if criterion.id == rule)


def green(rule: str, origin: Origin = ORIGIN, facts: Facts | None = None) -> Evidence:
    format, usual = GREEN[rule]
    return Evidence(Source(f".gatekeeper/evidence/{format}", ""), format, origin, facts or usual)


@pytest.mark.parametrize("rule", GREEN)
def test_green_evidence_of_this_commit_passes_and_without_it_nothing_does(rule: str) -> None:
    criterion = judged(rule, green(rule))
    assert criterion.status == "PASS", criterion
    assert criterion.measures
    assert judged(rule).reason == "no-evidence"


LIES = {
    "another commit": (Origin("manifest", commit="f" * 40, made=NOON), "wrong-subject"),
    "a changed working copy": (Origin("manifest", commit=COMMIT.id, dirty=True, made=NOON), "wrong-subject"),
    "no commit": (Origin("manifest", made=NOON), "wrong-subject"),
    "nobody vouches": (Origin("unbound"), "unbound"),
    "yet to come": (Origin("manifest", commit=COMMIT.id, made=NOON + datetime.timedelta(days=30)), "stale"),
    "half a hash": (Origin("manifest", commit=COMMIT.id[:4], made=NOON), "wrong-subject"),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("rule", GREEN)
def test_evidence_of_something_else_is_unknown(rule: str, lie: str) -> None:
    origin, reason = LIES[lie]
    criterion = judged(rule, green(rule, origin))
    assert (criterion.status, criterion.reason) == ("UNKNOWN", reason)


@pytest.mark.parametrize("rule", GREEN)
def test_a_manifest_does_not_outvote_what_the_artifact_says_of_itself(rule: str) -> None:
    """Somebody binds a report of another commit, of a changed working copy, or of last year to this commit."""
    usual = GREEN[rule][1]
    for lie in ({"commit": "f" * 40}, {"commit": COMMIT.id, "dirty": True}):
        criterion = judged(rule, green(rule, facts=replace(usual, **lie)))
        assert (criterion.status, criterion.reason) == ("UNKNOWN", "wrong-subject")
    late = replace(usual, made=NOON + datetime.timedelta(days=30))
    assert judged(rule, green(rule, facts=late)).status == "PASS"  # the earlier of the two counts


def test_an_old_scan_is_not_made_young_by_its_manifest() -> None:
    old = replace(GREEN["scan-results"][1], made=NOON - datetime.timedelta(days=300))
    assert judged("scan-results", green("scan-results", facts=old)).reason == "stale"


def test_a_digest_binds_only_what_is_deployed_here() -> None:
    strange = Scan(kind="vulnerabilities", targets=("a",), images=("sha256:" + "a" * 64,), made=NOON)
    assert judged("scan-results", green("scan-results", Origin("itself", made=NOON), strange)).reason == "unbound"


def test_evidence_of_another_repository_is_not_of_this(shop: Path) -> None:
    run("evidence", "run", "--file", "junit.xml", "--", sys.executable, "-c", WRITES, cwd=shop)
    subprocess.run(["git", "remote", "add", "origin", "https://github.com/acme/shop.git"], cwd=shop, check=True)
    [path] = (shop / ".gatekeeper" / "evidence").glob("*.json")
    path.write_text(re.sub(r'"git\+[^"]*"', '"git+https://github.com/acme/other"', path.read_text()))
    assert verdict_of(shop) == ("UNKNOWN", "wrong-subject")


def test_reports_of_other_kinds_do_not_disturb() -> None:
    lint = Evidence(Source("x", ""), "tflint", Origin("manifest", commit="f" * 40, made=NOON), Scan(kind="lint"))
    assert judged("scan-results", green("scan-results"), lint).status == "PASS"


@pytest.mark.parametrize("rule", GREEN)
@pytest.mark.parametrize("reason", [Reason.EMPTY, Reason.UNREADABLE, Reason.TOOL_ERROR, Reason.WRONG_SUBJECT])
def test_one_broken_artifact_beside_a_good_one_is_unknown(rule: str, reason: Reason) -> None:
    broken = Evidence(Source("x", ""), GREEN[rule][0], ORIGIN, trouble=Trouble(reason.value, "it is broken"))
    criterion = judged(rule, green(rule), broken)
    assert (criterion.status, criterion.reason) == ("UNKNOWN", reason.value)


def test_a_working_copy_that_differs_is_not_what_was_tested() -> None:
    criterion = judged("tests-ran", green("tests-ran"), commit=Commit(COMMIT.id, dirty=True))
    assert (criterion.status, criterion.reason) == ("UNKNOWN", "wrong-subject")


def test_an_old_scan_is_stale_and_its_settings_say_when() -> None:
    old = Origin("manifest", commit=COMMIT.id, dirty=False, made=NOON - datetime.timedelta(days=9))
    assert judged("scan-results", green("scan-results", old)).reason == "stale"
    longer = load(Source("gatekeeper.yaml", "thresholds: {scan: {max_age: 30}}\n"))
    assert judged("scan-results", green("scan-results", old), settings=longer).status == "PASS"


def vulnerable(*severities: Grade | None, suppressed: str = "") -> Scan:
    problems = tuple(Problem(f"CVE-{n}", each, "", suppressed=suppressed) for n, each in enumerate(severities))
    return Scan(kind="vulnerabilities", targets=("lock",), problems=problems)


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        (vulnerable("critical"), "FAIL", ""),
        (vulnerable("high"), "FAIL", ""),
        (vulnerable("medium", "low"), "PASS", ""),
        (vulnerable(None), "UNKNOWN", "severity-unknown"),
        (vulnerable("critical", None), "FAIL", ""),
        (vulnerable("critical", suppressed="not reachable"), "PASS", ""),
        (Scan(kind="vulnerabilities"), "UNKNOWN", "empty"),
        (Scan(kind="vulnerabilities", targets=("a",), incomplete=("could not read b",)), "UNKNOWN", "tool-error"),
        (Scan(kind="code", targets=("a",)), "UNKNOWN", "no-evidence"),
        (Scan(kind="lint", targets=("a",)), "UNKNOWN", "no-evidence"),
    ],
)
def test_scans(facts: Scan, status: str, reason: str) -> None:
    criterion = judged("scan-results", green("scan-results", facts=facts))
    assert (criterion.status, criterion.reason) == (status, reason)


def test_a_secret_is_a_problem_whatever_its_severity() -> None:
    secret = Scan(kind="secrets", targets=("a",), problems=(Problem("aws-key", None, "a key"),))
    clean = green("scan-results")
    found = Evidence(Source("gitleaks.sarif", ""), "sarif", ORIGIN, secret)
    assert judged("scan-results", clean, found).status == "FAIL"


@given(
    st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3),
    st.sampled_from(["signed", "manifest", "itself", "unbound"]), st.sampled_from([COMMIT.id, "f" * 40, ""]),
    st.sampled_from([True, False, None]), st.sampled_from([None, 0, 1]), st.sampled_from(["release", "pull-request"]),
)  # fmt: skip
def test_only_what_was_run_here_and_passed_passes(
    cases: int, failures: int, errors: int, skipped: int, binding: Binding, commit: str, dirty: bool | None,
    code: int | None, profile: str,
) -> None:  # fmt: skip
    run = TestRun(cases=cases, failures=failures, errors=errors, skipped=min(skipped, cases))
    origin = Origin(binding, commit=commit, dirty=dirty, made=NOON, exit_code=code)
    criterion = judged("tests-ran", green("tests-ran", origin, run), profile=profile)
    if criterion.status == "PASS":
        assert run.cases > run.skipped
        assert not failures + errors
        assert not code
        assert binding != "unbound" or profile == "pull-request"
        assert commit == COMMIT.id or (not commit and binding in ("unbound", "itself", "signed"))
        assert not (dirty and commit)
    if criterion.status == "FAIL":
        assert failures + errors


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 100))
def test_coverage_passes_only_at_its_threshold(covered: int, more: int, asked: float) -> None:
    settings = load(Source("gatekeeper.yaml", f"thresholds: {{coverage: {{min: {asked!r}}}}}\n"))
    facts = Coverage(metrics={"line": Ratio(covered, covered + more)})
    criterion = judged("coverage-measured", green("coverage-measured", facts=facts), settings=settings)
    expected = "UNKNOWN" if not covered + more else "PASS" if covered * 100 / (covered + more) >= asked else "FAIL"
    assert criterion.status == expected
    if criterion.status == "FAIL":  # the figure shown never looks as if it reached the threshold
        assert float(criterion.result.split(" %")[0]) <= asked


def test_a_manifest_that_names_what_is_outside_or_missing(tmp_path: Path) -> None:
    statement: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "git+x", "digest": {"gitCommit": COMMIT.id}}],
        "predicateType": "https://github.com/gatekeeper-lint/gatekeeper/evidence/v1",
        "predicate": {"kind": "junit", "finishedAt": "2026-11-22T12:00:00Z", "files": []},
    }
    for path, words in (("../../../etc/passwd", "outside the repository"), ("nothing.xml", "cannot be read")):
        statement["predicate"]["files"] = [{"path": path, "sha256": "0" * 64}]
        project = project_of([(".gatekeeper/evidence/m.json", json.dumps(statement))])
        [evidence] = project.all(Evidence)
        assert evidence.trouble
        assert words in evidence.trouble.message


def test_owner_and_name() -> None:
    for url in ("https://github.com/Acme/Orders.git", "git@github.com:acme/orders.git", "ssh://git@host/acme/orders"):
        assert owner_and_name(url) == "acme/orders"


# the command


def run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_", "CI"))}
    command = [sys.executable, "-m", "gatekeeper", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    workflow = tmp_path / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push\njobs: {build: {runs-on: x, steps: [{run: make}]}}\n")
    (tmp_path / ".gitignore").write_text(".gatekeeper/evidence/\n*.xml\n")
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


WRITES = "open('junit.xml', 'w').write('<testsuite><testcase classname=\"a\" name=\"b\"/></testsuite>')"


def verdict_of(shop: Path) -> tuple[str, str]:
    done = run("audit", "--select", "tests-ran", "--output", "json", cwd=shop)
    [criterion] = json.loads(done.stdout)["gates"][0]["criteria"]
    return criterion["status"], criterion["reason"]


def test_a_run_is_kept_with_what_it_wrote_and_loses_its_worth_with_the_next_commit(shop: Path) -> None:
    done = run(
        "evidence", "run", "--file", "junit.xml", "--", sys.executable, "-c", WRITES, "--token=hunter2", cwd=shop
    )
    assert done.returncode == 0, done.stderr
    [path] = (shop / ".gatekeeper" / "evidence").glob("*.json")
    manifest = read(Artifact(Source(path.name, ""), path.read_bytes()))
    assert (manifest.predicate.kind, manifest.predicate.exit_code) == ("junit", 0)
    assert "hunter2" not in path.read_text()
    assert verdict_of(shop) == ("PASS", "")
    assert "manifest" in run("evidence", "list", cwd=shop).stdout
    (shop / "README.md").write_text("# Shop\n")
    subprocess.run(["git", "add", "."], cwd=shop, check=True)
    assert verdict_of(shop) == ("UNKNOWN", "wrong-subject")
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "2"], cwd=shop, check=True)
    assert verdict_of(shop) == ("UNKNOWN", "wrong-subject")


def test_a_changed_artifact_is_not_believed(shop: Path) -> None:
    run("evidence", "run", "--file", "junit.xml", "--", sys.executable, "-c", WRITES, cwd=shop)
    [copy] = (shop / ".gatekeeper" / "evidence").rglob("junit.xml")
    copy.write_text(copy.read_text().replace("b", "c"))
    assert verdict_of(shop) == ("UNKNOWN", "wrong-subject")


def test_a_failing_command_stays_failing_and_an_old_report_is_refused(shop: Path) -> None:
    failing = f"import sys; {WRITES}; sys.exit(7)"
    assert run("evidence", "run", "--file", "junit.xml", "--", sys.executable, "-c", failing, cwd=shop).returncode == 7
    assert verdict_of(shop) == ("UNKNOWN", "tool-error")
    os.utime(shop / "junit.xml", (1, 1))
    done = run("evidence", "run", "--file", "junit.xml", "--", sys.executable, "-c", "pass", cwd=shop)
    assert done.returncode == 2
    assert "from an earlier run" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "--kind", "junti", "x.xml"), "did you mean junit?"),
        (("add", "nowhere.xml"), "nowhere.xml"),
        (("add", ".gitignore"), "not recognised"),
        (("run", "--", "no-such-program"), "no such file"),
        (("run", "--", "true"), "--file"),
    ],
)
def test_wrong_use_is_explained(shop: Path, words: tuple[str, ...], said: str) -> None:
    done = run("evidence", *words, cwd=shop)
    assert done.returncode == 2
    assert said in done.stderr


def test_evidence_needs_a_commit(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text("<testsuite/>")
    done = run("evidence", "add", "x.xml", cwd=tmp_path)
    assert done.returncode == 2
    assert "no commit" in done.stderr
