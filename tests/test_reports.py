"""What steps leave: every advice of the table, taken, is a report; what only looks like one is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.commands.init import flags
from gatekeeper.models.evidence.readers import FORMATS
from gatekeeper.models.pipeline import Step
from gatekeeper.models.pipeline.report_tables import INPUTS, TOOLS, Input, Tool, kinds
from gatekeeper.models.pipeline.reports import ToolRun, lost, runs
from gatekeeper.testing import project_of

NEXTEST = (".config/nextest.toml", '[profile.ci.junit]\npath = "junit.xml"\n')
COMMANDS = [
    (tool, command.strip()) for tool in TOOLS if not tool.itself for command in tool.commands.split(";") if command
]


def steps(*texts: str, files: tuple[tuple[str, str], ...] = (), head: str = "") -> list[Step]:
    """The steps of a job whose steps are these YAML texts."""
    lines = "".join(f"      - {text.replace(chr(10), chr(10) + '        ')}\n" for text in texts)
    workflow = f"on: push\n{head}jobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n{lines}"
    return project_of((("a/x", ""), (".github/workflows/ci.yml", workflow), *files)).all(Step)


def script(text: str) -> str:
    return "run: |\n" + "\n".join(f"  {line}" for line in text.split("\n"))


def only(*texts: str, files: tuple[tuple[str, str], ...] = (), head: str = "") -> ToolRun:
    [run] = runs(steps(*texts, files=files, head=head)[0])
    return run


def test_a_report_becomes_evidence_that_is_read() -> None:
    named = {tool.kind for tool in TOOLS} | {
        kind for tool in TOOLS for text in (tool.files, tool.flags, tool.formats) for kind in kinds(text).values()
    }
    assert named - {""} <= set(FORMATS)


@pytest.mark.parametrize(("tool", "command"), COMMANDS, ids=[command for _, command in COMMANDS])
def test_the_advice_is_a_report_of_its_kind(tool: Tool, command: str) -> None:
    files = (("test.js", "export default () => {}"),)  # k6 wants a script
    argument = " test.js" if command == "k6 run" else ""
    bare = only(script(command + argument), files=files)
    assert (bare.left.state, bare.tool) == ("nothing", tool)
    taken = only(script(bare.advice), files=(*files, NEXTEST))
    assert (taken.left.state, taken.left.kind) == ("report", tool.kind), bare.advice


@pytest.mark.parametrize("row", INPUTS, ids=lambda row: row.action)
def test_the_advice_for_an_action_is_a_report(row: Input) -> None:
    action = f"{row.action}node" if row.action.endswith("/") else row.action
    files = (("test.js", "export default () => {}"),)
    silent = "with: {path: test.js, sarif: 'false', output-format: table, output_format: cli}"
    run = only(f"uses: {action}@v1\n{silent}", files=files)
    assert run.left.state == "nothing"
    advised = run.advice.removeprefix("with: {").removesuffix("}")
    assert only(f"uses: {action}@v1\nwith: {{path: test.js, {advised}}}", files=files).left.state == "report"


@given(st.lists(st.sampled_from(["-x", "tests", "--color=yes", "a b", "it's", "$HOME", "./..."]), max_size=4))
@settings(max_examples=60, deadline=None)
def test_advice_keeps_the_arguments(arguments: list[str]) -> None:
    quoted = ["'" + word.replace("'", "'\\''") + "'" for word in arguments]
    for command in ("pytest", "npx jest", "go test", "hadolint", "mocha"):
        bare = only(script(" ".join((command, *quoted))))
        assert all(word.partition("'")[0] in bare.advice for word in arguments)
        assert only(script(bare.advice)).left.state == "report"


LEFT = [
    # the command line
    ("pytest --junitxml junit.xml", "report", "junit.xml"),
    ("poetry run python -m pytest --junit-xml=a/j.xml", "report", "a/j.xml"),
    ("echo --junitxml=junit.xml && pytest", "nothing", ""),
    ("pytest --cov --cov-report=xml", "nothing", ""),
    ("pytest > junit.xml", "nothing", ""),
    ("coverage run -m pytest --junitxml=j.xml", "report", "j.xml"),
    ("PYTEST_ADDOPTS=--junitxml=j.xml pytest", "report", "j.xml"),
    ("export PYTEST_ADDOPTS=--junitxml=j.xml\npytest", "report", "j.xml"),
    ("PYTEST_ADDOPTS=$MORE pytest", "unknown", ""),
    ("export PYTEST_ADDOPTS=${{ matrix.more }}\npytest", "unknown", ""),
    ("GOTESTSUM_JUNITFILE=$OUT/j.xml gotestsum", "report", "$OUT/j.xml"),
    ("pytest $PYTEST_ARGS", "unknown", ""),
    ("ARGS=--junitxml=j.xml pytest $ARGS", "report", "j.xml"),
    ("pytest ${{ inputs.test-options }}", "unknown", ""),
    ("pytest ${{ github.sha }}", "nothing", ""),
    ("npx jest --ci --reporters=default --reporters=jest-junit", "report", "junit.xml"),
    ("npx jest --json --outputFile=j.json", "other", "j.json"),
    ("npx jest --reporters=./mine.js", "unknown", ""),
    ("npx vitest run --reporter=verbose --reporter=junit", "log", ""),
    ("npx vitest run --reporter=junit --outputFile=j.xml", "report", "j.xml"),
    ("nyc --reporter=lcov mocha --reporter spec", "nothing", ""),
    ("mocha -R xunit -O output=j.xml", "report", "j.xml"),
    ("node --test --test-reporter=junit --test-reporter-destination=stdout", "log", ""),
    ("go test -json ./...", "log", ""),
    ("go test -json ./... | tee go.json", "other", "go.json"),
    ("go test ./... 2> errors.txt", "nothing", ""),
    ("go test -v ./... | tee go.log\ngo-junit-report < go.log > j.xml", "report", "its report"),
    ("gotestsum --junitfile=j.xml -- -race ./...", "report", "j.xml"),
    ("dotnet test --logger 'junit;LogFilePath=j.xml;MethodFormat=Class'", "report", "j.xml"),
    ("dotnet test -l trx", "other", "TestResults"),
    ("dotnet test --logger 'console;verbosity=detailed'", "nothing", ""),
    ("npx playwright test --reporter=dot,junit", "log", ""),
    ("PLAYWRIGHT_JUNIT_OUTPUT_NAME=j.xml npx playwright test --reporter=junit", "report", "j.xml"),
    ("trivy image --format json shop", "log", ""),
    ("trivy image -f json -o t.json shop", "report", "t.json"),
    ("trivy image --format table -o t.txt shop", "nothing", ""),
    ("trivy image --format ${{ inputs.format }} -o t shop", "unknown", ""),
    ("docker run --rm -v $PWD:/w aquasec/trivy fs --format sarif /w > t.sarif", "report", "t.sarif"),
    ("grype shop -o table -o sarif=g.sarif", "report", "g.sarif"),
    ("checkov -d . -o cli -o sarif --output-file-path console,c.sarif", "report", "c.sarif"),
    ("checkov -d . -o sarif", "report", "results.sarif"),
    ("bandit -r src -f json -o b.json", "other", "b.json"),
    ("snyk code test --sarif-file-output=s.sarif", "report", "s.sarif"),
    ("hadolint -f sarif Dockerfile >> $GITHUB_STEP_SUMMARY", "log", ""),
    ("tflint --format=json > t.json", "report", "t.json"),
    ("terraform -chdir=infra validate -json | tee v.json", "report", "v.json"),
    ("cd $WHERE && tflint", "unknown", ""),
    ("cd $WHERE && tflint --format compact", "nothing", ""),
    ("npm audit --json > a.json", "report", "a.json"),
    ("gatekeeper evidence run --kind junit -- pytest", "nothing", ""),
    ("gatekeeper evidence run --kind junit -- pytest --junitxml=j.xml", "report", "j.xml"),
    ("gatekeeper evidence run --kind tflint --capture -- tflint --format json", "report", "what it prints"),
    ("./mvnw -B verify", "report", "target/surefire-reports"),
    ("./gradlew :app:test", "report", "build/test-results"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "state", "path"), LEFT, ids=[text for text, _, _ in LEFT])
def test_what_a_command_leaves(text: str, state: str, path: str) -> None:
    run = only(script(text))
    assert (run.left.state, run.left.path) == (state, path)


NOT_MEANT = [
    "tox",
    "pip install pytest jest",
    "pnpm add -D vitest",
    "pytest --version",
    "tflint --init",
    "tflint -v",
    "go test -run '^$' -bench . ./...",
    "go test -c ./cmd",
    "cargo test --doc",
    "trivy --version",
    "grype db update",
    "./gradlew assemble",
    "mvn -B verify -DskipTests",
    "echo $(pytest)",
    "npm audit fix",
    "make test",
    "npm test",
    "yarn workspace app jest",
    "turbo run test",
]


@pytest.mark.parametrize("text", NOT_MEANT)
def test_what_tests_nothing_is_not_meant(text: str) -> None:
    assert runs(steps(script(text))[0]) == ()


CONFIGURED = [
    ("pytest", "pytest.ini", "[pytest]\naddopts =\n  -q\n  --junitxml=j.xml\n", "report"),
    ("pytest", "tox.ini", "[pytest]\naddopts = -q\n[testenv]\ncommands = pytest --junitxml=j.xml\n", "nothing"),
    ("pytest", "pyproject.toml", "[tool.pytest.ini_options]\n# addopts = ['--junitxml=j.xml']", "nothing"),
    ("pytest", "pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['--junitxml', 'j.xml']", "report"),
    ("pytest", "setup.cfg", "[tool:pytest]\naddopts = --junitxml=j.xml\n", "report"),
    ("pytest", "setup.cfg", "[broken\naddopts = --junitxml=j.xml\n", "nothing"),
    ("npx jest", "package.json", '{"jest": {"reporters": ["default", ["jest-junit", {}]]}}', "report"),
    ("npx jest", "package.json", '{"jest": {"reporters": 5}}', "nothing"),
    ("pytest", "pyproject.toml", "[tool.pytest.ini_options]\naddopts = 5", "nothing"),
    ("npx jest --reporters=default", "package.json", '{"jest": {"reporters": ["jest-junit"]}}', "nothing"),
    ("npx jest", "jest.config.js", "module.exports = {reporters: ['default', 'jest-junit']}", "unknown"),
    ("npx jest", "jest.config.js", "module.exports = {coverageReporters: ['lcov']}", "nothing"),
    ("npx jest --reporters=default", "jest.config.js", "module.exports = {reporters: ['jest-junit']}", "nothing"),
    ("npx vitest run", "vite.config.ts", "test: {coverage: {reporter: ['text']}}", "nothing"),
    ("npx mocha", ".mocharc.yml", "reporter: mocha-junit-reporter\n", "report"),
    ("npx mocha", ".mocharc.json", '{"reporter": "dot"}', "nothing"),
    ("bundle exec rspec", ".rspec", "--require spec_helper\n# --format RspecJunitFormatter\n", "nothing"),
    ("phpunit", "phpunit.xml", '<phpunit><!-- <junit outputFile="j.xml"/> --></phpunit>', "nothing"),
    ("phpunit", "phpunit.xml", '<phpunit><logging><log type="junit" target="j.xml"/></logging></phpunit>', "report"),
    ("cargo nextest run", ".config/nextest.toml", '[profile.ci.junit]\npath = "j.xml"\n', "nothing"),
    ("cargo nextest run -P ci", ".config/nextest.toml", '[profile.default.junit]\npath = "j.xml"\n', "report"),
    ("dotnet test", "Directory.Build.props", "<VSTestLogger>trx%3bLogFileName=a.trx;junit</VSTestLogger>", "report"),
    ("trivy fs .", "trivy.yaml", "format: json\noutput: t.json\n", "report"),
    ("trivy fs .", "trivy.yaml", "# format: json\nscan:\n  format: json\n", "nothing"),
    ("checkov -d .", ".checkov.yaml", "output:\n  - cli\n  - sarif\nquiet: true\n", "report"),
    ("tflint > t.json", ".tflint.hcl", 'config {\n  format = "json"\n}\n', "report"),
    ("tflint --recursive > t.json", ".tflint.hcl", 'config {\n  format = "json"\n}\n', "nothing"),
    ("k6 run load.js", "load.js", "export function handleSummary(data) {}", "unknown"),
    ("k6 run $SCRIPT", "load.js", "", "unknown"),
    ("npm test", "package.json", '{"scripts": {"test": "tsc && c8 mocha -R dot"}}', "nothing"),
    ("npm test -- --reporter=junit", "package.json", '{"scripts": {"test": "vitest run"}}', "log"),
    ("yarn jest --json --outputFile=j.json", "package.json", "{}", "other"),
    ("make check", "Makefile", "check: unit\nunit:\n\t@go test ./... -json > go.json\n", "other"),
    ("cd web && npx jest", "web/package.json", '{"jest": {"reporters": ["jest-junit"]}}', "report"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "content", "state"), CONFIGURED)
def test_what_configuration_says(text: str, path: str, content: str, state: str) -> None:
    assert only(script(text), files=((path, content),)).left.state == state


WRITES = script("pytest --junitxml=junit.xml")
KEPT = [
    ("", True),
    (script("ruff check .\necho done"), True),
    ("uses: actions/setup-node@v4", True),
    ("uses: actions/upload-artifact@v4", False),
    ("uses: acme/publish@v1", False),
    (script("aws s3 cp junit.xml s3://reports/"), False),
    (script("python upload.py"), False),
    ("shell: python\nrun: print(1)", False),
]


@pytest.mark.parametrize(("later", "gone"), KEPT)
def test_a_report_is_lost_only_where_that_is_certain(later: str, gone: bool) -> None:
    step, *_ = steps(*(text for text in (WRITES, later) if text))
    [run] = runs(step)
    assert lost(step, run) is gone


def test_a_runner_of_ones_own_may_keep_its_files() -> None:
    workflow = "on: push\njobs:\n  a:\n    runs-on: [self-hosted]\n    steps:\n      - run: pytest --junitxml=j.xml\n"
    [step] = project_of(((".github/workflows/a.yml", workflow),)).all(Step)
    assert not lost(step, runs(step)[0])


def test_files_are_told_apart_within_a_job() -> None:
    first, second = steps(script("pytest a\npytest b"), script("pytest c"))
    advised = [run.advice for run in (*runs(first), *runs(second))]
    assert advised == [
        "pytest --junitxml=junit.xml a",
        "pytest --junitxml=junit-2.xml b",
        "pytest --junitxml=junit-3.xml c",
    ]


@given(st.text(alphabet="pytest -jxml='\"\\$()|><&;{}\n${{ }}=#", max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_script_is_too_odd(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for step in steps(f'run: "pytest {quoted}"'):
        for run in runs(step):
            assert run.advice
            lost(step, run)


def test_init_names_the_flags_once() -> None:
    project = project_of(
        (
            (".github/workflows/a.yml", "on: push\njobs: {a: {runs-on: x, steps: [{run: pytest}]}}\n"),
            (".github/workflows/b.yml", "on: push\njobs: {a: {runs-on: x, steps: [{run: pytest --junitxml=j}]}}\n"),
        )
    )
    assert flags(project) == [".github/workflows/a.yml:2: pytest -> pytest --junitxml=junit.xml  (evidence: junit)"]
