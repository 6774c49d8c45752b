from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Use
from gatekeeper.node import regex
from gatekeeper.rule import rule

_COMMIT = regex(r"[0-9a-f]{40}\Z", re.IGNORECASE)


def _image_pinned(text: str) -> bool:
    image = text.removeprefix("docker://")
    return "@" in image or ":" in image.rpartition("/")[2]


@rule(
    "pipeline-unpinned-action",
    gate="security-posture",
    severity="medium",
    seed="Phase 6: Vulnerability management",
    aliases=["zizmor:unpinned-uses"],
    where=lambda use: not use.local,
)
def unpinned_action(use: Use) -> Iterator[Finding]:
    """Every action and reusable workflow is pinned to a commit.

    A tag or a branch can be moved to other code by whoever controls the repository, and that code then runs with the
    pipeline's token and secrets. The full 40-digit SHA of a commit cannot be moved; the version goes into a comment
    behind it, where Dependabot and Renovate keep it up to date.

    Actions of the same repository (`./…`) come with the commit that runs. An image (`docker://`) needs a tag or a
    digest.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: actions/checkout@v4 is a tag or branch
          - uses: actions/checkout@v4
          # expect: trivy-action@master is a tag or branch
          - uses: aquasecurity/trivy-action@master
          # expect: names no version
          - uses: docker://alpine
      # expect: is a tag or branch
      deploy: {uses: acme/shared/.github/workflows/deploy.yml@v1}
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
          - uses: ./.github/actions/setup
          - uses: docker://alpine:3.20
    ```
    """
    if use.text.startswith("docker://"):
        if not _image_pinned(use.text):
            yield Finding(
                use, f"{use.text} names no version: it is whatever latest is", (), Fix("name a tag or a digest")
            )
    elif not _COMMIT.match(use.ref):
        words = f"{use.text} is a tag or branch that can be moved" if use.ref else f"{use.text} names no version"
        yield Finding(use, words, (), Fix(f"{use.slug}@<40-digit commit> # {use.ref or 'its version'}"))
