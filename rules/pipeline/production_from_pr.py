from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Class, Job, Trigger, environment_for, play, step_runs
from gatekeeper.models.pipeline.environments import classify
from gatekeeper.rule import rule

_OPEN = frozenset({"pr", "pr-target", "push-other"})


def _reached(job: Job, trigger: Trigger, parametric: bool) -> bool | None:
    """Whether the run that a trigger starts deploys to production; None where the files do not say."""
    ran = play(job.root.pipeline, trigger).of(job)
    deploys = [step_runs(fact.step, trigger) for fact in job.facts if fact.kind == "deploy"]
    if ran is False or all(each is False for each in deploys):
        return False
    if parametric:
        name = environment_for(job, trigger)
        if name is not None and classify(name) is not Class.PROD:
            return False
        if name is None:
            return None
    return True if ran and any(deploys) else None


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

    Branches whose name says release or production are taken for release branches; a manual start and what follows a
    merge (`pull_request` closed, with `merged == true`) are somebody's decision and not judged here.

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
    verdicts = [(trigger, _reached(job, trigger, parametric)) for trigger in open_triggers]
    reached = [trigger for trigger, verdict in verdicts if verdict]
    words = " and ".join(dict.fromkeys(trigger.words for trigger in reached))
    if reached and production and production.certain:
        see = tuple(Note(trigger.at, "this trigger reaches it") for trigger in reached[:3])
        fix = Fix("guard the job: if: github.event_name == 'push' && github.ref == 'refs/heads/main'")
        yield Finding(job.root, f"deploys to production on {words}: no if: keeps it to the default branch", see, fix)
    elif reached and production:
        yield Unknown(job.root, f"deploys on {words}; held to be production because {production.why}")
    elif any(verdict is None for _, verdict in verdicts):
        open_words = " and ".join(dict.fromkeys(t.words for t, verdict in verdicts if verdict is None))
        yield Unknown(
            job.root, f"whether it deploys to production on {open_words} depends on values that are not in the files"
        )
