from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.approval import shown
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


@rule(
    "pipeline-environment-without-reviewers",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: production_of(job, project) is not None and bool(shown(job, project)),
)
def environment_without_reviewers(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """The environment of production has required reviewers.

    A job that names an environment waits for the people whom the environment names, and for nobody where it names none:
    a timer or a policy for branches asks nobody. Judged is what `.github/settings.yml`, Terraform's
    `gitlab_project_protected_environment` and snapshots of the server say about the environments that production waits
    for; Terraform's `github_repository_environment` has a rule of its own, `tf-github-environment-reviewers`.

    On GitLab those who may deploy are not those who must approve: `approval_rules` are what counts.

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
      # expect: environment production has no required reviewer
      - name: production
        wait_timer: 5
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
        reviewers:
          - {type: Team, id: 12}
      - name: staging
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
        wait_timer: 5
    ```
    """
    for name, at, declared in shown(job, project):
        if declared.approved is None:
            yield Unknown(declared.at, f"environment {name}: {declared.why}")
        elif not declared.approved:
            words = f"environment {name} has no required reviewer"
            fix = Fix("give it required reviewers, users or teams")
            server = declared.by == "snapshot"
            yield Finding(
                at if server else declared.at, words, (Note(declared.at if server else at, declared.words),), fix
            )
