from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Edit, Finding, Fix, Project
from gatekeeper.models.pipeline import Use
from gatekeeper.models.pipeline.github.pins import Pin, pin_of
from gatekeeper.models.pipeline.github.untrusted import Scope, inside
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import regex
from gatekeeper.rule import Place, rule

_COMMIT = regex(r"[0-9a-f]{40}\Z", re.IGNORECASE)
_COMMENT = regex(r"[ \t]+#[ ]?(?:tag=|version: ?)?(v?\d[\w.-]{0,40})[ \t]*\Z")
_PLAIN = regex(r"[A-Za-z0-9_./-]{1,200}@[A-Za-z0-9_./-]{1,100}\Z")


def _image_pinned(text: str) -> bool:
    image = text.removeprefix("docker://")
    return "@" in image or ":" in image.rpartition("/")[2]


def _steps_of(use: Use) -> list[Use]:
    """What the steps of a local action use, and of those that these use."""
    step = next((step for step in use.job.steps if step.node["uses"] is use.node), None)
    inner = inside(step, Scope(use.job, step)) if step is not None else ()
    return [Use(each.node["uses"], use.job) for each, _ in inner if text_of(each.node["uses"])]


def _by_first(project: Project) -> dict[int, list[Use]]:
    """What steps of local actions use, by the id of what uses the action first: it is said once."""
    found: dict[int, list[Use]] = {}
    seen: set[int] = set()
    for use in project.all(Use):
        new = [each for each in _steps_of(use) if id(each.node) not in seen] if use.local else []
        found[id(use)] = new
        seen |= {id(each.node) for each in new}
    return found


def _meant(use: Use, project: Project | None) -> list[Use]:
    """The uses that are judged with one: itself, or those of the action of this repository that it names."""
    if not use.local:
        return [use]
    inner = project.once("local actions", _by_first)[id(use)] if project else _steps_of(use)
    return [each for each in inner if not each.local]


def _judged(use: Use, project: Project | None = None) -> bool:
    return bool(_meant(use, project))


def _elsewhere(project: Project) -> dict[tuple[str, str], Pin]:
    """What the repository itself pins, by the action and the version in the comment behind it."""
    found: dict[tuple[str, str], Pin] = {}
    for use in project.all(Use):
        span = use.node.span
        comment = _COMMENT.match(use.node.source.line(span.end_line)[span.end_column - 1 :])
        if comment and _COMMIT.match(use.ref):
            found.setdefault((use.slug.lower(), comment[1]), Pin(use.ref, comment[1]))
    return found


def _fix(use: Use, project: Project | None) -> Fix:
    words = f"{use.slug}@<40-digit commit> # {use.ref or 'its version'}"
    pins = project.once("pinned actions", _elsewhere) if project else {}
    pin = pins.get((use.slug.lower(), use.ref)) or pin_of(use.slug, use.ref)
    if pin is None:
        return Fix(words)
    text = f"{use.slug}@{pin.commit}"
    span, line = use.node.span, use.node.source.line(use.node.span.end_line)
    if use.node.source.slice(span) != use.text or line[span.end_column - 1 :].strip() or not _PLAIN.match(use.text):
        return Fix(f"{text} # {pin.version}")
    edit = Edit(Place(use.node.source, span), f"{text} # {pin.version}")
    return Fix(f"{text} # {pin.version}", (edit,), safe=pin.version == use.ref)  # what a tag means, moves


@rule(
    "pipeline-unpinned-action",
    gate="workflow-security",
    severity="medium",
    seed="Phase 6: Vulnerability management",
    aliases=["zizmor:unpinned-uses"],
    where=_judged,
    fixable=True,
)
def unpinned_action(use: Use, project: Project | None = None) -> Iterator[Finding]:
    """Every action and reusable workflow is pinned to a commit.

    A tag or a branch can be moved to other code by whoever controls the repository, and that code then runs with the
    pipeline's token and secrets. The full 40-digit SHA of a commit cannot be moved; the version goes into a comment
    behind it, where Dependabot and Renovate keep it up to date.

    `--fix` writes the commit where it is known: from another place of the repository that pins the same version, or
    from a table of well-known actions' tags. A tag that is moved, such as `v4`, becomes the newest version that the
    table has of it.

    Actions of the same repository (`./…`) come with the commit that runs; what their steps use is judged. An image
    (`docker://`) needs a tag or a digest.

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

    Bad, in an action of the repository:
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps: [{uses: ./.github/actions/setup}, {uses: ./.github/actions/node}]
    ```
    ```yaml .github/actions/setup/action.yml
    runs: {using: composite, steps: [{uses: ./.github/actions/node}]}
    ```
    ```yaml .github/actions/node/action.yml
    runs:
      using: composite
      steps:
        # expect: actions/setup-node@v4 is a tag or branch
        - uses: actions/setup-node@v4
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
    for each in _meant(use, project):
        yield from _faults(each, project)


def _faults(use: Use, project: Project | None) -> Iterator[Finding]:
    if use.text.startswith("docker://"):
        if not _image_pinned(use.text):
            yield Finding(
                use, f"{use.text} names no version: it is whatever latest is", (), Fix("name a tag or a digest")
            )
    elif not _COMMIT.match(use.ref):
        words = f"{use.text} is a tag or branch that can be moved" if use.ref else f"{use.text} names no version"
        yield Finding(use, words, (), _fix(use, project))
