from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note
from gatekeeper.models.pipeline import TESTS, Fact, Job
from gatekeeper.models.pipeline.jenkins import JenkinsJob, JenkinsStep
from gatekeeper.rule import rule

_SHIPS = frozenset({"deploy", "publish", "imagepush"})


def _checks(step: JenkinsStep) -> list[Fact]:
    return [fact for fact in step.facts if fact.kind in TESTS and fact.strength != "name"]


def _hides(step: JenkinsStep) -> tuple[Node, str] | None:
    """What of Jenkins' own takes its failure away, and where that stands."""
    if step.soft[0] == "yes":
        return step.node, step.soft[1]
    if isinstance(step.job, JenkinsJob) and step.job.pipeline.asks_for_result:
        return None
    scope = next((scope for scope in step.around.scopes if scope.word == "no"), None)
    return (scope.at, scope.why) if scope else None


def _scopes(job: Job) -> set[int]:
    return set(map(id, job.around.scopes)) if isinstance(job, JenkinsJob) else set()


def _ships_after(step: JenkinsStep) -> list[Job]:
    """The stages that ship something although the step failed."""
    scopes = set(map(id, step.around.scopes))
    own = [fact.step for fact in step.job.facts if fact.kind in _SHIPS and fact.order > step.index * 1000]
    same = any(isinstance(each, JenkinsStep) and not scopes & set(map(id, each.around.scopes)) for each in own)
    later = [
        job
        for job in step.job.pipeline.jobs
        if job.kinds & _SHIPS and step.job in job.ancestors() and not scopes & _scopes(job)
    ]
    return [*([step.job] if same else []), *later]


@rule(
    "jenkins-result-swallowed",
    gate="tests",
    severity="high",
    seed="3.3 Quality Gates: all tests must pass",
    where=lambda step: bool(_checks(step)),
)
def result_swallowed(step: JenkinsStep) -> Iterator[Finding]:
    """The failure of a test stops what ships after it.

    `catchError`, `warnError`, a `catch` that does not raise again, and `returnStatus: true` that nobody looks at let
    the pipeline go on: the next stages push and deploy what has just failed. That `catchError` paints the build red
    changes nothing about it. It is fine to go on to the reports, and to stages that ask for the result so far
    (`when { expression { currentBuild.currentResult == 'SUCCESS' } }`).

    `|| true` and its like in the script itself are seen where a deployment depends on the tests, by the criterion about
    tests before production; a scan that cannot fail by another.

    Bad:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Test') {
                steps {
                    // expect: catchError lets the pipeline go on
                    catchError(buildResult: 'SUCCESS', stageResult: 'FAILURE') {
                        sh 'mvn test'
                    }
                }
            }
            stage('Deploy') {
                steps { sh 'kubectl apply -f k8s/' }
            }
        }
    }
    ```

    Bad, caught:
    ```groovy
    node {
        stage('Test') {
            try {
                sh 'npx jest'
            // expect: caught and not raised again
            } catch (e) {
                currentBuild.result = 'SUCCESS'
            }
        }
        stage('Push') {
            sh 'docker push shop'
        }
    }
    ```

    Bad, nobody looks:
    ```groovy
    node {
        stage('All') {
            // expect: nobody looks at the status
            sh script: 'go test ./...', returnStatus: true
            sh 'helm upgrade shop ./chart'
        }
    }
    ```

    Good:
    ```groovy
    node {
        try {
            stage('Test') {
                def status = sh(script: 'npm test', returnStatus: true)
                if (status != 0) {
                    error 'tests failed'
                }
            }
            stage('Deploy') {
                sh 'kubectl apply -f k8s/'
            }
        } catch (e) {
            currentBuild.result = 'FAILURE'
        } finally {
            junit 'report.xml'
        }
    }
    ```

    Good, nothing ships after it:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Test') {
                steps {
                    catchError { sh 'pytest' }
                }
            }
            stage('Report') {
                steps { junit 'report.xml' }
            }
        }
    }
    ```

    Good, the result is asked for:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Test') {
                steps {
                    warnError('flaky') { sh 'pytest' }
                }
            }
            stage('Deploy') {
                when { expression { currentBuild.currentResult == 'SUCCESS' } }
                steps { sh 'kubectl apply -f k8s/' }
            }
        }
    }
    ```
    """
    hides = _hides(step)
    ships = _ships_after(step) if hides else []
    if hides and ships:
        at, why = hides
        tool = _checks(step)[0].tool
        see = (Note(step, tool), *(Note(job, "still runs") for job in ships[:2]))
        fix = Fix("let it fail, or let the stages after it run only `when` the result is SUCCESS")
        yield Finding(at, f"{tool} may fail and {ships[0].id} still ships: {why}", see, fix)
