from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.verified import Checks, Unwaited, checks_after, unwaited
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule

_WAITS = {
    "kubectl": "kubectl rollout status deployment/NAME --timeout=5m",
    "oc": "oc rollout status deployment/NAME",
    "helm": "--wait --timeout 5m",
    "aws ecs": "aws ecs wait services-stable",
    "aws deploy": "aws deploy wait deployment-successful",
    "aws-actions": "wait-for-service-stability: true",
    "docker": "--detach=false",
    "argocd": "argocd app wait NAME --health",
}


def _meant(job: Job, project: Project) -> bool:
    return production_of(job, project) is not None and bool(unwaited(job, project))


@rule(
    "pipeline-deploy-does-not-wait",
    gate="deployment-rollback",
    severity="medium",
    seed="3.1 Pipeline Stages",
    where=_meant,
)
def does_not_wait(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """A production deployment waits until what it deployed is healthy.

    `kubectl apply`, `helm upgrade` and `aws ecs update-service` return as soon as the order is taken. The job is green
    while the new pods crash, and a smoke test right behind it is answered by the old ones. What waits: `kubectl rollout
    status`, `helm --wait` or `--atomic`, `aws ecs wait services-stable`, `wait-for-service-stability: true`, behind the
    deployment in the same job or in one that needs it. Manifests without pods need no wait; whether a manifest that
    does not lie here has any is UNKNOWN.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: helm upgrade --install returns
          - run: helm upgrade --install shop ./chart
    ```

    Bad, asked too early:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: the check behind it may reach the version before
          - run: kubectl set image deployment/shop app=registry.example.com/shop:1.2.0
          - run: curl --fail https://shop.example.com/health
    ```

    Bad, an action:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: returns before
          - uses: aws-actions/amazon-ecs-deploy-task-definition@v2
            with: {task-definition: task.json, service: shop, cluster: production}
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: |
              kubectl apply -f k8s/config.yaml
              kubectl apply -f k8s/app.yaml
              kubectl rollout status deployment/shop --timeout=5m
      configure:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/config.yaml
    ```
    ```yaml k8s/config.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: shop}
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop}
    spec:
      template: {spec: {containers: [{name: app, image: "shop:1.2.0"}]}}
    ```

    Bad, Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      stages {
        stage('Deploy production') {
          steps {
            // expect: helm upgrade shop returns
            sh 'helm upgrade shop ./chart'
          }
        }
      }
    }
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    deploy:
      environment: production
      script:
        - kubectl set image deployment/shop app=registry.example.com/shop:1.2.0
        - kubectl rollout status deployment/shop --timeout=5m
    ```

    Good, in the next job:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: aws ecs update-service --cluster prod --service shop --task-definition shop:42
      stable:
        needs: deploy
        runs-on: ubuntu-latest
        steps:
          - run: aws ecs wait services-stable --cluster prod --services shop
    ```

    Unknown, the manifests are elsewhere:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f $RENDERED
    ```
    """
    production = production_of(job, project)
    checks = checks_after(job, project)
    found = unwaited(job, project)
    last = max(each.order for each in found)
    if any(fact.step.job is not job or fact.order >= last for fact in checks.waited):
        return
    first = next((each for each in found if each.certain), found[0])
    if checks.remote:
        yield Unknown(job.root, f"whether {checks.remote}, which is in another repository, waits for the deployment")
    elif checks.open:
        yield Unknown(checks.open, f"whether {checks.open.words} waits for the deployment could not be told")
    elif not first.certain:
        yield Unknown(first.at, f"nothing waits for {first.words}; whether what it applies has pods is not known")
    elif production and not production.certain:
        words = f"nothing waits for {first.words}; held to be production because {production.why}"
        yield Unknown(first.at, words)
    else:
        yield _found(first, checks)


def _found(first: Unwaited, checks: Checks) -> Finding:
    fix = Fix(next((words for tool, words in _WAITS.items() if first.words.startswith(tool)), "wait for the rollout"))
    if checks.asked:
        words = f"{first.words} does not wait: the check behind it may reach the version before"
        return Finding(first.at, words, (), fix, "low")
    return Finding(first.at, f"{first.words} returns before what it deploys is healthy, and nothing waits", (), fix)
