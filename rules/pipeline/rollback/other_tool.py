from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.pipelines import entries
from gatekeeper.links.rollback import rolls_out
from gatekeeper.links.ways_of_tools import RETURNS, Deployed, deployments
from gatekeeper.links.written_ways import Written, written_ways
from gatekeeper.models.docs import Document, Runbook
from gatekeeper.models.pipeline import Job
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.rule import rule

_OF_DEPLOYING = frozenset("rollback revert deploy deploying deployment deployments release releasing".split())
_NO_TOOL = frozenset({"git", "pipeline", "script"})
_CONTROLLERS = ("argocd", "flux")


def _ways(document: Document, project: Project) -> list[Written]:
    """The commands of a document on deploying that themselves go back, with a tool that deploys."""
    ours = isinstance(document, Runbook) or _OF_DEPLOYING & {*tokens(document.stem), *tokens(document.title)}
    if not ours or (isinstance(document, Runbook) and not document.deploys):
        return []
    ways = [each for each in written_ways(project) if each.document is document and each.back]
    return [each for each in ways if each.tool in RETURNS and each.tool not in _NO_TOOL]


def _jobs(project: Project) -> list[Job]:
    every = [job for pipeline in entries(project) for job in pipeline.all_jobs]
    return [job for job in every if rolls_out(job, project)]


def _meant(document: Document, project: Project) -> bool:
    return bool(_ways(document, project)) and bool(project.once("jobs that roll out", _jobs))


@rule(
    "pipeline-rollback-other-tool",
    gate="deployment-rollback",
    severity="medium",
    seed="11. Rollback Procedure; anti-pattern No rollback plan",
    where=_meant,
)
def other_tool(document: Document, project: Project) -> Iterator[Finding | Unknown]:
    """The written rollback uses the tool that deploys.

    Every tool keeps its own record of what is released. After `kubectl rollout undo` Helm still holds the broken
    release for the current one, and its next upgrade is compared with that; `helm rollback` knows nothing of what
    `kubectl apply` did. Judged are the commands in documents on deploying that themselves go back, against the tools of
    every job here that rolls out to production.

    Bad:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    <!-- expect: helm deploys -->
    `kubectl rollout undo deployment/shop`
    ```
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --wait
    ```

    Good:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `helm rollback shop`; for what is broken in a pull request, `git revert`.
    ```
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --wait
    ```

    Good, one of two tools:
    ```markdown docs/deployment.md
    # Deployment
    ## Rolling back
    ~~~bash
    kubectl rollout undo deployment/shop
    ~~~
    ```
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install cache ./cache
          - run: kubectl apply -f k8s/
    ```

    Unknown, what else deploys is not known:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `kubectl rollout undo deployment/shop`
    ```
    ```yaml .github/workflows/ci.yml
    on: {push: {branches: [main]}}
    jobs:
      cache:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install cache ./cache
      deploy:
        uses: acme/workflows/.github/workflows/deploy.yml@v1
        with: {environment: production}
    ```
    """
    jobs = project.once("jobs that roll out", _jobs)
    deployed: dict[str, Deployed] = {each.tool: each for job in jobs for each in deployments(job, project)}
    every = [job for pipeline in entries(project) for job in pipeline.all_jobs]
    remote = next((job.unresolved for job in every if job.unresolved and job.kinds & {"deploy", "rollback"}), "")
    unnamed = next((tool for tool in deployed if tool not in RETURNS), "")
    first = next(iter(deployed.values()), None)
    for way in _ways(document, project):
        if way.tool in deployed:
            continue
        if first is None or remote or unnamed or way.tool in _CONTROLLERS:
            words = f"whether {way.tool} goes back from what {remote or unnamed or 'the pipeline'} deploys is not known"
            yield Unknown(way.at, words)
            continue
        tools = ", ".join(sorted(deployed))
        fix = Fix(f"go back with what deploys: {RETURNS[first.tool]}")
        words = f"{tools} deploys, and this goes back with {way.tool}"
        yield Finding(way.at, words, (Note(first.fact.place, f"deploys with {first.tool}"),), fix)
