from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import production_of
from gatekeeper.models.pipeline.expressions import found, parse, walk
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.node import Node
from gatekeeper.rule import rule


def _deploys_to_production(job: GithubJob, project: Project) -> bool:
    production = production_of(job, project)
    return job.pipeline.caller is None and bool(job.steps) and production is not None and production.certain


def _secrets(job: GithubJob) -> Iterator[tuple[str, Node]]:
    """The secrets that the job names, each with the first place where it does."""
    seen: set[str] = set()
    for node in job.node.walk():
        text = node.value if node.known and isinstance(node.value, str) else ""
        for _, _, inner in found(text) if "secrets" in text else ():
            tree = parse(inner)
            for each in walk(tree) if tree else ():
                if each[0] == "path" and each[1].startswith("secrets.") and each[1] not in seen:
                    seen.add(each[1])
                    yield each[1].removeprefix("secrets."), node


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
        names = [(name, node) for name, node in _secrets(job) if name != "github_token"]
        if names:
            words = f"{', '.join(name for name, _ in names[:4])}{' …' if len(names) > 4 else ''}"
            fix = Fix("environment: production, and the secrets there")
            yield Finding(names[0][1], f"deploys to production with secrets of no environment: {words}", (), fix)
