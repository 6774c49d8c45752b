from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule


@rule(
    "github-misfeature",
    gate="workflow-security",
    severity="low",
    seed="6.1 Security Hardening",
    aliases=["zizmor:misfeature"],
    where=lambda step: step.slug == "actions/setup-python" or step.node["shell"].present,
)
def misfeature(step: GithubStep) -> Iterator[Finding]:
    """What is known to go wrong is not used.

    The input `pip-install` of `actions/setup-python` installs packages into the Python that every later step shares,
    outside any lock file. `shell: cmd` has no way to stop at the first command that fails, and reads `%` and `^` in
    what is put into it.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: windows-latest
        steps:
          - uses: actions/setup-python@v6
            with:
              # expect: pip-install
              pip-install: tox
          - run: build.bat
            # expect: cmd
            shell: cmd
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: windows-latest
        steps:
          - uses: actions/setup-python@v6
          - run: ./build.ps1
            shell: pwsh
    ```
    """
    node = step.node["with"]["pip-install"]
    if step.slug == "actions/setup-python" and node.present:
        yield Finding(
            node, "pip-install installs outside any lock file", (), Fix("a virtual environment, from a lock file")
        )
    if text_of(step.node["shell"]).strip().lower() == "cmd":
        yield Finding(step.node["shell"], "cmd does not stop at the first failure", (), Fix("shell: pwsh"))
