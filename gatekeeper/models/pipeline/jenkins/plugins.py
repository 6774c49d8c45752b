"""Whether what a plugin's step finds stops the pipeline, and which steps only stand around others.

Sources: the Pipeline Steps Reference (https://www.jenkins.io/doc/pipeline/steps/), pages `sonar`, `junit`,
`warnings-ng`, `coverage`, `snyk-security-scanner`, `dependency-check-jenkins-plugin`, `workflow-basic-steps` and
`pipeline-build-step`. What each step does is in the table `jenkins.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.models.pipeline.ir import Fact

if TYPE_CHECKING:
    from gatekeeper.models.pipeline.jenkins.subjects import JenkinsStep

# Steps with a block that changes nothing about whether what stands in it runs or is heard.
WRAPPERS = frozenset(
    "node script timestamps ansiColor retry withCredentials container wrap sshagent withAWS configFileProvider nodejs "
    "withMaven withDockerRegistry withDockerContainer withDockerServer withKubeConfig withKubeCredentials ws nodejs "
    "milestone podTemplate withChecks withSonarQubeEnv withEnvironment gitlabBuilds gitlabCommitStatus withGradle "
    "withFolderProperties withVault withAnt withPythonEnv withGroovy withNPM xvnc xvfb waitUntil throttle "
    "withContext withTool sshScript docker.withRegistry docker.withServer docker.withTool openshift.withCluster "
    "openshift.withProject openshift.withCredentials inside withRun steps stages dir lock timeout".split()
)
_REPORTS = frozenset("junit nunit xunit testng cucumber allure mstest robot".split())
_GATED = frozenset("recordissues recordcoverage publishcoverage jacoco cobertura publishissues".split())
_THRESHOLDS = ("failedtotalcritical", "failedtotalhigh", "failednewcritical", "failednewhigh")


def judged(fact: Fact) -> Fact:
    """The fact of a plugin's step with what its inputs say about stopping the pipeline."""
    name = fact.tool.removeprefix("jenkins/").lower()
    if not fact.tool.startswith("jenkins/") or fact.blocking == "no":
        return fact
    step: JenkinsStep = fact.step  # type: ignore[assignment]  # no other step uses a plugin of Jenkins
    if name == "input":
        return fact._replace(target=step.submitter)
    word, why = _judged(name, step)
    if word == "yes":
        return fact._replace(blocking="yes", reason="") if fact.blocking == "unknown" and why else fact
    return fact._replace(blocking=word, reason=why)


def _judged(name: str, step: JenkinsStep) -> tuple[str, str]:
    inputs = step.inputs
    if name in _REPORTS:
        if getattr(step.job.pipeline, "skips_after_unstable", False):
            return "yes", ""
        return "unknown", f"{step.call.name} marks the build unstable, and the stages after it still run"
    if name in _GATED:
        return "unknown", f"whether {step.call.name} stops anything depends on its quality gates"
    if name in ("dependencycheckpublisher", "dependencytrackpublisher"):
        return _by_thresholds(step.call.name, inputs)
    if name == "dependencycheck":
        return _published(step)
    if name == "waitforqualitygate":
        return _waited_for(step)
    if name == "snyksecurity":
        given = inputs.get("failonissues", "true")
        return ("yes", "failOnIssues") if given == "true" else ("no", "failOnIssues: false")
    return _awaited(inputs) if name == "build" else ("yes", "")


def _published(step: JenkinsStep) -> tuple[str, str]:
    """`dependencyCheck` writes a report, which `dependencyCheckPublisher` judges."""
    if "--failOnCVSS" in step.inputs.get("additionalarguments", ""):
        return "yes", "--failOnCVSS"
    steps = [each for job in step.job.pipeline.jobs for each in job.steps]
    judge = next((each for each in steps if each.uses == "jenkins/dependencyCheckPublisher"), None)
    if judge is None:
        return "no", "dependencyCheck only writes a report, unless --failOnCVSS says when to fail"
    return _by_thresholds("dependencyCheckPublisher", judge.inputs)


def _by_thresholds(name: str, inputs: dict[str, str]) -> tuple[str, str]:
    if not any(inputs.get(limit) for limit in _THRESHOLDS):
        return "no", f"{name} only reports, unless a threshold says when to fail"
    if inputs.get("stopbuild") == "true":
        return "yes", "stopBuild: true"
    return "unknown", f"past its thresholds {name} sets the result; only stopBuild: true stops the pipeline"


def _waited_for(step: JenkinsStep) -> tuple[str, str]:
    if step.inputs.get("abortpipeline") == "true":
        return "yes", "abortPipeline: true"
    later = [s for s in step.job.steps[step.index + 1 :] if s.uses == "jenkins/error"]
    if step.call.used and later:
        return "yes", "what it says is looked at, and `error` follows"
    if step.call.used:
        return "unknown", "its result is a value that may be looked at"
    return "no", "waitForQualityGate goes on whatever the gate says, unless abortPipeline is true"


def _awaited(inputs: dict[str, str]) -> tuple[str, str]:
    if inputs.get("wait") == "false":
        return "no", "wait: false: nobody waits for that build"
    if inputs.get("propagate") == "false":
        return "no", "propagate: false: its failure is not passed on"
    return "yes", ""
