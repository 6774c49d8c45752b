from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import Step
from gatekeeper.rule import rule

if TYPE_CHECKING:
    from gatekeeper.models.pipeline.reports import ToolRun


def _runs(step: Step) -> Sequence[ToolRun]:
    from gatekeeper.models.pipeline.reports import runs  # its tables are large: loaded where there is a step

    return runs(step)


@rule(
    "pipeline-evidence-step-missing",
    gate="pipeline-success",
    severity="medium",
    seed="3.1 Pipeline Stages; 12. Quality Gates Status",
    where=lambda step: bool(_runs(step)),
)
def evidence_step_missing(step: Step) -> Iterator[Finding | Unknown]:
    """A step that tests, scans or validates leaves a report that a program can read.

    What only the log of a run tells, no gate can judge: how many tests ran, which findings are open, whether the
    estimate is within budget. Most tools write a report when they are told to; the fix names the option, the file and
    the kind of evidence it becomes. A coverage file says which lines ran, not whether the tests passed.

    Looked at: the command, the package script or make target it calls, environment variables, and configuration that
    is plain data. Configuration that is code is not run: where it speaks of reporters, the answer is UNKNOWN, as where
    a variable holds options. Not meant: tools of which no option is known, runners whose jobs are set up in code (tox,
    nox, turbo), scripts. Maven and Gradle always leave JUnit XML. Of low severity: a report in a format that no gate
    reads, and one that certainly vanishes with the runner, since no later step can take it away.

    Bad:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: pytest leaves no test results
          - run: poetry run pytest -x tests
          # expect: npm test: vitest leaves no test results
          - run: npm test
          # expect: go test leaves no test results
          - run: go test -race ./... | tee test.log
          # expect: make check: phpunit leaves no test results
          - run: make check
          # expect: hadolint prints its json to the log
          - run: hadolint -f json Dockerfile
          # expect: terraform validate leaves no verdict
          - run: terraform -chdir=infra validate
          # expect: aquasecurity/trivy-action leaves no findings
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: shop, exit-code: "1"}
    ```
    ```json package.json
    {"scripts": {"test": "vitest run"}}
    ```
    ```make Makefile
    check: ; vendor/bin/phpunit tests
    ```

    Bad, in a format that no gate reads:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          # expect: dotnet test writes trx, which no gate reads
          - run: dotnet test --logger "trx;LogFileName=test.trx"
          - uses: actions/upload-artifact@v4
            with: {name: results, path: "**/*.trx"}
    ```

    Bad, it vanishes with the runner:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          # expect: pytest writes junit.xml, and nothing takes it from the runner
          - run: pytest --junitxml=junit.xml
          - run: ruff check .
    ```

    Bad, kept as evidence but not written:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          # expect: pytest leaves no test results
          - run: gatekeeper evidence run --kind junit -- pytest
    ```

    Good:
    ```yaml
    on: push
    env: {PYTEST_ADDOPTS: --junitxml=pytest.xml}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: python -m pytest
          - run: npm test -- --reporter=junit --outputFile=vitest.xml
          - run: go test -v ./... 2>&1 | go-junit-report -set-exit-code > go.xml
          - run: terraform validate -json > validate.json
          - run: gatekeeper evidence run --kind tflint --capture -- tflint --format json
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: shop, exit-code: "1", format: sarif, output: trivy.sarif}
          - uses: actions/upload-artifact@v4
            if: always()
            with: {name: reports, path: "*.xml"}
    ```
    ```json package.json
    {"scripts": {"test": "vitest run"}}
    ```

    Good, by configuration:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
          - run: npx jest
          - run: bundle exec rspec
          - run: vendor/bin/phpunit
          - run: cargo nextest run --profile ci
          - run: trivy fs .
          - uses: actions/upload-artifact@v4
            with: {name: reports, path: .}
    ```
    ```toml pyproject.toml
    [tool.pytest.ini_options]
    addopts = "-q --junitxml=junit.xml"
    ```
    ```json package.json
    {"jest": {"reporters": ["default", ["jest-junit", {"outputName": "jest.xml"}]]}}
    ```
    ```text .rspec
    --format RspecJunitFormatter
    --out rspec.xml
    ```
    ```xml phpunit.xml.dist
    <phpunit><logging><junit outputFile="build/junit.xml"/></logging></phpunit>
    ```
    ```toml .config/nextest.toml
    [profile.ci.junit]
    path = "junit.xml"
    ```
    ```yaml trivy.yaml
    format: json
    output: trivy.json
    ```

    Unknown, configured in code:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: npx playwright test
    ```
    ```ts playwright.config.ts
    export default defineConfig({ reporter: process.env.CI ? 'junit' : 'list' });
    ```

    Unknown, options in a variable:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest ${{ inputs.pytest-args }}
    ```
    """
    said: set[tuple[int, str]] = set()
    for run in _runs(step):
        answer = _answer(step, run)
        where = (run.place.span.line, answer.message if answer else "")
        if answer and where not in said:  # one make target may run a tool many times
            said.add(where)
            yield answer


def _answer(step: Step, run: ToolRun) -> Finding | Unknown | None:
    left = run.left
    if left.state == "unknown":
        return Unknown(run.place, f"{run.name}: {left.format}")
    if left.state == "nothing":
        return Finding(run.place, f"{run.name} leaves no {run.tool.lacks} that a program can read", (), _fix(run))
    if left.state == "log":
        return Finding(run.place, f"{run.name} prints its {left.format} to the log, and no file", (), _fix(run))
    if left.state == "other":
        return Finding(run.place, f"{run.name} writes {left.format}, which no gate reads", (), _fix(run), "low")
    if _lost(step, run):
        keep = Fix("let a later step that runs `if: always()` upload it (actions/upload-artifact)")
        return Finding(
            run.place, f"{run.name} writes {left.path}, and nothing takes it from the runner", (), keep, "low"
        )
    return None


def _lost(step: Step, run: ToolRun) -> bool:
    from gatekeeper.models.pipeline.reports import lost

    return lost(step, run)


def _fix(run: ToolRun) -> Fix:
    needs = f"; needs {run.tool.needs}" if run.tool.needs else ""
    kind = f"evidence: {run.tool.kind}" if run.tool.kind else "no gate reads it yet"
    return Fix(f"{run.advice}  ({kind}{needs})")
