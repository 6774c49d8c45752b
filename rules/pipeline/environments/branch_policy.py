from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.approval import shown
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


@rule(
    "pipeline-environment-branch-policy",
    gate="production-approval",
    severity="medium",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: (
        job.pipeline.platform == "github" and production_of(job, project) is not None and bool(shown(job, project))
    ),
)
def environment_branch_policy(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """The environment of production is open to chosen branches only.

    Without a policy a workflow on any branch that names the environment gets its secrets and deploys: whoever may push
    a branch writes that workflow. Judged is what `.github/settings.yml` and snapshots of the server say; Terraform's
    `github_repository_environment` has a rule of its own, `tf-github-environment-branches`. "Protected branches only"
    lets every branch through where no branch has a protection rule.

    Bad:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      # expect: open to every branch
      - name: production
        reviewers: [{type: Team, id: 12}]
    ```

    Good:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production
        reviewers: [{type: Team, id: 12}]
        deployment_branch_policy: {custom_branches: [main]}
    ```

    Unknown, it extends settings that are elsewhere:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    _extends: .github
    environments:
      - name: production
        reviewers: [{type: Team, id: 12}]
    ```
    """
    for name, at, declared in shown(job, project):
        if declared.restricted is None:
            yield Unknown(declared.at, f"environment {name}: {declared.words}, and not which branches it is open to")
        elif not declared.restricted:
            server = declared.by == "snapshot"
            see = (Note(declared.at if server else at, declared.words if server else "production waits for it"),)
            fix = Fix("add deployment_branch_policy: the branches and tags that are released")
            yield Finding(at if server else declared.at, f"environment {name} is open to every branch", see, fix)
