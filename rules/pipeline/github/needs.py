from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule


def _needs_itself(job: GithubJob) -> bool:
    """Whether it waits, by way of others, for itself."""
    seen: set[str] = set()
    stack = [each.id for each in job.needed]
    while stack:
        id = stack.pop()
        if id == job.id:
            return True
        if id not in seen and id in job.pipeline.job:
            seen.add(id)
            stack += job.pipeline.job[id].needs
    return False


@rule(
    "github-needs-undefined",
    gate="workflow-security",
    severity="medium",
    seed="Phase 7: CI/CD pipeline fully automated",
    aliases=["actionlint:job-needs"],
    where=lambda job: job.pipeline.caller is None and bool(job.needs),
)
def needs(job: GithubJob) -> Iterator[Finding]:
    """A job waits for jobs that there are, and not for itself.

    GitHub refuses a workflow in which a job needs one that is not there, or in which jobs wait for one another: nothing
    of it runs, neither the tests nor the deployment. That shows only where the workflow is started.

    Bad:
    ```yaml
    on: push
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{run: make test}]}
      deploy:
        runs-on: ubuntu-latest
        # expect: there is no job tests
        needs: [tests]
        steps: [{run: ./deploy}]
    ```

    Bad, in a circle:
    ```yaml
    on: push
    jobs:
      # expect: waits for itself
      a: {needs: b, runs-on: ubuntu-latest, steps: [{run: make}]}
      # expect: waits for itself
      b: {needs: a, runs-on: ubuntu-latest, steps: [{run: make}]}
    ```

    Good:
    ```yaml
    on: push
    jobs:
      test: {runs-on: ubuntu-latest, steps: [{run: make test}]}
      deploy: {needs: test, runs-on: ubuntu-latest, steps: [{run: ./deploy}]}
    ```
    """
    known = {id.lower() for id in job.pipeline.job}
    written = job.node["needs"]
    for node in written if written.is_list else (written,):
        if text_of(node) and text_of(node).lower() not in known and "${{" not in text_of(node):
            fix = Fix(f"one of {', '.join(sorted(job.pipeline.job)[:8])}")
            yield Finding(node, f"there is no job {text_of(node)}: the workflow does not run", (), fix)
    if _needs_itself(job):
        yield Finding(written, f"{job.id} waits for itself: the workflow does not run")
