from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.awaited import awaited
from gatekeeper.models.pipeline import SCANS, Job
from gatekeeper.rule import Answer, Measure, Reason, rule


@rule(
    "pipeline-deploy-needs-scan",
    gate="security-scan",
    severity="high",
    seed="3.3 Quality Gates: security scan no critical issues",
    where=lambda job, project: production_of(job, project) is not None,
)
def deploy_needs_scan(job: Job, project: Project) -> Iterator[Answer]:
    """A production deployment waits for a security scan.

    A scan that runs beside the deployment, or whose failure nobody hears, finds the hole after it is in production. A
    scan counts when it comes before the deployment on every path, fails on findings (by the tool's documentation and
    its options here), and the deployment then does not run. Scans of code, dependencies, images, configuration, secrets
    and of the running service all count.

    Not judged from the files: a scanner that is an app of the repository, and what only reports to code scanning
    (CodeQL, an uploaded SARIF file): that blocks where merge protection says so. A step that no table knows may be a
    scan, so nothing is called absent while there is one before the deployment.

    A scan that only another workflow runs, on pull requests, counts where that check is required to merge into the
    branch whose push deploys: by Terraform, `.github/settings.yml` or a snapshot of the server. Else it is UNKNOWN.

    Bad, cannot fail:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: shop}
      # expect: trivy exits 0
      deploy:
        needs: scan
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, beside it:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: npm audit --audit-level=high
      # expect: job scan runs beside it
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Bad, once a week:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: nothing waits for it
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```
    ```yaml .github/workflows/weekly.yml
    on: {schedule: [{cron: "0 4 * * 1"}]}
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: gitleaks detect
    ```

    Bad, none:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      # expect: no recognised scanner in any pipeline
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: actions/checkout@v4
          - run: npm ci
          - run: npx jest
          - run: kubectl apply -f k8s/
    ```

    Good:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: trivy image --exit-code 1 --severity HIGH,CRITICAL shop
      deploy:
        needs: [scan]
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: kubectl apply -f k8s/
    ```

    Good, the check that a merge needs:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      scan:
        name: All scans
        runs-on: ubuntu-latest
        steps:
          - run: grype dir:. --fail-on high
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
          required_status_checks: {strict: true, contexts: [All scans]}
    ```

    Unknown, another check is what a merge needs:
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: grype dir:. --fail-on high
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

    Unknown, a step that no table knows:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: acme/guard@v3
          - run: kubectl apply -f k8s/
    ```

    Unknown, reports only:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: github/codeql-action/init@v3
          - uses: github/codeql-action/analyze@v3
          - run: kubectl apply -f k8s/
    ```

    Bad, GitLab's template never blocks:
    ```yaml .gitlab-ci.yml
    include: [{template: Jobs/Secret-Detection.gitlab-ci.yml}]
    # expect: allow_failure: true
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    trivy:
      stage: test
      script: [trivy fs --exit-code 1 --severity HIGH,CRITICAL .]
    deploy:
      stage: deploy
      environment: production
      script: [kubectl apply -f k8s/]
    ```

    Unknown, GitLab's scan must succeed, and passes whatever it finds:
    ```yaml .gitlab-ci.yml
    include: [{template: Jobs/Secret-Detection.gitlab-ci.yml}]
    secret_detection: {allow_failure: false}
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
                    stage('Scan') { steps { sh 'trivy fs --exit-code 1 .' } }
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
        stage('Scan') {
            catchError { sh 'trivy fs --exit-code 1 .' }
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
            stage('Scan') { steps { sh 'trivy fs --exit-code 1 .' } }
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
    answer = awaited(job, SCANS, "scan", project, by="scanner")
    if answer.word == "required" and answer.at is not None:
        yield Measure(answer.at, answer.why, 1)
    elif answer.word == "unknown":
        yield Unknown(job.root, answer.why, Reason(answer.reason))
    elif answer.word == "no":
        see = tuple(Note(fact.place, fact.step.label) for fact in answer.cites[:3])
        yield Finding(job.root, answer.why, see, Fix("let the deploying job need a job whose scan fails on findings"))
