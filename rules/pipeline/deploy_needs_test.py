from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.awaited import awaited
from gatekeeper.links.pipelines import tests_for
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, Measure, Reason, rule


@rule(
    "pipeline-deploy-needs-test",
    gate="tests",
    severity="high",
    seed="3.3 Quality Gates: all tests must pass",
    where=lambda job, project: production_of(job, project) is not None,
)
def deploy_needs_test(job: Job, project: Project) -> Iterator[Answer]:
    """A production deployment waits for the tests.

    A pipeline that deploys while its tests still run, or although they failed, ships what nobody has tested. The job
    graph is read and every `if:` is evaluated: a test counts when it comes before the deployment, can fail, and the
    deployment then does not run. A workflow that follows another by `workflow_run` must look at its conclusion.

    Tests that only another workflow runs, on pull requests, count where that check is required to merge into the branch
    whose push deploys. Terraform (branch protection, rulesets), `.github/settings.yml` or a snapshot of the server
    (`gatekeeper evidence github-rulesets`) shows that; else it is UNKNOWN. The check goes by its name, so no other job
    may be called the same; a job that is skipped counts as passed on GitHub, so it must run. A tag may stand on any
    commit: what it deploys no merge has checked.

    A path through a workflow of another repository is UNKNOWN. For Terraform and its like, a plan or a validation
    counts as a test, unless the same pipeline builds the image that goes out with it.

    Bad, beside it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: pytest
      # expect: job test runs beside it
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
          - run: kubectl apply -f k8s/
    ```

    Bad, lets failures through:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: go test ./...
      # expect: runs although job test failed
      deploy:
        needs: test
        if: always()
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: helm upgrade --install shop ./chart
    ```

    Bad, the failure is swallowed:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: || true
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: npx jest || true
          - run: npx serverless deploy --stage prod
    ```

    Bad, none:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: no recognised test in any pipeline
      deploy-production:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: flyctl deploy --app shop
    ```

    Bad, follows a workflow that may have failed:
    ```yaml .github/workflows/ci.yml
    name: CI
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
    ```
    ```yaml .github/workflows/deploy.yml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      # expect: no check of its conclusion
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
      image:
        needs: [test]
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
      deploy:
        needs: image
        if: ${{ !cancelled() && !contains(needs.*.result, 'failure') && !contains(needs.*.result, 'skipped') }}
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, follows a workflow that succeeded:
    ```yaml .github/workflows/ci.yml
    name: CI
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
    ```
    ```yaml .github/workflows/deploy.yml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      deploy:
        if: github.event.workflow_run.conclusion == 'success'
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, through make and a reusable workflow:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: make check
      deploy:
        needs: test
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
    ```make Makefile
    check: unit
    unit: ; python -m pytest
    ```

    Good, the check that a merge needs:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        name: All tests
        runs-on: ubuntu-latest
        steps:
          - run: pytest
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    branches:
      - name: main
        protection:
          required_status_checks: {strict: true, contexts: [All tests]}
    ```

    Unknown, another check is what a merge needs:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/settings.yml
    branches:
      - name: main
        protection:
          required_status_checks: {strict: true, contexts: [lint]}
    ```

    Unknown, another workflow:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
    ```
    ```yaml .github/workflows/deploy.yml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Unknown, a plan tests nothing of the image that goes out with it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t registry.example.com/shop:${{ github.sha }} .
          - run: terraform plan -out=plan
          - run: terraform apply plan
    ```
    ```yaml .github/workflows/test.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: pytest
    ```

    Unknown, a workflow of another repository:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      checks:
        uses: acme/shared/.github/workflows/quality.yml@v1
      deploy:
        needs: checks
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, GitLab, beside it:
    ```yaml .gitlab-ci.yml
    stages: [build, test, deploy]
    build: {stage: build, script: [docker build -t shop .]}
    test: {stage: test, script: [pytest]}
    # expect: job test runs beside it
    deploy:
      stage: deploy
      needs: [build]
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Bad, GitLab, its failure is allowed:
    ```yaml .gitlab-ci.yml
    test: {stage: test, script: [pytest], allow_failure: true}
    # expect: allow_failure: true
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, GitLab, an earlier stage:
    ```yaml .gitlab-ci.yml
    .python: {image: "python:3.12", before_script: [pip install -r requirements.txt]}
    test:
      extends: .python
      stage: test
      script: [pytest]
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, GitLab, a child pipeline that it waits for:
    ```yaml .gitlab-ci.yml
    checks:
      stage: test
      trigger: {include: ci/checks.yml, strategy: depend}
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```
    ```yaml ci/checks.yml
    test: {script: [pytest]}
    ```

    Unknown, GitLab, what cannot be read:
    ```yaml .gitlab-ci.yml
    include: [{project: platform/ci, file: checks.yml, ref: v1.0.0}]
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Bad, Jenkins, beside it:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('All at once') {
                parallel {
                    stage('Test') { steps { sh 'mvn test' } }
                    // expect: runs beside it
                    stage('Production') { steps { sh 'kubectl apply -n production -f k8s/' } }
                }
            }
        }
    }
    ```

    Bad, Jenkins, its failure is caught:
    ```groovy
    node {
        stage('Test') {
            catchError { sh 'mvn test' }
        }
        // expect: catchError lets the pipeline go on
        stage('Production') {
            sh 'kubectl apply -n production -f k8s/'
        }
    }
    ```

    Good, Jenkins:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Test') { steps { sh 'mvn test' } }
            stage('Docs') { when { branch 'docs' } steps { sh 'mkdocs build' } }
            stage('Production') { steps { sh 'kubectl apply -n production -f k8s/' } }
        }
    }
    ```

    Unknown, Jenkins, a step of a shared library:
    ```groovy
    @Library('delivery@v2') _
    node {
        stage('Verify') { qualityChecks() }
        stage('Production') { sh 'kubectl apply -n production -f k8s/' }
    }
    ```
    """
    answer = awaited(job, tests_for(job), "test", project)
    if answer.word == "required" and answer.at is not None:
        yield Measure(answer.at, answer.why, 1)
    elif answer.word == "unknown":
        yield Unknown(job.root, answer.why, Reason(answer.reason))
    elif answer.word == "no":
        see = tuple(Note(fact.place, fact.step.label) for fact in answer.cites[:3])
        yield Finding(job.root, answer.why, see, Fix("let the deploying job need the job that runs the tests"))
