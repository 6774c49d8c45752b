from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.drift import against, claims_in
from gatekeeper.models.docs import Runbook
from gatekeeper.rule import Answer, rule


@rule(
    "runbook-pipeline-drift",
    gate="documentation",
    severity="medium",
    seed="11. Runbook: Deployment Procedure",
    where=lambda runbook, project: runbook.deploys and any(True for _ in claims_in(runbook)),
)
def pipeline_drift(runbook: Runbook, project: Project) -> Iterator[Answer]:
    """What a runbook for deploying says of the pipeline is so.

    `Merge to master, the pipeline deploys automatically`: since the branch was renamed it does not, and somebody waits
    for a deployment that never starts. Two claims are known: that a merge or push to a branch deploys automatically,
    held against what starts the jobs that deploy; and that the pipeline runs smoke tests, held against its steps. Other
    words are not judged, nor is a sentence that says not. Where a pipeline is started by another, or a step is not
    known, the answer is not known either.

    Bad:
    ```markdown docs/runbooks/deploy.md
    # Deploy to production
    1. Merge the pull request to `master`
    <!-- expect: a push to master deploys nothing -->
    2. CI/CD pipeline triggers automatically
    <!-- expect: smoke tests -->
    3. The pipeline runs the smoke tests
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps: [{run: helm upgrade --install orders ./chart}]
    ```

    Good:
    ```markdown docs/runbooks/deploy.md
    # Deploy to production
    1. Merge PR to main branch
    2. CI/CD pipeline triggers automatically
    3. The pipeline runs smoke tests
    4. Pushing to master does not deploy automatically
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: helm upgrade --install orders ./chart
          - run: ./scripts/smoke-test.sh
    ```

    Unknown, another workflow starts it:
    ```markdown docs/runbooks/deploy.md
    # Deploy to production
    A push to main is deployed automatically.
    ```
    ```yaml .github/workflows/deploy.yml
    on: {workflow_run: {workflows: [CI]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps: [{run: helm upgrade --install orders ./chart}]
    ```
    """
    for claim in claims_in(runbook):
        met = against(claim, project)
        if met is None:
            continue
        says = (
            "this says that the pipeline runs smoke tests"
            if claim.what == "smoke"
            else (f"this says that it deploys by itself; a push to {claim.branch} deploys nothing")
        )
        words = f"{says}: {met.words}"
        if met.certain:
            yield Finding(claim.at, words)
        else:
            yield Unknown(claim.at, words)
