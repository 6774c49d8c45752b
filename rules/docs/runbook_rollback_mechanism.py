from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links.way_written import mismatch, tools_here
from gatekeeper.links.ways_of_tools import RETURNS
from gatekeeper.links.written_ways import ways_in
from gatekeeper.models import Subject
from gatekeeper.models.docs import Runbook
from gatekeeper.rule import rule


def _judgeable(runbook: Runbook, project: Project) -> bool:
    return bool(ways_in(runbook)) and bool(tools_here(project).by)


@rule(
    "runbook-rollback-mechanism",
    gate="deployment-rollback",
    severity="medium",
    seed="11. Rollback Procedure",
    where=_judgeable,
)
def rollback_mechanism(runbook: Runbook, project: Project) -> Iterator[Finding]:
    """The way back that a runbook gives is that of what deploys here.

    `kubectl rollout undo` changes nothing on ECS, `helm rollback` finds no release where manifests are applied, and
    what Flux syncs is put back within minutes. Held against each other are the rollback commands of a runbook (kubectl,
    helm, argocd, aws ecs) and the tools that the pipelines deploy with. A revert, a run of the pipeline or a script
    counts as a way back of anything. `kubectl rollout undo` of what Helm deployed works once, and is reported as
    advice. What Argo CD does is judged by argocd-rollback-contradicts-selfheal; where a tool is not known, nothing is.

    Bad:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    <!-- expect: aws ecs deploys here -->
    Run: `kubectl rollout undo deployment/orders`
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps: [{run: aws ecs update-service --cluster main --service orders --force-new-deployment}]
    ```

    Bad, a release that nobody made:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    <!-- expect: Helm knows no release -->
    Run: `helm rollback orders 0`
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps: [{run: kubectl apply -f k8s/}]
    ```

    Bad, past Helm:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    <!-- expect: Helm deploys here -->
    Run: `kubectl rollout undo deployment/orders`
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
    # Deploying
    ## Rollback
    Run: `kubectl rollout undo deployment/orders`, or revert the merge: `git revert HEAD`
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps: [{run: kubectl apply -f k8s/}]
    ```
    """
    for written in ways_in(runbook):
        found = mismatch(written, project)
        if found is None:
            continue
        at = found.at if isinstance(found.at, Subject) else found.at.place
        tool = next((name for name in tools_here(project).by if name in RETURNS), "")
        fix = Fix(f"give the way back of {tool}: {RETURNS[tool]}") if tool else None
        yield Finding(
            written.at, f"`{written.text}`: {found.words}", (Note(at, "deploys"),), fix, "low" if found.mild else None
        )
