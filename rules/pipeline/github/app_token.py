from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule


@rule(
    "github-app-token",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["zizmor:github-app"],
    where=lambda step: step.slug == "actions/create-github-app-token",
)
def app_token(step: GithubStep) -> Iterator[Finding]:
    """A token of a GitHub App may do what the job needs, and ends with it.

    `actions/create-github-app-token` gives the token every right that the app has where it is installed, unless
    `permission-…` inputs name fewer. With `owner` and without `repositories` it is good for all repositories of that
    owner; without both, for this one. `skip-token-revoke` leaves it alive for an hour after the job.

    Bad:
    ```yaml
    on: push
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          # expect: every permission of the app
          # expect: every repository of acme
          - uses: actions/create-github-app-token@v2
            with:
              app-id: 1
              private-key: ${{ secrets.KEY }}
              owner: acme
              # expect: alive after the job
              skip-token-revoke: true
    ```

    Good:
    ```yaml
    on: push
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/create-github-app-token@v2
            with:
              app-id: 1
              private-key: ${{ secrets.KEY }}
              permission-contents: write
    ```
    """
    given = dict(pairs(step.node["with"]))
    if not any(name.startswith("permission-") for name in given):
        yield Finding(step, "the token has every permission of the app", (), Fix("permission-contents: write, say"))
    if "owner" in given and "repositories" not in given:
        words = f"the token is good for every repository of {text_of(given['owner'])}"
        yield Finding(step, words, (), Fix("repositories: with their names"))
    if "skip-token-revoke" in given and text_of(given["skip-token-revoke"]).lower() not in ("false", "0", ""):
        yield Finding(given["skip-token-revoke"], "the token stays alive after the job", (), Fix("take it out"))
