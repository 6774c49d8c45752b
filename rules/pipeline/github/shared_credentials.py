from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Project
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Class
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.models.pipeline.expressions import found, parse, walk
from gatekeeper.models.pipeline.github.subjects import GithubJob
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
    names: dict[str, Node] = {}
    for node in job.node.walk():
        text = node.value if node.known and isinstance(node.value, str) else ""
        for _, _, inner in found(text) if "secrets." in text else ():
            tree = parse(inner)
            for each in walk(tree) if tree else ():
                if each[0] == "path" and each[1].startswith("secrets.") and _is_credential(each[1][8:]):
                    names.setdefault(each[1][8:], node)
    return names


def _is_credential(name: str) -> bool:
    return bool(_CREDENTIAL.search(name)) and not _SHARED.search(name)


def _elsewhere(job: GithubJob, project: Project) -> Iterator[GithubJob]:
    """The jobs that deploy to what is certainly not production."""
    for other in project.all(GithubJob):
        words = f"{other.id} {other.pipeline.name}"
        known = other.environment.cls if other.environment else classify(words, place=False)
        if other is not job and other.deploy and known is Class.NONPROD and production_of(other, project) is None:
            yield other


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
    for other in _elsewhere(job, project) if mine else ():
        for name, node in _named(other).items():
            if name in mine:
                see = (Note(node, f"{other.id} uses it as well, and is not production"),)
                yield Finding(mine.pop(name), f"{name} deploys to production and elsewhere", see, Fix("one for each"))
