"""Pipelines: the evaluator, names of environments, what commands do, and the levels on small graphs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.models.pipeline import SCANS, TESTS, Job, Level, Pipeline, Step, expressions, kinds, level, shell
from gatekeeper.models.pipeline.environments import Class, classify
from gatekeeper.models.pipeline.expressions import UNKNOWN, Unknown, condition, evaluate, truth
from gatekeeper.node import Source
from gatekeeper.project import Project
from gatekeeper.testing import project_of

PUSH = {"github.event_name": "push", "github.ref": "refs/heads/main", "github.ref_name": "main"}
RUNNING = {"success": True, "failure": False, "always": True, "cancelled": False}


def decide(text: str, status: dict[str, Any] = RUNNING, **more: Any) -> bool | None:
    tree = condition(text)
    assert tree is not None, text
    known = {**PUSH, **{key.replace("__", "."): value for key, value in more.items()}}
    return truth(evaluate(tree, lambda path: known.get(path, UNKNOWN), status))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("github.ref == 'refs/heads/main'", True),
        ("${{ github.ref == 'refs/heads/main' }}", True),
        ("GitHub.Ref == 'REFS/HEADS/MAIN'", True),
        ("github['ref'] != 'refs/heads/main'", False),
        ("github.event_name == 'push' && github.ref_name == 'main'", True),
        ("github.event_name == 'pull_request' || startsWith(github.ref, 'refs/tags/')", False),
        ("endsWith(github.ref, '/main') && !contains(github.ref, 'release')", True),
        ("github.actor == 'ada'", None),
        ("github.actor == 'ada' && github.event_name == 'schedule'", False),
        ("github.event_name == 'schedule' && github.actor == 'ada'", False),
        ("github.actor == 'ada' || always()", True),
        ("!(github.actor == 'ada' && false)", True),
        ("false", False),
        ("'false'", True),
        ("0", False),
        ("''", False),
        ("null == 0", True),
        ("'1' == 1", True),
        ("'x' == 1", False),
        ("1 < 2 && 2 >= 2", True),
        ("contains(fromJSON('[1]'), 1)", True),
        ("'it''s' == 'it''s'", True),
        ("${{ false }} text", True),  # text around the braces: a string, and true
        ("${{ false }}\n", True),  # so does the line break of a block scalar
        ("false\n", False),
        ("success() && failure()", False),
        ('contains(fromJSON(\'["main", "release"]\'), github.ref_name)', True),
        ("contains(fromJSON('[\"release\"]'), github.ref_name)", False),
        ("contains(fromJSON(vars.branches), github.ref_name)", None),
        ("github.ref == format('refs/heads/{0}', 'main')", True),
        ("github.ref == format('refs/heads/{0}', vars.x)", None),
        ("case(github.ref_name == 'main', true, false)", True),
        ("case(vars.x, true, false)", None),
        ("case(false, true, vars.x == 'y', true, false)", None),
    ],
)
def test_conditions(text: str, expected: bool | None) -> None:
    assert decide(text) is expected


def test_a_list_of_results() -> None:
    results: Any = ("success", UNKNOWN)
    assert decide("contains(needs.*.result, 'success')", **{"needs__*__result": results}) is True
    assert decide("contains(needs.*.result, 'failure')", **{"needs__*__result": results}) is None
    results = ("success",)
    assert decide("contains(needs.*.result, 'failure')", **{"needs__*__result": results}) is False


@pytest.mark.parametrize("text", ["", "a ==", "(a", "a b", "'open", 'a == "b"', "!" * 200 + "a", "a[", "x" * 20_000])
def test_what_is_no_expression(text: str) -> None:
    assert expressions.parse(text) is None


def test_long_chains_do_not_exhaust_the_stack() -> None:
    assert decide(" || ".join(["a.b"] * 1200)) is None
    assert decide(" && ".join(["a.b"] * 1200)) is None
    assert expressions.parse("a" + "[b]" * 2000) is not None


_ATOMS = st.sampled_from(
    ["a", "b", "c", "true", "false", "'x'", "''", "null", "1", "a == 'x'", "b != c", "contains(a, b)"]
)
_TREES = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=12,
)
_VALUES = st.fixed_dictionaries(dict.fromkeys("abc", st.sampled_from([True, False, None, "", "x", "y", 0.0, 1.0])))


@given(_TREES, _VALUES, st.sets(st.sampled_from("abc")))
@settings(max_examples=300, deadline=None)
def test_the_unknown_never_becomes_a_wrong_answer(text: str, values: dict[str, Any], hidden: set[str]) -> None:
    tree = expressions.parse(text)
    assert tree is not None
    full = truth(evaluate(tree, lambda path: values[path], RUNNING))
    less = truth(evaluate(tree, lambda path: UNKNOWN if path in hidden else values[path], RUNNING))
    assert full is not None
    assert less in (None, full)


@given(st.text(alphabet="ab.()'!&|=<>[], 01*", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    tree = condition(text)
    if tree is not None:
        value = evaluate(tree, lambda path: UNKNOWN, RUNNING)
        assert truth(value) in (True, False, None)
        assert not isinstance(value, Unknown) or value.truth in (True, False, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("production", Class.PROD),
        ("prod-eu", Class.PROD),
        ("PRD", Class.PROD),
        ("live", Class.PROD),
        ("deployToProd", Class.PROD),
        ("prod2", Class.PROD),
        ("non-prod", Class.NONPROD),
        ("nonprod", Class.NONPROD),
        ("non_production", Class.NONPROD),
        ("pre-production", Class.NONPROD),
        ("preprod", Class.NONPROD),
        ("before-production", Class.NONPROD),
        ("prod-like", Class.NONPROD),
        ("staging", Class.NONPROD),
        ("gke-staging", Class.NONPROD),
        ("test", Class.NONPROD),
        ("training", Class.NONPROD),
        ("review-123", Class.EPHEMERAL),
        ("preview", Class.EPHEMERAL),
        ("github-pages", Class.PUBLISH),
        ("pypi", Class.PUBLISH),
        ("reproduction", Class.UNKNOWN),
        ("delivery", Class.UNKNOWN),
        ("blue", Class.UNKNOWN),
        ("staging-production", Class.UNKNOWN),
    ],
)
def test_environment_names(name: str, expected: Class) -> None:
    assert classify(name) is expected


def test_verbs_in_job_names_decide_nothing() -> None:
    assert classify("build-test-deploy", place=False) is Class.UNKNOWN
    assert classify("deploy-prod", place=False) is Class.PROD
    assert classify("deploy-staging", place=False) is Class.NONPROD


def kinds_of(script: str, **files: str) -> list[str]:
    """The kinds of the facts that a step with that script has."""
    body = "\n".join(f"          {line}" for line in script.splitlines())
    text = f"on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: |\n{body}\n"
    project = project_of([(".github/workflows/ci.yml", text), *((n.replace("__", "/"), t) for n, t in files.items())])
    return [fact.kind for step in project.all(Step) for fact in step.facts]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("sudo -E env X=1 npx --yes jest --ci", ["test"]),
        ("uv run --group dev pytest -x", ["test"]),
        ("poetry run python -m pytest", ["test"]),
        ("docker compose run --rm web bundle exec rspec", ["test"]),
        ("docker run --rm -v $PWD:/src aquasec/trivy:latest fs --exit-code 1 /src", ["sca"]),
        ("cd app && go vet ./... && go test ./...", ["lint", "test"]),
        ("./gradlew build", ["test", "build"]),
        ("./gradlew build -x test", ["build"]),
        ("mvn -B verify -DskipTests", ["build"]),
        ("kubectl -n prod apply -f k8s", ["deploy"]),
        ("kubectl apply --dry-run=client -f k8s", ["plan"]),
        ("kubectl create namespace shop", []),
        ("kubectl rollout status deploy/shop", ["verify"]),
        ("helm template shop ./chart", ["validate"]),
        ("helm upgrade --install shop ./chart --wait", ["deploy", "verify"]),
        ("terraform plan -out=p", ["plan"]),
        ("terraform -chdir=infra apply -auto-approve", ["deploy"]),
        ("ansible-playbook site.yml --check", ["plan"]),
        ("aws s3 cp s3://bucket/x ./x", []),
        ("aws s3 sync s3://bucket ./local", []),
        ("aws s3 sync ./dist s3://site --delete", ["deploy"]),
        ("npm audit fix", []),
        ("npm ci", []),
        ("npm run deploy:docs", []),
        ("curl -fsSL https://get.helm.sh/helm.tar.gz -o helm.tgz", []),
        ("curl --fail https://shop.example.com/health", ["smoke"]),
        ('code=$(curl -s -o /dev/null -w "%{http_code}" https://x.example/health)', ["smoke"]),
        ("source config/${DEPLOY_ENV}.sh", []),
        ("echo kubectl apply -f k8s", []),
        ("cat <<EOF > run.sh\nkubectl apply -f k8s\nEOF", []),
        ("# kubectl apply -f k8s", []),
        ("kind create cluster\nkubectl apply -f k8s", ["ephemeral", "deploy"]),
        ("git push origin HEAD:deploy", ["gitpush"]),
        ("mkdocs gh-deploy", ["publish"]),
    ],
)  # fmt: skip
def test_commands(script: str, expected: list[str]) -> None:
    assert kinds_of(script) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Run unit tests", "test"),
        ("type-check", "typecheck"),
        ("health check", "smoke"),
        ("Deploy to cluster", "deploy"),
        ("tf-apply", "deploy"),
        ("deploy key", ""),
        ("deployment-status", ""),
        ("notify audited deploy", ""),
        ("deploy docs", ""),
        ("Upload test results", ""),
        ("Set up test database", ""),
        ("deploy ${{ env.TEST }}", "deploy"),
        ("source $DEPLOY_ENV", ""),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert [hit.kind for hit in kinds.by_name(name)] == ([expected] if expected else [])


def test_indirection() -> None:
    make = {"Makefile": "check: lint unit\nlint: ; ruff check .\nunit:\n\tpytest\n"}
    assert kinds_of("make check", **make) == ["lint", "test"]
    assert kinds_of(
        "npm run ci", **{"package.json": '{"scripts": {"ci": "npm run lint && jest", "lint": "eslint ."}}'}
    ) == [
        "lint",
        "test",
    ]
    assert kinds_of("npm test", **{"package.json": '{"scripts": {"test": "echo none && exit 0"}}'}) == []
    assert kinds_of("./ops.sh", **{"ops.sh": "#!/bin/bash -e\nhelm upgrade shop ./chart\n"}) == ["deploy"]
    assert kinds_of("./ops.sh", **{"ops.sh": "./ops.sh\n./ops.sh\n"}) == []


def test_a_name_promises_nothing_that_the_script_does_not_do() -> None:
    step = "on: push\njobs: {j: {runs-on: x, steps: [{name: Run tests, run: %s}]}}\n"
    steps = [
        project_of([(".github/workflows/ci.yml", step % run)]).all(Step)[0] for run in ("echo none", "./check.exe")
    ]
    assert [[fact.kind for fact in each.facts] for each in steps] == [[], ["test"]]


def test_a_module_without_resources_deploys_nothing() -> None:
    reads = {"config__main.tf": 'output "x" {\n  value = 1\n}\n'}
    makes = {"config__main.tf": 'resource "aws_s3_bucket" "x" {}\n'}
    assert kinds_of("cd config && terraform apply", **reads) == []
    assert kinds_of("terraform -chdir=config apply", **reads) == []
    assert kinds_of("terraform -chdir=config apply", **makes) == ["deploy"]
    assert kinds_of("terraform -chdir=elsewhere apply", **reads) == ["deploy"]


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("x", False),
        ("x || true", True),
        ("x || exit 1", False),
        ("x; true", False),  # the runner's shell is bash -e
        ("set +e\nx\necho done", True),
        ("set +e\nx\nexit $?", None),
        ("x | tee log", True),
        ("set -o pipefail\nx | tee log", False),
        ("x &", True),
        ("if x; then y; fi", None),
        ("x && y", False),
        ("x && y\nz", None),
        ("echo $(x)", None),
    ],
)
def test_swallowed_failures(script: str, lost: bool | None) -> None:
    read = shell.read(script)
    at = next(index for index, command in enumerate(read.commands) if command.words[:1] == ("x",))
    assert shell.heard(read, True, False)[at].lost is lost


@given(st.text(alphabet="ab \n'\"\\$(){}`&|;<>#-=", max_size=80))
@settings(max_examples=400, deadline=None)
def test_any_script_is_read(script: str) -> None:
    read = shell.read(script)
    assert len(shell.heard(read, True, False)) == len(read.commands)
    assert all(0 <= command.line <= script.count("\n") for command in read.commands)


def test_hostile_scripts_take_little_time() -> None:
    for script in ("${{" * 60_000, "$(" * 60_000, "a <<X\n" * 20_000, "x || " * 30_000, "if " * 60_000, "`" * 99_999):
        assert isinstance(shell.commands(script), tuple)


STEP = "    runs-on: x\n    steps: [{run: %s}]\n"
DEPLOY = "  deploy:\n    environment: production\n%s    runs-on: x\n    steps: [{run: kubectl apply -f k8s}]\n"


def image(condition: str = "") -> str:
    return f"  image:\n    needs: test\n{condition}" + STEP % "docker build ."


def judged(jobs: str, kinds: frozenset[str] = TESTS, on: str = "{push: {branches: [main]}}", **more: str) -> Level:
    files = [(".github/workflows/ci.yml", f"name: CI\non: {on}\njobs:\n{jobs}")]
    files += [(f".github/workflows/{name}.yml", text) for name, text in more.items()]
    project: Project = project_of(files)
    job = next(job for job in project.all(Job) if job.id == "deploy")
    return level(job, kinds, project.all(Pipeline)).level


TEST = "  test:\n" + STEP % "pytest"


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        (TEST + DEPLOY % "    needs: test\n", Level.ENFORCED),
        (TEST + image() + DEPLOY % "    needs: [image]\n", Level.ENFORCED),
        (TEST + DEPLOY % "", Level.UNCONNECTED),
        (TEST + DEPLOY % "    needs: test\n    if: always()\n", Level.SOFT),
        (TEST + DEPLOY % "    needs: test\n    if: always() && needs.test.result == 'success'\n", Level.ENFORCED),
        (TEST + DEPLOY % "    needs: test\n    if: always() && !contains(needs.*.result, 'failure')\n", Level.ENFORCED),
        (TEST + DEPLOY % "    needs: test\n    if: success() || failure()\n", Level.SOFT),
        (TEST + DEPLOY % "    needs: test\n    if: github.ref == 'refs/heads/main'\n", Level.ENFORCED),
        (TEST + DEPLOY % "    needs: test\n    if: always() && vars.GO == 'yes'\n", Level.UNKNOWN),
        (TEST + image("    if: always()\n") + DEPLOY % "    needs: image\n", Level.ENFORCED),
        (TEST + image("    if: always()\n") + DEPLOY % "    needs: image\n    if: always()\n", Level.SOFT),
        ("  test:\n    continue-on-error: true\n" + STEP % "pytest" + DEPLOY % "    needs: test\n", Level.SOFT),
        ("  test:\n" + STEP % '"pytest || true"' + DEPLOY % "    needs: test\n", Level.SOFT),
        ("  test:\n    if: github.event_name == 'pull_request'\n" + STEP % "pytest" + DEPLOY % "", Level.UNCONNECTED),
        (DEPLOY % "" + "  test:\n    needs: deploy\n" + STEP % "pytest", Level.UNCONNECTED),
        (DEPLOY % "", Level.ABSENT),
        ("  odd:\n" + STEP % "frobnicate" + DEPLOY % "    needs: odd\n", Level.UNKNOWN),
        ("  far:\n    uses: acme/x/.github/workflows/y.yml@v1\n" + DEPLOY % "    needs: far\n", Level.UNKNOWN),
    ],
)  # fmt: skip
def test_levels(jobs: str, expected: Level) -> None:
    assert judged(jobs) is expected


def test_levels_across_workflows() -> None:
    other = "name: Checks\non: pull_request\njobs:\n" + TEST
    assert judged(DEPLOY % "", other=other) is Level.INDIRECT
    after = "{workflow_run: {workflows: [Checks], types: [completed]}}"
    assert judged(DEPLOY % "", on=after, other=other) is Level.SOFT
    guarded = DEPLOY % "    if: github.event.workflow_run.conclusion == 'success'\n"
    assert judged(guarded, on=after, other=other) is Level.CHAINED


def test_the_second_scan_decides() -> None:
    soft = "  scan:\n" + STEP % "trivy image shop"
    firm = "  scan:\n    runs-on: x\n    steps: [{run: trivy image shop}, {run: trivy image --exit-code 1 shop}]\n"
    assert judged(soft + DEPLOY % "    needs: scan\n", SCANS) is Level.SOFT
    assert judged(firm + DEPLOY % "    needs: scan\n", SCANS) is Level.ENFORCED


@pytest.mark.parametrize("path", ["bitbucket-pipelines.yml", "ci/azure-pipelines.yml", ".circleci/config.yml"])
def test_other_tools_are_said_to_be_unsupported(path: str) -> None:
    faults = [fault for fault in project_of([(path, "stages: [x]\n")]).faults if fault.technology == "pipeline"]
    assert [fault.reason for fault in faults] == ["unsupported-tool"]


@pytest.mark.parametrize(
    "text",
    [
        "on: push\njobs: []\n",
        "on: push\njobs: {a: {steps: [{uses: //////}, {uses: '@'}, {uses: ''}]}}\n",
        "on: [push, [1], {a: b}]\njobs: {a: null, b: 3, c: [x], d: {steps: {}}, e: {steps: [null, 3, {run: [x]}]}}\n",
        "on: {push: {branches: {a: b}, tags: 3}}\njobs: {a: {needs: {x: y}, if: [1], env: [a], steps: [{uses: 4}]}}\n",
        "on: push\njobs: {a: {needs: b, uses: ./.github/workflows/ci.yml}, b: {needs: a}}\n",
        "- 1\n",
    ],
)
def test_odd_shapes_do_not_crash(text: str) -> None:
    from gatekeeper import engine
    from gatekeeper.catalogue import Catalogue, home

    project = project_of([(".github/workflows/ci.yml", text)])
    assert not [fault.message for fault in project.faults if "failed on this file" in fault.message]
    outcomes = engine.run(Catalogue([home()]).rules({"pipeline"}), project)
    assert [outcome.error for outcome in outcomes if outcome.error] == []


def test_places_of_commands() -> None:
    text = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          echo\n          helm upgrade a b\n"
    step = project_of([(".github/workflows/ci.yml", text)]).all(Step)[0]
    assert [(fact.kind, fact.place.span.line, fact.place.source.line(7)[10:14]) for fact in step.facts] == [
        ("deploy", 7, "helm")
    ]
    assert isinstance(step.node.source, Source)
