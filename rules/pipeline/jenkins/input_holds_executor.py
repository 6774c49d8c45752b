from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.jenkins import JenkinsStep
from gatekeeper.rule import rule


@rule(
    "jenkins-input-holds-executor",
    gate="pipeline-automation",
    severity="low",
    seed="Phase 7: CI/CD pipeline fully automated",
    where=lambda step: step.call.name == "input",
)
def input_holds_executor(step: JenkinsStep) -> Iterator[Finding]:
    """An `input` does not hold an executor without end.

    While a pipeline waits for a person inside a `node`, or in a stage with an `agent`, nobody else can use that
    executor. Without a `timeout` around it that is until somebody thinks of it, and the next deployments stand behind
    it. Ask in a stage without an agent, or give the question a limit.

    Bad:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Approve') {
                steps {
                    // expect: holds an executor
                    input message: 'Deploy?', submitter: 'ops'
                }
            }
        }
    }
    ```

    Bad, scripted:
    ```groovy
    node('linux') {
        stage('Approve') {
            // expect: holds an executor
            input 'Deploy?'
        }
    }
    ```

    Good:
    ```groovy
    pipeline {
        agent none
        stages {
            stage('Approve') {
                steps { input message: 'Deploy?', submitter: 'ops' }
            }
            stage('Deploy') {
                agent any
                input {
                    message 'Really?'
                }
                steps { sh 'make deploy' }
            }
        }
    }
    ```

    Good, with a limit:
    ```groovy
    node {
        timeout(time: 1, unit: 'HOURS') {
            input 'Deploy?'
        }
    }
    ```
    """
    if step.around.held and not step.around.bounded:
        fix = Fix("ask in a stage with `agent none`, or put timeout(time: 1, unit: 'DAYS') around it")
        yield Finding(step, "holds an executor until somebody answers: no timeout is around it", (), fix)
