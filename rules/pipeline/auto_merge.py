from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Job, Pipeline, Step
from gatekeeper.rule import rule

_APPROVE = (
    "hmarr/auto-approve-action",
    "juliangruber/approve-pull-request-action",
    "cognitedata/auto-approve-dependabot-action",
)
_MERGE = (
    "pascalgn/automerge-action",
    "ahmadnassri/action-dependabot-auto-merge",
    "fastify/github-action-merge-dependabot",
    "peter-evans/enable-pull-request-automerge",
)


def _merges(step: Step) -> str:
    """Whether it approves, merges, or asks for a merge once the rules are met; '' for none of them."""
    if step.slug in _APPROVE:
        return "approves"
    if step.slug in _MERGE:
        return "asks"
    found = ""
    for script in step.scripts:
        words = script.command.words
        if words[:3] == ("gh", "pr", "review") and {"--approve", "-a"} & set(words):
            return "approves"
        if words[:3] == ("gh", "pr", "merge"):
            found = "merges" if "--admin" in words else found or "asks"
    return found


def _deployed_from(project: Project) -> list[Job]:
    """The jobs that deploy to production after a push to the default branch."""
    return [
        job
        for pipeline in project.all(Pipeline)
        if any(trigger.ref == "push-default" for trigger in pipeline.triggers)
        for job in pipeline.all_jobs
        if (production := production_of(job, project)) is not None and production.certain
    ]


@rule(
    "pipeline-auto-merge",
    gate="workflow-security",
    severity="high",
    seed="3.3 Quality Gates",
    where=lambda step: bool(_merges(step)),
)
def auto_merge(step: Step, project: Project) -> Iterator[Finding | Unknown]:
    """What goes to production by a merge is merged by a person.

    Where a push to the default branch deploys to production, a workflow that approves pull requests takes the place of
    the review that the approval rests on: a dependency's new version is in production with nobody having looked at it.

    Approving, and merging past the rules (`--admin`), are held against a workflow. One that asks for the merge once
    the rules are met (`gh pr merge --auto`) is UNKNOWN: whether they ask for a person's review the files do not say.
    Where nothing is deployed from the default branch it is no fault.

    Bad:
    ```yaml .github/workflows/merge.yml
    on: pull_request
    jobs:
      merge:
        runs-on: ubuntu-latest
        steps:
          # expect: approves
          - run: gh pr review --approve "$URL"
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        environment: production
        runs-on: ubuntu-latest
        steps: [{run: kubectl apply -f k8s/}]
    ```

    Good:
    ```yaml .github/workflows/merge.yml
    on: pull_request
    jobs:
      merge:
        runs-on: ubuntu-latest
        steps:
          - run: gh pr review --approve "$URL"
    ```

    Unknown:
    ```yaml .github/workflows/merge.yml
    on: pull_request
    jobs:
      merge:
        runs-on: ubuntu-latest
        steps:
          - run: gh pr merge --auto --squash "$URL"
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        environment: production
        runs-on: ubuntu-latest
        steps: [{run: kubectl apply -f k8s/}]
    ```
    """
    deployed = project.once("deployed by a merge", _deployed_from)
    if not deployed:
        return
    how = _merges(step)
    if how == "asks":
        yield Unknown(step, f"merges what deploys ({deployed[0].name}), once the rules of the server are met")
        return
    verb = "approves" if how == "approves" else "merges past the rules"
    see = (Note(deployed[0], "a merge deploys this to production"),)
    yield Finding(step, f"{verb} pull requests that a merge takes to production", see, Fix("have a person approve"))
