from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_NAME = "ACTIONS_ALLOW_UNSECURE_COMMANDS"


def _settings(pipeline: GithubPipeline) -> Iterator[Node]:
    steps = (step.env_nodes for job in pipeline.jobs for step in job.steps)
    for variables in (pipeline.env, *(job.env for job in pipeline.jobs), *steps):
        yield from (node for key, node in variables.items() if key.upper() == _NAME)


@rule(
    "github-insecure-commands",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["zizmor:insecure-commands", "CKV_GHA_1"],
)
def insecure_commands(pipeline: GithubPipeline) -> Iterator[Finding]:
    """What a step prints cannot set variables.

    `ACTIONS_ALLOW_UNSECURE_COMMANDS` brings back `set-env` and `add-path`: any line of output, a title or a test's
    message, can then change the environment and the programs of the steps behind it. GitHub switched them off in 2020;
    `$GITHUB_ENV` and `$GITHUB_PATH` took their place.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        env:
          # expect: what a step prints
          ACTIONS_ALLOW_UNSECURE_COMMANDS: true
        steps: [{run: make}]
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps: [{run: 'echo "A=b" >> "$GITHUB_ENV"'}]
    ```
    """
    for node in _settings(pipeline):
        if text_of(node).strip().lower() in ("true", "1"):
            yield Finding(node, "what a step prints can set variables and paths", (), Fix("take it out"))
