from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.models.pipeline.gitlab.merging import flat
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import Severity, rule


def _switched_off(job: GitlabJob) -> bool:
    """Nothing but `when: never` is written: somebody means it."""
    rules = list(flat(job.node["rules"]))
    return len(rules) == 1 and text_of(rules[0]["when"]) == "never" and not rules[0]["if"].present


@rule(
    "gitlab-job-never-runs",
    gate="pipeline-success",
    severity="medium",
    seed="Phase 7: Infrastructure code passes validation / CI-CD fully automated",
    where=lambda job: not job.borrowed and not job.template and job.pipeline.caller is None,
)
def job_never_runs(job: GitlabJob) -> Iterator[Finding]:
    """Every job is part of some pipeline.

    A job whose rules hold for no way to start a pipeline is dead, and what it checks is not checked. So it is where the
    rules ask for merge requests and `workflow` starts none, where every rule ends in `when: never`, and where the first
    rule that always holds leaves the job out.

    Rules are played through for pushes, tags, merge requests, schedules and manual starts, and for every branch,
    pattern and source that a condition names. A job with `when: never` as its only rule was switched off by somebody:
    that is a finding of severity low. Jobs that ask for files with `exists` wait for them and are left out.

    Bad:
    ```yaml
    workflow:
      rules: [{if: $CI_COMMIT_BRANCH == "main"}]
    test:
      script: [pytest]
      # expect: no pipeline has it
      rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]
    build: {script: [make]}
    ```

    Bad, nothing lets it in:
    ```yaml
    test:
      script: [pytest]
      # expect: no pipeline has it
      rules:
        - changes: [docs/**/*]
          when: never
    ```

    Bad, never comes first:
    ```yaml
    deploy:
      script: [make deploy]
      # expect: no pipeline has it
      rules:
        - when: never
        - if: $CI_COMMIT_TAG
    ```

    Good:
    ```yaml
    test:
      script: [pytest]
      rules:
        - changes: [docs/**/*]
          when: never
        - if: $CI_COMMIT_BRANCH
    nightly:
      script: [make fuzz]
      rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}]
    backport:
      script: [make backport]
      only: [/^stable-\\d+$/, triggers]
    remote:
      script: [make]
      rules: [{if: $CI_PIPELINE_SOURCE == "pipeline" && $RELEASE}]
    ```
    """
    if not job.never or any(rule["exists"].present for rule in flat(job.node["rules"]) if rule.known):
        return
    workflow = job.pipeline.node["workflow"]
    see = (Note(workflow, "the workflow starts only some pipelines"),) if workflow["rules"].present else ()
    fix = Fix("let a rule hold where the job is meant to run, or remove the job")
    off: Severity | None = "low" if _switched_off(job) else None
    yield Finding(job.cond, f"{job.id} never runs: no pipeline has it", see, fix, severity=off)
