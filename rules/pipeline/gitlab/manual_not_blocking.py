from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Job, play
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.models.pipeline.reach import REFUSED
from gatekeeper.rule import rule

_ASKS = frozenset(
    "approve approval approved approver confirm confirmation gate signoff permission release promote".split()
)


def _asks(job: GitlabJob) -> bool:
    """A job that is there to be started by a person: it does nothing, or is called so."""
    idle = all(fact.kind == "approval" for fact in job.own_facts) and all(step.classified for step in job.steps)
    return bool(job.asked) and not job.borrowed and (idle or bool(_ASKS & set(tokens(f"{job.id} {job.stage}"))))


def _behind(gate: GitlabJob, project: Project) -> list[Job]:
    """The production deployments that come after it."""
    jobs = gate.root.pipeline.all_jobs
    return [job for job in jobs if gate in job.ancestors() and production_of(job, project) is not None]


@rule(
    "gitlab-manual-not-blocking",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: _asks(job) and bool(_behind(job, project)),
)
def manual_not_blocking(job: GitlabJob, project: Project) -> Iterator[Finding | Unknown]:
    """What somebody must start by hand stops what comes after it.

    A job with `when: manual` has `allow_failure: true` unless something else is written: GitLab shows it with a play
    button and goes on with the next stages at once. What looks like an approval asks nobody. In `rules` it is the other
    way round: there `when: manual` blocks unless `allow_failure: true` stands beside it.

    A job that names it in `needs` waits for it either way. A deployment that itself waits for a person is not judged
    here. Jobs that do nothing else, or that are called approval, gate, promote or the like, are looked at.

    Bad:
    ```yaml
    stages: [test, approve, deploy]
    test: {stage: test, script: [pytest]}
    approve:
      stage: approve
      script: [echo approved]
      # expect: deploys without waiting for it
      when: manual
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, it blocks:
    ```yaml
    stages: [approve, deploy]
    approve:
      stage: approve
      script: [echo approved]
      when: manual
      allow_failure: false
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, in rules:
    ```yaml
    stages: [approve, deploy]
    approve:
      stage: approve
      script: [echo approved]
      rules:
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
          when: manual
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      rules:
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    ```

    Good, the deployment needs it:
    ```yaml
    stages: [approve, deploy]
    approve: {stage: approve, script: [echo approved], when: manual}
    deploy:
      stage: deploy
      needs: [approve]
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, the deployment waits itself:
    ```yaml
    stages: [approve, deploy]
    approve: {stage: approve, script: [echo approved], when: manual}
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      when: manual
    ```

    Unknown:
    ```yaml
    stages: [approve, deploy]
    approve: {stage: approve, script: [echo approved], when: manual}
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      rules:
        - if: $DEPLOY_WITHOUT_ASKING == "yes"
    ```
    """
    fix = Fix("add allow_failure: false to the manual job, or name it in the needs of the deployment")
    for deploy in _behind(job, project):
        for trigger in job.starts:
            if job.waits_in(trigger) is False or deploy.waits_in(trigger):
                continue
            runs = play(job.root.pipeline, trigger, {id(job): REFUSED}).of(deploy)
            words = (
                f"{deploy.id} deploys without waiting for it: {job.softened_in(trigger)[1] or 'its failure is allowed'}"
            )
            if runs and deploy.deploy:
                yield Finding(job.asked[0].place, words, (Note(deploy, "deploys to production"),), fix)
                return
            if runs is not False:
                yield Unknown(job.asked[0].place, f"whether {deploy.id} waits for it depends on {deploy.says_when}")
                return
