from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.github.untrusted import action_of
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule


def _is_docker(step: GithubStep) -> bool:
    document = action_of(step)
    return document is not None and text_of(document["runs"]["using"]) == "docker"


@rule(
    "github-action-inputs",
    gate="workflow-security",
    severity="low",
    seed="Phase 7: CI/CD pipeline fully automated",
    where=lambda step: action_of(step) is not None,
)
def action_inputs(step: GithubStep) -> Iterator[Finding]:
    """A local action is given the inputs that it declares.

    An input that the action does not declare is dropped with a warning: a misspelt name leaves the default in place. A
    required input that is missing is empty: GitHub does not refuse the run.

    Judged are actions of this repository. actionlint says the same of them as one of many things about actions
    (`action`), which is why that is no other name of this rule.

    Bad:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: environment is required
          - uses: ./.github/actions/deploy
            with:
              # expect: declares no input enviroment
              enviroment: staging
    ```
    ```yaml .github/actions/deploy/action.yml
    name: deploy
    inputs: {environment: {required: true}}
    runs: {using: composite, steps: []}
    ```

    Good:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: ./.github/actions/deploy
            with: {Environment: staging}
    ```
    ```yaml .github/actions/deploy/action.yml
    name: deploy
    inputs: {environment: {required: true}, region: {required: true, default: eu}}
    runs: {using: composite, steps: []}
    ```
    """
    document = action_of(step)
    assert document is not None
    declared = {key.lower(): node for key, node in pairs(document["inputs"])}
    given = {key.lower(): (key, node) for key, node in pairs(step.node["with"])}
    for name, (key, node) in given.items():
        if name not in declared and not (_is_docker(step) and name in ("args", "entrypoint")):
            yield Finding(
                node, f"the action declares no input {key}", (), Fix(f"it declares {', '.join(declared) or 'none'}")
            )
    for name, node in declared.items():
        if name not in given and text_of(node["required"]) == "true" and not node["default"].present:
            yield Finding(step, f"the input {name} is required, and empty", (Note(node, "it is declared here"),))
