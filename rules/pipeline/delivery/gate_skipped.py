from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import SCANS, TESTS, Job, Trigger, play
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.rule import rule

_GATES = TESTS | SCANS | {"lint", "typecheck", "plan", "validate", "approval"}


def gates_of(job: Job) -> list[Job]:
    """The jobs above a deployment that check something."""
    return [each for each in job.ancestors() if _GATES & {fact.kind for fact in each.facts if fact.strength != "name"}]


@rule(
    "pipeline-gate-skipped",
    gate="tests",
    severity="medium",
    seed="3.3 Quality Gates",
    where=lambda job, project: production_of(job, project) is not None and bool(gates_of(job)),
)
def gate_skipped(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """Production is not deployed when the checks before it were skipped.

    A skipped job is no failed one: `if: ${{ !failure() }}` and `!contains(needs.*.result, 'failure')` let the
    deployment run when the tests never ran. Judged are the checks that may be skipped in a run that deploys, because
    their own `if:` or that of a job above them hangs on something. Filters by path skip on purpose, and then this is
    advice: say in the deployment's condition which result it wants.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      changes:
        runs-on: ubuntu-latest
        outputs: {code: "${{ steps.filter.outputs.code }}"}
        steps:
          - uses: dorny/paths-filter@v3
            id: filter
      test:
        needs: changes
        if: needs.changes.outputs.code == 'true'
        runs-on: ubuntu-latest
        steps:
          - run: pytest
      # expect: runs also when test was skipped
      deploy:
        needs: [changes, test]
        if: ${{ !cancelled() && !failure() }}
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      test:
        if: vars.SKIP_TESTS != 'true'
        runs-on: ubuntu-latest
        steps:
          - run: pytest
      deploy:
        needs: test
        if: ${{ !cancelled() && needs.test.result == 'success' }}
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, the skip travels along:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      test:
        if: vars.SKIP_TESTS != 'true'
        runs-on: ubuntu-latest
        steps:
          - run: pytest
      deploy:
        needs: test
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    production = production_of(job, project)
    skipped = [(gate, verdict) for gate in gates_of(job) if (verdict := _through(job, gate)) is not False]
    if not skipped or production is None:
        return
    sure = [gate for gate, verdict in skipped if verdict]
    gate = (sure or [each for each, _ in skipped])[0]
    words = f"{job.id} deploys to production, and runs also when {gate.id} was skipped"
    if not sure:
        yield Unknown(job, f"whether {job.id} runs when {gate.id} was skipped depends on {job.says_when}")
    elif not production.certain:
        yield Unknown(job, f"{words}; held to be production because {production.why}")
    else:
        fix = Fix(f"ask for the result: needs.{gate.id}.result == 'success'")
        yield Finding(job, words, (Note(gate.cond if gate.cond.present else gate, "may be skipped"),), fix)


def _through(job: Job, gate: Job) -> bool | None:
    """Whether a skip of the check lets the deployment run, for something that starts it and may skip the check."""
    verdicts = {_one(job, gate, trigger) for trigger in deploying(job)}
    return True if True in verdicts else None if None in verdicts else False


def _one(job: Job, gate: Job, trigger: Trigger) -> bool | None:
    pipeline = job.root.pipeline
    if play(pipeline, trigger).of(gate) is not None:
        return False  # it certainly runs, or certainly never does here
    return play(pipeline, trigger, {id(gate): "skipped"}).of(job)
