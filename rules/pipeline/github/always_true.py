from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Node
from gatekeeper.models.pipeline.expressions import condition
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import Span
from gatekeeper.rule import Place, rule


def _around(node: Node) -> str:
    """What stands around the braces of a condition, in words; '' when nothing does."""
    text = text_of(node)
    if "${{" not in text:
        return ""
    if condition(text) == ("literal", text.strip()):
        return "there is text around ${{ }}"
    return "a line break follows }}" if text.endswith("\n") else ""


def _fix(node: Node) -> Fix:
    span = node.span
    first = node.source.line(span.line)[span.column - 1 :]
    if text_of(node).endswith("\n") and first in ("|", ">"):
        at = Span(span.line, span.column, span.line, span.column + 1)
        return Fix(f"{first}- leaves the line break out", (Edit(Place(node.source, at), f"{first}-"),), safe=False)
    return Fix("put the whole condition between ${{ and }}, or leave them out")


@rule(
    "github-always-true-if",
    gate="workflow-security",
    severity="high",
    seed="3.3 Quality Gates",
    aliases=["zizmor:unsound-condition", "actionlint:if-cond"],
    where=lambda job: job.pipeline.caller is None,
    fixable=True,
)
def always_true(job: GithubJob) -> Iterator[Finding]:
    """An `if:` can be false.

    Text around `${{ }}` makes the condition a text, and a text that is not empty is true: the job or step always runs,
    whatever the condition says. A line break at the end is such a text; `if: |` leaves one behind `}}`.

    A condition that is written as `true` or `false` decides nothing either; that is low.

    Bad:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        # expect: text around
        if: ${{ github.ref == 'refs/heads/main' }} && success()
        steps:
          # expect: a line break
          - if: |
              ${{ github.event_name == 'push' }}
            run: ./deploy
          # expect: always false
          - if: false
            run: ./report
    ```

    Good:
    ```yaml
    on: push
    jobs:
      deploy:
        runs-on: ubuntu-latest
        if: ${{ github.ref == 'refs/heads/main' }}
        steps:
          - if: |
              github.event_name == 'push' &&
              github.actor != 'renovate[bot]'
            run: ./deploy
          - if: |-
              ${{ github.event_name == 'push' }}
            run: ./report
    ```
    """
    for node in (cond for cond in (job.cond, *(step.cond for step in job.steps)) if cond.present):
        around = _around(node)
        if around:
            yield Finding(node, f"it is always true: {around}", (), _fix(node))
        elif text_of(node).strip().removeprefix("${{").removesuffix("}}").strip() in ("true", "false"):
            word = "true" if "true" in text_of(node) else "false"
            yield Finding(node, f"it is always {word}", (), Fix("leave out what never decides"), severity="low")
