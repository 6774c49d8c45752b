from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.coverage_gate import Coverage, Held, Measured, coverage_of, doubts, threshold_without_measure
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, Spot, rule


@rule(
    "pipeline-coverage-gated",
    gate="coverage",
    severity="medium",
    seed="3.3 Quality Gates: Code coverage threshold met",
    where=lambda repository, project: bool(coverage_of(project).tests),
)
def coverage_gated(repository: Repository, project: Project) -> Iterator[Answer]:
    """A pipeline fails when the tests cover too little.

    A percentage that is printed and uploaded sinks a little with every change, and nobody is stopped. For each tool
    that measures coverage in a pipeline, the threshold is looked for in the command (through make and package scripts)
    and in the tool's settings: `--cov-fail-under`, `fail_under` of coverage.py, `coverageThreshold` of Jest,
    `thresholds` of Vitest, `check-coverage` of nyc and c8, rules of JaCoCo, `Threshold` of coverlet, `minimum_coverage`
    of SimpleCov and ExCoveralls, `--fail-under` of cargo's tools, and actions that fail below a number.

    Codecov, Sonar and their like post a status, and whether that is required is in the settings of a server: UNKNOWN.
    So it is while a step that no table knows may read the report. `coverage:` in GitLab shows a number and asks for
    none.

    Bad, measured and not asked for:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: nothing fails when too little is covered
          - run: pytest --cov=shop --cov-report=xml
    ```

    Bad, not measured:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: nothing measures
          - run: go test ./...
    ```

    Bad, one of two languages:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: pytest --cov=shop --cov-fail-under=80
          # expect: Jest measures coverage
          - run: npx jest --coverage
    ```

    Bad, rules that nothing runs:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: nothing runs jacocoTestCoverageVerification
          - run: ./gradlew check jacocoTestReport
    ```
    ```groovy build.gradle
    plugins { id 'jacoco' }
    jacocoTestCoverageVerification { violationRules { rule { limit { minimum = 0.8 } } } }
    ```

    Bad, swallowed:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          # expect: || true
          - run: pytest --cov=shop --cov-fail-under=80 || true
    ```

    Good, in the settings:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: make test
    ```
    ```make Makefile
    test: ; coverage run -m pytest && coverage report
    ```
    ```toml pyproject.toml
    [tool.coverage.report]
    fail_under = 85
    ```

    Good, Jest through a package script:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: npm test -- --coverage
    ```
    ```json package.json
    {"scripts": {"test": "jest"}, "jest": {"coverageThreshold": {"global": {"lines": 80}}}}
    ```

    Good, Maven:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: mvn -B verify
    ```
    ```xml pom.xml
    <project><build><plugins><plugin><artifactId>jacoco-maven-plugin</artifactId><executions><execution>
      <goals><goal>check</goal></goals>
      <configuration><rules><rule><limits><limit><minimum>0.80</minimum></limit></limits></rule></rules></configuration>
    </execution></executions></plugin></plugins></build></project>
    ```

    Unknown, a service:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: pytest --cov=shop --cov-report=xml
          - uses: codecov/codecov-action@v4
    ```

    Unknown, a step that no table knows:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: go test ./...
          - uses: acme/quality@v1
    ```
    """
    found = coverage_of(project)
    for each in found.measured:
        if each.held is not Held.NO:
            continue
        words = f"{each.tool} measures coverage, and nothing fails when too little is covered: {each.why}"
        doubt = _doubt(found, each)
        if doubt is not None:
            yield Unknown(_spot(each), f"{words}; {doubt[0]}", doubt[1])
        else:
            see = (Note(each.at, "its settings"),) if each.at is not None else ()
            yield Finding(_spot(each), words, see, Fix("ask for a number: --cov-fail-under, coverageThreshold"))
    if found.measured:
        return
    if found.services:
        yield Unknown(found.services[0].step, found.services[0].why, Reason.NEEDS_API)
        return
    asked = threshold_without_measure(project)
    words = "tests run, and nothing measures what they cover"
    doubt = _doubt(found, None)
    if doubt is not None:
        yield Unknown(found.tests[0].place, f"no tool that measures coverage recognised; {doubt[0]}", doubt[1])
    else:
        see = (Note(asked, "asks for a threshold all the same"),) if asked else ()
        yield Finding(found.tests[0].place, words, see, Fix("measure it where the tests run, and ask for a number"))


def _spot(each: Measured) -> Spot:
    """The command that measures, where it is known which of the step's it is."""
    facts = [fact for fact in each.step.facts if fact.kind in ("test", "coverage", "e2e")]
    return facts[0].place if len({fact.kind for fact in facts}) == 1 and len(facts) == 1 else each.step


def _doubt(found: Coverage, measured: Measured | None) -> tuple[str, Reason] | None:
    """Why nobody can say that nothing asks for a number."""
    if found.services:
        return found.services[0].why, Reason.NEEDS_API
    words = doubts(found, measured)
    return (words, Reason.UNRESOLVED) if words else None
