from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule


def _images(job: GithubJob) -> list[Node]:
    return [job.node["container"], *(node for _, node in pairs(job.node["services"]))]


@rule(
    "github-container-credentials",
    gate="workflow-security",
    severity="high",
    seed="Anti-Patterns to Avoid: Hardcoded secrets",
    aliases=["zizmor:hardcoded-container-credentials", "actionlint:credentials"],
    where=lambda job: job.pipeline.caller is None and any(each["credentials"].present for each in _images(job)),
)
def container_credentials(job: GithubJob) -> Iterator[Finding]:
    """The password of a registry is a secret, and not written in the workflow.

    Whoever can read the repository can read the password, also long after it was taken out, and push an image in its
    name.

    Bad:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        container:
          image: registry.example.com/tools:1.2
          # expect: a password is written
          credentials: {username: ci, password: hunter2}
        steps: [{run: make test}]
    ```

    Good:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        container:
          image: registry.example.com/tools:1.2
          credentials: {username: ci, password: "${{ secrets.REGISTRY_PASSWORD }}"}
        steps: [{run: make test}]
    ```
    """
    for image in _images(job):
        password = image["credentials"]["password"]
        if text_of(password) and "${{" not in text_of(password):
            fix = Fix("password: ${{ secrets.REGISTRY_PASSWORD }}, and another password")
            yield Finding(password, "a password is written in the workflow", (), fix)
