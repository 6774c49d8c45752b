from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.attested import attested
from gatekeeper.links.returning import Way
from gatekeeper.links.rollback import rolls_out, ways_back
from gatekeeper.links.rollback_doubts import doubt_about
from gatekeeper.links.ways_of_tools import RETURNS, deployments
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, Measure, Reason, rule

_REHEARSED = "rollback-rehearsed"
_DAYS = 180
_TRY = "roll back once and attest it (rollback-rehearsed), or let the pipeline do it"


@rule(
    "pipeline-rollback-path",
    gate="deployment-rollback",
    severity="high",
    seed="3.2 Deployment Strategies; anti-pattern No rollback plan",
    where=rolls_out,
)
def rollback_path(job: Job, project: Project) -> Iterator[Answer]:
    """Every production deployment has a way back.

    A bad release is out within minutes; without a way back it stays until somebody has found the cause. What counts:

    - It goes back by itself: `helm --atomic` (in Helm 4 `--rollback-on-failure`), the circuit breaker of ECS,
      CodeDeploy's automatic rollback, a rollout with analysis (Argo Rollouts, Flagger), a rollback step or job that
      runs when the deployment or its check failed.
    - A button: a job that rolls back, or a deployment that is started by hand with a version, tag or digest which what
      deploys really uses.
    - In writing: a section on going back whose command is one of the tool that deploys. It is enough together with a
      drill that somebody attested in the last 180 days (`rollback-rehearsed`); a plan that nobody tried is UNKNOWN.
    - A blue-green or canary deployment that nothing measures is UNKNOWN too: somebody must see the fault and act.

    What GitLab and hosted platforms offer of themselves (deploy an earlier release again) is nobody's plan. Nothing at
    all is a fault only where every step is known, what is deployed lies in this repository, and it is certainly
    production. Jobs that change infrastructure alone are not meant.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
          # expect: no way back
          - run: kubectl apply -f k8s/
          - run: kubectl rollout status deployment/shop
    ```
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop}
    spec:
      template: {spec: {containers: [{name: app, image: "shop:1.2.0"}]}}
    ```

    Bad, a version that nothing uses:
    ```yaml
    on:
      workflow_dispatch:
        inputs: {version: {description: what to deploy}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
          # expect: no way back
          - run: kubectl apply -f k8s/
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: shop}
    ```

    Good, by itself:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart --atomic --timeout 5m
    ```

    Good, when a check fails:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: kubectl rollout status deployment/shop --timeout=5m
          - if: failure()
            run: kubectl rollout undo deployment/shop
    ```

    Good, in a job of its own:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
      smoke:
        needs: deploy
        runs-on: ubuntu-latest
        steps:
          - run: curl --fail https://shop.example.com/health
      rollback:
        needs: [deploy, smoke]
        if: failure()
        runs-on: ubuntu-latest
        steps:
          - run: kubectl rollout undo deployment/shop
    ```

    Good, in the script:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: |
              kubectl apply -f k8s/
              kubectl rollout status deployment/shop || kubectl rollout undo deployment/shop
    ```

    Good, a version is chosen:
    ```yaml
    on:
      push: {branches: [main]}
      workflow_dispatch:
        inputs: {tag: {description: the image to deploy}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        env:
          TAG: ${{ inputs.tag || github.sha }}
        steps:
          - run: kubectl set image deployment/shop app=registry.example.com/shop:$TAG
    ```

    Good, a button:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/workflows/rollback.yml
    on: workflow_dispatch
    jobs:
      rollback:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl rollout undo deployment/shop
    ```

    Bad, GitLab:
    ```yaml .gitlab-ci.yml
    deploy:
      environment: production
      script:
        # expect: no way back
        - kubectl apply -f k8s/
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: shop}
    ```

    Good, a button in GitLab:
    ```yaml .gitlab-ci.yml
    stages: [deploy, back]
    deploy:
      stage: deploy
      environment: production
      script: [helm upgrade --install shop ./chart]
    rollback:
      stage: back
      when: manual
      script: [helm rollback shop]
    ```

    Good, after a failure in Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      stages {
        stage('Deploy production') {
          steps { sh 'kubectl apply -f k8s/ && kubectl rollout status deployment/shop' }
        }
      }
      post { failure { sh 'kubectl rollout undo deployment/shop' } }
    }
    ```

    Good, a parameter in Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      parameters { string(name: 'VERSION', description: 'what to deploy') }
      stages {
        stage('Deploy production') {
          steps { sh "kubectl set image deployment/shop app=registry.example.com/shop:${params.VERSION}" }
        }
      }
    }
    ```

    Good, declared where the service is:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: aws ecs update-service --cluster prod --service shop --task-definition shop:42
    ```
    ```hcl main.tf
    resource "aws_ecs_service" "shop" {
      name = "shop"
      deployment_circuit_breaker {
        enable   = true
        rollback = true
      }
    }
    ```

    Good, written and tried:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `kubectl rollout undo deployment/shop`
    ```
    ```yaml .gatekeeper/attestations/rollback.yaml
    criterion: rollback-rehearsed
    result: met
    statement: shop was rolled back in production within 4 minutes
    by: {name: Ada, email: ada@example.com}
    on: 2026-11-02
    expires: 2027-04-01
    ```

    Unknown, written and never tried:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```markdown docs/runbooks/deploy.md
    # Deploying
    ## Rollback
    `kubectl rollout undo deployment/shop`
    ```

    Unknown, the platform keeps the releases:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: gcloud run deploy shop --image europe-docker.pkg.dev/acme/shop:1.2.0
    ```

    Unknown, a step that nobody knows:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - uses: acme/watch@v1
    ```

    Unknown, a file of the repository names the version:
    ```yaml
    on: {push: {branches: [main], paths: [version.txt]}}
    jobs:
      version:
        runs-on: ubuntu-latest
        outputs: {tag: "${{ steps.read.outputs.tag }}"}
        steps:
          - id: read
            run: echo "tag=$(cat version.txt)" >> $GITHUB_OUTPUT
      deploy:
        needs: version
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ needs.version.outputs.tag }}"}
          - run: kubectl apply -f k8s/
    ```

    Unknown, in one of two services:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml k8s/app.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: shop}
    spec:
      strategy: {canary: {analysis: {templates: [{templateName: errors}]}, steps: [{setWeight: 20}]}}
      template: {spec: {containers: [{name: app, image: "shop:1.2.0"}]}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: worker}
    spec:
      template: {spec: {containers: [{name: app, image: "worker:1.2.0"}]}}
    ```
    """
    ways = ways_back(job, project)
    sure = next((way for way in ways if way.certain and way.by in ("itself", "button")), None)
    if sure:
        yield Measure(sure.at, f"way back: {sure.words}", 1)
        return
    drill = next((each for each in attested(_REHEARSED, project, _DAYS) if each.holds), None)
    rehearsed = drill is not None and drill.attestation.met
    written = next((way for way in ways if way.by == "writing"), None)
    if written and rehearsed:
        yield Measure(written.at, f"way back: {written.words}; rehearsed", 1)
    elif ways:
        yield _open(ways[0], written)
    elif rehearsed:
        yield Unknown(job, "a rollback was rehearsed, and how it is done is not written here", Reason.NEEDS_HUMAN)
    else:
        yield from _nothing(job, project)


def _open(way: Way, written: Way | None) -> Unknown:
    if way.by == "writing" or written:
        at = written or way
        return Unknown(at.at, f"nobody attests having gone back this way: {at.words}; {_TRY}", Reason.NEEDS_HUMAN)
    if way.by == "strategy":
        words = f"{way.words}, and nothing here goes back to it: write down the command, or let a check abort"
        return Unknown(way.at, words, Reason.NEEDS_HUMAN)
    return Unknown(way.at, f"whether it goes back from this deployment is not known: {way.words}", Reason.UNRESOLVED)


def _nothing(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    production = production_of(job, project)
    deployed = deployments(job, project)
    command = next((RETURNS[each.tool] for each in deployed if each.tool in RETURNS), "")
    hint = f": `{command}` would be one" if command else ""
    doubt = doubt_about(job, project)
    if doubt:
        yield Unknown(doubt.at, f"no way back is seen here{hint}; {doubt.words}", Reason(doubt.reason))
    elif production and not production.certain:
        words = f"no way back is seen here{hint}; held to be production because {production.why}"
        yield Unknown(job, words, Reason.NEEDS_HUMAN)
    else:
        first = deployed[0].fact if deployed else job.facts[0]
        note = Note(job, production.why if production else "deploys")
        fix = Fix(f"a step that goes back when a check fails, or a job that does when it is started{hint}")
        yield Finding(first.place, f"{job.name} deploys to production, and there is no way back", (note,), fix)
