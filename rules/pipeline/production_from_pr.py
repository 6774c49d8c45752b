from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.pipelines import deploys_in
from gatekeeper.links.protected import about
from gatekeeper.models.pipeline import Class, Job, Trigger, environment_for, play
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.models.pipeline.reach import REFUSED
from gatekeeper.rule import rule

_GUARDS = {
    "github": "guard the job: if: github.event_name == 'push' && github.ref == 'refs/heads/main'",
    "gitlab": "guard the job: rules: - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
}
_OPEN = frozenset({"pr", "pr-target", "push-other"})


def _reached(job: Job, trigger: Trigger, parametric: bool) -> bool | None:
    """Whether the run that a trigger starts deploys to production; None where the files do not say."""
    reached = deploys_in(job, trigger)
    if parametric and reached is not False:
        name = environment_for(job, trigger)
        if name is not None and classify(name) is not Class.PROD:
            return False
        if name is None:
            return None
    return reached


def _let(job: Job, trigger: Trigger, reached: bool | None, project: Project) -> bool | None:
    """`reached`, where the policy of the environment lets that ref through."""
    name = environment_for(job, trigger)
    declared = next(iter(about(name, job.pipeline.platform, project)), None) if name else None
    if reached is False or declared is None or not declared.restricted or job.pipeline.platform != "github":
        return reached
    return declared.lets("refs/pull/1/merge" if trigger.ref == "pr" else trigger.branch) and reached


def _asked(job: Job, trigger: Trigger) -> bool:
    """Whether somebody must start it, or a job without which it does not run."""
    pipeline = job.root.pipeline
    gates = [each for each in job.ancestors() if each.waits_in(trigger)]
    return bool(job.waits_in(trigger)) or any(
        play(pipeline, trigger, {id(gate): REFUSED}).of(job) is False for gate in gates
    )


def _by_hand(job: Job) -> Trigger | None:
    """The manual start that deploys whatever branch it is of: nothing before asks for one, and no environment could."""
    chain = (job, job.root, *job.ancestors())
    if any(each.guards or each.environment or "ref" in _condition(each) for each in chain):
        return None
    starts = (trigger for trigger in job.root.pipeline.triggers if trigger.event == "workflow_dispatch")
    return next((trigger for trigger in starts if _reached(job, trigger, False)), None)


def _condition(job: Job) -> str:
    steps = (step.cond for step in job.steps)
    return " ".join(cond.text for cond in (job.cond, *steps) if cond.known and cond.present)


@rule(
    "pipeline-production-from-pr",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: production_of(job, project) is not None,
)
def production_from_pr(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """Production is deployed only from the default branch, a release branch, a release or a tag.

    A deploying job without a guard runs for every trigger of its workflow: for pull requests, whose code nobody has
    merged, and for pushes to `develop`. The `if:` of the job and of the jobs before it are evaluated for each trigger.

    Where the environment of the job is known to be open to some branches only (by Terraform, `.github/settings.yml` or
    a snapshot of the server), GitHub refuses the others: what is written there counts, and is UNKNOWN where it does not
    say which branches. The ref of a pull request is no branch, so that a list of branches keeps it out.

    Branches whose name says release or production are taken for release branches. What follows a merge (`pull_request`
    closed, with `merged == true`) is somebody's decision and not judged here. So is a manual start, except that it may
    be of any branch: without an `if:` about the branch and without an environment that could refuse it, that is pointed
    out as a finding of low severity.

    Bad:
    ```yaml
    on:
      push: {branches: [main, develop]}
      pull_request: {branches: [main]}
    jobs:
      # expect: a push to develop and a pull request
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, every branch:
    ```yaml
    on: push
    jobs:
      # expect: a push to any branch
      deploy:
        runs-on: ubuntu-latest
        if: github.actor != 'dependabot[bot]' || github.event_name == 'push'
        steps:
          - run: helm upgrade shop ./chart --namespace production
    ```

    Good:
    ```yaml
    on:
      push: {branches: [main, develop]}
      pull_request:
    jobs:
      deploy:
        if: github.ref == 'refs/heads/main' && github.event_name == 'push'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, the environment follows the branch:
    ```yaml
    on:
      push: {branches: [main, develop]}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: ${{ github.ref == 'refs/heads/main' && 'production' || 'staging' }}
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, the step is guarded:
    ```yaml
    on:
      push: {branches: [main]}
      pull_request:
    jobs:
      all:
        runs-on: ubuntu-latest
        env: {ENVIRONMENT: production}
        steps:
          - run: pytest
          - if: startsWith(github.ref, 'refs/heads/main')
            run: flyctl deploy
    ```

    Good, the job before it is guarded:
    ```yaml
    on: [push, pull_request]
    jobs:
      image:
        if: github.event_name == 'push' && github.ref_name == 'main'
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
      deploy:
        needs: image
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, release branches:
    ```yaml
    on:
      push: {branches: [main, 'release/**', production], tags: ['v*']}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, by hand from any branch:
    ```yaml
    on: workflow_dispatch
    jobs:
      # expect: a manual start of any branch
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, by hand from one branch:
    ```yaml
    on: workflow_dispatch
    jobs:
      deploy-production:
        if: github.ref == 'refs/heads/main'
        runs-on: ubuntu-latest
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, the environment is open to one branch:
    ```yaml .github/workflows/deploy.yml
    on: [push, pull_request]
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production
        deployment_branch_policy: {custom_branches: [main, 'release/*']}
    ```

    Bad, the environment is open to it:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main, develop]}}
    jobs:
      # expect: a push to develop
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production
        deployment_branch_policy: {custom_branches: [main, develop]}
    ```

    Unknown, the environment is open to protected branches:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main, develop]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    environments:
      - name: production
        deployment_branch_policy: {protected_branches: true}
    ```

    Bad, GitLab without rules:
    ```yaml .gitlab-ci.yml
    # expect: a merge request to main and a push to any branch
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      rules: [{when: on_success}]
    ```

    Bad, GitLab by hand from any branch:
    ```yaml .gitlab-ci.yml
    # expect: a manual start of any branch
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      when: manual
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
      rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}, {if: $CI_COMMIT_TAG}]
    ```

    Unknown, a script that is told whether to deploy:
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}, pull_request: null}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - if: github.event_name == 'pull_request'
            env: {ACTION: plan}
            run: ./infra.sh
          - if: github.event_name == 'push'
            run: ./infra.sh
    ```
    ```sh infra.sh
    terraform ${ACTION:-apply}
    kubectl apply -f k8s/
    ```

    Unknown:
    ```yaml
    on: pull_request
    jobs:
      deploy:
        if: vars.DEPLOY_PULL_REQUESTS == 'yes'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    production = production_of(job, project)
    open_triggers = [trigger for trigger in job.root.pipeline.triggers if trigger.ref in _OPEN]
    parametric = bool(production and production.parametric)
    verdicts = [(trigger, _let(job, trigger, _reached(job, trigger, parametric), project)) for trigger in open_triggers]
    by_hand = [trigger for trigger, verdict in verdicts if verdict and _asked(job, trigger)]
    reached = [trigger for trigger, verdict in verdicts if verdict and trigger not in by_hand]
    words = " and ".join(dict.fromkeys(trigger.words for trigger in reached))
    if reached and production and production.certain:
        see = tuple(Note(trigger.at, "this trigger reaches it") for trigger in reached[:3])
        fix = Fix(_GUARDS.get(job.pipeline.platform, "guard the job by its branch"))
        yield Finding(job.root, f"deploys to production on {words}: nothing keeps it to the default branch", see, fix)
    elif reached and production:
        yield Unknown(job.root, f"deploys on {words}; held to be production because {production.why}")
    elif any(verdict is None for _, verdict in verdicts):
        open_words = " and ".join(dict.fromkeys(t.words for t, verdict in verdicts if verdict is None))
        yield Unknown(
            job.root, f"whether it deploys to production on {open_words} depends on values that are not in the files"
        )
    start = by_hand[0] if by_hand else _by_hand(job)
    if not reached and production and production.certain and start:
        words = "a manual start of any branch deploys to production: no condition or environment keeps it to one"
        fix = Fix(_GUARDS.get(job.pipeline.platform, "guard the job by its branch"))
        yield Finding(job.root, words, (Note(start.at, "somebody chooses the branch"),), fix, "low")
