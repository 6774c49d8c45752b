from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import Job, Step
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.rule import rule

_ITS_COMMIT = ("workflow_run.head_sha", "workflow_run.head_commit.id")
_BRANCH = ("workflow_run.head_branch", "github.ref", "github.sha", "repository.default_branch")


def checkouts(job: Job) -> list[Step]:
    """The checkouts of this repository in a deploying job that a workflow starts which has ended."""
    triggers = deploying(job) if job.deploy and job.root.pipeline.platform == "github" else ()
    if not triggers or any(trigger.ref != "workflow_run" for trigger in triggers):
        return []
    jobs = (job, *job.ancestors())
    steps = [step for each in jobs for step in each.steps if step.slug == "actions/checkout"]
    return [step for step in steps if not step.inputs.get("repository") and not step.never]


@rule(
    "pipeline-workflow-run-other-commit",
    gate="tests",
    severity="medium",
    seed="3.3 Quality Gates",
    where=lambda job: bool(checkouts(job)),
)
def workflow_run_other_commit(job: Job) -> Iterator[Finding | Unknown]:
    """A deployment that follows another workflow takes the commit which that one has judged.

    A run that `workflow_run` starts has the last commit of the default branch as its own, whatever commit the workflow
    before it ran for. A checkout without `ref` deploys that: a commit whose tests may still run, or main although the
    tests were of another branch. `ref: ${{ github.event.workflow_run.head_sha }}` takes the commit that was judged.

    Bad:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed], branches: [main]}
    jobs:
      deploy:
        if: github.event.workflow_run.conclusion == 'success'
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: the last commit of the default branch
          - uses: actions/checkout@v4
          - run: kubectl apply -f k8s/
    ```

    Bad, the branch has moved on:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed], branches: [main]}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: whatever commit
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.workflow_run.head_branch }}"}
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed], branches: [main]}
    jobs:
      deploy:
        if: github.event.workflow_run.conclusion == 'success'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.workflow_run.head_sha }}"}
          - run: kubectl apply -f k8s/
    ```

    Unknown:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ steps.which.outputs.commit }}"}
          - run: kubectl apply -f k8s/
    ```
    """
    fix = Fix("check out `ref: ${{ github.event.workflow_run.head_sha }}`")
    for step in checkouts(job):
        ref = text_of(step.node["with"]["ref"]).lower().replace(" ", "")
        if any(name in ref for name in _ITS_COMMIT):
            continue
        if not ref:
            yield Finding(step, f"{job.id} deploys the last commit of the default branch, not the one judged", fix=fix)
        elif "${{" not in ref or any(name in ref for name in _BRANCH):
            yield Finding(step, f"{job.id} deploys whatever commit {ref} is at, not the one judged", fix=fix)
        else:
            yield Unknown(step, f"which commit {ref} is")
        return
