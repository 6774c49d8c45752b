from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.serialised import cancelled
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


@rule(
    "pipeline-deploy-cancellable",
    gate="deployment-rollback",
    severity="medium",
    seed="3.2 Deployment Strategies",
    where=lambda job, project: production_of(job, project) is not None,
)
def cancellable(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """A production deployment is not cancelled in the middle.

    A group with `cancel-in-progress: true` ends the run that goes on when the next one starts. For tests that saves
    time; a deployment that is cut off leaves half of it in place, a lock on the state, and no smoke test behind it.

    The groups of the job, of its workflow and of those that call it are read, and the expression is evaluated for what
    starts the deployment. A group that is another one for every run (`github.run_id`, on a push also
    `github.head_ref || github.run_id`, the name of a tag) holds nothing that could be cancelled.

    In GitLab a job with `interruptible: true` is ended by the next commit where `workflow:auto_cancel:on_new_commit` is
    `interruptible`; without that it hangs on a setting of the project. In Jenkins it is
    `disableConcurrentBuilds(abortPrevious: true)`.

    Bad, the whole workflow:
    ```yaml
    on: {push: {branches: [main]}}
    concurrency:
      group: ${{ github.workflow }}-${{ github.ref }}
      # expect: cancels
      cancel-in-progress: true
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, the job that calls it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        concurrency:
          group: deploy
          # expect: cancels
          cancel-in-progress: true
        uses: ./.github/workflows/deploy.yml
        with: {environment: production}
    ```
    ```yaml .github/workflows/deploy.yml
    on:
      workflow_call: {inputs: {environment: {type: string}}}
    jobs:
      apply:
        runs-on: ubuntu-latest
        environment: ${{ inputs.environment }}
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, only pull requests are cancelled:
    ```yaml
    on:
      push: {branches: [main]}
      pull_request:
    concurrency:
      group: ${{ github.workflow }}-${{ github.ref }}
      cancel-in-progress: ${{ github.event_name == 'pull_request' }}
    jobs:
      deploy:
        if: github.event_name == 'push'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, a group for each run:
    ```yaml
    on:
      push: {branches: [main]}
      pull_request:
    concurrency:
      group: ${{ github.workflow }}-${{ github.head_ref || github.run_id }}
      cancel-in-progress: true
    jobs:
      deploy:
        if: github.ref == 'refs/heads/main'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, tags:
    ```yaml
    on: {push: {tags: ["v*"]}}
    concurrency:
      group: release-${{ github.ref }}
      cancel-in-progress: true
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, GitLab:
    ```yaml .gitlab-ci.yml
    workflow: {auto_cancel: {on_new_commit: interruptible}}
    deploy:
      environment: production
      # expect: cancels
      interruptible: true
      script: kubectl apply -f k8s/
    ```

    Bad, Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      // expect: cancels
      options { disableConcurrentBuilds(abortPrevious: true) }
      stages {
        stage('Deploy to production') {
          steps { sh 'kubectl apply -f k8s/' }
        }
      }
    }
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    default: {interruptible: true}
    deploy:
      environment: production
      interruptible: false
      script: kubectl apply -f k8s/
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    concurrency:
      group: deploy
      cancel-in-progress: ${{ vars.CANCEL == 'yes' }}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    found = cancelled(job)
    production = production_of(job, project)
    if found is None or production is None:
        return
    at, sure = found
    if not sure:
        yield Unknown(at, f"whether a newer run cancels {job.id}, which deploys to production, is known only then")
    elif not production.certain:
        yield Unknown(at, f"a newer run cancels {job.id}; held to be production because {production.why}")
    else:
        fix = Fix("cancel only runs for pull requests, or give the deployment a group of its own without it")
        words = f"a newer run cancels {job.id} while it deploys to production"
        yield Finding(at, words, (Note(job, "deploys to production"),), fix)
