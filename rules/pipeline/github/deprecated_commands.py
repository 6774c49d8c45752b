from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.ir import line_of, text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_COMMAND = regex(r"::(set-output|save-state|set-env|add-path)\b")
_FILES = {
    "set-output": "GITHUB_OUTPUT",
    "save-state": "GITHUB_STATE",
    "set-env": "GITHUB_ENV",
    "add-path": "GITHUB_PATH",
}


@rule(
    "github-deprecated-commands",
    gate="workflow-security",
    severity="low",
    seed="Phase 7: CI/CD pipeline fully automated",
    aliases=["actionlint:deprecated-commands"],
    where=lambda step: "::" in text_of(step.node["run"]),
)
def deprecated_commands(step: GithubStep) -> Iterator[Finding]:
    """Steps set outputs and variables by files.

    `::set-output` and its like are read from what a step prints, so that any program it runs can give the order too.
    GitHub warns of them, and has switched `set-env` and `add-path` off: these do nothing any more.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - run: |
              make
              # expect: set-output
              echo "::set-output name=tag::v1"
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps: [{run: 'echo "tag=v1" >> "$GITHUB_OUTPUT"; echo "::notice::done"'}]
    ```
    """
    for number, line in enumerate(text_of(step.node["run"]).split("\n")):
        match = _COMMAND.search(line)
        if match and not line.lstrip().startswith("#"):
            fix = Fix(f'echo "name=value" >> "${_FILES[match[1]]}"')
            yield Finding(line_of(step.node["run"], number), f"{match[1]} is deprecated", (), fix)
