"""The security of GitHub workflows: what rules share, the fixes, and actionlint as an analyser."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatekeeper import analysers, engine
from gatekeeper.analysers import Analysis, actionlint
from gatekeeper.analysers.tool import Output
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.discover import Tree, discover, sort_out
from gatekeeper.links.analysed import Known, agreements
from gatekeeper.models.evidence import Analysed
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.facts import Scan
from gatekeeper.models.pipeline.github.checkouts import lets_in
from gatekeeper.models.pipeline.github.pins import pin_of
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.github.untrusted import Scope, taints
from gatekeeper.rule import Rule, place
from gatekeeper.testing import project_of

WORKFLOW = ".github/workflows/ci.yml"
FILES = {
    WORKFLOW: """\
on: pull_request
jobs:
  test:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.head_ref }}"
      - run: echo "::set-output name=a::b"
  call:
    uses: ./.github/workflows/deploy.yml
""",
    ".github/workflows/deploy.yml": """\
on:
  workflow_call:
    inputs: {image: {type: string, required: true}}
jobs:
  deploy:
    runs-on: [self-hosted, big]
    steps: [{run: ./deploy}]
""",
    ".github/workflows/broken.yml": "on: [",
}
# What actionlint 1.7.7 says of these files.
SAID = [
    {
        "message": 'job "test" needs job "build" which does not exist in this workflow',
        "filepath": WORKFLOW, "line": 3, "column": 3, "kind": "job-needs", "snippet": "  test:", "end_column": 7,
    },
    {
        "message": '"github.head_ref" is potentially untrusted. avoid using it directly in inline scripts.',
        "filepath": WORKFLOW, "line": 7, "column": 24, "kind": "expression", "snippet": "", "end_column": 38,
    },
    {
        "message": 'workflow command "set-output" was deprecated.',
        "filepath": WORKFLOW, "line": 8, "column": 14, "kind": "deprecated-commands", "snippet": "", "end_column": 17,
    },
    {
        "message": 'input "image" is required by "./.github/workflows/deploy.yml" reusable workflow',
        "filepath": WORKFLOW, "line": 10, "column": 11, "kind": "workflow-call", "snippet": "", "end_column": 41,
    },
    {
        "message": "could not parse as YAML: yaml: line 1: did not find expected node content",
        "filepath": ".github/workflows/broken.yml", "line": 1, "column": 0, "kind": "syntax-check", "snippet": "on: [",
        "end_column": 0,
    },
]  # fmt: skip


def _tree(root: Path, files: Mapping[str, str]) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return discover(root)


def _read(tree: Tree, code: int, out: str) -> Scan:
    workspace = actionlint.TOOL.choose(tree, sort_out(tree)[0])
    return actionlint.TOOL.read([Output(code, out.encode(), b"")], workspace)


def test_what_actionlint_says_is_graded_by_its_kind(tmp_path: Path) -> None:
    scan = _read(_tree(tmp_path, FILES), 1, json.dumps(SAID))
    assert {(p.id, p.severity, p.path, p.line) for p in scan.problems} == {
        ("job-needs", "medium", WORKFLOW, 3),
        ("untrusted-input", "high", WORKFLOW, 7),
        ("deprecated-commands", "low", WORKFLOW, 8),
        ("workflow-call", "medium", WORKFLOW, 10),
    }
    assert scan.targets == (WORKFLOW, ".github/workflows/deploy.yml")
    assert scan.incomplete == (".github/workflows/broken.yml: actionlint could not parse it",)


def test_a_label_or_a_matter_of_style_decides_no_gate(tmp_path: Path) -> None:
    said = [{"message": "x", "filepath": WORKFLOW, "line": 2, "kind": kind} for kind in ("runner-label", "shellcheck")]
    assert {p.severity for p in _read(_tree(tmp_path, FILES), 1, json.dumps(said)).problems} == {"low"}


@pytest.mark.parametrize(("code", "out"), [(0, "null"), (0, "[]")])
def test_nothing_found_is_an_answer(tmp_path: Path, code: int, out: str) -> None:
    assert _read(_tree(tmp_path, FILES), code, out).problems == ()


@pytest.mark.parametrize(("code", "out"), [(2, "[]"), (3, "[]"), (-9, "[]"), (1, ""), (1, "{"), (0, '[{"line": "x"}]')])
def test_what_is_no_report_proves_nothing(tmp_path: Path, code: int, out: str) -> None:
    with pytest.raises(Unusable, match="no report in JSON"):
        _read(_tree(tmp_path, FILES), code, out)


def test_results_about_other_files_are_counted_and_not_shown(tmp_path: Path) -> None:
    said = [{"message": "x", "filepath": "/etc/passwd", "line": 1, "kind": "expression"}]
    scan = _read(_tree(tmp_path, FILES), 1, json.dumps(said))
    assert scan.problems == ()
    assert scan.incomplete == ("1 results name no file that was given to actionlint",)


def test_its_configuration_is_not_copied(tmp_path: Path) -> None:
    tree = _tree(tmp_path, {**FILES, ".github/actionlint.yaml": "self-hosted-runner: {labels: [x]}\n"})
    assert ".github/actionlint.yaml" not in actionlint.TOOL.choose(tree, sort_out(tree)[0]).texts


PROGRAM = next(
    (
        found
        for each in (os.environ.get("GATEKEEPER_ACTIONLINT", ""), ".venv-tools/actionlint/bin/actionlint", "actionlint")
        if each and (found := shutil.which(each))
    ),
    "",
)


def _run(root: Path, files: Mapping[str, str], program: str) -> Analysis:
    tree = _tree(root / "repository", files)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(root / "home"))
        environment.setenv("XDG_CACHE_HOME", str(root / "cache"))
        environment.setenv("GATEKEEPER_ACTIONLINT", program)
        return analysers.start(["actionlint"], tree, sort_out(tree)[0])()[0]


@pytest.mark.skipif(not PROGRAM, reason="actionlint is not installed: name it with GATEKEEPER_ACTIONLINT")
def test_the_program_itself(tmp_path: Path) -> None:
    analysis = _run(tmp_path, FILES, PROGRAM)
    assert analysis.scan is not None, analysis
    found = {(problem.id, problem.path, problem.line) for problem in analysis.scan.problems}
    assert {
        ("job-needs", WORKFLOW, 3), ("untrusted-input", WORKFLOW, 7), ("deprecated-commands", WORKFLOW, 8),
        ("workflow-call", WORKFLOW, 10), ("runner-label", ".github/workflows/deploy.yml", 6),
    } <= found  # fmt: skip
    assert analysis.version
    assert not (tmp_path / "repository" / ".git").exists()


def test_a_program_that_is_missing_is_a_reason(tmp_path: Path) -> None:
    analysis = _run(tmp_path, FILES, str(tmp_path / "none"))
    assert (analysis.scan, analysis.reason) == (None, "tool-error")


def test_its_results_and_ours_are_one(tmp_path: Path) -> None:
    program = tmp_path / "actionlint"
    said = json.dumps([{**each, "filepath": f"../tree/{each['filepath']}"} for each in SAID])
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "if '-version' in ' '.join(sys.argv):\n    sys.exit(print('1.7.7'))\n"
        f"print({said!r})\nsys.exit(1)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    analysis = _run(tmp_path, FILES, str(program))
    assert analysis.scan is not None, analysis
    project = project_of(FILES.items())
    known = [
        Known(frozenset({outcome.rule.id, *outcome.rule.aliases}), WORKFLOW, place(finding.at).span.line)
        for outcome in engine.run(RULES, project)
        for _, finding in outcome.findings()
    ]
    same = agreements(Analysed("actionlint", analysis.version, analysis.scan), known)
    assert {analysis.scan.problems[number].id for number in same} >= {"untrusted-input", "job-needs", "workflow-call"}


RULES: list[Rule] = [
    rule for rule in Catalogue([home()]).rules(["pipeline", "files"]) if rule.gate == "workflow-security"
]


def test_an_alias_stands_on_one_rule() -> None:
    names = [alias for rule in Catalogue([home()]).rules() for alias in rule.aliases]
    ours = {alias for rule in RULES for alias in rule.aliases}
    assert not [alias for alias in ours if names.count(alias) > 1]


def test_a_tag_that_is_pinned_elsewhere_in_the_repository_is_pinned_alike() -> None:
    commit = "a" * 40
    workflow = f"""\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/tool@{commit} # v1.2.3
      - uses: acme/tool@v1.2.3
      - uses: acme/tool@v9
      - uses: "actions/checkout@v4.2.2"
"""
    project = project_of([(WORKFLOW, workflow)])
    [outcome] = engine.run([rule for rule in RULES if rule.id == "pipeline-unpinned-action"], project)
    fixes = [finding.fix for _, finding in outcome.findings()]
    assert all(fixes)
    edits = [edit.text for fix in fixes if fix for edit in fix.edits]
    assert edits == [f"acme/tool@{commit} # v1.2.3"]
    words = [fix.description for fix in fixes if fix]
    assert words[2] == "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"


def test_the_table_of_pins_names_versions() -> None:
    pin = pin_of("Actions/Checkout", "v4.2.2")
    assert pin is not None
    assert pin.commit == "11bd71901bbe5b1630ceea73d27597364c9af683"
    moved = pin_of("actions/cache/restore", "v4")
    assert moved is not None
    assert moved.version.startswith("v4.")
    assert pin_of("acme/tool", "v1") is None


def _job(condition: str, event: str = "pull_request_target") -> GithubJob:
    text = f"""\
on: {event}
jobs:
  a:
    if: {json.dumps(condition)}
    runs-on: ubuntu-latest
    steps: [{{run: make}}]
"""
    return next(job for job in project_of([(WORKFLOW, text)]).all(GithubJob))


@pytest.mark.parametrize(
    ("condition", "event", "answer"),
    [
        ("github.event.pull_request.head.repo.full_name == github.repository", "pull_request_target", False),
        ("github.event.pull_request.head.repo.full_name != github.repository", "pull_request_target", True),
        ("!github.event.pull_request.head.repo.fork", "pull_request_target", False),
        ("github.event.pull_request.user.login == 'dependabot[bot]'", "pull_request_target", False),
        ("github.actor != 'dependabot[bot]'", "pull_request_target", True),
        ("contains(github.event.pull_request.labels.*.name, 'ok')", "pull_request_target", None),
        ("startsWith(github.event.comment.body, '/test')", "issue_comment", True),
        ("github.event.comment.author_association == 'MEMBER'", "issue_comment", False),
        ("contains('OWNER MEMBER', github.event.comment.author_association)", "issue_comment", False),
        ("github.event.workflow_run.event == 'pull_request'", "workflow_run", True),
        ("github.event.workflow_run.event == 'push'", "workflow_run", False),
        ("vars.ALLOWED == 'true'", "pull_request_target", None),
    ],
)
def test_whom_a_condition_lets_in(condition: str, event: str, answer: bool | None) -> None:
    job = _job(condition, event)
    assert lets_in(job, job.pipeline.triggers[0]) is answer


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("${{ github.event.issue.title }}", "github.event.issue.title"),
        ("${{ github.event.issue.number }}", ""),
        ("${{ toJSON(github.event.issue) }}", "github.event.issue"),
        ("${{ format('{0}', github.head_ref) }}", "github.head_ref"),
        ("${{ contains(github.head_ref, 'x') }}", ""),
        ("${{ github.head_ref == 'x' && 'a' || 'b' }}", ""),
        ("${{ github.event['issue']['body'] }}", "github.event.issue.body"),
        ("${{ GITHUB.HEAD_REF }}", "github.head_ref"),
        ("${{ env.MISSING }} ${{ steps.no.outputs.x }} ${{ needs.no.outputs.x }} ${{ inputs.x }}", ""),
        ("${{ ", ""),
    ],
)
def test_which_text_anybody_may_write(text: str, path: str) -> None:
    assert next((taint.path for taint in taints(text, Scope(_job("true")))), "") == path


def test_outputs_that_lead_to_one_another_end() -> None:
    text = """\
on: issues
jobs:
  a:
    runs-on: ubuntu-latest
    env: {X: "${{ env.X }}"}
    steps:
      - {id: s, run: 'echo "x=${{ steps.s.outputs.x }}" >> $GITHUB_OUTPUT'}
      - run: echo ${{ env.X }} ${{ steps.s.outputs.x }}
"""
    outcomes = engine.run(RULES, project_of([(WORKFLOW, text)]))
    assert not [outcome.error for outcome in outcomes if outcome.error]
