from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.dependabot import is_dependabot, updates
from gatekeeper.models.files import Text
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_DAYS = 7


@rule(
    "dependabot-cooldown",
    gate="workflow-security",
    severity="low",
    seed="6.1 Security Hardening, Vulnerability management",
    aliases=["zizmor:dependabot-cooldown"],
    where=lambda text: is_dependabot(text.path),
)
def dependabot_cooldown(text: Text) -> Iterator[Finding]:
    """Dependabot proposes a version a week after it came out.

    A version that somebody has published with a stolen account is found out within days, as a rule. `cooldown` with
    `default-days: 7` waits for that. Updates that mend a known vulnerability do not wait.

    Bad:
    ```yaml .github/dependabot.yml
    version: 2
    updates:
      # expect: npm has no cooldown
      - package-ecosystem: npm
        directory: /
        schedule: {interval: weekly}
      - package-ecosystem: pip
        directory: /
        schedule: {interval: weekly}
        cooldown:
          # expect: 2 days
          default-days: 2
      # expect: cargo has no default-days
      - package-ecosystem: cargo
        directory: /
        schedule: {interval: weekly}
        cooldown: {semver-major-days: 30}
    ```

    Unknown, it cannot be read:
    ```yaml .github/dependabot.yml
    updates: [
    ```

    Good:
    ```yaml .github/dependabot.yml
    version: 2
    updates:
      - package-ecosystem: npm
        directory: /
        schedule: {interval: weekly}
        cooldown: {default-days: 7}
    ```
    """
    for update in updates(text):
        days = update["cooldown"]["default-days"]
        name = update["package-ecosystem"]
        if not days.present:
            lacking = "default-days" if update["cooldown"].present else "cooldown"
            words = f"{text_of(name) or 'an update'} has no {lacking}"
            yield Finding(name, words, (), Fix(f"cooldown: {{default-days: {_DAYS}}}"))
        elif days.number is not None and days.number < _DAYS:
            yield Finding(
                days, f"{text_of(days)} days: a bad version may still be unknown", (), Fix(f"{_DAYS} or more")
            )
