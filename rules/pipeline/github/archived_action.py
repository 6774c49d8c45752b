from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Use
from gatekeeper.rule import rule

# As of 2026-11: each repository was archived by its owner; what he or others recommend in its place.
_ARCHIVED = {
    "actions/create-release": "softprops/action-gh-release, or gh release create",
    "actions/upload-release-asset": "softprops/action-gh-release, or gh release upload",
    "actions/setup-ruby": "ruby/setup-ruby",
    "tibdex/github-app-token": "actions/create-github-app-token",
    "8398a7/action-slack": "slackapi/slack-github-action",
    "sonarsource/sonarcloud-github-action": "SonarSource/sonarqube-scan-action",
    "actions-rs/toolchain": "dtolnay/rust-toolchain",
    "actions-rs/cargo": "cargo in a run step",
    "actions-rs/clippy-check": "cargo clippy in a run step",
    "actions-rs/audit-check": "rustsec/audit-check",
    "actions-rs/install": "taiki-e/install-action",
    "actions-rs/tarpaulin": "cargo tarpaulin in a run step",
    "actions-rs/grcov": "grcov in a run step",
}


@rule(
    "github-archived-action",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening, Vulnerability management",
    aliases=["zizmor:archived-uses"],
    where=lambda use: not use.local and not use.text.startswith("docker://"),
)
def archived_action(use: Use) -> Iterator[Finding]:
    """Actions are maintained.

    An archived repository takes no fixes any more: not for its own faults, not for those of the libraries that it
    brings along, and not when GitHub removes the runtime that it needs.

    Known are a few that were used much, with the date of the list; zizmor has a longer one.

    Bad:
    ```yaml
    on: {push: {tags: [v*]}}
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          # expect: actions/create-release is archived
          - uses: actions/create-release@v1
    ```

    Good:
    ```yaml
    on: {push: {tags: [v*]}}
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          - uses: softprops/action-gh-release@v2
    ```
    """
    instead = _ARCHIVED.get(use.slug.lower())
    if instead:
        yield Finding(use, f"{use.slug} is archived: it takes no fixes any more", (), Fix(instead))
