from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.pipelines import ships
from gatekeeper.links.verified import checks_after, first_deploy
from gatekeeper.links.ways_of_tools import GITOPS
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, Measure, Reason, rule


@rule(
    "pipeline-smoke-after-deploy",
    gate="deployment-rollback",
    severity="medium",
    seed="3.1 Pipeline Stages",
    where=ships,
)
def smoke_after_deploy(job: Job, project: Project) -> Iterator[Answer]:
    """A production deployment is followed by a check that it works.

    `kubectl apply` succeeds as soon as the API server has taken the manifest; whether the new pods start is seen later,
    by users. A smoke test, a health request (`curl --fail`), an end-to-end test or a wait for the rollout
    (`kubectl rollout status`, `helm --wait`) after the deployment says so in time to roll back. It may stand in the
    same job, in one that needs it, or in a workflow that follows; and it must run whenever the deployment does. A wait
    is the weaker of the two: pods that are ready may still answer with errors. Deployments of infrastructure alone
    (Terraform) are not meant.

    Bad:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: npx jest
          # expect: nothing checks it afterwards
          - run: kubectl apply -f k8s/
          - run: echo deployed
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - run: kubectl rollout status deployment/shop --timeout=5m
    ```

    Good, in a job that needs it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
      check:
        needs: deploy
        runs-on: ubuntu-latest
        steps:
          - run: curl --fail --retry 10 https://shop.example.com/health
    ```

    Good, tests that are called smoke tests:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - name: Smoke tests
            run: pytest tests/live
    ```

    Bad, not for every start:
    ```yaml
    on: {push: {branches: [main], tags: ["v*"]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: started by a tag
          - run: kubectl apply -f k8s/
      check:
        needs: deploy
        if: github.ref == 'refs/heads/main'
        runs-on: ubuntu-latest
        steps:
          - run: curl --fail https://shop.example.com/health
    ```

    Bad, a download:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          # expect: nothing checks it afterwards
          - run: kubectl apply -f k8s/
          - run: curl -fsSL -o report.tgz https://files.example.com/report.tgz
          - run: curl https://shop.example.com/health
    ```

    Bad, GitLab:
    ```yaml .gitlab-ci.yml
    deploy:
      environment: production
      script:
        # expect: nothing checks it afterwards
        - kubectl apply -f k8s/
    ```

    Good, Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      stages {
        stage('Deploy production') { steps { sh 'kubectl apply -f k8s/' } }
        stage('Smoke') { steps { sh 'curl --fail https://shop.example.com/health' } }
      }
    }
    ```

    Good, in a workflow that follows:
    ```yaml
    name: Deploy
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/workflows/smoke.yml
    on: {workflow_run: {workflows: [Deploy], types: [completed]}}
    jobs:
      smoke:
        runs-on: ubuntu-latest
        steps:
          - run: curl --fail https://shop.example.com/health
    ```

    Unknown:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
          - uses: acme/verdict@v1
    ```

    Unknown, tests of something:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
      test:
        needs: deploy
        runs-on: ubuntu-latest
        steps:
          - run: npx jest
    ```
    """
    checks = checks_after(job, project)
    if checks.any and checks.lacking is None:
        first = (checks.asked or checks.waited)[0]
        how = "checked afterwards" if checks.asked else "the rollout is waited for, and nothing asks the service itself"
        yield Measure(first.place, f"{how}: {first.tool or first.step.words}", 1)
        return
    production = production_of(job, project)
    tools = {fact.tool for fact in job.facts if fact.kind == "deploy" and fact.strength != "name"}
    started = any(fact.kind in ("trigger", "wait") for fact in job.root.pipeline.facts)
    where = f"nothing checks it afterwards{f' when it is started by {checks.lacking.words}' if checks.lacking else ''}"
    if checks.remote:
        yield Unknown(job.root, f"whether {checks.remote}, which is in another repository, checks the deployment")
    elif checks.open:
        yield Unknown(checks.open, f"whether {checks.open.words} checks the deployment could not be told")
    elif checks.tested:
        yield Unknown(checks.tested[0].place, "whether these tests ask what was deployed could not be told")
    elif tools == {GITOPS}:
        words = "a controller brings out what is pushed: whether it checks that is said where it is set up"
        yield Unknown(first_deploy(job).place, words, Reason.UNRESOLVED)
    elif started:
        yield Unknown(job.root, "what the workflow that it starts does is not in this one", Reason.UNRESOLVED)
    elif production and not production.certain:
        yield Unknown(job.root, f"{where}; held to be production because {production.why}")
    else:
        fix = Fix("add a smoke test after it, or wait for the rollout: kubectl rollout status")
        yield Finding(first_deploy(job).place, f"deploys to production, and {where}", (), fix)
