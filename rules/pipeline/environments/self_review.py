from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.approval import shown
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


@rule(
    "pipeline-environment-self-review",
    gate="production-approval",
    severity="medium",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: (
        job.pipeline.platform == "github"
        and production_of(job, project) is not None
        and any(each.declared.approved for each in shown(job, project))
    ),
)
def environment_self_review(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """Whoever starts a deployment to production does not approve it.

    One of the reviewers is enough, and unless the environment prevents it that may be the one who merged, tagged or
    started: then one person decides alone, and a stolen account does too. Judged is what `.github/settings.yml` and
    snapshots of the server say; Terraform's `github_repository_environment` has a rule of its own,
    `tf-github-environment-self-review`.

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
      # expect: whoever started the deployment may approve it
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
        prevent_self_review: true
        reviewers: [{type: Team, id: 12}]
    ```
    """
    for name, at, declared in shown(job, project):
        if not declared.approved:
            continue
        if declared.starter is None:
            yield Unknown(declared.at, f"environment {name}: nothing says whether it prevents self-review")
        elif declared.starter:
            server = declared.by == "snapshot"
            see = (Note(declared.at, "what the server says") if server else Note(at, "production waits for it"),)
            words = f"environment {name}: whoever started the deployment may approve it"
            yield Finding(at if server else declared.at, words, see, Fix("set prevent_self_review: true"))
