from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import play
from gatekeeper.models.pipeline.gitlab import GitlabJob, GitlabPipeline
from gatekeeper.rule import rule


def _own(pipeline: GitlabPipeline) -> list[GitlabJob]:
    return [job for job in pipeline.jobs if isinstance(job, GitlabJob) and not job.borrowed]


@rule(
    "gitlab-double-pipelines",
    gate="pipeline-success",
    severity="low",
    seed="Phase 7: Infrastructure code passes validation / CI-CD fully automated",
    aliases=["CKV_GITLABCI_2"],
    where=lambda pipeline: pipeline.caller is None and bool(_own(pipeline)),
)
def double_pipelines(pipeline: GitlabPipeline) -> Iterator[Finding]:
    """A commit to a merge request starts one pipeline, not two.

    A push to a branch with an open merge request starts a pipeline for the branch and one for the merge request. When a
    job's rules let it into both, everything runs twice, and the two results may differ: one of them is what the merge
    request waits for. `workflow: rules`, or rules that ask `$CI_OPEN_MERGE_REQUESTS`, decide for one.

    Bad:
    ```yaml
    test:
      script: [pytest]
      # expect: test runs twice for a commit to a merge request
      rules:
        - if: $CI_PIPELINE_SOURCE == "merge_request_event"
        - if: $CI_PIPELINE_SOURCE == "push"
    ```

    Good, the workflow decides:
    ```yaml
    workflow:
      rules:
        - if: $CI_PIPELINE_SOURCE == "merge_request_event"
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    test: {script: [pytest]}
    ```

    Good, asked for open merge requests:
    ```yaml
    test:
      script: [pytest]
      rules:
        - if: $CI_PIPELINE_SOURCE == "merge_request_event"
        - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS
          when: never
        - if: $CI_COMMIT_BRANCH
    ```

    Good, branches only:
    ```yaml
    test: {script: [pytest]}
    ```
    """
    requests = [trigger for trigger in pipeline.triggers if trigger.ref == "pr"]
    pushes = [trigger for trigger in pipeline.triggers if trigger.ref == "push-other" and trigger.pattern == "*"]
    for job in _own(pipeline):
        twice = [any(play(pipeline, trigger).of(job) for trigger in some) for some in (requests, pushes)]
        if all(twice) and job.node["rules"].present:
            fix = Fix("let workflow: rules start one of the two: the merge request's where there is one")
            yield Finding(job.node["rules"], f"{job.id} runs twice for a commit to a merge request", fix=fix)
            return
