from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.ir import pairs
from gatekeeper.rule import rule


@rule(
    "github-dispatch-inputs",
    gate="workflow-security",
    severity="off",
    seed="6.1 Security Hardening",
    aliases=["CKV_GHA_7"],
    where=lambda pipeline: any(trigger.ref == "dispatch" for trigger in pipeline.triggers),
)
def dispatch_inputs(pipeline: GithubPipeline) -> Iterator[Finding]:
    """A build that is started by hand takes no inputs.

    The third level of SLSA asks that what a build makes depends on nothing but its source; an input is something else.
    Most workflows with inputs build nothing that is released, so this is judged only where it is asked for.

    Bad:
    ```yaml
    on:
      workflow_dispatch:
        inputs:
          # expect: version
          version: {type: string}
    jobs:
      build: {runs-on: ubuntu-latest, steps: [{run: make}]}
    ```

    Good:
    ```yaml
    on: workflow_dispatch
    jobs:
      build: {runs-on: ubuntu-latest, steps: [{run: make}]}
    ```
    """
    for name, node in pairs(pipeline.node["on"]["workflow_dispatch"]["inputs"]):
        yield Finding(node, f"what is built depends on the input {name}")
