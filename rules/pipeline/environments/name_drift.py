from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.approval import drifts, names_declared
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Reason, rule


@rule(
    "pipeline-environment-name-drift",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=names_declared,
)
def environment_name_drift(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """The environments that jobs name are those that are declared.

    A job that names an environment which does not exist gets one: GitHub makes it, without reviewers, secrets and
    policy. So `prod` in a workflow beside a protected `production` deploys without anybody's approval, and nothing
    fails.
    GitHub's names know no case; GitLab's do, and a protection there holds for the name as it is written.

    Judged where environments are declared: by Terraform, `.github/settings.yml` or a snapshot of the server. One that
    lists every environment settles it. In files a name is only found fault with that is almost a declared one; another
    may have been made by hand, so production's is UNKNOWN. Names of overlays and of files of values are not compared:
    they need not be called as the environment is.

    Bad:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        # expect: prod is declared nowhere; production is
        environment: prod
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production
        reviewers: [{type: Team, id: 12}]
    ```

    Bad, misspelt:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        # expect: prodution is declared nowhere; production is
        environment: prodution
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```hcl github.tf
    resource "github_repository_environment" "production" {
      repository  = "orders"
      environment = "production"
    }
    ```
    ```yaml gatekeeper.yaml
    service: {name: orders}
    ```

    Good:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      preview:
        runs-on: ubuntu-latest
        environment: production-us
        steps:
          - run: echo hello
      deploy:
        runs-on: ubuntu-latest
        environment: PRODUCTION-EU
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production-eu
      - name: production-us
    ```

    Unknown, it may have been made by hand:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: live-eu
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: staging
      - name: production-us
    ```
    """
    for drift in drifts(job, project):
        see = (Note(drift.see, drift.shown),)
        if drift.certain:
            fix = Fix("name the declared environment, or declare this one")
            yield Finding(drift.at, drift.words, see, fix, drift.severity)
        else:
            yield Unknown(drift.at, drift.words, Reason.NEEDS_API)
