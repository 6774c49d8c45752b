from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Project
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Class
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.github.texts import secrets_named
from gatekeeper.node import regex
from gatekeeper.rule import rule

_CREDENTIAL = regex(r"key|token|secret|password|credential|kube_?config|role", 2)
_SHARED = regex(
    r"github_token|codecov|slack|sonar|npm|docker|ghcr|registry|cache|teams|webhook|gpg|snyk|turbo|sentry", 2
)


def _in_production(job: GithubJob, project: Project) -> bool:
    production = production_of(job, project)
    return bool(job.steps) and production is not None and production.certain and not production.parametric


def _named(job: GithubJob) -> dict[str, Node]:
    """The credentials of the job that are secrets of the repository: what an environment holds under that name is
    another secret."""
    if job.environment is not None or job.pipeline.caller is not None:
        return {}
    return {name: node for name, node in secrets_named(job.texts).items() if _is_credential(name)}


def _is_credential(name: str) -> bool:
    return bool(_CREDENTIAL.search(name)) and not _SHARED.search(name)


def _elsewhere(project: Project) -> list[GithubJob]:
    """The jobs that deploy to what is certainly not production."""
    return [
        job for job in project.all(GithubJob) if job.deploy and _is_another(job) and not production_of(job, project)
    ]


def _is_another(job: GithubJob) -> bool:
    known = job.environment.cls if job.environment else classify(f"{job.id} {job.pipeline.name}", place=False)
    return known is Class.NONPROD


@rule(
    "github-shared-credentials",
    gate="workflow-security",
    severity="medium",
    seed="2.1 IaC Best Practices: environment separation",
    where=_in_production,
)
def shared_credentials(job: GithubJob, project: Project) -> Iterator[Finding]:
    """Production has credentials that no other environment has.

    Where staging and production are deployed with the same key, whoever can change staging can change production, and a
    leak in one is a leak in both.

    Compared are the secrets of jobs without `environment:`, which are the same for certain. Two environments may hold
    different values under one name. Registries, notifications and analysis services are shared on purpose.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy-staging:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl --context staging apply -f k8s/
            env: {TOKEN: "${{ secrets.KUBE_TOKEN }}"}
      deploy-production:
        needs: deploy-staging
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
      deploy-staging:
        environment: staging
        runs-on: ubuntu-latest
        steps:
          - run: kubectl --context staging apply -f k8s/
            env: {TOKEN: "${{ secrets.KUBE_TOKEN }}"}
      deploy-production:
        environment: production
        needs: deploy-staging
        runs-on: ubuntu-latest
        steps:
          - run: kubectl --context production apply -f k8s/
            env: {TOKEN: "${{ secrets.KUBE_TOKEN }}"}
    ```
    """
    mine = _named(job)
    for other in project.once("deploys elsewhere", _elsewhere) if mine else ():
        for name, node in _named(other).items():
            if name in mine:
                see = (Note(node, f"{other.id} uses it as well, and is not production"),)
                yield Finding(mine.pop(name), f"{name} deploys to production and elsewhere", see, Fix("one for each"))
