from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.models.pipeline.gitlab.merging import written
from gatekeeper.rule import rule


@rule(
    "gitlab-trigger-not-depended",
    gate="pipeline-success",
    severity="low",
    seed="3.3 Quality Gates",
    where=lambda job: written(job.node, "trigger").present and not job.never and job.pipeline.caller is None,
)
def trigger_not_depended(job: GitlabJob) -> Iterator[Finding]:
    """A job that starts another pipeline takes over its result.

    Without `strategy: depend` (or `mirror`) the job is green as soon as the other pipeline exists. When that one fails
    later, this pipeline has gone on and says success.

    Bad:
    ```yaml
    deploy:
      stage: deploy
      # expect: does not wait for the pipeline that it starts
      trigger: {project: platform/deployments, branch: main}
    ```

    Bad, a child pipeline:
    ```yaml .gitlab-ci.yml
    service:
      # expect: does not wait for the pipeline that it starts
      trigger: {include: service/ci.yml}
    ```
    ```yaml service/ci.yml
    test: {script: [pytest]}
    ```

    Good:
    ```yaml .gitlab-ci.yml
    service:
      trigger: {include: service/ci.yml, strategy: depend}
    ```
    ```yaml service/ci.yml
    test: {script: [pytest]}
    ```
    """
    if job.node["trigger"]["strategy"].value not in ("depend", "mirror"):
        fix = Fix("add strategy: depend under trigger")
        yield Finding(job.node["trigger"], f"{job.id} does not wait for the pipeline that it starts", fix=fix)
