from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.rule import rule


def _images(job: GithubJob) -> list[Node]:
    listed = [job.node["container"], *(node for _, node in pairs(job.node["services"]))]
    return [image for each in listed for image in (each["image"] if each.is_mapping else each,) if text_of(image)]


@rule(
    "github-unpinned-image",
    gate="workflow-security",
    severity="medium",
    seed="Best Practices Checklist: Immutable Infrastructure",
    aliases=["zizmor:unpinned-images"],
    where=lambda job: job.pipeline.caller is None and bool(_images(job)),
)
def unpinned_image(job: GithubJob) -> Iterator[Finding]:
    """The images in which jobs run, and their services, name a version.

    `latest`, or no tag at all, is another image tomorrow: with it a job fails that passed today, and whoever may push
    the image runs his code with the job's secrets. A digest cannot be moved; a tag with a version is accepted.

    Bad:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        # expect: node is whatever latest is
        container: node
        services:
          # expect: postgres:latest
          db: {image: "postgres:latest"}
        steps: [{run: npm test}]
    ```

    Good:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        container: {image: "node:22.11"}
        services:
          db: {image: "postgres:16"}
          other: {image: "${{ matrix.image }}"}
        steps: [{run: npm test}]
    ```
    """
    for node in _images(job):
        image = text_of(node).removeprefix("docker://").strip()
        tag = image.rpartition("/")[2].partition(":")[2]
        if "${{" not in image and "@" not in image and tag in ("", "latest"):
            yield Finding(node, f"{image} is whatever latest is", (), Fix("name a version, best with its digest"))
