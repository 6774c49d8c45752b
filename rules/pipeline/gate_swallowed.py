from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import Fact, Step, scanners
from gatekeeper.node import regex
from gatekeeper.rule import Reason, rule

_GRAVE = frozenset({"test", "e2e"})
_GATES = _GRAVE | {"lint", "typecheck"}
_REPAIRS = regex(r"--fix\b|--write\b|--in-place\b|\s-w\b|\bfmt\b|\bformat\b|--autofix|--update-snapshots?\b")


def _gates(step: Step) -> list[Fact]:
    own = [fact for fact in step.job.by_step.get(id(step), ()) if fact.kind in _GATES and fact.strength != "name"]
    return [fact for fact in own if scanners.of_slug(fact.tool) is None]  # those only report what others ran


def _only_scheduled(step: Step) -> bool:
    refs = {trigger.ref for trigger in step.job.root.pipeline.triggers}
    return bool(refs) and refs <= {"schedule", "dispatch"}


@rule(
    "pipeline-gate-swallowed",
    gate="tests",
    severity="high",
    seed="3.3 Quality Gates",
    where=lambda step: bool(_gates(step)) and not _only_scheduled(step),
)
def gate_swallowed(step: Step) -> Iterator[Finding | Unknown]:
    """The failure of tests, linters and type checkers is heard.

    `pytest || true` runs the tests and asks nobody how they went. `|| true`, `|| echo`, `set +e`, a pipe without
    pipefail, `continue-on-error` and their like make a step green whatever happens. For tests this is of severity high,
    for linters and type checkers medium.

    A second run of the same tool in the job that counts is enough (one writes the report, one decides). What repairs
    (`eslint --fix || true`) is no gate. Where a later step looks at the outcome, or the script at the exit status or at
    what was written, the answer is UNKNOWN.

    Bad:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          # expect: || true
          - run: pytest || true
          - name: Unit tests
            continue-on-error: true
            # expect: continue-on-error
            run: npm test
          # expect: without pipefail
          - run: go test ./... | tee tests.txt
          # expect: || echo
          - run: mypy src || echo "types are not right yet"
          - run: |
              set +e
              # expect: set +e
              cargo test
              echo done
    ```

    Bad, a whole group:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: |
              # expect: its group is followed
              (cd api && pytest; echo done) || true
    ```

    Good:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
          - shell: bash
            run: go test ./... | tee tests.txt
          - run: eslint --fix . || true
          - run: ruff check . || { echo "see the contributing guide"; exit 1; }
    ```

    Good, a second run that counts:
    ```yaml
    on: push
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps:
          - run: hadolint --format json Dockerfile > hadolint.json || true
          - run: hadolint Dockerfile
    ```

    Good, a job that mends:
    ```yaml
    on: push
    jobs:
      format:
        runs-on: ubuntu-latest
        steps:
          - uses: pre-commit/action@v3.0.1
            continue-on-error: true
          - uses: EndBug/add-and-commit@v9
    ```

    Unknown, what it prints is looked at:
    ```yaml
    on: push
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps:
          - run: |
              shellcheck *.sh | tee problems.log
              test ! -s problems.log
    ```

    Unknown, a later step looks at it:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - id: tests
            continue-on-error: true
            run: pytest
          - if: steps.tests.outcome == 'failure'
            run: exit 1
    ```
    """
    said: set[str] = set()
    for fact in _gates(step):
        if fact.blocking == "yes" or not _GATES.isdisjoint(step.job.firm.get(fact.tool, ())) or _repairs(fact):
            continue
        if fact.blocking == "unknown":
            yield Unknown(fact.place, f"{fact.tool}: {fact.reason}", Reason.UNRESOLVED)
            continue
        if f"{fact.place.span} {fact.tool} {fact.reason}" in said:  # many calls behind one line
            continue
        said.add(f"{fact.place.span} {fact.tool} {fact.reason}")
        what = {"test": "tests", "e2e": "tests", "lint": "linter", "typecheck": "type checker"}[fact.kind]
        message = f"the failure of the {what} ({fact.tool}) goes unheard: {fact.reason}"
        yield Finding(
            fact.place, message, (), Fix("let its failure fail the job"), None if fact.kind in _GRAVE else "medium"
        )


def _repairs(fact: Fact) -> bool:
    """Whether it mends what it finds: by its options, or because the job then commits what it changed."""
    text = fact.place.text if isinstance(fact.place.value, str) else ""
    if _REPAIRS.search(text) or fact.kind != "lint":
        return bool(_REPAIRS.search(text))
    return any(each.kind == "gitpush" and each.order > fact.order for each in fact.step.job.own_facts)
