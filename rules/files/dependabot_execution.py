from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.dependabot import is_dependabot, updates
from gatekeeper.models.files import Text
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule


@rule(
    "dependabot-execution",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening, Vulnerability management",
    aliases=["zizmor:dependabot-execution"],
    where=lambda text: is_dependabot(text.path),
)
def dependabot_execution(text: Text) -> Iterator[Finding]:
    """Dependabot does not run the code of what it updates.

    `insecure-external-code-execution: allow` runs code of new versions (a gemspec, a setup.py, a plugin of the build)
    while Dependabot looks at them, with the credentials of the private registries that the file names.

    Bad:
    ```yaml .github/dependabot.yml
    version: 2
    updates:
      - package-ecosystem: bundler
        directory: /
        schedule: {interval: weekly}
        # expect: runs code of new versions
        insecure-external-code-execution: allow
    ```

    Unknown, it cannot be read:
    ```yaml .github/dependabot.yml
    updates: [
    ```

    Good:
    ```yaml .github/dependabot.yml
    version: 2
    updates:
      - package-ecosystem: bundler
        directory: /
        schedule: {interval: weekly}
    ```
    """
    for update in updates(text):
        node = update["insecure-external-code-execution"]
        if text_of(node) == "allow":
            yield Finding(node, "runs code of new versions before anybody has looked at them", (), Fix("take it out"))
