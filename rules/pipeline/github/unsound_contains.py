from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.expressions import Tree, walk
from gatekeeper.models.pipeline.github.subjects import GithubPipeline
from gatekeeper.models.pipeline.github.texts import written
from gatekeeper.node import regex
from gatekeeper.rule import rule

# Names that people choose: a branch or a user may be called as any part of the text.
_CHOSEN = regex(
    r"github\.(?:ref|ref_name|head_ref|base_ref|actor|triggering_actor|event\.(?:sender|pull_request|comment|workflow_run)\..*)\Z"
)


def _searched(tree: Tree) -> tuple[str, str] | None:
    """A text, and the path whose value is looked for in it."""
    for node in walk(tree):
        if node[0] == "call" and node[1] == "contains" and len(node[2]) == 2:
            where, what = node[2]
            if where[0] == "literal" and isinstance(where[1], str) and what[0] == "path" and _CHOSEN.match(what[1]):
                return where[1], what[1]
    return None


@rule(
    "github-unsound-contains",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["zizmor:unsound-contains"],
)
def unsound_contains(pipeline: GithubPipeline) -> Iterator[Finding]:
    """A list is searched as a list, not as a text that holds its words.

    `contains('refs/heads/main refs/heads/develop', github.ref)` looks for a part of a text: a branch named `mai` passes
    as well. `contains(fromJSON('["refs/heads/main"]'), github.ref)` compares whole names.

    Held against a condition are names that somebody may choose (a branch, a user); the names of events and systems
    cannot be chosen.

    Bad:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        # expect: any part of it passes
        if: contains('refs/heads/main refs/heads/develop', github.ref)
        steps: [{run: ./deploy}]
    ```

    Good:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        if: contains(fromJSON('["refs/heads/main", "refs/heads/develop"]'), github.ref)
        steps:
          - run: ./deploy
          - if: contains('push schedule', github.event_name) || contains(github.ref, 'release')
            run: ./report
    ```
    """
    for each in written(pipeline):
        found = _searched(each.tree) if each.tree else None
        if found:
            words = f"{found[1]} is looked for in a text: any part of it passes"
            yield Finding(each.at, words, (), Fix("contains(fromJSON('[\"...\"]'), ...) compares whole names"))
