from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.pipelines import ships
from gatekeeper.links.serialised import apart, groups
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


@rule(
    "pipeline-deploy-not-serialised",
    gate="deployment-rollback",
    severity="low",
    seed="3.2 Deployment Strategies",
    where=ships,  # the state of infrastructure is locked while it changes
)
def not_serialised(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """Production deployments run one after the other.

    Two merges a minute apart start two deployments. Without a group that holds one of them back, the older one may end
    last, and production runs the older version while the newer is said to be deployed.

    `concurrency` of the job, its workflow or a job that calls it counts, in GitLab a `resource_group`, in Jenkins
    `disableConcurrentBuilds` or `lock`. A group that is another one for every run holds nothing apart. Terraform and
    its like lock their state and are not judged.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: two runs may deploy at once
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, another group for every commit:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: another one for every run
      deploy:
        concurrency: deploy-${{ github.sha }}
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      stages {
        // expect: two runs may deploy at once
        stage('Deploy to production') {
          steps { sh 'kubectl apply -f k8s/' }
        }
      }
    }
    ```

    Good, Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      options { disableConcurrentBuilds() }
      stages {
        stage('Deploy to production') {
          steps { sh 'kubectl apply -f k8s/' }
        }
      }
    }
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    deploy:
      environment: production
      resource_group: production
      script: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    concurrency: ${{ github.workflow }}-${{ github.ref }}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    """
    if apart(job):
        return
    production = production_of(job, project)
    if production is not None and not production.certain:
        yield Unknown(job, f"two runs may deploy at once; held to be production because {production.why}")
        return
    held = groups(job)
    words = f"two runs may deploy at once: the group of {job.id} is another one for every run" if held else ""
    fix = Fix("give the job a concurrency group: `concurrency: deploy-production`")
    yield Finding(job, words or f"two runs may deploy at once: nothing holds {job.id} back", fix=fix)
