from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.jenkins import JenkinsJob, JenkinsPipeline, JenkinsStep
from gatekeeper.rule import rule


def _unbounded(pipeline: JenkinsPipeline) -> JenkinsJob | None:
    """The first stage with a script that may run for ever."""
    for job in pipeline.jobs:
        for step in job.steps:
            if isinstance(job, JenkinsJob) and isinstance(step, JenkinsStep) and step.run and not step.around.bounded:
                return job
    return None


@rule(
    "jenkins-no-timeout",
    gate="pipeline-automation",
    severity="low",
    seed="Phase 7: CI/CD pipeline fully automated",
    where=lambda pipeline: any(step.run for job in pipeline.jobs for step in job.steps),
)
def no_timeout(pipeline: JenkinsPipeline) -> Iterator[Finding]:
    """A pipeline has a limit of time.

    Jenkins ends no build by itself. A script that hangs holds its executor until somebody looks, and the deployments
    that wait for it. `options { timeout(…) }` limits the pipeline or a stage, `timeout(…) { }` some steps.

    Bad:
    ```groovy
    pipeline {
        agent any
        stages {
            // expect: no timeout
            stage('Test') {
                steps { sh 'make test' }
            }
        }
    }
    ```

    Good:
    ```groovy
    pipeline {
        agent any
        options { timeout(time: 1, unit: 'HOURS') }
        stages {
            stage('Test') {
                steps { sh 'make test' }
            }
        }
    }
    ```

    Good, around the steps:
    ```groovy
    node {
        stage('Test') {
            timeout(20) {
                sh 'make test'
            }
        }
    }
    ```
    """
    job = _unbounded(pipeline)
    if job is not None:
        yield Finding(
            job, "no timeout: a script that hangs runs for ever", (), Fix("options { timeout(time: 1, unit: 'HOURS') }")
        )
