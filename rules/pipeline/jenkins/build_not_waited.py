from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.pipeline import Job
from gatekeeper.models.pipeline.jenkins import JenkinsStep
from gatekeeper.rule import rule


def _deploys_after(step: JenkinsStep) -> list[Job]:
    own = [step.job] if step.job.deploy and step.job.deploy.step.index > step.index else []
    return [*own, *(job for job in step.job.pipeline.jobs if job.deploy and step.job in job.ancestors())]


@rule(
    "jenkins-build-not-waited",
    gate="tests",
    severity="medium",
    seed="3.3 Quality Gates: all tests must pass",
    where=lambda step: step.call.name == "build" and bool(_deploys_after(step)),
)
def build_not_waited(step: JenkinsStep) -> Iterator[Finding]:
    """A job that is started before a deployment is waited for.

    `build job: …` waits for the other job and fails with it. With `wait: false` the pipeline goes on at once, and with
    `propagate: false` whatever the other job came to: a deployment behind it does not depend on it.

    Bad:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Integration') {
                steps {
                    // expect: wait: false
                    build job: 'integration-tests', wait: false
                }
            }
            stage('Deploy') {
                steps { sh 'kubectl apply -f k8s/' }
            }
        }
    }
    ```

    Bad, not passed on:
    ```groovy
    node {
        stage('Deploy') {
            // expect: propagate: false
            build(job: 'scan', propagate: false)
            sh 'helm upgrade shop ./chart'
        }
    }
    ```

    Good:
    ```groovy
    node {
        stage('Test') {
            build job: 'integration-tests'
            build job: 'other', wait: true, propagate: true
        }
        stage('Verdict') {
            def run = build job: 'scan', propagate: false
            if (run.result != 'SUCCESS') {
                error 'scan failed'
            }
        }
        stage('Deploy') {
            sh 'kubectl apply -f k8s/'
        }
        build job: 'notify', wait: false
    }
    ```
    """
    name = next((option for option in ("wait", "propagate") if step.inputs.get(option) == "false"), "")
    if name == "wait" or (name and not step.call.used):
        see = tuple(Note(job, "deploys all the same") for job in _deploys_after(step)[:1])
        yield Finding(
            step, f"{name}: false: what comes after does not depend on that job", see, Fix(f"drop {name}: false")
        )
