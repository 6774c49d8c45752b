"""Small repositories in which an unsound tool says that a production deployment waits for a check, and it does not.

Each row is one trap and what must be said of it. `NOT_GREEN` stands for everything but ENFORCED and CHAINED.
"""

from __future__ import annotations

import time

import pytest

from gatekeeper.links import pipelines
from gatekeeper.links.approval import Status, approval_of
from gatekeeper.models.pipeline import SCANS, Job, Level
from gatekeeper.testing import project_of

WORKFLOW = ".github/workflows/ci.yml"
GREEN = frozenset({Level.ENFORCED, Level.CHAINED})
NOT_GREEN = frozenset(Level) - GREEN
UNSURE = frozenset({Level.UNKNOWN, Level.INDIRECT})
FAILS = frozenset({Level.SOFT, Level.UNCONNECTED, Level.ABSENT})

TOP = "on: {push: {branches: [main]}}\njobs:\n"
DEPLOY = """\
  deploy:
    needs: %s
    runs-on: ubuntu-latest
    environment: production
    %s
    steps: [{run: kubectl apply -f k8s/}]
"""
TEST = "  test: {runs-on: ubuntu-latest, %s steps: [{run: pytest}]}\n"


def levels(files: dict[str, str], scan: bool = False) -> dict[str, Level]:
    """The level of each job that deploys to production, by its id."""
    project = project_of([*files.items()])
    jobs = [job for job in project.all(Job) if pipelines.production_of(job, project)]
    return {job.id: pipelines.depends(job, SCANS if scan else pipelines.tests_for(job), project).level for job in jobs}


def level_of(files: dict[str, str], scan: bool = False) -> Level:
    """That of the only one, or of the one called `deploy`."""
    found = levels(files, scan)
    return found["deploy"] if "deploy" in found else next(iter(found.values()))


def in_step(script: str, keys: str = "") -> str:
    """A workflow that runs a script in the job that deploys, before it does."""
    body = "".join(f"          {line}\n" for line in script.split("\n"))
    head = f"{TOP}  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n    steps:\n"
    return f"{head}      - {keys}run: |\n{body}      - run: kubectl apply -f k8s/\n"


SCRIPTS = [
    ("pytest", GREEN),
    ("pytest || exit 1", GREEN),
    ("timeout 60 pytest", GREEN),
    ("sudo -n pytest", GREEN),
    ("set +e\npytest", GREEN),
    ("f() { pytest; }\nf", GREEN),
    ("usage() { exit 0; }\npytest", GREEN),
    ("trap 'rm -f lock' EXIT\npytest", GREEN),
    ("exec 2>&1\npytest", GREEN),
    ("mvn verify -DskipTests=false", GREEN),
    ("./gradlew test --continue", GREEN),
    ("tox -e py312", GREEN),
    ("docker run --rm app pytest", GREEN),
    ("pytest || true", FAILS),
    ("pytest || :", FAILS),
    ("pytest || { echo bad; exit 0; }", FAILS),
    ("exit 0\npytest", FAILS),
    ("exec true\npytest", FAILS),
    ("trap 'exit 0' EXIT\npytest", FAILS),
    ("trap 'exit 0' ERR\npytest", FAILS),
    ("pytest &", FAILS),
    ("pytest | tee log", FAILS),
    ("set +e\npytest\necho done", FAILS),
    ("mvn test -Dmaven.test.failure.ignore=true", FAILS),
    ("mvn -fn test", FAILS),
    ("pytest() { true; }\npytest", NOT_GREEN),
    ("quit() { exit 0; }\nquit\npytest", UNSURE),
    ("[ -z \"$RUN\" ] && exit 0\npytest", UNSURE),
    ("if [ -z \"$RUN\" ]; then exit 0; fi\npytest", UNSURE),
    ("done_() { rm -f x; exit 0; }\ntrap done_ EXIT\npytest", UNSURE),
    ("f() { [ -z \"$RUN\" ] && return 0; pytest; }\nf", UNSURE),
    ("cd x || exit 0\npytest", UNSURE),
    ("true || pytest", UNSURE),
    ("cat <<EOF\npytest\nEOF", FAILS),
    ("# pytest\necho ok", FAILS),
    ("command -v pytest", FAILS),
    ("find tests -name 'test_*' -exec pytest {} \\;", UNSURE),
    ("npx jest --passWithNoTests", UNSURE),
    ("coverage report", UNSURE),
    ("mvn com.acme:checker-maven-plugin:verify-all", UNSURE),
    *((command, FAILS) for command in (
        "pytest --collect-only", "pytest --co", "pytest --version", "pytest --help", "npx jest --listTests",
        "go test -list . ./...", "go test -run ^$ ./...", "cargo test --no-run", "dotnet test --list-tests",
        "./gradlew build --exclude-task test", "./gradlew test --dry-run", "./gradlew test -m",
        "mvn verify -DskipTests",
        "ctest -N", "rspec --dry-run", "phpunit --list-tests", "npx playwright test --list", "bats --count test",
        "tox -l", "nox -l", "tox -e lint", "nox -s lint", "prove -D t", "behave --dry-run",
        "docker run --entrypoint echo app pytest", "docker run -d app pytest", "docker compose run -d app pytest",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("script", "wanted"), SCRIPTS, ids=lambda each: each[:40] if isinstance(each, str) else "")
def test_a_script(script: str, wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: in_step(script)}) in wanted


PACKAGE = '{"scripts": {"test": "%s", "other": "%s"}}'
INDIRECTLY = [
    ("make test", {"Makefile": "test:\n\tpytest\n"}, GREEN),
    ("make test", {"Makefile": ".PHONY: test\ntest:\n"}, FAILS),
    ("make test", {"Makefile": "test:\n\t@true\n"}, FAILS),
    ("make test", {"Makefile": "test:\n\t@echo none yet\n"}, FAILS),
    ("make test", {"Makefile": "test:\n\tpytest; true\n"}, FAILS),
    ("make test", {"Makefile": "test:\n\t-pytest\n"}, FAILS),
    ("make test", {"Makefile": ".IGNORE:\ntest:\n\tpytest\n"}, FAILS),
    ("make test", {"Makefile": "MAKEFLAGS += -i\ntest:\n\tpytest\n"}, FAILS),
    ("make -i test", {"Makefile": "test:\n\tpytest\n"}, FAILS),
    ("make -n test", {"Makefile": "test:\n\tpytest\n"}, FAILS),
    ("make -t test", {"Makefile": "test:\n\tpytest\n"}, FAILS),
    ("make --question test", {"Makefile": "test:\n\tpytest\n"}, FAILS),
    ("make test", {"Makefile": "ifdef CI\ntest:\n\t@true\nelse\ntest:\n\tpytest\nendif\n"}, UNSURE),
    ("make test", {"Makefile": "test:\n\tpytest\n\ntest:\n\t@true\n"}, UNSURE),
    ("make test", {"Makefile": "RUN ?= true\ntest:\n\t$(RUN)\n"}, UNSURE),
    ("make test", {"Makefile": "test: a\na: b\nb: a test\n\ttrue\n"}, FAILS),
    ("make test", {}, UNSURE),
    ("npm test", {"package.json": PACKAGE % ("jest", "")}, GREEN),
    ("npm test", {"package.json": '{"scripts": {"pretest": "jest", "test": "echo"}}'}, GREEN),
    ("npm test", {"package.json": PACKAGE % ("echo no tests && exit 0", "")}, FAILS),
    ("npm test", {"package.json": PACKAGE % ("jest; true", "")}, FAILS),
    ("npm test -- --listTests", {"package.json": PACKAGE % ("jest", "")}, FAILS),
    ("npm run none --if-present", {"package.json": PACKAGE % ("jest", "")}, FAILS),
    ("npm run test --if-present", {"package.json": '{"scripts": {"build": "tsc"}}'}, FAILS),
    ("npm test", {"package.json": PACKAGE % ("npm run other", "npm test")}, UNSURE),
    ("npm test", {"package.json": PACKAGE % ("acme-runner", "")}, UNSURE),
    ("npm test -w web", {"package.json": PACKAGE % ("echo", "")}, UNSURE),
    ("./test.sh", {"test.sh": "#!/bin/sh -e\npytest\n"}, GREEN),
    ("./test.sh", {"test.sh": "#!/bin/sh -e\nif [ \"$X\" ]; then pytest; fi\n"}, UNSURE),
    ("./test.sh", {"test.sh": "#!/bin/sh\npytest\necho done\n"}, FAILS),
    ("./test.sh", {"test.sh": "#!/bin/sh -e\ntrap 'exit 0' EXIT\npytest\n"}, FAILS),
    ("bash -n test.sh", {"test.sh": "#!/bin/sh -e\npytest\n"}, FAILS),
    ("./test.sh", {}, UNSURE),
    ("python scripts/test.py", {"scripts/test.py": "print(1)"}, UNSURE),
    ("task test", {}, UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(("script", "files", "wanted"), INDIRECTLY)
def test_a_script_that_starts_another(script: str, files: dict[str, str], wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: in_step(script), **files}) in wanted


SCAN_COMMANDS = [
    ("trivy fs --exit-code 1 .", GREEN),
    ("TRIVY_EXIT_CODE=1 trivy fs .", GREEN),
    ("export TRIVY_EXIT_CODE=1\ntrivy fs .", GREEN),
    ("docker run aquasec/trivy image --exit-code 1 app", GREEN),
    ("docker run semgrep/semgrep semgrep ci", GREEN),
    ("trivy fs .", FAILS),
    ("TRIVY_EXIT_CODE=0 trivy fs .", FAILS),
    ("docker run aquasec/trivy image app", FAILS),
    ("trivy fs --exit-code $CODE .", UNSURE),
    ("trivy image --help", FAILS),
    ("osv-scanner --help", FAILS),
    ("checkov --list", FAILS),
    ("pip-audit --dry-run", FAILS),
    ("bundle audit update", FAILS),
    ("grype db update", FAILS),
    ("mvn spotbugs:check", UNSURE),
]


@pytest.mark.parametrize(("script", "wanted"), SCAN_COMMANDS)
def test_a_scan(script: str, wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: in_step(script)}, scan=True) in wanted


KEYS = [
    ("pytest", "", GREEN),
    ("$CMD", "name: Run tests\n        ", UNSURE),
    ("./nowhere", "name: Run unit tests\n        ", UNSURE),
    ("pytest", "shell: bash -n {0}\n        ", UNSURE),
    ("pytest", 'shell: "true {0}"\n        ', UNSURE),
    ("pytest", "shell: cat {0}\n        ", UNSURE),
    ("pytest\necho", "shell: bash {0}\n        ", FAILS),
    ("pytest\ngit status", "shell: pwsh\n        ", UNSURE),
    ("pytest", "if: vars.RUN\n        ", UNSURE),
    ("pytest", "if: failure()\n        ", UNSURE),
    ("${{ inputs.dry && 'echo ' || '' }}pytest", "", UNSURE),
    ("pytest", "continue-on-error: true\n        ", FAILS),
]


@pytest.mark.parametrize(("script", "keys", "wanted"), KEYS)
def test_a_step(script: str, keys: str, wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: in_step(script, keys)}) in wanted


def test_windows_ends_with_its_last_program() -> None:
    text = in_step("pytest\ngit status").replace("ubuntu-latest", "[self-hosted, windows]")
    assert level_of({WORKFLOW: text}) is Level.UNKNOWN


CONDITIONS = [
    ("", "", GREEN),
    ("", "if: ${{ !failure() }}", GREEN),
    ("", "if: always() && needs.test.result == 'success'", GREEN),
    ("if: vars.T == '1',", "", GREEN),
    ("", "if: always()", FAILS),
    ("", "if: ${{ success() }} || true", FAILS),
    ("", "if: success() || github.ref == 'refs/heads/main'", FAILS),
    ("continue-on-error: true,", "", FAILS),
    ("if: vars.T == '1',", "if: ${{ !failure() }}", UNSURE),
    ("", "if: always() && needs.tests.result != 'failure'", UNSURE),
]


@pytest.mark.parametrize(("gate", "deploy", "wanted"), CONDITIONS)
def test_a_condition(gate: str, deploy: str, wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: TOP + TEST % gate + DEPLOY % ("test", deploy)}) in wanted


PUSHED = "if: github.event_name == 'push',"
NOT_FAILED = "if: ${{ !failure() }}"
STARTS = [
    ("{push: {branches: [main]}, workflow_dispatch: {}}", "", "", GREEN),
    ("{push: {branches: [main]}, workflow_dispatch: {}}", PUSHED, "", GREEN),
    ("{push: {branches: [main]}, workflow_dispatch: {}}", PUSHED, NOT_FAILED, UNSURE),
    ("{push: {branches: [main]}, schedule: [{cron: 0 0 * * *}]}", PUSHED, NOT_FAILED, UNSURE),
    ("{push: {branches: [main], tags: [v*]}}", "if: github.ref == 'refs/heads/main',", NOT_FAILED, UNSURE),
    ("{push: {branches: ['**']}}", "if: github.ref_name == 'main',", NOT_FAILED, UNSURE),
    ("{release: {types: [published]}}", PUSHED, NOT_FAILED, UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(("on", "gate", "deploy", "wanted"), STARTS)
def test_a_start(on: str, gate: str, deploy: str, wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: f"on: {on}\njobs:\n" + TEST % gate + DEPLOY % ("test", deploy)}) in wanted


def job(steps: str) -> str:
    return f"{TOP}  deploy: {{runs-on: u, environment: production, steps: [{steps}]}}\n"


ORDER = [
    ("{run: pytest}, {run: kubectl apply -f x}", {}, GREEN),
    ("{run: ./all.sh}", {"all.sh": "#!/bin/sh -e\npytest\nkubectl apply -f x\n"}, GREEN),
    ("{run: make deploy}", {"Makefile": "deploy: test\n\tkubectl apply -f x\ntest:\n\tpytest\n"}, GREEN),
    ("{run: ./all.sh}", {"all.sh": "#!/bin/sh -e\nkubectl apply -f x\npytest\n"}, FAILS),
    ("{run: ./all.sh}", {"all.sh": "#!/bin/sh\npytest\nkubectl apply -f x\n"}, FAILS),
    ("{run: kubectl apply -f x}, {run: pytest}", {}, FAILS),
    ('{run: pytest}, {run: kubectl apply -f x}, {run: helm upgrade a b, if: "always()"}', {}, FAILS),
    ('{run: pytest}, {run: kubectl apply -f x, if: "!cancelled()"}', {}, FAILS),
]


@pytest.mark.parametrize(("steps", "files", "wanted"), ORDER)
def test_the_order_within_a_job(steps: str, files: dict[str, str], wanted: frozenset[Level]) -> None:
    assert level_of({WORKFLOW: job(steps), **files}) in wanted


ACTIONS = [
    ("{run: pytest, shell: bash}", GREEN),
    ("{run: pytest, shell: bash, if: always()}", GREEN),
    ("{run: pytest, shell: bash, if: inputs.run == 'true'}", FAILS),
    ("{run: pytest, shell: bash, if: false}", FAILS),
    ("{run: pytest, shell: bash, if: failure()}", FAILS),
    ("{run: pytest, shell: bash, if: github.event_name == 'pull_request'}", FAILS),
    ("{run: pytest, shell: bash, if: env.RUN == '1'}", UNSURE),
    ("{run: pytest, shell: bash, continue-on-error: true}", FAILS),
    ('{run: "pytest\\necho", shell: "bash {0}"}', FAILS),
    ("{run: pytest, shell: cat {0}}", NOT_GREEN),
    ("{uses: ./act}, {uses: ./act}", UNSURE),
]


@pytest.mark.parametrize(("steps", "wanted"), ACTIONS)
def test_an_action_of_the_repository(steps: str, wanted: frozenset[Level]) -> None:
    action = f"inputs: {{run: {{default: 'false'}}}}\nruns: {{using: composite, steps: [{steps}]}}\n"
    text = TOP + "  test: {runs-on: u, steps: [{uses: ./act}]}\n" + DEPLOY % ("test", "")
    assert level_of({WORKFLOW: text, "act/action.yml": action}) in wanted


def test_a_deployment_within_an_action() -> None:
    steps = "{run: pytest, shell: bash}, {run: kubectl apply -f x, shell: bash%s}"
    for more, wanted in (("", GREEN), (', if: "always()"', UNSURE)):
        action = f"runs: {{using: composite, steps: [{steps % more}]}}\n"
        assert level_of({WORKFLOW: job("{uses: ./act}"), "act/action.yml": action}) in wanted


CI = "name: CI\non: {push: {branches: [main]}%s}\njobs: {test: {runs-on: u, %s steps: [{run: %s}]}}\n"
OTHER = "name: %s\non: push\njobs: {x: {runs-on: u, steps: [{run: echo}]}}\n"
FOLLOWS = [
    ("[CI]", CI % ("", "", "pytest"), "", "", GREEN),
    ("[CI, Lint]", CI % ("", "", "pytest"), OTHER % "Lint", "", UNSURE),
    ("[CI]", CI % ("", "", "pytest"), OTHER % "CI", "", UNSURE),
    ("[CI]", CI % ("", "if: vars.T,", "pytest"), "", "", UNSURE),
    ("[CI]", CI % (", schedule: [{cron: 0 0 * * *}]", "if: github.event_name == 'push',", "pytest"), "", "", UNSURE),
    ("[CI]", CI % ("", "", "./nowhere/test.sh"), "", "", UNSURE),
    ("[CI]", CI % ("", "", "pytest"), "", ", workflow_dispatch: {}", UNSURE),
]


@pytest.mark.parametrize(("names", "ci", "other", "more", "wanted"), FOLLOWS)
def test_a_workflow_that_follows(names: str, ci: str, other: str, more: str, wanted: frozenset[Level]) -> None:
    cond = "github.event.workflow_run.conclusion == 'success' || github.event_name == 'workflow_dispatch'"
    deploy = (
        f"on: {{workflow_run: {{workflows: {names}, types: [completed]}}{more}}}\njobs:\n  deploy:\n"
        f"    if: {cond}\n    runs-on: u\n    environment: production\n    steps: [{{run: kubectl apply -f x}}]\n"
    )
    files = {".github/workflows/ci.yml": ci, ".github/workflows/deploy.yml": deploy}
    assert level_of({**files, **({".github/workflows/other.yml": other} if other else {})}) in wanted


def test_a_wait_that_is_content_with_a_failure() -> None:
    tests = TOP + TEST % ""
    wait = "{uses: lewagon/wait-on-check-action@v1, with: {check-name: test%s}}, {run: kubectl apply -f x}"
    for more, wanted in (("", GREEN), (', allowed-conclusions: "success,failure"', NOT_GREEN)):
        files = {".github/workflows/a.yml": tests, ".github/workflows/b.yml": job(wait % more)}
        assert level_of(files) in wanted


def test_only_the_value_that_is_given_counts() -> None:
    called = (
        "on: {workflow_call: {inputs: {env: {type: string}}}}\njobs:\n  ship: {runs-on: u, "
        "environment: \"${{ inputs.env || 'production' }}\", steps: [{run: kubectl apply -f x}]}\n"
    )
    for given, count in (("staging", 0), ("production", 1)):
        caller = f"{TOP}  d: {{uses: ./.github/workflows/t.yml, with: {{env: {given}}}}}\n"
        assert len(levels({WORKFLOW: caller, ".github/workflows/t.yml": called})) == count


UNREAD = [
    ("deploy: {uses: acme/x/.github/workflows/deploy-prod.yml@v1}", 1),
    ("deploy: {uses: acme/x/.github/workflows/deploy.yml@v1}", 1),
    ("go: {runs-on: u, environment: production, steps: [{run: ./ship}]}", 1),
    ("go: {runs-on: u, environment: production, steps: [{uses: acme/ship@v1}]}", 1),
    ("go: {runs-on: u, environment: production, steps: [{run: echo go}]}", 0),
    ("docs: {runs-on: u, environment: github-pages, steps: [{uses: actions/deploy-pages@v4}]}", 0),
]


@pytest.mark.parametrize(("text", "count"), UNREAD)
def test_what_may_deploy_is_not_passed_over(text: str, count: int) -> None:
    found = levels({WORKFLOW: f"{TOP}  {text}\n"})
    assert len(found) == count
    assert set(found.values()) <= {Level.UNKNOWN}


GITLAB_TEST = "test: {stage: test, script: [pytest]%s}\n"
GITLAB_DEPLOY = "deploy: {stage: deploy, environment: production, script: [kubectl apply -f k8s/]%s}\n"
GITLAB = [
    ("", "", "", GREEN),
    ("", ", when: delayed, start_in: 1 day", "", GREEN),
    ("", ", allow_failure: true", "", FAILS),
    ("", ", allow_failure: {exit_codes: [1]}", "", UNSURE),
    ("", "", ", needs: []", FAILS),
    ("", "", ", when: always", FAILS),
    ("", "", ", rules: [{when: always}]", FAILS),
    ("", ", when: manual", "", FAILS),
    ("", ", rules: [{if: $X}]", ", needs: [{job: test, optional: true}]", UNSURE),
    ("", ", rules: [{changes: [src/**]}]", "", UNSURE),
    ("", ", rules: [{when: never}]", "", FAILS),
    ("", ", except: [main]", ", only: [main]", UNSURE),
    ("include: [{project: p/q, file: x.yml}]\n", "", "", UNSURE),
    ("include: [{remote: 'https://x/y.yml'}]\n", "", ", needs: [test]", UNSURE),
    ("stages: [deploy, test]\n", "", "", FAILS),
]


@pytest.mark.parametrize(("top", "test", "deploy", "wanted"), GITLAB)
def test_gitlab(top: str, test: str, deploy: str, wanted: frozenset[Level]) -> None:
    assert level_of({".gitlab-ci.yml": top + GITLAB_TEST % test + GITLAB_DEPLOY % deploy}) in wanted


GITLAB_SCRIPTS = [
    ("test: {stage: test, script: ['exit 0', pytest]}\n", FAILS),
    (".s: {script: ['exit 0']}\ntest: {stage: test, script: [!reference [.s, script], pytest]}\n", FAILS),
    ("test: {stage: test, script: ['if [ -n \"$SKIP\" ]; then exit 0; fi', pytest]}\n", UNSURE),
    ("test: {stage: test, before_script: ['set +e'], script: [pytest, echo]}\n", FAILS),
    ("test: {stage: test, script: [echo], after_script: [pytest]}\n", FAILS),
    (".t: {script: [pytest]}\ntest: {stage: test, extends: .t, script: [echo]}\n", FAILS),
    ("test: {stage: test, parallel: {matrix: [{C: [pytest, ls]}]}, script: ['$C']}\n", UNSURE),
    (".test: {stage: test, script: [pytest]}\n", FAILS),
]


@pytest.mark.parametrize(("text", "wanted"), GITLAB_SCRIPTS)
def test_a_script_of_gitlab(text: str, wanted: frozenset[Level]) -> None:
    assert level_of({".gitlab-ci.yml": text + GITLAB_DEPLOY % ""}) in wanted


SHIP = "stage('Production') { sh 'kubectl apply -n production -f k8s/' }"
JENKINS = [
    ("stage('Test') { sh 'mvn test' }", GREEN),
    ("def b = [:]\nb['t'] = { sh 'mvn test' }\nparallel b", GREEN),
    ("stage('Test') { sh 'mvn test || true' }", FAILS),
    ("stage('Test') { catchError { sh 'mvn test' } }", FAILS),
    ("stage('Test') { sh 'mvn test -Dmaven.test.failure.ignore=true' }", FAILS),
    ("stage('Test') { sh 'mvn test -Dmaven.test.failure.ignore=true'\n junit 'x.xml' }", UNSURE),
    ("stage('Test') { sh '''#!/bin/bash\nmvn test\necho done''' }", FAILS),
    ("stage('Test') { powershell '''mvn test\ngit status''' }", UNSURE),
    ("stage('Test') { sh \"mvn ${GOALS}\" }", UNSURE),
    ("stage('Test') { build job: 'tests' }", UNSURE),
    ("env.X ? sh('mvn test') : echo('x')", UNSURE),
    ("env.X && sh(script: 'mvn test')", UNSURE),
    ("def b = [:]\nb['t'] = { sh 'mvn test' }\nb['e'] = { echo 'x' }", NOT_GREEN),
    ("if (env.X) { stage('Test') { sh 'mvn test' } }", UNSURE),
    ("try { stage('Test') { sh 'mvn test' } } catch (e) { }", FAILS),
    ("def c = { sh 'mvn test' }\nstage('T') { echo 'x' }", FAILS),
]


@pytest.mark.parametrize(("before", "wanted"), JENKINS)
def test_jenkins(before: str, wanted: frozenset[Level]) -> None:
    assert level_of({"Jenkinsfile": f"node {{\n{before}\n{SHIP}\n}}\n"}) in wanted


def test_branches_of_jenkins_stand_beside_one_another() -> None:
    text = f"def b = [:]\nb['t'] = {{ sh 'mvn test' }}\nb['d'] = {{ {SHIP} }}\nnode {{ parallel b }}\n"
    assert level_of({"Jenkinsfile": text}) is Level.UNCONNECTED


APPROVALS = [
    ("approvers: 'ada,grace'", Status.VERIFIED),
    ("approvers: 'ada,grace', minimum-approvals: 1", Status.WEAK),
    ("approvers: 'ada,grace', minimum-approvals: 0", Status.WEAK),
    ("approvers: 'ada,ada', minimum-approvals: 2", Status.WEAK),
    ("approvers: '${{ github.actor }}'", Status.WEAK),
    ("approvers: 'ada,grace', fail-on-denial: false", Status.WEAK),
    (f"approvers: 'ada,grace', minimum-approvals: '{'9' * 5000}'", None),
    ("approvers: 'ada,grace', minimum-approvals: '²'", None),
]


@pytest.mark.parametrize(("inputs", "wanted"), APPROVALS, ids=range(len(APPROVALS)))
def test_an_approval(inputs: str, wanted: Status | None) -> None:
    assert approved("trstringer/manual-approval@v1", inputs) is wanted or wanted is None


def test_an_action_that_may_ask_is_not_called_absent() -> None:
    assert approved("acme/manual-approval@v1", "approvers: 'ada'") is Status.UNKNOWN


def approved(action: str, inputs: str) -> Status:
    text = (
        f"{TOP}  gate: {{runs-on: u, steps: [{{uses: {action}, with: {{{inputs}}}}}]}}\n"
        "  deploy-production: {needs: gate, runs-on: u, steps: [{run: kubectl apply -f x}]}\n"
    )
    project = project_of([(WORKFLOW, text)])
    return approval_of(next(job for job in project.all(Job) if job.id == "deploy-production"), project).status


HOSTILE = {
    "traps": "\n".join(["trap 'exit 0' EXIT", "pytest"] * 2000),
    "exits": "\n".join(["[ -n x ] && exit 0", "pytest"] * 2000),
    "functions": "\n".join(f"f{n}() {{ exit 0; }}\nf{n}\npytest" for n in range(1500)),
    "groups": "(" * 3000 + "pytest" + ")" * 3000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_script_takes_no_time(name: str) -> None:
    start = time.monotonic()
    assert level_of({WORKFLOW: in_step(HOSTILE[name])}) in NOT_GREEN
    assert time.monotonic() - start < 20


def test_a_long_chain_of_jobs_takes_no_time() -> None:
    jobs = "".join(
        f"  j{n}: {{needs: [{f'j{n - 1}' if n else ''}], runs-on: u, steps: [{{run: pytest}}]}}\n" for n in range(400)
    )
    start = time.monotonic()
    assert level_of({WORKFLOW: TOP + jobs + DEPLOY % ("j399", "")}) is Level.ENFORCED
    assert time.monotonic() - start < 20
