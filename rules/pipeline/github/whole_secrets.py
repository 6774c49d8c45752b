from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.expressions import Tree, walk
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.github.texts import written
from gatekeeper.rule import rule


def _whole(tree: Tree) -> str:
    """How an expression takes in all secrets; '' when it does not."""
    for node in walk(tree):
        if node[0] == "call" and node[1] == "tojson" and node[2][:1] == (("path", "secrets"),):
            return "toJSON(secrets)"
        if node[0] == "opaque" and node[1] == ("path", "secrets"):
            return "secrets[...] with a name that is made at run time"
        if node[0] == "path" and node[1] == "secrets.*":
            return "secrets.*"
    return ""


@rule(
    "github-whole-secrets",
    gate="workflow-security",
    severity="medium",
    seed="6.2 Secrets Management",
    aliases=["zizmor:overprovisioned-secrets"],
)
def whole_secrets(pipeline: GithubPipeline) -> Iterator[Finding]:
    """A job is given the secrets that it names, not all there are.

    The runner gets only those secrets that a job's expressions name. `toJSON(secrets)`, or a name that is made at run
    time, names all of them: each is in the memory of the runner, and in whatever the text is handed to.

    Bad:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        strategy: {matrix: {env: [DEV, PROD]}}
        steps:
          - run: ./deploy
            env:
              # expect: toJSON(secrets)
              ALL: ${{ toJSON(secrets) }}
              # expect: made at run time
              KEY: ${{ secrets[format('KEY_{0}', matrix.env)] }}
    ```

    Good:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: ./deploy
            env: {KEY: "${{ secrets['KEY'] }}", TOKEN: "${{ secrets.TOKEN }}"}
    ```
    """
    for each in written(pipeline):
        how = _whole(each.tree) if each.tree else ""
        if how:
            yield Finding(each.at, f"{how} gives the job every secret", (), Fix("name the secrets, one by one"))
