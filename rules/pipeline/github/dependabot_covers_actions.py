from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.dependabot import PATHS, updates
from gatekeeper.models.files import Repository, Text
from gatekeeper.models.pipeline import Use
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_RENOVATE = (
    "renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".renovaterc.json5", ".github/renovate.json",
    ".github/renovate.json5", ".gitlab/renovate.json", ".gitlab/renovate.json5",
)  # fmt: skip


@rule(
    "github-actions-updated",
    gate="workflow-security",
    severity="low",
    seed="6.1 Security Hardening, Vulnerability management",
    where=lambda repository, project: any(not use.local for use in project.all(Use)),
)
def dependabot_covers_actions(repository: Repository, project: Project) -> Iterator[Finding]:
    """Something keeps the actions up to date.

    A commit that is pinned never changes: not for a security fix either, unless Dependabot or Renovate proposes the
    next one. Renovate looks at workflows by itself; Dependabot does so for the ecosystem `github-actions`.

    Bad, others only: # expect: no github-actions
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}]}
    ```
    ```yaml .github/dependabot.yml
    version: 2
    updates:
      - {package-ecosystem: npm, directory: /, schedule: {interval: weekly}}
    ```

    Bad, nothing: # expect: neither
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}]}
    ```

    Good:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}]}
    ```
    ```yaml .github/dependabot.yml
    version: 2
    updates:
      - {package-ecosystem: github-actions, directory: /, schedule: {interval: weekly}}
    ```
    """
    if any(project.tree.exists(path) for path in _RENOVATE):
        return
    files = [text for text in project.all(Text) if text.path in PATHS]
    names = {text_of(update["package-ecosystem"]) for text in files for update in updates(text)}
    fix = Fix("package-ecosystem: github-actions in .github/dependabot.yml")
    if not files:
        yield Finding(repository, "neither Dependabot nor Renovate looks at the actions of the workflows", (), fix)
    elif "github-actions" not in names:
        yield Finding(repository, f"{files[0].path} has no github-actions", (), fix)
