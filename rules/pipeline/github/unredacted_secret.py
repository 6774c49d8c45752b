from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.expressions import Tree, walk
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.github.texts import written
from gatekeeper.rule import rule


def _parsed(tree: Tree) -> str:
    """The secret of which an expression takes a part out."""
    for node in walk(tree):
        if node[0] == "opaque" and node[1][0] == "call" and node[1][1] == "fromjson":
            inner = node[1][2][:1]
            if inner and inner[0][0] == "path" and inner[0][1].startswith("secrets."):
                return str(inner[0][1])
    return ""


@rule(
    "github-unredacted-secret",
    gate="workflow-security",
    severity="medium",
    seed="6.2 Secrets Management",
    aliases=["zizmor:unredacted-secrets"],
)
def unredacted_secret(pipeline: GithubPipeline) -> Iterator[Finding]:
    """A secret holds one value, so that logs show none of it.

    GitHub hides a secret in logs where its whole text stands. A field that `fromJSON` takes out of it is another text,
    and is printed as it is. Keep each value as a secret of its own.

    Bad:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: ./deploy
            env:
              # expect: secrets.account
              PASSWORD: ${{ fromJSON(secrets.ACCOUNT).password }}
    ```

    Good:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: ./deploy
            env: {PASSWORD: "${{ secrets.ACCOUNT_PASSWORD }}"}
    ```
    """
    for each in written(pipeline):
        name = _parsed(each.tree) if each.tree else ""
        if name:
            yield Finding(each.at, f"a field of {name} is not hidden in logs", (), Fix("a secret for each value"))
