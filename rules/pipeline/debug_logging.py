from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline import Pipeline
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_NAMES = {"ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG", "CI_DEBUG_TRACE", "CI_DEBUG_SERVICES"}


def _variables(pipeline: Pipeline) -> Iterator[tuple[str, Node]]:
    yield from pipeline.env.items()
    for job in pipeline.jobs:
        yield from job.env.items()
        for step in job.steps:
            yield from step.env_nodes.items()


@rule(
    "pipeline-debug-logging",
    gate="workflow-security",
    severity="medium",
    seed="6.2 Secrets Management",
    where=lambda pipeline: pipeline.caller is None,
)
def debug_logging(pipeline: Pipeline) -> Iterator[Finding]:
    """Pipelines do not log what they debug.

    The debug output of a runner holds variables and the lines of scripts as they are run. What is hidden as a secret
    stays hidden only as it is written; encoded, or cut in parts, it stands there in clear text, for everybody who can
    read logs. Switch it on for one run, by hand.

    Bad:
    ```yaml
    on: push
    env:
      # expect: ACTIONS_STEP_DEBUG
      ACTIONS_STEP_DEBUG: true
    jobs:
      build: {runs-on: ubuntu-latest, steps: [{run: make}]}
    ```

    Good:
    ```yaml
    on: push
    env: {ACTIONS_STEP_DEBUG: false}
    jobs:
      build: {runs-on: ubuntu-latest, steps: [{run: make}]}
    ```
    """
    for name, node in _variables(pipeline):
        if name in _NAMES and text_of(node).strip().lower() in ("true", "1"):
            yield Finding(node, f"{name} is on for every run", (), Fix("take it out"))
