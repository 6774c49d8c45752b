from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.expressions import walk
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.github.texts import written_in
from gatekeeper.models.pipeline.ir import Job, pairs
from gatekeeper.node import Node
from gatekeeper.rule import rule


def _paths(job: GithubJob) -> Iterator[tuple[Node, str]]:
    """The paths below `needs` that the job names, with their places."""
    for each in written_in(job):
        parts = walk(each.tree) if each.tree and "needs" in each.text.lower() else ()
        paths = {part[1] for part in parts if part[0] == "path" and part[1].startswith("needs.")}
        yield from ((each.at, path) for path in sorted(paths))


def _wrong(job: GithubJob, path: str) -> str:
    """What is wrong with a path below `needs`; '' when nothing is known to be."""
    _, id, *rest = path.split(".")
    needed = {each.lower() for each in job.needs}
    if id == "*":
        return ""
    if id not in needed:
        return f"{job.id} does not need {id}, so needs.{id} is empty"
    upstream = next((each for each in job.needed if each.id.lower() == id), None)
    if upstream is None or rest[:1] != ["outputs"] or len(rest) < 2 or rest[1] == "*":
        return ""
    declared = _outputs(upstream)
    if declared is None or rest[1] in declared:
        return ""
    return f"{id} has no output {rest[1]}, so it is empty"


def _outputs(job: Job) -> set[str] | None:
    """The names of a job's outputs; None where they are in another repository."""
    if job.unresolved:
        return None
    node = job.called.node["on"]["workflow_call"]["outputs"] if job.called else job.node["outputs"]
    return {key.lower() for key, _ in pairs(node)} if node.known else None


@rule(
    "github-needs-output",
    gate="workflow-security",
    severity="medium",
    seed="Phase 7: CI/CD pipeline fully automated",
    where=lambda job: job.pipeline.caller is None and any("needs" in node.text for node in job.texts),
)
def needs_output(job: GithubJob) -> Iterator[Finding]:
    """What a job takes from another is there.

    `needs.build.outputs.tag` is empty where the job does not need `build`, or `build` declares no output of that name:
    a deployment then runs with an empty tag, and an `if:` is false for ever.

    actionlint finds the same as one of many kinds of faults in expressions (`expression`), which is why that is no
    other name of this rule.

    Bad:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        outputs: {tag: "${{ steps.meta.outputs.tag }}"}
        steps: [{id: meta, run: ./meta}]
      deploy:
        needs: build
        runs-on: ubuntu-latest
        steps:
          # expect: build has no output version
          - run: ./deploy ${{ needs.build.outputs.version }}
      report:
        runs-on: ubuntu-latest
        # expect: report does not need build
        if: needs.build.result == 'success'
        steps: [{run: ./report}]
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        outputs: {tag: "${{ steps.meta.outputs.tag }}"}
        steps: [{id: meta, run: ./meta}]
      remote: {uses: acme/shared/.github/workflows/build.yml@v1}
      deploy:
        needs: [build, remote]
        if: ${{ !contains(needs.*.result, 'failure') }}
        runs-on: ubuntu-latest
        steps:
          - run: ./deploy ${{ needs.build.outputs.tag }} ${{ needs.remote.outputs.digest }}
    ```
    """
    for at, path in _paths(job):
        wrong = _wrong(job, path)
        if wrong:
            yield Finding(at, wrong, (), Fix("name the job in needs, and the output in its outputs"))
