from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.github.untrusted import named
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule


@rule(
    "github-secret-in-workflow-env",
    gate="workflow-security",
    severity="low",
    seed="6.2 Secrets Management",
    where=lambda pipeline: len(pipeline.jobs) > 1,
)
def secret_in_workflow_env(pipeline: GithubPipeline) -> Iterator[Finding]:
    """A secret is in the environment of the steps that need it.

    A variable of the whole workflow is in every process of every job: each action and each package that a job installs
    can read it.

    Judged are workflows of more than one job.

    Bad:
    ```yaml
    on: push
    env:
      # expect: every step of 2 jobs has TOKEN
      TOKEN: ${{ secrets.DEPLOY_TOKEN }}
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{run: make test}]}
      deploy: {runs-on: ubuntu-latest, steps: [{run: ./deploy}]}
    ```

    Good:
    ```yaml
    on: push
    env: {REGION: eu-west-1}
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{run: make test}]}
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: ./deploy
            env: {TOKEN: "${{ secrets.DEPLOY_TOKEN }}"}
    ```
    """
    held = [(name, node) for name, node in pairs(pipeline.node["env"]) if named(text_of(node), "secrets")]
    if held:
        names = f"{', '.join(name for name, _ in held[:4])}{' …' if len(held) > 4 else ''}"
        words = f"every step of {len(pipeline.jobs)} jobs has {names}"
        yield Finding(held[0][1], words, (), Fix("env: of the step that needs it"))
