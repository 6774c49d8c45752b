from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule


@rule(
    "github-secrets-inherit",
    gate="workflow-security",
    severity="medium",
    seed="6.2 Secrets Management",
    aliases=["zizmor:secrets-inherit"],
    where=lambda job: job.pipeline.caller is None and bool(text_of(job.node["uses"])),
)
def secrets_inherit(job: GithubJob) -> Iterator[Finding]:
    """A reusable workflow is handed the secrets that it needs, by name.

    `secrets: inherit` hands over every secret of the repository, of the organisation and of the environment, also those
    that are made later. Whoever can change the called workflow, or an action in it, can read all of them. For a
    workflow of the same repository, which changes only by the same reviews, it is low.

    Bad:
    ```yaml
    on: push
    jobs:
      deploy:
        uses: acme/shared/.github/workflows/deploy.yml@v1
        # expect: every secret
        secrets: inherit
    ```

    Good:
    ```yaml
    on: push
    jobs:
      deploy:
        uses: acme/shared/.github/workflows/deploy.yml@v1
        secrets: {token: "${{ secrets.DEPLOY_TOKEN }}"}
    ```
    """
    node = job.node["secrets"]
    if text_of(node) == "inherit":
        uses = text_of(job.node["uses"])
        local = uses.startswith(("./", "$/"))
        fix = Fix("secrets: with the name of each that it needs")
        yield Finding(node, f"hands every secret to {uses}", (), fix, severity="low" if local else None)
