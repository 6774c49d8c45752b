from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.rule import rule


@rule(
    "github-job-timeout",
    gate="pipeline-automation",
    severity="low",
    seed="Phase 7: CI/CD pipeline fully automated",
    where=lambda job: job.pipeline.caller is None and bool(job.steps),
)
def job_timeout(job: GithubJob) -> Iterator[Finding]:
    """A job has a limit of time.

    Without `timeout-minutes` a job that hangs is ended after six hours. Until then it holds its runner, and the
    deployments that wait for its place.

    Bad:
    ```yaml
    on: push
    jobs:
      # expect: no timeout-minutes
      test:
        runs-on: ubuntu-latest
        steps: [{run: make test}]
    ```

    Good:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        timeout-minutes: 20
        steps: [{run: make test}]
      each:
        runs-on: ubuntu-latest
        steps: [{run: make test, timeout-minutes: 20}]
    ```
    """
    if not job.node["timeout-minutes"].present and not all(s.node["timeout-minutes"].present for s in job.steps):
        yield Finding(job, "no timeout-minutes: a job that hangs runs for six hours", (), Fix("timeout-minutes: 30"))
