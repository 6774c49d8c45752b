from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.expressions import Tree, truth, walk
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.github.texts import written
from gatekeeper.rule import rule


def _never_chosen(tree: Tree) -> str | None:
    """The value between `&&` and `||` that counts as false, as it is written."""
    for node in walk(tree):
        if node[0] != "||":
            continue
        for part in node[1:-1]:
            last = part[-1] if part[0] == "&&" else None
            if last is not None and last[0] == "literal" and truth(last[1]) is False:
                return "''" if last[1] == "" else "null" if last[1] is None else str(last[1]).lower()
    return None


@rule(
    "github-pseudo-ternary",
    gate="workflow-security",
    severity="low",
    seed="Phase 7: CI/CD pipeline fully automated",
    aliases=["zizmor:unsound-ternary"],
)
def pseudo_ternary(pipeline: GithubPipeline) -> Iterator[Finding]:
    """In `a && b || c`, `b` counts as true.

    The form stands for "if a then b else c", and does not do that when `b` is `''`, `0`, `false` or `null`: then it is
    always `c`. Turn the condition round (`!a && c || b`), or use `case(a, b, c)`.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: '' is never chosen
          - run: make ${{ github.ref == 'refs/heads/main' && '' || '--dry-run' }}
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - run: make ${{ github.ref != 'refs/heads/main' && '--dry-run' || '' }}
          - run: make ${{ inputs.a && inputs.b || 'c' }}
    ```
    """
    for each in written(pipeline):
        value = _never_chosen(each.tree) if each.tree else None
        if value is not None:
            yield Finding(each.at, f"{value} is never chosen: it counts as false", (), Fix("turn the condition round"))
