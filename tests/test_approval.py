"""Approval, environments and required checks: what dominates a deployment, and what only looks as if it did."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import engine, waivers
from gatekeeper.catalogue import Catalogue
from gatekeeper.cli import main
from gatekeeper.links.approval import Approval, Status, approval_of
from gatekeeper.links.pipelines import depends, production_of
from gatekeeper.links.required_checks import settled
from gatekeeper.models.evidence import FOLDER
from gatekeeper.models.pipeline import TESTS, Job
from gatekeeper.project import Project
from gatekeeper.rule import Rule
from gatekeeper.testing import COMMIT, project_of

ROOT = Path(__file__).parent.parent
RULES: dict[str, Rule] = {rule.id: rule for rule in Catalogue([ROOT / "rules"]).rules()}
PUSH = "on: {push: {branches: [main]}}\n"
DEPLOY = "steps: [{run: kubectl apply -n production -f k8s/}]"
ASKS = "steps: [{uses: trstringer/manual-approval@v1, with: {approvers: 'ada,grace'}}]"
SETTINGS = {
    ".github/settings.yml": "environments: [{name: production, reviewers: [{type: Team, id: 1}], "
    "prevent_self_review: true}]"
}
NAMED = {"gatekeeper.yaml": "service: {name: orders}"}


def workflow(*jobs: str, on: str = PUSH) -> dict[str, str]:
    body = "\n".join(f"  {job}" for job in jobs)
    return {".github/workflows/deploy.yml": f"{on}jobs:\n{body}\n"}


def job(id: str, *keys: str) -> str:
    return f"{id}: {{runs-on: x, {', '.join(keys)}}}"


def flow(id: str, *keys: str) -> str:
    """A job, one key a line."""
    return f"{id}:\n    runs-on: x\n" + "\n".join(f"    {key}" for key in keys)


def project(*files: dict[str, str]) -> Project:
    return project_of([(path, text) for each in files for path, text in each.items()])


def approval(*files: dict[str, str], id: str = "deploy") -> Approval:
    made = project(*files)
    found = [each for each in made.all(Job) if each.id == id and production_of(each, made)]
    assert found, f"no job {id} deploys to production"
    return approval_of(found[0], made)


def status(*files: dict[str, str], id: str = "deploy") -> str:
    return approval(*files, id=id).status.value


def environment(name: str, *, reviewers: int = 1, **more: Any) -> dict[str, Any]:
    people = [{"type": "User", "reviewer": {"id": n}} for n in range(reviewers)]
    rules = [{"type": "required_reviewers", "prevent_self_review": True, "reviewers": people}] if reviewers else []
    url = f"https://api.github.com/repos/acme/orders/environments/{name}"
    return {"name": name, "url": url, "protection_rules": rules, "deployment_branch_policy": None, **more}


def kept(text: str, kind: str, *, made: str = "2026-11-20T10:00:00Z", of: str = "acme/orders", about: str = "",
         name: str = "snapshot") -> dict[str, str]:  # fmt: skip
    """A snapshot with the manifest that binds it."""
    piece = {"path": f"{name}.json", "sha256": hashlib.sha256(text.encode()).hexdigest()}
    manifest = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": f"git+https://github.com/{of}", "digest": {"gitCommit": COMMIT.id}}],
        "predicateType": "https://github.com/gatekeeper-lint/gatekeeper/evidence/v1",
        "predicate": {"kind": kind, "files": [piece], "finishedAt": made, "dirty": False, "about": about},
    }
    return {f"{FOLDER}/{name}.json": text, f"{FOLDER}/{name}-manifest.json": json.dumps(manifest)}


def environments(*listed: dict[str, Any], **more: Any) -> dict[str, str]:
    text = json.dumps({"total_count": len(listed), "environments": list(listed)})
    return kept(text, "github_environments", **more)


def verdicts(rule: str, made: Project) -> tuple[list[str], list[str]]:
    """What a rule finds, and what it does not know."""
    outcome = engine.run([RULES[rule]], made)[0]
    found = [finding.message for _, finding in waivers.once_each(outcome)]
    return found, [unknown.message for verdict in outcome.verdicts for unknown in verdict.unknowns]


# dominance


def test_an_approval_that_the_deployment_needs() -> None:
    assert status(workflow(job("approve", ASKS), job("deploy", "needs: approve", DEPLOY))) == "verified"


def test_an_approval_two_jobs_before() -> None:
    middle = job("image", "needs: approve", "steps: [{run: docker build .}]")
    assert status(workflow(job("approve", ASKS), middle, job("deploy", "needs: image", DEPLOY))) == "verified"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("always()", "bypassable"),
        ("'!cancelled()'", "bypassable"),
        ("success() || failure()", "bypassable"),
        ("always() && needs.approve.result == 'success'", "verified"),
        ('"!failure() && !cancelled()"', "verified"),
        ("\"!contains(needs.*.result, 'failure') && always()\"", "verified"),
        ("needs.approve.outputs.yes == 'true'", "verified"),
        ("always() && needs.approve.outputs.yes == 'true'", "unknown"),
        ("github.ref == 'refs/heads/main'", "verified"),
    ],
)
def test_conditions_that_let_a_refusal_through(condition: str, expected: str) -> None:
    deploy = job("deploy", "needs: approve", f"if: {condition}", DEPLOY)
    assert status(workflow(job("approve", ASKS), deploy)) == expected


def test_an_approval_beside_it_approves_nothing() -> None:
    assert status(workflow(job("approve", ASKS), job("deploy", DEPLOY))) == "absent"


def test_an_approval_whose_failure_is_hidden() -> None:
    soft = job("approve", "continue-on-error: true", ASKS)
    assert status(workflow(soft, job("deploy", "needs: approve", DEPLOY))) == "bypassable"
    step = "steps: [{uses: trstringer/manual-approval@v1, continue-on-error: true, with: {approvers: 'ada,grace'}}]"
    assert status(workflow(job("approve", step), job("deploy", "needs: approve", DEPLOY))) == "bypassable"


def test_a_marker_after_the_deployment() -> None:
    marker = job("mark", "needs: deploy", "environment: production", "steps: [{run: echo done}]")
    found = approval(workflow(job("deploy", DEPLOY), marker), SETTINGS)
    assert found.status is Status.MISPLACED
    assert "comes after" in found.why


def test_an_approval_step_after_the_deployment() -> None:
    steps = "steps: [{run: kubectl apply -n production -f k8s/}, " + ASKS.removeprefix("steps: [")
    assert status(workflow(job("deploy", steps))) == "misplaced"


def test_a_gate_that_is_skipped_for_one_way_to_start() -> None:
    on = "on: {push: {branches: [main]}, schedule: [{cron: '0 5 * * 1'}]}\n"
    gate = job("approve", "if: github.event_name == 'push'", ASKS)
    skipped = approval(workflow(gate, job("deploy", "needs: approve", "if: '!failure()'", DEPLOY), on=on))
    assert skipped.status is Status.ABSENT
    assert "schedule" in skipped.why
    assert status(workflow(gate, job("deploy", "needs: approve", DEPLOY), on=on)) == "verified"


def test_a_gate_that_whoever_starts_may_switch_off() -> None:
    on = "on: {workflow_dispatch: {inputs: {quick: {type: boolean}}}}\n"
    gate = job("approve", "if: '!inputs.quick'", ASKS)
    assert status(workflow(gate, job("deploy", "needs: approve", "if: '!failure()'", DEPLOY), on=on)) == "unknown"
    assert status(workflow(gate, job("deploy", "needs: approve", DEPLOY), on=on)) == "verified"


def test_the_best_before_counts_and_of_the_ways_to_start_the_worst() -> None:
    deploy = job("deploy", "needs: approve", "environment: production", DEPLOY)
    assert status(workflow(job("approve", ASKS), deploy)) == "verified"  # the environment is only declared
    on = "on: {push: {branches: [main]}, workflow_dispatch: null}\n"
    gate = job("approve", "if: github.event_name == 'push'", ASKS)
    by_hand = approval(workflow(gate, job("deploy", "needs: approve", "if: '!failure()'", DEPLOY), on=on))
    assert by_hand.status is Status.WEAK
    assert "by hand" in by_hand.why


def test_an_environment_on_a_gate_that_is_passed_by() -> None:
    gate = job("gate", "environment: production", "steps: [{run: echo go}]")
    assert status(workflow(gate, job("deploy", "needs: gate", DEPLOY)), SETTINGS) == "verified"
    assert status(workflow(gate, job("deploy", "needs: gate", "if: always()", DEPLOY)), SETTINGS) == "bypassable"


def test_reviewers_of_staging_approve_staging() -> None:
    staging = job("staging", "environment: staging", "steps: [{run: kubectl apply -n staging -f k8s/}]")
    files = {".github/settings.yml": "environments: [{name: staging, reviewers: [{type: Team, id: 1}]}]"}
    assert status(workflow(staging, job("deploy", "needs: staging", DEPLOY)), files) == "misplaced"


def test_an_environment_of_a_matrix_must_be_approved_for_each_production() -> None:
    matrix = "strategy: {matrix: {where: [staging, production, production-eu]}}"
    deploy = job("deploy", matrix, "environment: '${{ matrix.where }}'", "steps: [{run: kubectl apply -f k8s/}]")
    assert status(workflow(deploy), SETTINGS) == "declared"
    eu = ", {name: production-eu, reviewers: [{type: Team, id: 2}]}]"
    both = {".github/settings.yml": SETTINGS[".github/settings.yml"].removesuffix("]") + eu}
    assert status(workflow(deploy), both) == "verified"


def test_a_gate_waits_for_all_of_its_matrix() -> None:
    matrix = "strategy: {matrix: {where: [production, production-eu]}}"
    gate = job("gate", matrix, "environment: '${{ matrix.where }}'", "steps: [{run: echo go}]")
    assert status(workflow(gate, job("deploy", "needs: gate", DEPLOY)), SETTINGS) == "verified"


def test_a_choice_of_environments() -> None:
    on = "on: {workflow_dispatch: {inputs: {where: {type: choice, options: [staging, production]}}}}\n"
    deploy = job("deploy", "environment: '${{ inputs.where }}'", "steps: [{run: kubectl apply -f k8s/}]")
    assert status(workflow(deploy, on=on), SETTINGS) == "verified"
    assert status(workflow(deploy, on=on)) == "declared"


def test_a_free_text_may_name_any_environment() -> None:
    on = "on: {workflow_dispatch: {inputs: {where: {type: string}}}}\n"
    deploy = job("deploy-production", "environment: '${{ inputs.where }}'", "steps: [{run: kubectl apply -f k8s/}]")
    assert status(workflow(deploy, on=on), SETTINGS, id="deploy-production") == "declared"


def test_an_environment_that_follows_the_branch() -> None:
    on = "on: {push: {branches: [main, develop]}}\n"
    where = "environment: \"${{ github.ref == 'refs/heads/main' && 'production' || 'staging' }}\""
    deploy = job("deploy", where, "steps: [{run: kubectl apply -f k8s/}]")
    assert status(workflow(deploy, on=on), SETTINGS) == "verified"


def test_an_environment_that_is_none_for_some_runs() -> None:
    on = "on: {push: {branches: [main]}, schedule: [{cron: '0 5 * * 1'}]}\n"
    where = "environment: \"${{ github.event_name == 'push' && 'production' || '' }}\""
    assert status(workflow(job("deploy", where, DEPLOY), on=on), SETTINGS) == "absent"


def test_an_action_of_ones_own_that_asks() -> None:
    inner = {
        ".github/actions/ask/action.yml": "runs:\n  using: composite\n  steps:\n"
        "    - uses: trstringer/manual-approval@v1\n      with: {approvers: '${{ github.actor }}'}\n"
    }
    asks = "steps: [{uses: actions/checkout@v4}, {uses: ./.github/actions/ask, with: {approvers: 'ada,grace'}}]"
    assert status(workflow(job("ask", asks), job("deploy", "needs: ask", DEPLOY)), inner) == "declared"


def test_an_environment_given_to_a_reusable_workflow() -> None:
    reusable = {
        ".github/workflows/apply.yml": "on: {workflow_call: {inputs: {where: {type: string}}}}\njobs:\n"
        "  deploy: {runs-on: x, environment: '${{ inputs.where }}', steps: [{run: kubectl apply -f k8s/}]}\n"
    }
    call = "production: {uses: ./.github/workflows/apply.yml, with: {where: production}}"
    assert status(workflow(call), reusable, SETTINGS) == "verified"
    gate = job("approve", ASKS)
    calls = "production: {needs: approve, if: always(), uses: ./.github/workflows/apply.yml, with: {where: live}}"
    assert status(workflow(gate, calls), reusable) == "declared"


def test_a_gate_in_a_reusable_workflow() -> None:
    reusable = {".github/workflows/gate.yml": f"on: workflow_call\njobs:\n  {job('ask', ASKS)}\n"}
    call = "gate: {uses: ./.github/workflows/gate.yml}"
    assert status(workflow(call, job("deploy", "needs: gate", DEPLOY)), reusable) == "verified"
    assert status(workflow(call, job("deploy", "needs: gate", "if: always()", DEPLOY)), reusable) == "bypassable"


def test_a_workflow_of_another_repository_may_ask() -> None:
    call = "gate: {uses: acme/shared/.github/workflows/gate.yml@v1}"
    found = approval(workflow(call, job("deploy", "needs: gate", DEPLOY)))
    assert found.status is Status.UNKNOWN
    assert ".gatekeeper/vendor/" in found.next


def test_who_belongs_to_a_team_is_no_approval() -> None:
    check = "steps: [{run: 'gh api orgs/acme/teams/ops/memberships/$ACTOR || exit 1'}]"
    found = approval(workflow(job("check", check), job("deploy", "needs: check", DEPLOY)))
    assert found.status is Status.ABSENT
    assert "authorisation" in found.why


# who is asked


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("approvers: 'ada,grace'", "verified"),  # all of them
        ("approvers: 'ada,grace', minimum-approvals: 1", "weak"),
        ("approvers: 'ada,grace', minimum-approvals: 2", "verified"),
        ("approvers: 'ada,grace', minimum-approvals: 0", "weak"),
        ("approvers: 'ada,grace', minimum-approvals: '${{ vars.N }}'", "weak"),
        ("approvers: ada", "weak"),
        ("approvers: 'ada, ADA'", "weak"),
        ("approvers: ada, exclude-workflow-initiator-as-approver: true", "verified"),
        ("approvers: '${{ github.actor }}'", "weak"),
        ("approvers: '${{ github.actor }},ada', exclude-workflow-initiator-as-approver: true", "weak"),
        ("approvers: '${{ vars.APPROVERS }}'", "declared"),
        ("secret: x", "declared"),
        ("approvers: 'ada,grace', fail-on-denial: false", "weak"),
    ],
)
def test_what_an_approval_action_is_worth(inputs: str, expected: str) -> None:
    asks = f"steps: [{{uses: trstringer/manual-approval@v1, with: {{{inputs}}}}}]"
    assert status(workflow(job("approve", asks), job("deploy", "needs: approve", DEPLOY))) == expected


# what the server says

PRODUCTION = workflow(job("deploy", "environment: production", "steps: [{run: kubectl apply -f k8s/}]"))


def test_a_snapshot_shows_reviewers() -> None:
    assert status(PRODUCTION, environments(environment("Production"))) == "verified"
    assert status(PRODUCTION, environments(environment("production", reviewers=0))) == "absent"


@pytest.mark.parametrize("made", ["2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"])
def test_a_snapshot_of_another_time_proves_nothing(made: str) -> None:
    found = approval(PRODUCTION, environments(environment("production"), made=made))
    assert (found.status, found.reason) == (Status.DECLARED, "stale")


def test_a_snapshot_that_nothing_binds_says_nothing_of_its_age() -> None:
    text = json.dumps({"total_count": 1, "environments": [environment("production")]})
    found = approval(PRODUCTION, {f"{FOLDER}/snapshot.json": text})
    assert (found.status, found.reason) == (Status.DECLARED, "stale")


def test_a_snapshot_of_another_repository_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.links.bound.origin_of", lambda root: "git@github.com:acme/billing.git")
    found = approval(PRODUCTION, environments(environment("production")))
    assert (found.status, found.reason) == (Status.DECLARED, "wrong-subject")
    theirs = environments(environment("production"), of="acme/billing")  # the manifest lies, the answer does not
    assert approval(PRODUCTION, theirs).reason == "wrong-subject"


def test_of_two_snapshots_the_later_counts() -> None:
    early = environments(environment("production"), made="2026-11-01T00:00:00Z", name="early")
    late = environments(environment("production", reviewers=0), made="2026-11-20T00:00:00Z", name="late")
    assert status(PRODUCTION, early, late) == "absent"
    assert status(PRODUCTION, late, early) == "absent"


def test_the_server_counts_more_than_the_files() -> None:
    assert status(PRODUCTION, SETTINGS, environments(environment("production", reviewers=0))) == "absent"


def test_reviewers_that_are_an_empty_list_are_none() -> None:
    files = {".github/settings.yml": "environments: [{name: production, reviewers: []}]"}
    assert status(PRODUCTION, files) == "absent"
    assert status(PRODUCTION, {".github/settings.yml": "environments: [{name: production}]"}) == "absent"


def test_settings_of_a_whole_organisation_are_not_of_this_repository() -> None:
    assert status(PRODUCTION, SETTINGS, {".github/repos/billing.yml": "repository: {name: billing}"}) == "declared"


def test_settings_that_cannot_be_read() -> None:
    found = approval(PRODUCTION, {".github/settings.yml": "environments: [{name: production"})
    assert (found.status, found.reason) == (Status.DECLARED, "unreadable")


def test_a_job_that_makes_no_deployment() -> None:
    where = "environment: {name: production, deployment: false}"
    assert status(workflow(job("deploy", where, "steps: [{run: kubectl apply -f k8s/}]")), SETTINGS) == "declared"


def terraform(*lines: str, repository: str = '"orders"') -> dict[str, str]:
    body = "\n  ".join((f"repository = {repository}", 'environment = "production"', *lines))
    return {"github.tf": f'resource "github_repository_environment" "p" {{\n  {body}\n}}\n'}


REVIEWERS = "reviewers {\n    teams = [12]\n  }"


@pytest.mark.parametrize(
    ("lines", "repository", "expected"),
    [
        ((REVIEWERS,), '"orders"', "verified"),
        ((REVIEWERS,), '"Orders"', "verified"),
        ((REVIEWERS,), '"billing"', "declared"),
        ((REVIEWERS,), "var.repository", "declared"),
        ((REVIEWERS,), "each.value", "declared"),
        ((REVIEWERS, "count = var.protect ? 1 : 0"), '"orders"', "declared"),
        ((REVIEWERS, "count = 0"), '"orders"', "declared"),
        (("reviewers {\n    teams = []\n  }",), '"orders"', "absent"),
        (("reviewers {\n    teams = var.teams\n  }",), '"orders"', "declared"),
        (("reviewers {\n  }",), '"orders"', "absent"),
        (("wait_timer = 10",), '"orders"', "weak"),
        ((), '"orders"', "absent"),
    ],
)
def test_environments_of_terraform(lines: tuple[str, ...], repository: str, expected: str) -> None:
    variables = {"variables.tf": 'variable "repository" {}\nvariable "protect" {}\nvariable "teams" {}\n'}
    assert status(PRODUCTION, NAMED, variables, terraform(*lines, repository=repository)) == expected


def test_terraform_of_a_repository_without_a_name_is_nobodys() -> None:
    assert status(PRODUCTION, terraform(REVIEWERS)) == "declared"


def test_terraform_names_the_repository_by_reference() -> None:
    made = {"repository.tf": 'resource "github_repository" "this" {\n  name = "orders"\n}\n'}
    assert status(PRODUCTION, NAMED, made, terraform(REVIEWERS, repository="github_repository.this.name")) == "verified"
    read = {"repository.tf": 'data "github_repository" "this" {\n  full_name = "acme/orders"\n}\n'}
    found = terraform(REVIEWERS, repository="data.github_repository.this.name")
    assert status(PRODUCTION, NAMED, read, found) == "verified"


def test_terraform_of_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.links.bound.origin_of", lambda root: "https://github.com/acme/orders")
    theirs = {"provider.tf": 'provider "github" {\n  owner = "umbrella"\n}\n'}
    assert status(PRODUCTION, terraform(REVIEWERS)) == "verified"
    assert status(PRODUCTION, terraform(REVIEWERS), theirs) == "declared"


def test_a_module_that_nobody_calls_declares_nothing() -> None:
    library = {f"modules/repository/{path}": text for path, text in terraform(REVIEWERS).items()}
    assert status(PRODUCTION, NAMED, library) == "declared"


# the review before a merge

REVIEW = {"gatekeeper.yaml": "service: {name: orders}\npipeline: {approval: review}"}
PLAIN = workflow(job("deploy", DEPLOY))


def protection(**fields: str) -> dict[str, str]:
    body = "\n  ".join(f"{key} {value}" for key, value in {"repository_id": '= "orders"', **fields}.items())
    return {"branches.tf": f'resource "github_branch_protection" "main" {{\n  {body}\n}}\n'}


def test_a_review_is_an_approval_where_the_settings_say_so() -> None:
    one = "{\n    required_approving_review_count = 1\n  }"
    asked = protection(pattern='= "main"', required_pull_request_reviews=one)
    assert status(PLAIN, REVIEW, asked) == "verified"
    assert status(PLAIN, NAMED, asked) == "absent"
    assert status(PLAIN, REVIEW) == "declared"
    nobody = protection(pattern='= "main"', required_pull_request_reviews=one.replace("1", "0"))
    assert status(PLAIN, REVIEW, nobody) == "declared"
    other = protection(pattern='= "develop"', required_pull_request_reviews="{\n  }")
    assert status(PLAIN, REVIEW, other) == "declared"


def test_a_review_approves_no_tag() -> None:
    asked = protection(pattern='= "main"', required_pull_request_reviews="{\n  }")
    on = "on: {push: {branches: [main], tags: ['v*']}}\n"
    assert status(workflow(job("deploy", DEPLOY), on=on), REVIEW, asked) == "absent"


def test_what_is_not_required_is_waived_and_does_not_pass() -> None:
    text = "pipeline: {approval: not-required, reason: continuous delivery, by: ada, approved_by: grace, "
    text += "on: 2026-11-01, until: 2026-12-31}"
    made = project(PRODUCTION, {"gatekeeper.yaml": text})
    assert verdicts("pipeline-production-approval", made)[0]  # a finding, which the waiver excuses
    (waiver,) = waivers.excuses(made.tree, made.settings)
    assert waiver.rules == ("pipeline-production-approval",)
    assert waiver.problem(made.today) == ""
    assert waiver.node.span.line == 1
    bare = project(PRODUCTION, {"gatekeeper.yaml": "pipeline: {approval: not-required}"})
    (waiver,) = waivers.excuses(bare.tree, bare.settings)
    assert waiver.problem(bare.today) == "reason is empty"


# required checks

CI = {".github/workflows/ci.yml": f"on: pull_request\njobs:\n  {job('unit', 'steps: [{run: pytest}]')}\n"}


def lifted(*files: dict[str, str]) -> str:
    made = project(PRODUCTION, NAMED, *files)
    deploy = next(each for each in made.all(Job) if each.id == "deploy" and production_of(each, made))
    found = settled(depends(deploy, TESTS, made), deploy, made)
    assert found is not None
    return found.word


def requires(*checks: str, **fields: str) -> dict[str, str]:
    listed = json.dumps(list(checks))
    block = f"{{\n    contexts = {listed}\n  }}"
    return protection(**{"pattern": '= "main"', "required_status_checks": block, **fields})


def test_a_check_that_a_merge_needs() -> None:
    assert lifted(CI, requires("unit")) == "yes"
    assert lifted(CI, requires("lint")) == "unknown"
    assert lifted(CI) == "unknown"
    found, unknown = verdicts("pipeline-deploy-needs-test", project(PRODUCTION, NAMED, CI))
    assert not found
    assert "gh api repos/OWNER/NAME/rules/branches/main" in unknown[0]


def test_a_check_of_another_branch_or_repository() -> None:
    of_develop = requires("unit", pattern='= "develop"')
    assert lifted(CI, of_develop) == "unknown"
    assert lifted(CI, requires("unit", repository_id='= "billing"')) == "unknown"


def test_the_exact_pattern_wins_over_a_wider_one() -> None:
    wide = {"wide.tf": requires("unit")["branches.tf"].replace('"main" {', '"all" {').replace('= "main"', '= "*"')}
    assert lifted(CI, wide) == "yes"
    assert lifted(CI, wide, requires("lint")) == "unknown"


@pytest.mark.parametrize(
    ("on", "keys", "expected"),
    [
        ("pull_request", "steps: [{run: pytest}]", "yes"),
        ("[pull_request, merge_group]", "steps: [{run: pytest}]", "yes"),
        ("{pull_request: {branches: [main]}}", "steps: [{run: pytest}]", "yes"),
        ("{pull_request: {branches: [develop]}}", "steps: [{run: pytest}]", "unknown"),
        ("{pull_request: {branches-ignore: [main]}}", "steps: [{run: pytest}]", "unknown"),
        ("{pull_request: {types: [labeled]}}", "steps: [{run: pytest}]", "unknown"),
        ("pull_request_target", "steps: [{run: pytest}]", "unknown"),
        ("{push: {branches: [feature]}}", "steps: [{run: pytest}]", "unknown"),
        ("pull_request", "if: vars.TESTS == 'yes', steps: [{run: pytest}]", "unknown"),
        ("pull_request", "steps: [{run: pytest || true}]", "unknown"),
        ("pull_request", "steps: [{if: vars.TESTS == 'yes', run: pytest}]", "unknown"),
    ],
)
def test_a_check_must_run_before_every_merge(on: str, keys: str, expected: str) -> None:
    files = {".github/workflows/ci.yml": f"on: {on}\njobs:\n  {job('unit', keys)}\n"}
    made = project(PRODUCTION, NAMED, files, requires("unit"))
    deploy = next(each for each in made.all(Job) if each.id == "deploy")
    found = settled(depends(deploy, TESTS, made), deploy, made)
    assert (found.word if found else "unknown") == expected


@pytest.mark.parametrize(
    ("keys", "check", "expected"),
    [
        ("name: Unit tests", "Unit tests", "yes"),
        ("name: Unit tests", "unit", "unknown"),
        ("strategy: {matrix: {v: [1, 2]}}", "unit (1)", "yes"),
        ("strategy: {matrix: {v: [1, 2]}}", "unit", "unknown"),
        ("name: 'Unit ${{ matrix.v }}', strategy: {matrix: {v: [1, 2]}}", "Unit 2", "yes"),
        ("name: '${{ matrix.v }}', strategy: {matrix: {v: [1, 2]}}", "2", "unknown"),
    ],
)
def test_what_a_check_is_called(keys: str, check: str, expected: str) -> None:
    body = job("unit", keys, "steps: [{run: pytest}]")
    assert lifted({".github/workflows/ci.yml": f"on: pull_request\njobs:\n  {body}\n"}, requires(check)) == expected


def test_a_check_of_a_reusable_workflow() -> None:
    files = {
        ".github/workflows/ci.yml": "on: pull_request\njobs:\n  checks: {uses: ./.github/workflows/t.yml}\n",
        ".github/workflows/t.yml": f"on: workflow_call\njobs:\n  {job('unit', 'steps: [{run: pytest}]')}\n",
    }
    assert lifted(files, requires("checks / unit")) == "yes"
    assert lifted(files, requires("unit")) == "unknown"


def test_another_job_of_the_same_name() -> None:
    twin = {".github/workflows/docs.yml": f"on: pull_request\njobs:\n  {job('unit', 'steps: [{run: echo}]')}\n"}
    assert lifted(CI, twin, requires("unit")) == "unknown"


def test_a_job_that_gathers_the_others() -> None:
    unit = job("unit", "steps: [{run: pytest}]")
    green = "steps: [{uses: re-actors/alls-green@release/v1, with: {jobs: '${{ toJSON(needs) }}'}}]"
    waits = job("done", "needs: [unit]", "if: always()", green)
    skips = job("done", "needs: [unit]", "steps: [{run: echo all is well}]")
    allows = job("done", "needs: [unit]", "if: always()", green.replace("with: {", "with: {allowed-failures: unit, "))
    for last, expected in ((waits, "yes"), (skips, "unknown"), (allows, "unknown")):
        files = {".github/workflows/ci.yml": f"on: pull_request\njobs:\n  {unit}\n  {last}\n"}
        assert lifted(files, requires("done")) == expected


def test_a_tag_may_stand_on_any_commit() -> None:
    on = "on: {push: {tags: ['v*']}}\n"
    tagged = workflow(job("deploy", "environment: production", "steps: [{run: kubectl apply -f k8s/}]"), on=on)
    assert lifted(CI, requires("unit"), tagged) == "unknown"


def ruleset(*lines: str, kind: str = "github_repository_ruleset", name: str = '"~DEFAULT_BRANCH"',
            enforcement: str = "active") -> dict[str, str]:  # fmt: skip
    text = f"""
resource "{kind}" "main" {{
  repository  = "orders"
  target      = "branch"
  enforcement = "{enforcement}"
  conditions {{
    ref_name {{
      include = [{name}]
      exclude = []
    }}
    {" ".join(lines)}
  }}
  rules {{
    required_status_checks {{
      required_check {{
        context = "unit"
      }}
    }}
  }}
}}
"""
    return {"ruleset.tf": text}


def test_rulesets_of_terraform() -> None:
    assert lifted(CI, ruleset()) == "yes"
    assert lifted(CI, ruleset(name='"refs/heads/main"')) == "yes"
    assert lifted(CI, ruleset(name='"refs/heads/release"')) == "unknown"
    assert lifted(CI, ruleset(enforcement="evaluate")) == "unknown"
    organisation = "github_organization_ruleset"
    means = 'repository_name {\n      include = ["%s"]\n      exclude = []\n    }'
    assert lifted(CI, ruleset(means % "~ALL", kind=organisation)) == "yes"
    assert lifted(CI, ruleset(means % "ord*", kind=organisation)) == "yes"
    assert lifted(CI, ruleset(means % "bill*", kind=organisation)) == "unknown"


def test_rulesets_of_a_snapshot() -> None:
    rules = [
        {
            "type": "required_status_checks", "ruleset_source_type": "Repository", "ruleset_source": "acme/orders",
            "ruleset_id": 1, "parameters": {"required_status_checks": [{"context": "unit"}]},
        }
    ]  # fmt: skip
    assert lifted(CI, kept(json.dumps(rules), "github_rules", about="main")) == "yes"
    assert lifted(CI, kept(json.dumps(rules), "github_rules")) == "unknown"  # of whichever branch
    assert lifted(CI, kept(json.dumps(rules), "github_rules", about="develop")) == "unknown"
    assert lifted(CI, kept(json.dumps(rules), "github_rules", about="main", made="2026-01-01T00:00:00Z")) == "unknown"


# names


@pytest.mark.parametrize(
    ("used", "declared", "found"),
    [
        ("prod", "production", True),
        ("Production", "production", False),
        ("prodution", "production", True),
        ("production-us", "production-eu", False),
        ("prod-1", "prod-2", False),
        ("prod_eu", "production-eu", True),
        ("staging", "production", False),
        ("github-pages", "production", False),
        ("stage", "staging", True),
        ("dev-cd", "dev-ci", False),
        ("production-wales", "production-whales", True),
    ],
)
def test_names_that_drift(used: str, declared: str, found: bool) -> None:
    files = {".github/settings.yml": f"environments: [{{name: {declared}}}]"}
    made = project(workflow(job("deploy", f"environment: {used}", "steps: [{run: kubectl apply -f k8s/}]")), files)
    assert bool(verdicts("pipeline-environment-name-drift", made)[0]) is found


# what is kept


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "1")):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAVED = {
    "github-environments": "github_environments/environments.json",
    "github-rulesets": "github_rules/ruleset.json",
    "github-branch-protection": "github_rules/protection.json",
    "gitlab-environments": "gitlab_environments/protected.json",
}


@pytest.mark.parametrize(("name", "path"), SAVED.items())
def test_answers_are_kept(name: str, path: str, repository: Path) -> None:
    assert main(["evidence", name, str(ROOT / "tests/evidence" / path)]) == 0
    assert len(list((repository / FOLDER).glob("*.json"))) == 1


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize(
    "other", [*SAVED.values(), "github_environments/refused.json", "trivy/image.json", "github_rules/unprotected.json"]
)
def test_other_answers_are_refused(name: str, other: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if SAVED[name] == other:
        return
    assert main(["evidence", name, str(ROOT / "tests/evidence" / other)]) == 2
    assert other.rpartition("/")[2] in capsys.readouterr().err
    assert not (repository / FOLDER).exists()


def test_a_branch_is_kept_beside_rules_that_do_not_name_it(repository: Path) -> None:
    saved = ROOT / "tests/evidence/github_rules/rules-main.json"
    assert main(["evidence", "github-rulesets", "--about", "main", str(saved)]) == 0
    (manifest,) = (repository / FOLDER).glob("*.json")
    assert json.loads(manifest.read_text())["predicate"]["about"] == "main"


# other tools

GITLAB = "deploy:\n  stage: deploy\n  environment: production\n  script: kubectl apply -n production -f k8s/\n"
RULES_OF_GITLAB = 'approval_rules = [{\n    access_level = "maintainer"\n    required_approvals = 1\n  }]'
MAY_DEPLOY = 'deploy_access_levels {\n    access_level = "maintainer"\n  }'


def guarded(body: str, of: str = "acme/orders") -> dict[str, str]:
    head = f'project = "{of}"\n  environment = "production"'
    return {"p.tf": f'resource "gitlab_project_protected_environment" "p" {{\n  {head}\n  {body}\n}}\n'}


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        (GITLAB, {}, "declared"),
        (f"{GITLAB}  when: manual\n", guarded(MAY_DEPLOY), "weak"),
        (GITLAB, guarded(RULES_OF_GITLAB), "verified"),
        (GITLAB, guarded(RULES_OF_GITLAB, of="acme/billing"), "declared"),
        (GITLAB.replace("production\n", "Production\n", 1), guarded(RULES_OF_GITLAB), "declared"),
        (GITLAB.replace("  environment: production\n", "  when: manual\n"), {}, "weak"),
    ],
)
def test_protected_environments_of_gitlab(text: str, files: dict[str, str], expected: str) -> None:
    assert status({".gitlab-ci.yml": text}, NAMED, files) == expected


@pytest.mark.parametrize(
    ("asks", "expected"),
    [
        ("input { message 'go?'\n submitter 'ops' }", "verified"),
        ("input { message 'go?'\n submitter 'authenticated' }", "weak"),
        ("input { message 'go?' }", "weak"),
        ("", "absent"),
    ],
)
def test_inputs_of_jenkins(asks: str, expected: str) -> None:
    stages = f"stage('Deploy production') {{ {asks}\n steps {{ sh 'kubectl apply -n production -f k8s/' }} }}"
    text = f"pipeline {{ agent any\n stages {{ {stages} }} }}"
    made = project({"Jenkinsfile": text})
    (found,) = [each for each in made.all(Job) if production_of(each, made)]
    assert approval_of(found, made).status.value == expected
