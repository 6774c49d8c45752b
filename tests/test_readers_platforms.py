"""Readers of what platforms answer, of bills of materials and of estimates: facts, and lies that must not pass."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.models.evidence import answers
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Bill, BranchRules, Drift, Estimate, Facts, Price, Protection, Run
from gatekeeper.models.evidence.readers import read, recognise
from gatekeeper.node import Source

EVIDENCE = Path(__file__).parent / "evidence"
Change = Callable[[Any], Any]


def stored(path: str) -> Any:
    return json.loads((EVIDENCE / path).read_text())


def facts(path: str, data: bytes | None = None) -> list[Facts]:
    data = (EVIDENCE / path).read_bytes() if data is None else data
    return list(read(Artifact(Source(path, ""), data), path.partition("/")[0]))


def changed(path: str, change: Change) -> list[Facts]:
    """The facts of a stored artifact of which something was changed: in place, or as `change` returns it."""
    content = stored(path)
    result = change(content)
    return facts(path, json.dumps(content if result is None else result).encode())


def unusable(path: str, change: Change) -> tuple[str, str]:
    with pytest.raises(Unusable) as caught:
        changed(path, change)
    return caught.value.reason, str(caught.value)


def utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0
) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, second, micro, tzinfo=datetime.UTC)


# one page after another

JSON = st.recursive(
    st.none() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.lists(JSON, max_size=3), min_size=1, max_size=4), st.sampled_from(["", "\n", " \r\n\t"]))
def test_pages_are_told_apart_wherever_one_ends(pages: list[Any], between: str) -> None:
    text = between.join(json.dumps(page, ensure_ascii=False) for page in pages)
    for mark in ("", "\ufeff"):
        artifact = Artifact(Source("x.json", ""), (mark + text).encode())
        assert list(answers.pages(artifact, list[Any])) == pages


def test_too_many_pages_and_too_large_ones_are_unusable() -> None:
    for data in (b"[]" * 101, b"[" + b" " * 16_000_000 + b"][]", b"[] x", b"[]["):
        with pytest.raises(Unusable) as caught:
            list(answers.pages(Artifact(Source("x.json", ""), data), list[Any]))
        assert caught.value.reason == "unreadable"


# bills of materials


def bill(path: str, data: bytes | None = None) -> Bill:
    (found,) = facts(path, data)
    assert isinstance(found, Bill)
    return found


def test_cyclonedx_counts_components() -> None:
    assert bill("cyclonedx/venv-1.6.cdx.json").components == 4
    assert bill("cyclonedx/venv-1.2.cdx.json").tool == "cyclonedx-py"
    npm = bill("cyclonedx/npm.cdx.json")
    assert (npm.tool, npm.version, npm.subject) == ("cyclonedx-npm", "6.0.1", "pkg:npm/npm@1.0.0")
    assert npm.made == utc(2026, 11, 25, 16, 9, 32, 525000)


def test_cyclonedx_counts_the_components_of_components() -> None:
    def nest(bom: Any) -> None:
        bom["components"] = [
            {"type": "library", "name": "a", "components": bom["components"]},
            {"type": "file", "name": " "},
        ]

    (nested,) = changed("cyclonedx/npm.cdx.json", nest)
    assert isinstance(nested, Bill)
    assert nested.components == 4


@pytest.mark.parametrize("components", [[], [{"type": "library", "name": ""}]])
def test_cyclonedx_that_lists_nothing_is_empty(components: Any) -> None:
    assert unusable("cyclonedx/npm.cdx.json", lambda bom: {**bom, "components": components})[0] == "empty"


def test_cyclonedx_without_components_or_of_another_version_is_unusable() -> None:
    vex = {"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [{"id": "CVE-2026-1"}]}
    assert unusable("cyclonedx/npm.cdx.json", lambda bom: vex)[0] == "empty"
    reason, words = unusable("cyclonedx/npm.cdx.json", lambda bom: {**bom, "specVersion": "2.0"})
    assert (reason, "CycloneDX 2.0" in words) == ("unreadable", True)


def test_cyclonedx_is_recognised_when_its_format_comes_last_in_a_long_file() -> None:
    bom = stored("cyclonedx/venv-1.6.cdx.json")
    bom["components"] *= 50
    data = json.dumps(bom).encode()
    assert b"bomFormat" not in data[:-4096]
    assert recognise(Artifact(Source("x.json", ""), data)) == "cyclonedx"


def test_spdx_counts_packages_beside_the_one_it_describes() -> None:
    python = bill("spdx/sbom4python.spdx.json")
    assert (python.components, python.subject, python.tool, python.version) == (
        4,
        "requests@2.34.2",
        "sbom4python",
        "0.12.6",
    )
    github = bill("spdx/github.json")
    assert (github.components, github.subject) == (2, "com.github.octocat/hello-world@main")
    assert github.made == utc(2026, 1, 4, 9, 12)
    graph = bill("spdx/graph-3.0.json")
    assert (graph.components, graph.subject, graph.tool, graph.version) == (1, "orders", "bill-maker", "2.4.1")


def test_spdx_that_names_only_its_subject_is_empty() -> None:
    def only_the_subject(answer: Any) -> None:
        del answer["sbom"]["packages"][:2]

    def only_the_root(graph: Any) -> None:
        graph["@graph"] = [element for element in graph["@graph"] if element.get("name") != "once"]

    assert unusable("spdx/github.json", only_the_subject)[0] == "empty"
    assert unusable("spdx/graph-3.0.json", only_the_root)[0] == "empty"


def test_spdx_that_describes_several_packages_lists_them_all() -> None:
    def described(answer: Any) -> None:
        answer["sbom"]["documentDescribes"] = [package["SPDXID"] for package in answer["sbom"]["packages"]]

    (found,) = changed("spdx/github.json", described)
    assert isinstance(found, Bill)
    assert (found.components, found.subject) == (3, "")


def test_a_time_without_a_zone_is_left_out() -> None:
    def naive(answer: Any) -> None:
        answer["sbom"]["creationInfo"]["created"] = "2026-01-04T09:12:00"

    assert [found.made for found in changed("spdx/github.json", naive)] == [None]


# estimates

BREAKDOWN = "infracost/breakdown.json"


def resources(report: Any) -> Any:
    return report["projects"][0]["breakdown"]["resources"]


def test_infracost_counts_what_has_no_price() -> None:
    (estimate,) = facts(BREAKDOWN)
    assert isinstance(estimate, Estimate)
    assert (estimate.currency, estimate.total) == ("USD", 590.26)
    assert estimate.unpriced == 5  # I/O, requests, duration, a price not found, and a resource that is not supported
    assert estimate.rows == (
        Price("aws_instance.web", "aws_instance", 567.26),
        Price("aws_lambda_function.thumbnails", "aws_lambda_function", None),
        Price("module.db.aws_db_instance.this", "aws_db_instance", 23.0),
    )
    assert estimate.commit == "7638417db6d59f3c431d3e1f261cc637155684cd"
    assert estimate.made == utc(2026, 1, 4, 9, 12, 31, 123456)


def test_infracost_knows_no_total_when_nothing_has_a_price() -> None:
    def only_by_use(report: Any) -> None:
        report["projects"][0]["breakdown"]["resources"] = resources(report)[1:2]
        report["totalMonthlyCost"] = None

    (estimate,) = changed(BREAKDOWN, only_by_use)
    assert isinstance(estimate, Estimate)
    assert (estimate.total, estimate.unpriced) == (None, 3)


def a_lower_total(report: Any) -> None:
    report["totalMonthlyCost"] = "90.26"


def no_total(report: Any) -> None:
    report["totalMonthlyCost"] = None


def a_lower_sum_of_a_resource(report: Any) -> None:
    resources(report)[0]["monthlyCost"] = "67.26"
    report["totalMonthlyCost"] = "90.26"


def a_negative_price(report: Any) -> None:
    resources(report).append({"name": "aws_discount.x", "monthlyCost": "-500"})
    report["totalMonthlyCost"] = "90.26"


def no_number(report: Any) -> None:
    resources(report)[2]["costComponents"][1]["monthlyCost"] = "NaN"


@pytest.mark.parametrize("lie", [a_lower_total, no_total, a_lower_sum_of_a_resource, a_negative_price, no_number])
def test_infracost_is_not_believed_what_can_be_recounted(lie: Change) -> None:
    assert unusable(BREAKDOWN, lie)[0] == "unreadable"


def test_infracost_may_round_by_a_cent_for_each_price() -> None:
    def rounded(report: Any) -> None:
        report["totalMonthlyCost"] = "590.30"

    def more(report: Any) -> None:
        report["totalMonthlyCost"] = "590.31"

    assert len(changed(BREAKDOWN, rounded)) == 1
    assert unusable(BREAKDOWN, more) == (
        "unreadable",
        "the total is said to be 590.31 a month, but its parts come to 590.26",
    )


def test_infracost_that_failed_or_saw_nothing_is_no_estimate() -> None:
    def failed(report: Any) -> None:
        report["projects"][0]["metadata"]["errors"] = [{"code": 1, "message": "no such module"}]

    def nothing(report: Any) -> None:
        resources(report).clear()
        report["totalMonthlyCost"] = "0"

    reason, words = unusable(BREAKDOWN, failed)
    assert (reason, "no such module" in words) == ("tool-error", True)
    assert unusable(BREAKDOWN, nothing)[0] == "empty"


def test_infracost_that_nests_too_deeply_is_unusable() -> None:
    def nest(report: Any) -> None:
        for _ in range(200):
            resources(report)[0] = {"name": "x", "subresources": [resources(report)[0]]}

    assert unusable(BREAKDOWN, nest)[0] == "unreadable"


# runs


def run_of(found: list[Facts]) -> Run:
    (run,) = found
    assert isinstance(run, Run)
    return run


def stages(run: Run) -> dict[str, str]:
    return {stage.name: stage.conclusion for stage in run.stages}


def test_github_run_as_gh_views_it() -> None:
    run = run_of(facts("github_run/view.json"))
    assert (run.name, run.status, run.conclusion) == ("Build", "completed", "failure")
    assert run.commit == "009b8a3a9ccbb128af87f9b1c0f4c62e8a304f6d"
    assert run.made == utc(2026, 1, 4, 9, 3, 1)  # when the last job ended, not when somebody touched the run
    assert stages(run) == {"test": "success", "deploy": "failure", "smoke-test": "skipped"}
    assert [(stage.line, stage.seconds) for stage in run.stages] == [(1, 80.0), (29, 85.0), (39, 0.0)]


@pytest.mark.parametrize(
    "word", ["cancelled", "skipped", "neutral", "timed_out", "action_required", "stale", "startup_failure"]
)
def test_github_run_keeps_the_words_of_the_platform(word: str) -> None:
    def ended(view: Any) -> None:
        view["jobs"][0]["conclusion"] = word

    assert stages(run_of(changed("github_run/view.json", ended)))["test"] == word


def test_github_run_has_the_last_attempt_of_each_job() -> None:
    run = run_of(facts("github_run/jobs.json"))
    assert stages(run) == {"build": "success", "publish": "in_progress"}
    assert [stage.line for stage in run.stages] == [1, 6]
    assert (run.commit, run.name) == ("f83a356604ae3c5d03e1b46ef4d1ca77d64a90b0", "CI")


def test_github_run_hides_no_job_behind_another_of_its_name() -> None:
    def same_attempt(answer: Any) -> None:
        answer["jobs"][0]["run_attempt"] = 2

    run = run_of(changed("github_run/jobs.json", same_attempt))
    assert [stage.conclusion for stage in run.stages if stage.name == "build"] == ["failure", "success"]


@pytest.mark.parametrize("name", ["run-then-pages", "merged", "slurped"])
def test_github_run_is_put_together_from_its_pages(name: str) -> None:
    run = run_of(facts(f"github_run/{name}.json"))
    assert stages(run) == {"build": "success", "publish": "success"}
    assert run.commit == "f83a356604ae3c5d03e1b46ef4d1ca77d64a90b0"


def test_github_run_without_its_jobs_or_with_a_page_of_them_is_empty() -> None:
    def without(answer: Any) -> None:
        answer.pop("jobs")

    def one_page(answer: Any) -> None:
        answer["jobs"].pop()

    for path in ("github_run/view.json", "github_run/merged.json"):
        assert unusable(path, without)[0] == "empty"
    assert unusable("github_run/view.json", lambda view: view["jobs"].clear())[0] == "empty"
    assert unusable("github_run/jobs.json", one_page) == (
        "empty",
        "lists 2 of 3 jobs: it is one page of several; use --paginate",
    )
    assert unusable("github_run/slurped.json", lambda pages: pages[:1])[0] == "empty"


def test_github_run_vouches_for_one_run_only() -> None:
    def another_run(answer: Any) -> None:
        answer["jobs"][1]["run_id"] = 1

    def another_commit(answer: Any) -> None:
        answer["jobs"]["jobs"][1]["head_sha"] = "0" * 40

    def twice(answer: Any) -> None:
        answer["jobs"].append({**answer["jobs"][1], "conclusion": "failure"})

    assert unusable("github_run/jobs.json", twice)[0] == "unreadable"
    assert unusable("github_run/jobs.json", another_run)[0] == "unreadable"
    assert unusable("github_run/merged.json", another_commit)[0] == "unreadable"


def test_github_run_that_is_under_way_has_not_succeeded() -> None:
    def claims(view: Any) -> None:
        view["jobs"][0]["status"] = "in_progress"

    def nothing(view: Any) -> None:
        view["jobs"][0]["conclusion"] = None

    assert stages(run_of(changed("github_run/view.json", claims)))["test"] == "in_progress"
    assert unusable("github_run/view.json", nothing)[0] == "unreadable"


def test_gitlab_jobs_keep_the_newest_of_each_name() -> None:
    run = run_of(facts("gitlab_jobs/jobs.json"))
    assert stages(run) == {"rspec": "success", "rubocop": "failed"}
    assert [(stage.allowed_to_fail, stage.seconds, stage.line) for stage in run.stages] == [
        (True, 40.0, 38),
        (False, 90.5, 1),
    ]
    assert run.commit == "0ff3ae198f8601a285adcf5c0fff204ee6fba5fd"
    assert (run.conclusion, run.made) == ("success", utc(2026, 1, 4, 9, 6, 32, 500000))


def test_gitlab_jobs_carry_the_status_of_a_pipeline_whose_other_jobs_are_on_another_page() -> None:
    def failed_elsewhere(jobs: Any) -> None:
        jobs[0]["pipeline"]["status"] = "failed"

    run = run_of(changed("gitlab_jobs/jobs.json", failed_elsewhere))
    assert (run.conclusion, stages(run)["rspec"]) == ("failed", "success")


def test_gitlab_jobs_of_several_pipelines_are_several_runs() -> None:
    def older(jobs: Any) -> None:
        jobs[2]["pipeline"]["id"] = 5

    old, new = changed("gitlab_jobs/jobs.json", older)
    assert stages(run_of([old])) == {"rspec": "failed"}
    assert stages(run_of([new])) == {"rspec": "success", "rubocop": "failed"}


def test_gitlab_jobs_of_one_pipeline_are_of_one_commit() -> None:
    def mixed(jobs: Any) -> None:
        jobs[1]["pipeline"]["sha"] = "0" * 40

    assert unusable("gitlab_jobs/jobs.json", mixed)[0] == "unreadable"


# what protects environments and branches


def protections(found: list[Facts]) -> dict[str, Protection]:
    return {one.environment: one for one in found if isinstance(one, Protection)}


def test_github_environments() -> None:
    found = protections(facts("github_environments/environments.json"))
    production, staging = found["production"], found["staging"]
    assert (production.reviewers, production.approvals, production.prevents_self_review) == (2, 1, True)
    assert (staging.reviewers, staging.approvals, staging.prevents_self_review) == (0, 0, None)
    assert {one.repository for one in found.values()} == {"octocat/hello-world"}
    assert (staging.line, production.line) == (8, 20)
    assert production.made is None  # `updated_at` is not when it was asked
    assert protections(facts("github_environments/production.json"))["production"].reviewers == 2


def test_github_environments_without_rules_prove_nothing() -> None:
    def unasked(answer: Any) -> None:
        del answer["environments"][1]["protection_rules"]

    def nobody(answer: Any) -> None:
        answer["environments"][1]["protection_rules"][0]["reviewers"] = []

    path = "github_environments/environments.json"
    assert unusable(path, unasked)[0] == "unreadable"
    assert protections(changed(path, nobody))["production"].approvals == 0
    assert unusable(path, lambda _: {"total_count": 0, "environments": []})[0] == "empty"
    assert unusable("github_environments/refused.json", lambda _: None)[0] == "tool-error"


def test_gitlab_environments_take_the_greatest_rule() -> None:
    found = protections(facts("gitlab_environments/protected.json"))
    assert {name: (one.approvals, one.reviewers) for name, one in found.items()} == {
        "production": (2, 2),
        "staging": (0, 0),
        "review/eu": (1, 1),
    }


def test_gitlab_environments_do_not_count_those_who_may_deploy_as_those_who_must_agree() -> None:
    def unasked(answer: Any) -> None:
        answer[2]["required_approval_count"] = 0

    assert protections(changed("gitlab_environments/protected.json", unasked))["review/eu"].reviewers == 0


def branch_rules(found: list[Facts]) -> list[BranchRules]:
    assert all(isinstance(one, BranchRules) for one in found)
    return [one for one in found if isinstance(one, BranchRules)]


def test_github_rules_take_the_strictest() -> None:
    (rules,) = branch_rules(facts("github_rules/rules-main.json"))
    assert (rules.approvals, rules.checks) == (2, ("test", "lint"))
    assert (rules.repository, rules.branch, rules.enforced_for_admins) == ("octocat/hello-world", "", None)


def test_github_rules_of_classic_protection() -> None:
    (rules,) = branch_rules(facts("github_rules/protection.json"))
    assert (rules.approvals, rules.checks) == (2, ("continuous-integration/travis-ci",))
    assert (rules.repository, rules.branch, rules.enforced_for_admins) == ("octocat/hello-world", "release/1", True)
    (bare,) = branch_rules(changed("github_rules/protection.json", lambda answer: {"url": answer["url"]}))
    assert (bare.approvals, bare.checks, bare.enforced_for_admins) == (0, (), None)


def test_github_rules_of_a_ruleset() -> None:
    found = branch_rules(facts("github_rules/ruleset.json"))
    assert [(rules.branch, rules.approvals) for rules in found] == [("main", 1), ("~DEFAULT_BRANCH", 1)]
    assert {rules.enforced_for_admins for rules in found} == {False}  # a team may pass it by


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("enforcement", "disabled", "empty"),
        ("enforcement", "evaluate", "empty"),
        ("target", "tag", "empty"),
        ("conditions", {"ref_name": {"include": [], "exclude": []}}, "empty"),
        ("conditions", {"ref_name": {"include": ["refs/heads/main"], "exclude": ["refs/heads/main"]}}, "empty"),
        ("conditions", {"ref_name": {"include": ["~ALL"], "exclude": ["refs/heads/ma*"]}}, "unresolved"),
    ],
)
def test_github_rules_of_a_ruleset_that_does_not_apply_prove_nothing(field: str, value: Any, reason: str) -> None:
    assert unusable("github_rules/ruleset.json", lambda ruleset: {**ruleset, field: value})[0] == reason


def test_github_rules_that_are_none_are_no_fact_about_the_branch() -> None:
    assert unusable("github_rules/rules-main.json", lambda _: [])[0] == "empty"
    assert unusable("github_rules/unprotected.json", lambda _: None)[0] == "empty"


# drift


def drifts(found: list[Facts]) -> dict[str, Drift]:
    return {one.name: one for one in found if isinstance(one, Drift)}


def test_argocd_compares_resources() -> None:
    found = drifts(facts("argocd/kubectl-list.json"))
    same, other = found["guestbook"], found["helm-orders"]
    assert (same.synced, same.healthy, same.compared, same.differing) == (True, True, 2, ())  # a hook is not compared
    assert (other.synced, other.healthy, other.differing) == (False, False, ("Deployment default/guestbook-ui",))
    assert (same.commit, other.commit) == ("53e28ff20cc530b9ada2173fbbd64d48338583ba", "")  # a chart has a version
    assert same.made == utc(2026, 1, 4, 9, 12, 31)
    assert (same.line, other.line) == (10, 90)
    assert drifts(facts("argocd/argocd-app-get.json")) == {"guestbook": drifts(facts("argocd/app.json"))["guestbook"]}


def test_argocd_is_not_believed_that_all_is_synced_when_a_resource_is_not() -> None:
    def lie(application: Any) -> None:
        application["status"]["resources"][0]["status"] = "OutOfSync"

    def overlooked(application: Any) -> None:
        application["status"]["resources"][0] |= {"status": "OutOfSync", "requiresPruning": True}

    assert not drifts(changed("argocd/app.json", lie))["guestbook"].synced
    assert drifts(changed("argocd/app.json", overlooked))["guestbook"].synced


def test_argocd_that_did_not_compare_proves_nothing() -> None:
    def declared(application: Any) -> None:
        del application["status"]

    def failed(application: Any) -> None:
        application["status"]["sync"]["status"] = "Unknown"
        application["status"]["conditions"] = [{"type": "ComparisonError", "message": "no such revision"}]

    def nothing(application: Any) -> None:
        application["status"]["resources"] = []

    def partly(application: Any) -> None:
        application["status"]["resources"][0]["status"] = "Unknown"

    assert unusable("argocd/app.json", declared)[0] == "empty"
    reason, words = unusable("argocd/app.json", failed)
    assert (reason, "no such revision" in words) == ("tool-error", True)
    assert unusable("argocd/app.json", nothing)[0] == "empty"
    assert unusable("argocd/app.json", partly)[0] == "tool-error"


def test_argocd_leaves_other_kinds_alone() -> None:
    def templates(application: Any) -> None:
        application["kind"] = "ApplicationSet"

    application = stored("argocd/app.json")
    templates(application)
    assert recognise(Artifact(Source("set.json", ""), json.dumps(application).encode())) is None
    assert unusable("argocd/app.json", templates)[0] == "empty"
