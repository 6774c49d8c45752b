from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_OF_TESTS = regex(r"(?:^|[\s/])(?:tests?|molecule)/")
_TRIES = frozenset("test tests testing e2e integration ci lint check verify validate molecule build".split())


def _rolls_out(job: GitlabJob) -> bool:
    """It certainly deploys, and not to something that its own tests make and remove."""
    if job.deploy is None or job.deploy.strength != "strong" or "ephemeral" in job.kinds or job.borrowed:
        return False
    if _OF_TESTS.search(text_of(job.deploy.place)):
        return False
    return not (_TRIES & set(tokens(f"{job.id} {job.stage}")) or job.never)


@rule(
    "gitlab-deploy-without-environment",
    gate="environments",
    severity="medium",
    seed="2.1 Environment separation",
    where=_rolls_out,
)
def deploy_without_environment(job: GitlabJob) -> Iterator[Finding]:
    """A job that deploys names its environment.

    Without `environment` GitLab does not know of the deployment: nothing records which commit runs where, nobody can be
    asked for an approval, variables cannot be kept to it, and an older pipeline may deploy over a newer one. Jobs whose
    name or stage says that they test are left out.

    Bad:
    ```yaml
    deploy:
      stage: deploy
      script:
        # expect: deploys without an environment
        - kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, inherited:
    ```yaml
    .deploy:
      environment: {name: staging, url: https://staging.example.com}
    deploy:
      extends: .deploy
      script: [helm upgrade shop ./chart]
    ```

    Good, a test:
    ```yaml
    test-playbooks: {stage: test, script: [ansible-playbook site.yml]}
    trial: {stage: trial, script: [ansible-playbook tests/playbooks/create.yml]}
    deploy: {stage: deploy, environment: production, script: [ansible-playbook site.yml]}
    ```

    Unknown, a part cannot be read:
    ```yaml
    include: [{project: platform/ci, file: deploy.yml, ref: v1.0.0}]
    deploy:
      extends: .deploy
      script: [kubectl apply -f k8s/]
    ```
    """
    if job.node["environment"].value is None:
        place = job.deploy.place if job.deploy else job
        yield Finding(place, f"{job.id} deploys without an environment", fix=Fix("add environment: with its name"))
