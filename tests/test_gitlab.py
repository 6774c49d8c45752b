"""GitLab CI: how a configuration is put together, what its conditions come to, and the pipelines that follow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.discover import Tree
from gatekeeper.models.pipeline import Job, Pipeline, Trigger, level, play, read
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.gitlab import GitlabJob, GitlabPipeline, Include, conditions
from gatekeeper.models.pipeline.gitlab.conditions import UNKNOWN, Sample
from gatekeeper.models.pipeline.gitlab.templates import table
from gatekeeper.models.pipeline.levels import Level
from gatekeeper.node import Fault

ROOT = ".gitlab-ci.yml"
TESTS = frozenset({"test"})


def tree_of(files: dict[str, str]) -> Tree:
    contents: dict[str, str | bytes] = dict(files)
    return Tree(Path(os.devnull), contents, contents)


def subjects(files: dict[str, str] | str) -> tuple[GitlabPipeline | None, list[Fault]]:
    texts = {ROOT: files} if isinstance(files, str) else files
    tree = tree_of(texts)
    found = list(read(tree.source(ROOT), tree))
    pipeline = next((each for each in found if isinstance(each, GitlabPipeline)), None)
    return pipeline, [each for each in found if isinstance(each, Fault)]


def pipeline_of(files: dict[str, str] | str) -> GitlabPipeline:
    pipeline, faults = subjects(files)
    assert pipeline is not None
    assert not faults, faults
    return pipeline


def faults_of(files: dict[str, str] | str) -> list[str]:
    return [f"{fault.source.path}:{fault.span.line}: {fault.message}" for fault in subjects(files)[1]]


def job_of(pipeline: Pipeline, id: str) -> GitlabJob:
    job = pipeline.job[id]
    assert isinstance(job, GitlabJob)
    return job


def places(job: Job) -> list[str]:
    return [f"{script.place.source.path}:{script.place.span.line}" for step in job.steps for script in step.scripts]


def trigger(pipeline: Pipeline, ref: str, branch: str = "") -> Trigger:
    return next(t for t in pipeline.triggers if t.ref == ref and (not branch or t.branch == branch))


def runs(pipeline: Pipeline, id: str, ref: str, branch: str = "") -> bool | None:
    return play(pipeline, trigger(pipeline, ref, branch)).of(pipeline.job[id])


# what a configuration is put together of


def test_extends_merges_deeply_and_keeps_places() -> None:
    pipeline = pipeline_of("""
.base:
  image: python:3.12
  variables: {A: "1", B: "1"}
  before_script:
    - pip install -r requirements.txt
.checked:
  extends: .base
  variables: {B: "2"}
test:
  extends: [.checked]
  script:
    - pytest
""")
    job = job_of(pipeline, "test")
    assert {name: node.text for name, node in job.env.items()} == {"A": "1", "B": "2"}
    assert places(job) == [f"{ROOT}:6", f"{ROOT}:13"]
    assert job.node["image"].span.line == 3
    assert job.span.line == 10


def test_references_are_put_in_and_flattened() -> None:
    pipeline = pipeline_of("""
.setup:
  script:
    - pip install -r requirements.txt
.tests:
  script:
    - !reference [.setup, script]
    - pytest
test:
  rules:
    - !reference [.rules, default]
  script:
    - !reference [.tests, script]
    - echo done
.rules:
  default:
    - if: $CI_COMMIT_BRANCH == "main"
""")
    assert places(job_of(pipeline, "test")) == [f"{ROOT}:4", f"{ROOT}:8", f"{ROOT}:14"]
    assert runs(pipeline, "test", "push-default") is True
    assert runs(pipeline, "test", "tag") is False


def test_included_files_are_merged_under_the_file() -> None:
    pipeline = pipeline_of(
        {
            ROOT: "include: [/ci/base.yml, {local: 'ci/jobs/*.yml'}]\ntest:\n  script: [pytest]\n",
            "ci/base.yml": "variables: {STAGE: qa}\ntest: {stage: test, image: 'python:3.12'}\n",
            "ci/jobs/lint.yml": "include: /ci/jobs/deeper/format.yml\nlint: {script: [ruff check]}\n",
            "ci/jobs/deeper/format.yml": "format: {script: [ruff format --check]}\n",
        }
    )
    assert set(pipeline.job) == {"test", "lint", "format"}
    assert pipeline.job["lint"].node.source.path == "ci/jobs/lint.yml"
    assert job_of(pipeline, "test").node["image"].text == "python:3.12"
    assert places(pipeline.job["test"]) == [f"{ROOT}:3"]


def test_what_cannot_be_read_is_named() -> None:
    pipeline = pipeline_of("""
include:
  - project: platform/ci
    ref: v1
    file: [a.yml, b.yml]
  - remote: https://example.com/ci.yml
  - template: Not-There.gitlab-ci.yml
  - component: $CI_SERVER_FQDN/group/thing/check@1.0
  - local: missing.yml
deploy:
  extends: .deploy
  environment: production
  script: [kubectl apply -f k8s/]
""")
    assert [each.text for each in pipeline.unresolved] == [
        "platform/ci:a.yml",
        "platform/ci:b.yml",
        "https://example.com/ci.yml",
        "Not-There.gitlab-ci.yml",
        "$CI_SERVER_FQDN/group/thing/check@1.0",
        "missing.yml",
    ]
    assert "put a copy in .gatekeeper/vendor/" in pipeline.unresolved[0].why
    deploy = job_of(pipeline, "deploy")
    assert runs(pipeline, "deploy", "push-default") is None
    assert level(deploy, TESTS, [pipeline]).level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("include", "copy"),
    [
        ("{project: platform/ci, file: /test.yml, ref: v1}", "platform/ci/test.yml"),
        ("{remote: 'https://example.com/x/test.yml'}", "example.com/x/test.yml"),
        ("{component: gitlab.com/group/thing/check@1.0}", "gitlab.com/group/thing/templates/check.yml"),
        ("{component: $CI_SERVER_FQDN/group/thing/check@1.0}", "group/thing/templates/check/template.yml"),
        ("{template: Own.gitlab-ci.yml}", "templates/Own.gitlab-ci.yml"),
    ],
)
def test_kept_copies_are_read(include: str, copy: str) -> None:
    pipeline = pipeline_of(
        {ROOT: f"include: [{include}]\n", f".gatekeeper/vendor/{copy}": "test: {script: [pytest]}\n"}
    )
    assert set(pipeline.job) == {"test"}
    assert not pipeline.unresolved


def test_inputs_are_put_in() -> None:
    pipeline = pipeline_of(
        {
            ROOT: "include: [{local: ci/test.yml, inputs: {name: unit, stage: test, retries: 2}}]\n",
            "ci/test.yml": """
spec:
  inputs:
    name: {}
    stage: {default: build}
    retries: {type: number, default: 0}
    tool: {default: pytest}
---
"$[[ inputs.name ]]-tests":
  stage: $[[ inputs.stage ]]
  retry: $[[ inputs.retries ]]
  script: ["$[[ inputs.tool ]] --maxfail=1"]
""",
        }
    )
    job = job_of(pipeline, "unit-tests")
    assert job.stage == "test"
    assert job.node["retry"].value == 2
    assert [fact.kind for fact in job.facts] == ["test"]
    assert job.facts[0].place.source.path == "ci/test.yml"


def test_an_input_that_whoever_starts_it_gives_is_not_known() -> None:
    pipeline = pipeline_of(
        "spec: {inputs: {env: {}}}\n---\ndeploy: {environment: '$[[ inputs.env ]]', script: [make]}\n"
    )
    assert not job_of(pipeline, "deploy").node["environment"].known


def test_default_is_inherited_unless_refused() -> None:
    pipeline = pipeline_of("""
default:
  before_script: [pip install tox]
  image: python:3.12
a: {script: [tox]}
b: {inherit: {default: false}, script: [tox]}
c: {inherit: {default: [image]}, script: [tox]}
d: {before_script: [], script: [tox]}
""")
    assert [len(places(pipeline.job[id])) for id in "abcd"] == [2, 1, 1, 1]
    assert [pipeline.job[id].node["image"].present for id in "abcd"] == [True, False, True, True]


def test_a_file_without_jobs_is_no_pipeline() -> None:
    assert subjects(".base: {script: [make]}\nvariables: {A: b}\n") == (None, [])


def test_included_pipelines_are_not_read_on_their_own() -> None:
    files = {ROOT: "include: web/.gitlab-ci.yml\n", "web/.gitlab-ci.yml": "test: {script: [jest]}\n"}
    tree = tree_of(files)
    assert not list(read(tree.source("web/.gitlab-ci.yml"), tree))


# what GitLab would refuse


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: {extends: b, script: [x]}\nb: {extends: a, script: [x]}\n", "extends itself: a -> b -> a"),
        ("a: {extends: .nowhere, script: [x]}\n", "extends .nowhere, which is nowhere in the configuration"),
        ("a: {script: [!reference [.x, script]]}\n", "names nothing that is in the configuration"),
        (".x: {script: [!reference [.x, script]]}\na: {script: [!reference [.x, script]]}\n", "leads back to itself"),
        ("include: .gitlab-ci.yml\na: {script: [x]}\n", "includes itself"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_faults_are_named(text: str, fault: str) -> None:
    assert any(fault in each for each in faults_of(text)), faults_of(text)


def _doubling(levels: int) -> Iterator[str]:
    yield ".a0: {script: [x], variables: {" + ", ".join(f"V{n}: x" for n in range(200)) + "}}"
    for number in range(1, levels):
        yield f".a{number}: {{extends: [{', '.join([f'.a{number - 1}'] * 40)}]}}"


_HOSTILE = {
    "extends": "\n".join([*_doubling(11), "a: {extends: .a10}"]),
    "extends, many": "\n".join(
        [".b: {variables: {" + ", ".join(f"V{n}: x" for n in range(500)) + "}}"]
        + [f"j{n}: {{extends: [{', '.join(['.b'] * 11)}], script: [x]}}" for n in range(5000)]
    ),
    "references": "\n".join(
        [".r0: {script: [x]}"]
        + [f".r{n}: {{script: [{', '.join([f'!reference [.r{n - 1}, script]'] * 30)}]}}" for n in range(1, 11)]
        + ["a: {script: [!reference [.r10, script]]}"]
    ),
    "jobs": "stages: [a, b]\n" + "\n".join(f"j{n}: {{stage: {'ab'[n % 2]}, script: [x]}}" for n in range(10_000)),
    "needs": "\n".join(f"j{n}: {{needs: [j{n + 1}, j{n - 1}], script: [x]}}" for n in range(1000)),
    "conditions": "a:\n  script: [x]\n  rules:\n"
    + "\n".join(f"    - if: $X =~ /(a+)+{n}$/ && ({'(' * 90}$Y{')' * 90})" for n in range(300)),
    "nested references": "a: " + "{a: [" * 45 + "!reference [a, a]" + "]}" * 45 + "\nb: {script: [x]}\n",
    "types": "a: 1\nstages: {x: y}\nworkflow: [1]\ndefault: x\nvariables: [a]\ninclude: {1: 2}\nb: {script: {a: b}, "
    "needs: x, rules: x, only: 1, environment: [1], trigger: [x], parallel: x, artifacts: x, services: 1}\n",
    "empty values": "a: {script: , rules: , needs: , environment: , trigger: , extends: , stage: , when: }\nb: ~\n",
}


@pytest.mark.parametrize("case", _HOSTILE)
def test_hostile_files_end(case: str) -> None:
    started = time.monotonic()
    pipeline, _ = subjects(_HOSTILE[case])
    for job in pipeline.all_jobs if pipeline else ():
        assert isinstance(job.facts, tuple)
        for each in pipeline.triggers if pipeline else ():
            assert play(job.root.pipeline, each).of(job) in (True, False, None)
    assert time.monotonic() - started < 20


def test_includes_are_bounded() -> None:
    files = {ROOT: "include: [" + ", ".join(f"ci/{n}.yml" for n in range(400)) + "]\n"}
    files |= {f"ci/{n}.yml": f"j{n}: {{script: [x]}}\n" for n in range(400)}
    assert any("more than 150 includes" in each for each in faults_of(files))


# conditions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('$A == "x"', True),
        ("$A != 'x'", False),
        ("$A", True),
        ("$EMPTY", False),
        ('$EMPTY == ""', True),
        ("$NULL", False),
        ("$NULL == null", True),
        ('$NULL == ""', False),
        ("$A =~ /^X$/i", True),
        ("$A !~ /y/", True),
        ("$NULL =~ /x/", False),
        ("$A =~ $PATTERN", True),
        ('$A == "x" || $OPEN', True),
        ('$A == "y" && $OPEN', False),
        ('$A == "x" && $OPEN', None),
        ("$A && ($NULL || $EMPTY)", False),
        ('"x" == $A', True),
        ("$TAG =~ /^v\\d+\\.\\d+$/", False),
        ("$TAG =~ /^v\\d+\\.\\d+\\.\\d+$/", True),
        ('$SOME == "main"', None),
        ("$SOME =~ /^rel/", True),
        ("$SOME =~ /^other/", None),
        ("$A ==", None),
        ("$A == $A == $A ==", None),
        ("( " * 200 + "$A" + " )" * 200, None),
    ],
)
def test_conditions_in_three_values(text: str, expected: bool | None) -> None:
    values = {
        "A": "x", "EMPTY": "", "NULL": None, "PATTERN": "/x/", "TAG": Sample("v1.0.0"),
        "SOME": Sample("/^(rel|main)/", "/^rel/"), "OPEN": UNKNOWN,
    }  # fmt: skip
    if text == '$SOME == "main"':
        values["SOME"] = Sample("/^(rel|main)/", "/^(rel|main)/")
    tree = conditions.parse(text)
    assert (conditions.truth(tree, values.__getitem__) if tree else None) is expected


def test_a_pattern_does_not_backtrack() -> None:
    tree = conditions.parse("$A =~ /^(a+)+$/")
    started = time.monotonic()
    assert tree
    conditions.truth(tree, lambda _: "a" * 5000 + "!")
    assert time.monotonic() - started < 5


def test_who_starts_a_pipeline_decides() -> None:
    pipeline = pipeline_of("""
mr: {script: [x], rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]}
main: {script: [x], rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]}
tags: {script: [x], rules: [{if: $CI_COMMIT_TAG =~ /^v\\d/}]}
other: {script: [x], rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH, when: never}, {if: $CI_COMMIT_BRANCH}]}
nightly: {script: [x], rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}]}
changed: {script: [x], rules: [{changes: [src/**/*]}]}
protected: {script: [x], rules: [{if: $CI_COMMIT_REF_PROTECTED == "true"}]}
plain: {script: [x]}
""")
    refs = ("pr", "push-default", "push-other", "tag", "schedule")
    assert {id: [runs(pipeline, id, ref) for ref in refs] for id in pipeline.job} == {
        "mr": [True, False, False, False, False],
        "main": [False, True, False, False, True],
        "tags": [False, False, False, True, False],
        "other": [False, False, True, False, False],
        "nightly": [False, False, False, False, True],
        "changed": [None, None, None, True, True],
        "protected": [None, None, None, None, None],
        "plain": [False, True, True, True, True],
    }


def test_variables_that_stand_for_one_another_end() -> None:
    text = 'variables: {A: $A, B: $C, C: $B}\na: {script: [x], rules: [{if: $A == "x"}, {if: $B}]}\n'
    assert runs(pipeline_of(text), "a", "push-default") is None


def test_a_tag_that_a_condition_names_is_a_way_to_start() -> None:
    pipeline = pipeline_of('a: {script: [x], rules: [{if: $CI_COMMIT_TAG == "live"}]}\n')
    assert [runs(pipeline, "a", "tag", branch) for branch in ("live", "v1.0.0")] == [True, False]


def test_branches_that_a_child_names_are_told_apart_too() -> None:
    pipeline = pipeline_of(
        {
            ROOT: "go: {trigger: {include: ci/child.yml, strategy: depend}}\n",
            "ci/child.yml": 'deploy: {script: [kubectl apply -f k8s/], rules: [{if: $CI_COMMIT_BRANCH == "live"}]}\n',
        }
    )
    (job,) = [each for each in pipeline.all_jobs if each.id == "deploy"]
    assert not job.never
    assert play(pipeline, trigger(pipeline, "push-release", "live")).of(job) is True


def test_more_branches_than_are_told_apart_are_said() -> None:
    text = "".join(f"j{n}: {{script: [x], only: [site-{n}]}}\n" for n in range(80))
    pipeline, faults = subjects(text)
    assert pipeline and not pipeline.job["j79"].never
    assert ["more than 60 branches" in each.message for each in faults] == [True]


@pytest.mark.parametrize("include", ["'$[[ inputs.file ]]'", "{local: '$[[ inputs.file ]]'}", "{artifact: made.yml}"])
def test_an_include_that_is_not_known_is_named(include: str) -> None:
    spec = "spec: {inputs: {file: {}}}\n---\n"
    assert len(pipeline_of(f"{spec}include: [{include}]\na: {{script: [x]}}\n").unresolved) == 1


def test_what_an_include_is_called_holds_no_secret() -> None:
    tree = tree_of(
        {ROOT: "include: [{remote: 'https://u:ghp_" + "a1B2" * 9 + "@example.com/a.yml'}]\na: {script: [x]}\n"}
    )
    names = [each.name for each in read(tree.source(ROOT), tree) if isinstance(each, Include)]
    assert len(names) == 1 and "ghp_" not in names[0]


def test_only_and_except() -> None:
    pipeline = pipeline_of("""
a: {script: [x], only: [main]}
b: {script: [x], only: [tags]}
c: {script: [x], except: [main]}
d: {script: [x], only: [/^release-.*$/]}
e: {script: [x], only: [merge_requests]}
f: {script: [x], only: {refs: [main], variables: [$CI_COMMIT_REF_NAME == "main"]}}
g: {script: [x], only: {refs: [main], changes: [src/*]}}
""")
    wanted = [("push-default", ""), ("push-other", "some-branch"), ("tag", "v1.0.0"), ("pr", "")]
    assert {id: [runs(pipeline, id, *each) for each in wanted] for id in pipeline.job} == {
        "a": [True, False, False, False],
        "b": [False, False, True, False],
        "c": [False, True, True, False],
        "d": [False, False, False, False],
        "e": [False, False, False, True],
        "f": [True, False, False, False],
        "g": [None, False, False, False],
    }
    assert runs(pipeline, "d", "push-release") is True


def test_the_workflow_decides_which_pipelines_there_are() -> None:
    pipeline = pipeline_of("""
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
test: {script: [pytest]}
""")
    assert {each.ref for each in pipeline.triggers} == {"pr", "push-default", "schedule", "dispatch"}
    assert runs(pipeline, "test", "pr") is True


def test_exists_is_answered_from_the_files() -> None:
    text = "a: {script: [x], rules: [{exists: ['**/*.py']}]}\nb: {script: [x], rules: [{exists: [Dockerfile]}]}\n"
    pipeline = pipeline_of({ROOT: text, "src/a.py": ""})
    assert [runs(pipeline, id, "push-default") for id in "ab"] == [True, False]


# order, softness, people


_STAGES = """
stages: [build, test, approve, deploy]
build: {stage: build, script: [make build]}
test: {stage: test, script: [pytest]%s}
approve: {stage: approve, script: [echo ok]%s}
deploy:
  stage: deploy
  environment: production
  script: [kubectl apply -f k8s/]
%s
"""


@pytest.mark.parametrize(
    ("test", "deploy", "expected"),
    [
        ("", "", Level.ENFORCED),
        (", allow_failure: true", "", Level.SOFT),
        (", allow_failure: {exit_codes: [3]}", "", Level.UNKNOWN),
        ("", "  when: always", Level.SOFT),
        ("", "  when: on_failure", Level.UNKNOWN),
        ("", "  needs: []", Level.UNCONNECTED),
        ("", "  needs: [build]", Level.UNCONNECTED),
        ("", "  needs: [test]", Level.ENFORCED),
        ("", "  needs: ['test 1/2']", Level.ENFORCED),
        (", needs: []", "", Level.ENFORCED),
        (", when: manual", "", Level.SOFT),
        (", rules: [{changes: [src/*]}]", "", Level.UNKNOWN),
        (", rules: [{if: $CI_COMMIT_TAG}]", "  rules: [{if: $CI_COMMIT_BRANCH}]", Level.INDIRECT),
        (", rules: [{when: never}]", "", Level.ABSENT),
    ],
)
def test_levels(test: str, deploy: str, expected: Level) -> None:
    pipeline = pipeline_of(_STAGES % (test, "", deploy))
    assert level(pipeline.job["deploy"], TESTS, [pipeline]).level is expected


@pytest.mark.parametrize(
    ("approve", "deploy", "expected"),
    [
        (", when: manual", "", Level.SOFT),
        (", when: manual, allow_failure: false", "", Level.ENFORCED),
        (", when: manual", "  needs: [approve]", Level.ENFORCED),
        (", rules: [{when: manual}]", "  rules: [{when: on_success}]", Level.ENFORCED),
        (", rules: [{when: manual, allow_failure: true}]", "  rules: [{when: on_success}]", Level.SOFT),
        ("", "  when: manual", Level.ENFORCED),
    ],
)
def test_whoever_must_start_a_job_approves(approve: str, deploy: str, expected: Level) -> None:
    pipeline = pipeline_of(_STAGES % ("", approve, deploy))
    assert level(pipeline.job["deploy"], frozenset({"approval"}), [pipeline]).level is expected


def test_without_what_it_needs_there_is_no_pipeline() -> None:
    pipeline = pipeline_of("""
test: {stage: test, script: [pytest], rules: [{if: $CI_COMMIT_TAG}]}
deploy: {stage: deploy, needs: [test], script: [x]}
soft: {stage: deploy, needs: [{job: test, optional: true}], script: [x]}
""")
    assert runs(pipeline, "deploy", "push-default") is False
    assert runs(pipeline, "soft", "push-default") is True
    assert runs(pipeline, "deploy", "tag") is True


def test_after_script_is_not_heard() -> None:
    pipeline = pipeline_of("a: {script: [make], after_script: [pytest]}\n")
    fact = next(fact for fact in pipeline.job["a"].facts if fact.kind == "test")
    assert (fact.blocking, fact.reason) == ("no", "after_script, whose failure is not heard")


def test_child_pipelines_are_read() -> None:
    files = {
        ROOT: "checks: {stage: test, trigger: {include: ci/child.yml%s}}\n"
        "deploy: {stage: deploy, environment: production, script: [kubectl apply -f k8s/]}\n",
        "ci/child.yml": "test: {script: [pytest]}\n",
    }
    waits = pipeline_of({**files, ROOT: files[ROOT] % ", strategy: depend"})
    goes_on = pipeline_of({**files, ROOT: files[ROOT] % ""})
    assert [each.id for each in waits.all_jobs] == ["checks", "test", "deploy"]
    assert level(waits.job["deploy"], TESTS, [waits]).level is Level.ENFORCED
    assert level(goes_on.job["deploy"], TESTS, [goes_on]).level is Level.SOFT


def test_a_pipeline_of_another_project_is_unresolved() -> None:
    pipeline = pipeline_of(
        "deploy: {trigger: {project: platform/deploy}}\nmade: {trigger: {include: [{artifact: a.yml}]}}\n"
    )
    assert pipeline.job["deploy"].unresolved == "platform/deploy"
    assert pipeline.job["made"].unresolved == "a pipeline that is generated at run time"


# environments and templates


@pytest.mark.parametrize(
    ("environment", "cls"),
    [
        ("production", Class.PROD),
        ("{name: eu-1, deployment_tier: production}", Class.PROD),
        ("{name: prod-like, deployment_tier: staging}", Class.NONPROD),
        ("review/$CI_COMMIT_REF_SLUG", Class.EPHEMERAL),
        ("{name: app/$CI_COMMIT_REF_SLUG, on_stop: stop}", Class.EPHEMERAL),
        ("$TARGET", Class.NONPROD),
        ("$UNKNOWN", Class.UNKNOWN),
    ],
)
def test_environments(environment: str, cls: Class) -> None:
    pipeline = pipeline_of(
        f"variables: {{TARGET: staging}}\ndeploy: {{environment: {environment}, script: [helm upgrade a b]}}\n"
    )
    found = pipeline.job["deploy"].environment
    assert found and found.cls is cls


def test_stopping_is_no_deployment() -> None:
    pipeline = pipeline_of("stop: {environment: {name: production, action: stop}, script: [kubectl apply -f k8s/]}\n")
    assert pipeline.job["stop"].deploy is None
    assert pipeline.job["stop"].production is None


def test_matrix_values_name_environments() -> None:
    pipeline = pipeline_of("""
deploy:
  parallel: {matrix: [{TARGET: [staging, production]}]}
  environment: $TARGET
  script: [kubectl apply -f k8s/]
""")
    found = pipeline.job["deploy"].environment
    assert found and found.values == ("staging", "production")
    assert found.cls is Class.PARAMETRIC


def test_templates_bring_their_jobs_and_may_be_overridden() -> None:
    pipeline = pipeline_of(
        {
            ROOT: "include: [{template: Jobs/SAST.gitlab-ci.yml}, {template: Jobs/Secret-Detection.gitlab-ci.yml}]\n"
            "variables: {SAST_EXCLUDED_ANALYZERS: semgrep}\nsecret_detection: {allow_failure: false}\n",
            "src/a.py": "",
        }
    )
    assert set(pipeline.job) == {"secret_detection", "semgrep-sast"}
    assert runs(pipeline, "semgrep-sast", "push-default") is False
    job = job_of(pipeline, "secret_detection")
    assert job.soft == ("no", "")
    assert [(fact.kind, fact.blocking) for fact in job.facts] == [("secretscan", "unknown")]
    assert job.facts[0].place.span.line == 1


def test_auto_devops_deploys() -> None:
    pipeline = pipeline_of({ROOT: "include: [{template: Auto-DevOps.gitlab-ci.yml}]\n", "a.py": ""})
    job = job_of(pipeline, "production")
    assert job.production and job.production.certain
    assert runs(pipeline, "production", "push-default") is True
    assert level(job, TESTS, [pipeline]).level is Level.ENFORCED
    assert level(job, frozenset({"sast"}), [pipeline]).level is Level.SOFT


def test_every_template_has_its_page() -> None:
    assert all(each.source.startswith("https://gitlab.com/gitlab-org/gitlab/") for each in table().values())


def test_a_report_says_that_there_is_a_scan() -> None:
    pipeline = pipeline_of("""
scan:
  script: [./vendor-scanner]
  artifacts: {reports: {sast: out.json}}
unit:
  script: [./check]
  artifacts: {reports: {junit: out.xml}}
""")
    assert [(f.kind, f.strength, f.blocking) for f in pipeline.job["scan"].facts] == [("sast", "derived", "unknown")]
    assert [(f.kind, f.strength, f.blocking) for f in pipeline.job["unit"].facts] == [("test", "derived", "yes")]


def test_an_included_file_that_holds_nothing_is_named() -> None:
    pipeline, faults = subjects(
        {ROOT: "include: [a.yml, b.yml]\nx: {script: [x]}\n", "a.yml": "a: [\n", "b.yml": "- 1\n"}
    )
    assert pipeline and [each.text for each in pipeline.unresolved] == ["a.yml", "b.yml"]
    assert [fault.source.path for fault in faults] == ["a.yml"]


def test_a_component_may_be_given_its_stage() -> None:
    text = """
include:
  - component: $CI_SERVER_FQDN/components/secret-detection/secret-detection@2.1.0
    inputs: {stage: .pre}
build: {script: [make]}
"""
    assert job_of(pipeline_of(text), "secret_detection").stage == ".pre"


def test_an_environment_named_like_the_branch_may_be_production() -> None:
    pipeline = pipeline_of("""
deploy:
  environment: $CI_COMMIT_REF_NAME
  script: [kubectl apply -f k8s/]
  only: [production, staging]
review:
  environment: review/$CI_COMMIT_REF_NAME
  script: [kubectl apply -f k8s/]
  only: [production]
""")
    deploy = job_of(pipeline, "deploy")
    assert deploy.environment and deploy.environment.cls is Class.PARAMETRIC
    assert deploy.environment_in(trigger(pipeline, "push-release", "production")) == "production"
    assert pipeline.job["review"].environment and pipeline.job["review"].environment.cls is Class.EPHEMERAL
