from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import production_of
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.github.texts import secrets_named
from gatekeeper.rule import rule


def _deploys_to_production(job: GithubJob, project: Project) -> bool:
    production = production_of(job, project)
    return job.pipeline.caller is None and bool(job.steps) and production is not None and production.certain


@rule(
    "github-secrets-outside-environment",
    gate="workflow-security",
    severity="medium",
    seed="6.2 Secrets Management",
    where=_deploys_to_production,
)
def secrets_outside_environment(job: GithubJob, project: Project) -> Iterator[Finding]:
    """The secrets of production are those of an environment.

    A secret of the repository can be read by every job of every workflow, from any branch that somebody may push. A
    secret of an environment is handed only to jobs that name the environment, after its reviewers and for its branches.

    Judged are jobs that certainly deploy to production. zizmor's `secrets-outside-env` asks it of every job, and so
    means something else.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl --context production apply -f k8s/
            env:
              # expect: kube_token
              TOKEN: ${{ secrets.KUBE_TOKEN }}
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        environment: production
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
            env: {TOKEN: "${{ secrets.KUBE_TOKEN }}"}
    ```
    """
    if job.environment is None:
        named = secrets_named(job.texts)
        names = [(name or "all there are", node) for name, node in named.items() if name != "github_token"]
        if names:
            words = f"{', '.join(name for name, _ in names[:4])}{' …' if len(names) > 4 else ''}"
            fix = Fix("environment: production, and the secrets there")
            yield Finding(names[0][1], f"deploys to production with secrets of no environment: {words}", (), fix)
