from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_INPUTS = {"pypa/gh-action-pypi-publish": "password"}


@rule(
    "github-trusted-publishing",
    gate="workflow-security",
    severity="low",
    seed="6.2 Secrets Management",
    where=lambda step: step.slug in _INPUTS,
)
def trusted_publishing(step: GithubStep) -> Iterator[Finding]:
    """Packages are published with a token of the run.

    PyPI trusts the token that GitHub makes for one job (trusted publishing). A token of PyPI's own, kept as a secret,
    works from anywhere and for ever.

    Judged is the action of PyPI. zizmor's `use-trusted-publishing` is about more registries, and so means more.

    Bad:
    ```yaml
    on: {push: {tags: [v*]}}
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          - uses: pypa/gh-action-pypi-publish@release/v1
            with:
              # expect: a token of PyPI
              password: ${{ secrets.PYPI_TOKEN }}
    ```

    Good:
    ```yaml
    on: {push: {tags: [v*]}}
    jobs:
      release:
        permissions: {id-token: write}
        runs-on: ubuntu-latest
        steps:
          - uses: pypa/gh-action-pypi-publish@release/v1
          - uses: pypa/gh-action-pypi-publish@release/v1
            with: {repository-url: "https://packages.example.com/", password: "${{ secrets.TOKEN }}"}
    ```
    """
    node = step.node["with"][_INPUTS[step.slug]]
    url = text_of(step.node["with"]["repository-url"]) or text_of(step.node["with"]["repository_url"])
    if node.present and (not url or "pypi.org" in url):
        fix = Fix("trusted publishing: id-token: write, and no password")
        yield Finding(node, "a token of PyPI is kept for good", (), fix)
