"""Jenkinsfiles as pipelines: which stage waits for which, what runs when, and whose failure is heard."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.discover import Tree
from gatekeeper.models.pipeline import play, read
from gatekeeper.models.pipeline.ir import Trigger
from gatekeeper.models.pipeline.jenkins import JenkinsJob, JenkinsPipeline, JenkinsStep
from gatekeeper.models.pipeline.jenkins.conditions import fits
from gatekeeper.node import Fault
from gatekeeper.plugins import models_of


def built(text: str, path: str = "Jenkinsfile", **files: str) -> JenkinsPipeline:
    contents: dict[str, str | bytes] = {path: textwrap.dedent(text)}
    contents |= {name.replace("__", "/").replace("_dot_", "."): textwrap.dedent(each) for name, each in files.items()}
    tree = Tree(Path("."), contents, contents)
    source = tree.source(path)
    found = list(read(source, tree))
    assert not [each for each in found if isinstance(each, Fault)], found
    return next(each for each in found if isinstance(each, JenkinsPipeline))


def declarative(stages: str, more: str = "") -> JenkinsPipeline:
    return built(f"pipeline {{\nagent any\n{more}\nstages {{\n{textwrap.dedent(stages)}\n}}\n}}\n")


def graph(pipeline: JenkinsPipeline) -> dict[str, tuple[str, ...]]:
    return {job.id: job.needs for job in pipeline.jobs}


def trigger(pipeline: JenkinsPipeline, ref: str, branch: str = "") -> Trigger:
    return next(t for t in pipeline.triggers if t.ref == ref and (not branch or t.branch == branch))


def runs(pipeline: JenkinsPipeline, id: str, ref: str, branch: str = "") -> bool | None:
    return play(pipeline, trigger(pipeline, ref, branch)).of(pipeline.job[id])


def facts(pipeline: JenkinsPipeline, id: str) -> list[tuple[str, str, str]]:
    return [(fact.kind, fact.blocking, fact.reason) for fact in pipeline.job[id].facts]


def test_stages_follow_one_another() -> None:
    pipeline = declarative("""
        stage('Build') { steps { sh 'make' } }
        stage('Checks') {
            parallel {
                stage('Unit') { steps { sh 'make test' } }
                stage('Scan') { steps { sh 'trivy fs .' } }
            }
        }
        stage('Release') {
            stages {
                stage('Push') { steps { sh 'docker push x' } }
                stage('Deploy') { steps { sh 'kubectl apply -f k8s' } }
            }
        }
        stage('Cells') {
            matrix {
                axes { axis { name 'PLACE'; values 'dev', 'prod' } }
                stages { stage('Roll') { steps { sh "helm upgrade app . -n ${PLACE}" } } }
            }
        }
    """)
    assert graph(pipeline) == {
        "Build": (),
        "Checks/Unit": ("Build",),
        "Checks/Scan": ("Build",),
        "Release/Push": ("Checks/Unit", "Checks/Scan"),
        "Release/Deploy": ("Release/Push",),
        "Cells/Roll": ("Release/Deploy",),
    }
    assert pipeline.job["Cells/Roll"].values("${PLACE}") == ("dev", "prod")


def test_scripted_stages_too() -> None:
    pipeline = built("""
        def apply(where) { sh "kubectl -n ${where} apply -f k8s" }
        node {
            checkout scm
            stage('Test') { sh 'pytest' }
            parallel(
                lint: { sh 'ruff check' },
                unit: { stage('Unit') { sh 'go test ./...' } }
            )
            stage('Deploy') {
                apply('production')
            }
        }
    """)
    assert graph(pipeline) == {
        "outside the stages": (),
        "Test": ("outside the stages",),
        "lint": ("Test",),
        "unit/Unit": ("Test",),
        "Deploy": ("lint", "unit/Unit"),
    }
    (fact,) = pipeline.job["Deploy"].facts
    assert (fact.kind, fact.target) == ("deploy", "production k8s")
    assert pipeline.job["Deploy"].production


WHEN: dict[str, dict[str, bool | None]] = {
    "branch 'main'": {"push-default": True, "push-other": False, "pr": False},
    "not { branch 'main' }": {"push-default": False, "push-other": True, "pr": None},
    "anyOf { branch 'main'; branch 'release/*' }": {"push-default": True, "push-other": False},
    "branch pattern: 'release-\\\\d+', comparator: 'REGEXP'": {"push-default": False},
    "changeRequest()": {"push-default": False, "pr": True},
    "changeRequest target: 'main'": {"pr": True, "push-other": False},
    "changeRequest target: 'other'": {"pr": False},
    "buildingTag()": {"push-default": False, "tag": True},
    "tag 'v*'": {"push-default": False, "tag": True},
    "expression { env.BRANCH_NAME == 'main' }": {"push-default": True, "push-other": False, "pr": False},
    "expression { return BRANCH_NAME ==~ /(main|develop)/ }": {"push-default": True, "push-other": False},
    "expression { env.BRANCH_NAME.startsWith('feature/') }": {"push-default": False},
    "expression { env.BRANCH_NAME in ['main', 'develop'] }": {"push-default": True, "push-other": False},
    "expression { BRANCH_NAME == 'main' && sh(script: 'x', returnStatus: true) == 0 }": {
        "push-default": None, "push-other": False,
    },
    "environment name: 'STAGE', value: 'prod'": {"push-default": True},
    "equals expected: 'qa', actual: env.STAGE": {"push-default": False},
    "allOf { branch 'main'; expression { params.GO } }": {"push-default": False, "push-other": False},
    "branch 'main'\nexpression { params.GO == false }": {"push-default": True, "push-other": False},
    "triggeredBy 'TimerTrigger'": {"push-default": False},
    "changeset '**/*.js'": {"push-default": None},
}  # fmt: skip


@pytest.mark.parametrize("written", WHEN)
def test_when(written: str) -> None:
    more = "environment { STAGE = 'prod' }\nparameters { booleanParam(name: 'GO', defaultValue: false) }"
    named = "stage('Named') { when { branch 'main' } steps { echo env.TAG_NAME + env.CHANGE_ID } }"
    pipeline = declarative(
        f"{named}\nstage('X') {{ when {{\n{written}\nbeforeAgent true }}\nsteps {{ sh 'x' }} }}", more
    )
    for ref, expected in WHEN[written].items():
        branch = "some-branch" if ref == "push-other" else ""  # `develop` has a trigger of its own
        assert runs(pipeline, "X", ref, branch) is (True if expected is None and ref == "pr" else expected), ref


@pytest.mark.parametrize(
    ("written", "ref", "branch", "expected"),
    [
        ("branch 'release/*'", "push-release", "release/x", True),
        ("branch pattern: 'rel-\\d+', comparator: 'REGEXP'", "push-other", "some-branch", None),
        ("expression { env.BRANCH_NAME ==~ /rel.*/ }", "push-other", "some-branch", None),
        ("expression { !(env.BRANCH_NAME ==~ /rel.*/) }", "push-other", "some-branch", None),
        ("expression { env.BRANCH_NAME.startsWith('rel') }", "push-other", "some-branch", None),
        ("expression { env.GIT_BRANCH == 'origin/live' }", "push-release", "live", True),
        ("expression { env.BRANCH_NAME in ['live', 'uat'] }", "push-other", "uat", True),
        ("expression { env.BRANCH_IS_PRIMARY }", "push-default", "", True),
        ("anyOf { branch 'master'; branch 'main' }", "push-default", "master", True),
        ("tag 'release-*'", "tag", "", None),
        ("expression { env.TAG_NAME == 'live' }", "tag", "", None),
        ("changeRequest target: 'stable'", "pr", "stable", True),
        ("environment name: 'X', value: \"${params.Y}\"", "push-default", "", None),
    ],
)
def test_a_branch_that_stands_for_others_is_not_taken_for_all_of_them(
    written: str, ref: str, branch: str, expected: bool | None
) -> None:
    more = "stage('Named') { steps { echo env.BRANCH_NAME + env.TAG_NAME + env.CHANGE_ID } }"
    pipeline = declarative(f"{more}\nstage('X') {{ when {{\n{written}\n}}\nsteps {{ sh 'x' }} }}")
    assert runs(pipeline, "X", ref, branch) is expected
    assert not pipeline.job["X"].never


def test_a_branch_that_a_variable_is_compared_with_may_be_any() -> None:
    pipeline = declarative(
        "stage('X') { steps { script { def live = env.BRANCH_NAME == 'live'\n"
        "if (live) { sh 'kubectl apply -f k8s' } } } }"
    )
    step = pipeline.job["X"].steps[-1]
    assert step.runs_in(trigger(pipeline, "push-other")) is None


def test_a_pattern_of_a_jenkinsfile_does_not_backtrack() -> None:
    started = time.monotonic()
    for pattern in ("(a+)+b", "a*a*a*a*a*a*a*b"):
        assert fits(pattern, "a" * 200) is False
    assert time.monotonic() - started < 5


def test_a_library_with_a_version_that_is_put_together_is_one() -> None:
    pipeline = built("library \"delivery@${env.LIBRARY}\"\nnode { sh 'make' }")
    assert [(each.name, each.version) for each in pipeline.libraries] == [("delivery", "${env.LIBRARY}")]


def test_a_stage_that_is_skipped_keeps_nobody_waiting() -> None:
    pipeline = declarative("""
        stage('Test') { when { branch 'main' } steps { sh 'pytest' } }
        stage('Deploy') { steps { sh 'kubectl apply -f k8s' } }
    """)
    assert runs(pipeline, "Test", "push-other") is False
    assert runs(pipeline, "Deploy", "push-other") is True
    failed = play(pipeline, trigger(pipeline, "push-default"), {id(pipeline.job["Test"]): "failure"})
    assert failed.of(pipeline.job["Deploy"]) is False


def test_a_failure_travels_past_the_next_stage() -> None:
    pipeline = declarative("""
        stage('Test') { steps { sh 'pytest' } }
        stage('Image') { when { branch 'x' } steps { sh 'docker build .' } }
        stage('Deploy') { steps { sh 'kubectl apply -f k8s' } }
    """, "post { failure { sh 'helm rollback x' }\nalways { junit 'x' }\nsuccess { sh 'cf push' } }")  # fmt: skip
    start = trigger(pipeline, "push-default")
    bad = play(pipeline, start, {id(pipeline.job["Test"]): "failure"})
    good = play(pipeline, start)
    ran = {job.id: (good.of(job), bad.of(job)) for job in pipeline.jobs}
    assert ran["Deploy"] == (True, False)
    assert ran["post failure"] == (False, True)
    assert ran["post always"] == (True, True)
    assert ran["post success"] == (True, False)


def test_without_a_word_about_branches_it_is_not_known_what_jenkins_builds() -> None:
    pipeline = declarative("stage('Deploy') { steps { sh 'kubectl apply -f k8s' } }")
    assert [runs(pipeline, "Deploy", ref) for ref in ("push-default", "push-other", "pr")] == [True, None, None]


@pytest.mark.parametrize(
    ("steps", "blocking", "why"),
    [
        ("sh 'pytest'", "yes", ""),
        ("catchError(buildResult: 'SUCCESS') { sh 'pytest' }", "no", "catchError lets the pipeline go on"),
        ("warnError('x') { sh 'pytest' }", "no", "warnError lets the pipeline go on"),
        ("script { try { sh 'pytest' } catch (e) { echo 'x' } }", "no", "its failure is caught and not raised again"),
        ("script { try { sh 'pytest' } catch (e) { throw e } }", "yes", ""),
        ("script { try { sh 'pytest' } catch (e) { error 'x' } }", "yes", ""),
        ("script { try { sh 'pytest' } finally { echo 'x' } }", "yes", ""),
        ("sh script: 'pytest', returnStatus: true", "no", "returnStatus: true, and nobody looks at the status"),
        ("sh 'pytest || true'", "no", "|| true"),
        ("timeout(5) { retry(2) { sh 'pytest' } }", "yes", ""),
        ("bat 'pytest'", "yes", ""),
    ],
)
def test_whose_failure_is_heard(steps: str, blocking: str, why: str) -> None:
    pipeline = declarative(f"stage('Test') {{ steps {{ {steps} }} }}\nstage('Next') {{ steps {{ echo 'x' }} }}")
    assert facts(pipeline, "Test") == [("test", blocking, why)]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("dependencyCheck additionalArguments: '--scan .'", ["no"]),
        ("dependencyCheck additionalArguments: '--failOnCVSS 7'", ["yes"]),
        ("dependencyCheck()\ndependencyCheckPublisher failedTotalCritical: 1, stopBuild: true", ["yes", "yes"]),
        ("dependencyCheck()\ndependencyCheckPublisher failedTotalCritical: 1", ["unknown", "unknown"]),
        ("dependencyCheck()\ndependencyCheckPublisher pattern: 'x'", ["no", "no"]),
        ("snykSecurity snykInstallation: 'x'", ["yes"]),
        ("snykSecurity failOnIssues: false", ["no"]),
        ("junit 'x.xml'", ["unknown"]),
        ("build job: 'x'", ["yes"]),
        ("build job: 'x', wait: false", ["no"]),
        ("build job: 'x', propagate: false", ["no"]),
        ("recordIssues tools: [x()]", ["unknown"]),
        ("script { def qg = waitForQualityGate()\nif (qg.status != 'OK') { error 'no' } }", ["yes"]),
    ],
)
def test_what_plugins_do_with_what_they_find(steps: str, words: list[str]) -> None:
    assert [fact.blocking for fact in declarative(f"stage('A') {{ steps {{\n{steps}\n}} }}").job["A"].facts] == words


def test_what_is_noted_may_be_looked_at() -> None:
    pipeline = built("""
        node {
            stage('Test') {
                def rc = sh(script: 'pytest', returnStatus: true)
                try { sh 'jest' } catch (e) { failed = true }
            }
        }
    """)
    assert [word for _, word, _ in facts(pipeline, "Test")] == ["unknown", "unknown"]


def test_what_catches_a_failure_and_holds_the_deployment_too_does_not_free_it() -> None:
    pipeline = built("""
        node {
            try {
                stage('Test') { sh 'pytest' }
                stage('Deploy') { sh 'kubectl apply -f k8s' }
            } catch (e) {
                currentBuild.result = 'FAILURE'
            }
            stage('After') { sh 'helm upgrade a b' }
        }
    """)
    bad = play(pipeline, trigger(pipeline, "push-default"), {id(pipeline.job["Test"]): "failure"})
    assert (bad.of(pipeline.job["Deploy"]), bad.of(pipeline.job["After"])) == (False, True)


def test_conditions_around_stages_and_steps() -> None:
    pipeline = built("""
        def isMain = env.BRANCH_NAME == 'main'
        node {
            stage('Test') { sh 'pytest' }
            if (isMain) {
                stage('Deploy') { sh 'kubectl apply -f k8s' }
            } else {
                stage('Preview') { sh 'kubectl apply -f k8s' }
            }
            if (env.BRANCH_NAME != 'main') { return }
            stage('Late') { sh 'cf push' }
            switch (env.BRANCH_NAME) {
                case 'main': stage('One') { sh 'x' }; break
                default: stage('Two') { sh 'x' }
            }
        }
    """)
    assert {job.id: runs(pipeline, job.id, "push-default") for job in pipeline.jobs} == {
        "Test": True, "Deploy": True, "Preview": False, "Late": True, "One": True, "Two": False,
    }  # fmt: skip
    assert {job.id: runs(pipeline, job.id, "push-other") for job in pipeline.jobs} == {
        "Test": True, "Deploy": False, "Preview": True, "Late": False, "One": False, "Two": False,
    }  # fmt: skip


def test_folders_variables_and_places() -> None:
    pipeline = built("""
        pipeline {
            agent any
            environment { NAMESPACE = 'production'; CHART = "charts/${NAMESPACE}" }
            stages {
                stage('Deploy') {
                    steps {
                        dir('infra') { sh 'terraform apply -auto-approve' }
                        withEnv(['STAGE=prod']) {
                            sh \"\"\"#!/bin/bash
                                echo hi
                                helm upgrade shop ${CHART} -n ${env.NAMESPACE} ${x ? 'a' : 'b'}
                            \"\"\"
                        }
                    }
                }
            }
        }
    """)
    first, second = (step for step in pipeline.job["Deploy"].steps if isinstance(step, JenkinsStep))
    assert first.folder == "infra"
    assert second.env["STAGE"] == "prod"
    assert "helm upgrade shop charts/production -n production" in second.run
    assert second.errexit is False
    place = next(fact.place for fact in second.facts if fact.kind == "deploy")
    assert place.source.line(place.span.line).strip().startswith("helm upgrade")


def test_an_input_is_an_approval() -> None:
    pipeline = declarative("""
        stage('Ask') { steps { timeout(5) { input message: 'Go?', submitter: 'ops' } } }
        stage('Deploy') {
            input { message 'Sure?' }
            steps { sh 'kubectl apply -f k8s' }
        }
    """)
    found = [fact for fact in pipeline.facts if fact.kind == "approval"]
    assert [(fact.step.job.id, fact.target, fact.blocking) for fact in found] == [
        ("Ask", "ops", "yes"),
        ("Deploy", "", "yes"),
    ]


@pytest.mark.parametrize(
    ("gate", "word"),
    [
        ("stage('Gate') { steps { waitForQualityGate abortPipeline: true } }", "yes"),
        ("stage('Gate') { steps { waitForQualityGate() } }", "no"),
        ("stage('Gate') { steps { catchError { waitForQualityGate abortPipeline: true } } }", "no"),
        ("stage('Other') { steps { echo 'x' } }", "no"),
    ],
)
def test_an_analysis_is_judged_by_who_waits_for_its_gate(gate: str, word: str) -> None:
    scan = "stage('Sonar') { steps { withSonarQubeEnv('x') { sh 'sonar-scanner' } } }"
    deploy = "stage('Deploy') { steps { sh 'kubectl apply -f k8s' } }"
    assert [f.blocking for f in declarative(f"{scan}\n{gate}\n{deploy}").job["Sonar"].facts] == [word]
    assert [f.blocking for f in declarative(f"{scan}\n{deploy}\n{gate}").job["Sonar"].facts] == ["no"]


def test_functions_of_other_files() -> None:
    pipeline = built(
        """
        @Library('own@1.2') _
        def utils = load 'ci/utils.groovy'
        node {
            stage('Deploy') { utils.roll('prod') }
            stage('Var') { shipIt namespace: 'production' }
            stage('Away') { doMore() }
        }
        """,
        ci__utils_dot_groovy='def roll(where) { sh "kubectl apply -n ${where} -f k8s" }\nreturn this\n',
        vars__shipIt_dot_groovy='def call(Map config) { sh "helm upgrade x y -n ${config.namespace}" }\n',
    )
    assert [(f.kind, f.target) for f in pipeline.job["Deploy"].facts] == [("deploy", "prod k8s")]
    assert [(f.kind, f.target) for f in pipeline.job["Var"].facts] == [("deploy", "production")]
    assert not pipeline.job["Away"].steps[0].classified
    assert [(library.name, library.version) for library in pipeline.libraries] == [("own", "1.2")]


def test_a_pipeline_of_a_library_is_not_known() -> None:
    text = "@Library('Infrastructure') _\nwithPipeline('nodejs', 'a', 'b') {\n  enableSlack('#x')\n}\n"
    tree = Tree(Path("."), ["Jenkinsfile"], {"Jenkinsfile": text})
    found = list(read(tree.source("Jenkinsfile"), tree))
    pipeline = next(each for each in found if isinstance(each, JenkinsPipeline))
    assert [(each.text, each.why) for each in pipeline.unresolved] == [
        ("withPipeline", "it is in the shared library Infrastructure")
    ]
    (fault,) = (each for each in found if isinstance(each, Fault))
    words = "what withPipeline runs is not known: it is in the shared library Infrastructure"
    assert (fault.reason, fault.message) == ("unresolved", words)


def test_a_step_that_by_its_name_deploys_is_not_known() -> None:
    text = "@Library('cd@1') _\nnode { stage('Out') { ship.deployImages('x') } }\n"
    tree = Tree(Path("."), ["Jenkinsfile"], {"Jenkinsfile": text})
    (fault,) = (each for each in read(tree.source("Jenkinsfile"), tree) if isinstance(each, Fault))
    assert fault.message == "where ship.deployImages deploys to is not known: it is in the shared library cd"


def test_the_home_of_a_tool_says_nothing() -> None:
    pipeline = declarative("""
        stage('Sonar') { steps { sh "${scannerHome}/bin/sonar-scanner -Dsonar.qualitygate.wait=true" } }
        stage('Other') { steps { sh '$SCANNER_HOME/bin/sonar-scanner -Dsonar.qualitygate.wait=true' } }
    """)
    for id in ("Sonar", "Other"):
        (fact,) = pipeline.job[id].facts
        assert (fact.kind, fact.strength, fact.blocking) == ("sast", "strong", "yes")


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        ("azure-pipelines.yml", "Azure Pipelines"),
        (".circleci/config.yml", "CircleCI"),
        ("bitbucket-pipelines.yml", "Bitbucket Pipelines"),
        (".travis.yml", "Travis CI"),
        (".buildkite/pipeline.yml", "Buildkite"),
        (".drone.yml", "Drone"),
        (".teamcity/settings.kts", "TeamCity"),
        (".tekton/push.yaml", "Tekton"),
        ("cloudbuild.yaml", "Google Cloud Build"),
        ("buildspec.yml", "AWS CodeBuild"),
    ],
)
def test_other_tools_are_named(path: str, tool: str) -> None:
    assert "pipeline" in models_of(path)
    tree = Tree(Path("."), [path], {path: "a: b\n"})
    (fault,) = read(tree.source(path), tree)
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.message) == ("unsupported-tool", f"{tool} is not judged by this version")


@pytest.mark.parametrize(
    "path", ["Jenkinsfile", "ci/Jenkinsfile.prod", "Jenkinsfile_CNP", "x.jenkinsfile", "jenkins/a.groovy"]
)
def test_names_of_jenkinsfiles(path: str) -> None:
    assert models_of(path) == ("pipeline",)
    assert built("pipeline { agent any\n stages { stage('A') { steps { sh 'x' } } } }", path).jobs


def test_groovy_that_is_no_pipeline_is_left_to_who_calls_it() -> None:
    tree = Tree(Path("."), ["jenkins/vars/a.groovy"], {"jenkins/vars/a.groovy": "def call() { sh 'x' }\n"})
    assert not list(read(tree.source("jenkins/vars/a.groovy"), tree))


WORDS = st.sampled_from(
    "pipeline { } agent any stages stage('A') steps sh 'x' when branch 'main' parallel a: , ( ) node try catch (e) "
    "finally if (a) else input post always failure environment B = 'c' def f() f() matrix axes \n \n ; load library "
    "@Library('x') properties([ ]) parameters expression".split(" ")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_nothing_raises(text: str) -> None:
    tree = Tree(Path("."), ["Jenkinsfile"], {"Jenkinsfile": text})
    for each in read(tree.source("Jenkinsfile"), tree):
        if isinstance(each, JenkinsPipeline):
            assert each.facts is not None
            for start in each.triggers:
                play(each, start)
        if isinstance(each, JenkinsJob):
            assert each.production or not each.never or each.guards is not None


@pytest.mark.parametrize(
    "text",
    [
        "def a() { a(); a() }\nnode { a() }",
        "".join(f"def f{n}() {{ f{n + 1}(); f{n + 1}() }}\n" for n in range(40)) + "node { f0() }",
        "node {\n" + "".join(f"x{n + 1} = \"${{x{n}}}${{x{n}}}\"\n" for n in range(300)) + "sh \"${x299}\"\n}",
        "node { " + "stage('a') { " * 300 + "sh 'x'" + "}" * 300 + "}",
        "node {\n" + "stage('a') { sh 'make test' }\n" * 3000 + "}",
        "node { " + "if (a) { " * 300 + "sh 'x'" + "}" * 300 + "}",
    ],
)  # fmt: skip
def test_it_ends(text: str) -> None:
    start = time.perf_counter()
    tree = Tree(Path("."), ["Jenkinsfile"], {"Jenkinsfile": text})
    for each in read(tree.source("Jenkinsfile"), tree):
        if isinstance(each, JenkinsPipeline):
            assert each.facts is not None
    assert time.perf_counter() - start < 20
