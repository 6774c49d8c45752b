from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


def _names_environment(job: Job, project: Project) -> bool:
    github = job.pipeline.platform == "github"
    return github and job.environment is not None and production_of(job, project) is not None


@rule(
    "pipeline-environment-deployment-false",
    gate="production-approval",
    severity="low",
    seed="3.3 Quality Gates: manual approval for production",
    where=_names_environment,
)
def environment_deployment_false(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """A deployment to production is recorded as one.

    With `deployment: false` a job uses an environment without GitHub making a deployment of it: the history of the
    environment does not show what runs there and who approved it, and apps that protect or follow deployments hear
    nothing. It is meant for jobs that only read the environment's secrets.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment:
          name: production
          # expect: leaves no record
          deployment: false
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: {name: production, url: "https://shop.example.com"}
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment:
          name: production
          deployment: ${{ vars.RECORD == 'yes' }}
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    node = job.node["environment"]
    said = node["deployment"] if node.is_mapping else None
    if said is None or not said.present:
        return
    if said.text.lower() == "false":
        yield Finding(said, "the deployment leaves no record", (), Fix("remove deployment: false"))
    elif said.text.lower() != "true":
        yield Unknown(said, "whether the deployment is recorded is known only when it runs")
