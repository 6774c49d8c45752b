from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links import production_of
from gatekeeper.models.pipeline import Job
from gatekeeper.models.pipeline.jenkins import JenkinsStep
from gatekeeper.rule import rule


def _guarded(step: JenkinsStep, project: Project) -> list[Job]:
    """The stages that deploy to production after somebody answered, with no other question between."""
    jobs = step.job.pipeline.jobs
    asking = [each for job in jobs for each in job.steps if isinstance(each, JenkinsStep) and each.call.name == "input"]
    between = {each.job.id for each in asking if step.job in each.job.ancestors()}
    after = [job for job in jobs if step.job in job.ancestors() and not between & {job.id, *map(_id, job.ancestors())}]
    own = [step.job] if step.job.deploy and step.job.deploy.step.index > step.index else []
    return [job for job in (*own, *after) if production_of(job, project) is not None]


def _id(job: Job) -> str:
    return job.id


@rule(
    "jenkins-input-anyone",
    gate="production-approval",
    severity="medium",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda step, project: step.call.name == "input" and bool(_guarded(step, project)),
)
def input_anyone(step: JenkinsStep, project: Project) -> Iterator[Finding]:
    """The `input` before production says who may answer it.

    An `input` without `submitter` takes the yes of anybody who may start the job: in most places that is every
    developer, and also the one who wrote the change. `submitter` names users or groups; Jenkins' administrators may
    answer always.

    Bad:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Approve') {
                steps {
                    // expect: anybody who may start the job
                    input message: 'Deploy?'
                }
            }
            stage('Production') {
                steps { sh 'kubectl apply -n production -f k8s/' }
            }
        }
    }
    ```

    Bad, a directive:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Production') {
                // expect: anybody who may start the job
                input {
                    message 'Deploy?'
                    ok 'Yes'
                }
                steps { sh 'helm upgrade shop ./chart -n production' }
            }
        }
    }
    ```

    Good:
    ```groovy
    pipeline {
        agent any
        stages {
            stage('Production') {
                input {
                    message 'Deploy?'
                    submitter 'release-managers'
                }
                steps { sh 'kubectl apply -n production -f k8s/' }
            }
        }
    }
    ```
    """
    if not step.submitter:
        see = tuple(Note(job, "waits for it") for job in _guarded(step, project)[:2])
        words = "no submitter: anybody who may start the job may answer, also whoever wrote the change"
        yield Finding(step, words, see, Fix("name users or groups: submitter: 'release-managers'"))
