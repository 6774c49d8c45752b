from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.models.pipeline import Job, Pipeline, Step, Trigger, play, step_runs
from gatekeeper.models.pipeline.github.checkouts import checks_out, lets_in, of_strangers, refuses, rights, run_after
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.rule import rule

_PRIVILEGED = frozenset({"pull_request_target", "workflow_run", "issue_comment"})


def _calls(project: Project) -> dict[int, list[Job]]:
    """The jobs of workflows that others call, as their callers see them, by the id of what they are written as."""
    found: dict[int, list[Job]] = {}
    for job in project.all(Job):
        if job.pipeline.caller is not None:
            found.setdefault(id(job.node), []).append(job)
    return found


def _seen(step: GithubStep, project: Project | None) -> Iterator[tuple[Step, Trigger]]:
    """The step, as its own workflow and as those that call it see it, with each trigger that has the secrets."""
    called = any(trigger.ref == "call" for trigger in step.job.pipeline.triggers)
    jobs = project.once("called jobs", _calls).get(id(step.job.node), []) if called and project else []
    for each in (step, *(other for job in jobs for other in job.steps if other.node is step.node)):
        triggers = each.job.root.pipeline.triggers
        yield from ((each, trigger) for trigger in triggers if trigger.event in _PRIVILEGED)


def _may_be_run(step: GithubStep, project: Project | None = None) -> bool:
    return checks_out(step) and any(True for _ in _seen(step, project))


def _after_pull_requests(trigger: Trigger, project: Project | None) -> bool:
    """Whether the workflow that this one follows may have been started by a stranger's pull request."""
    if trigger.event != "workflow_run" or project is None:
        return True
    followed = [each for each in project.all(Pipeline) if each.title in trigger.follows or each.name in trigger.follows]
    return not followed or any(each.event == "pull_request" for pipeline in followed for each in pipeline.triggers)


def _words(trigger: Trigger) -> str:
    return f"checks out the pull request's code on {trigger.event}, with the repository's secrets at hand"


@rule(
    "pipeline-pull-request-target",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    where=_may_be_run,
)
def pull_request_target(step: GithubStep, project: Project | None = None) -> Iterator[Finding | Unknown]:
    """A workflow that holds the repository's secrets does not run the code of a pull request.

    `pull_request_target`, `workflow_run` and `issue_comment` run with the repository's secrets and a token that may
    write, also for what strangers send. Code of the pull request that is checked out there (a build script, a package's
    install hook, a test) runs with them. `pull_request` has neither; split the work, and do the privileged part without
    the code.

    A guard that lets in only the repository's own pull requests, those of a named author, or those that somebody with
    rights asked for, is enough; whom another guard lets in (a label) is UNKNOWN. The trigger alone is not held against
    a workflow, which is why zizmor's `dangerous-triggers` is no other name of this rule: labelling and commenting need
    it. Judged is the checkout, and what runs after it: where nothing certainly does, or the job has no secrets and only
    reads, it is medium; where certainly nothing does, no fault.

    From 7.0 on, and from 6.1, 5.1, 4.4, 3.7 and 2.8, `actions/checkout` itself refuses a fork's code on
    `pull_request_target` and `workflow_run`, unless `allow-unsafe-pr-checkout: true` says otherwise. Pinned to such a
    version it is no fault; by a tag that is moved (`v4`) it is medium, since nothing here says which version runs.

    Bad:
    ```yaml
    on: pull_request_target
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: the pull request's code
          - uses: actions/checkout@v4.2.2
            with:
              ref: ${{ github.event.pull_request.head.sha }}
          - run: npm ci
    ```

    Bad, after another workflow:
    ```yaml .github/workflows/ci.yml
    name: CI
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps: [{run: make test}]
    ```
    ```yaml .github/workflows/preview.yml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      preview:
        runs-on: ubuntu-latest
        steps:
          # expect: on workflow_run
          - uses: actions/checkout@v7.0.1
            with: {ref: "${{ github.event.workflow_run.head_sha }}", allow-unsafe-pr-checkout: true}
          - run: make preview
            env: {TOKEN: "${{ secrets.PREVIEW }}"}
    ```

    Bad, by way of a variable, and of a workflow that is called:
    ```yaml .github/workflows/pull.yml
    on: pull_request_target
    jobs:
      build:
        uses: ./.github/workflows/build.yml
        with: {commit: "${{ github.event.pull_request.head.sha }}"}
        secrets: inherit
    ```
    ```yaml .github/workflows/build.yml
    on: {workflow_call: {inputs: {commit: {type: string}}}}
    env: {COMMIT: "${{ inputs.commit }}"}
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: the pull request's code
          - uses: actions/checkout@v4.2.2
            with: {ref: "${{ env.COMMIT }}"}
          - run: make
      again:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4.2.2
          # expect: the pull request's code
          - run: git fetch && git checkout "$COMMIT"
          - run: make
    ```

    Bad, a guard that lets in whom it should not:
    ```yaml
    on: pull_request_target
    jobs:
      build:
        if: github.actor != 'dependabot[bot]'
        runs-on: ubuntu-latest
        steps:
          # expect: only the newest actions/checkout@v4
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.pull_request.head.sha }}"}
          - run: make
    ```

    Bad, on a comment:
    ```yaml
    on: issue_comment
    jobs:
      test:
        if: github.event.issue.pull_request && contains(github.event.comment.body, '/test')
        runs-on: ubuntu-latest
        steps:
          # expect: on issue_comment
          - uses: actions/checkout@v4
            with:
              ref: refs/pull/${{ github.event.issue.number }}/merge
          - run: ./test.sh
      again:
        runs-on: ubuntu-latest
        steps:
          # expect: on issue_comment
          - run: gh pr checkout "$NUMBER"
          - run: make
    ```

    Good, the base:
    ```yaml
    on: pull_request_target
    jobs:
      label:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: actions/labeler@v5
    ```

    Good, a branch of the repository itself, for one author:
    ```yaml
    on: pull_request_target
    jobs:
      update:
        if: github.event.pull_request.user.login == 'dependabot[bot]'
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.head_ref }}"}
    ```

    Unknown, a label:
    ```yaml
    on: pull_request_target
    jobs:
      build:
        if: contains(github.event.pull_request.labels.*.name, 'safe to test')
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.pull_request.head.sha }}"}
          - run: make
    ```

    Unknown, a commit that the run finds out:
    ```yaml
    on: pull_request_target
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - id: pull
            run: echo "sha=$(gh pr view "$URL" --json headRefOid -q .headRefOid)" >> "$GITHUB_OUTPUT"
          - uses: actions/checkout@v4.2.2
            with: {ref: "${{ steps.pull.outputs.sha }}"}
          - run: make
    ```

    Good, for members, and where the checkout refuses:
    ```yaml
    on: [issue_comment, pull_request_target]
    jobs:
      test:
        if: >-
          github.event_name == 'issue_comment' &&
          contains(fromJSON('["OWNER", "MEMBER"]'), github.event.comment.author_association)
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "refs/pull/${{ github.event.issue.number }}/merge"}
          - run: make
      build:
        if: github.event_name == 'pull_request_target'
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
            with: {ref: "${{ github.event.pull_request.head.sha }}"}
          - run: make
    ```

    Good, only for the other trigger:
    ```yaml
    on: [pull_request, pull_request_target]
    jobs:
      build:
        if: github.event_name == 'pull_request'
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with:
              ref: ${{ github.event.pull_request.head.sha }}
    ```

    Good, after a push, and nothing of it is run:
    ```yaml
    on:
      pull_request_target:
      workflow_run: {workflows: [CI]}
    jobs:
      publish:
        if: github.event.workflow_run.event == 'push'
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.workflow_run.head_sha }}"}
          - run: make publish
      diff:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {ref: "${{ github.event.pull_request.head.sha }}"}
          - run: grep -c TODO README.md
    ```
    """
    unsure = ""
    for seen, trigger in _seen(step, project):
        theirs = of_strangers(seen, trigger)
        if theirs is False or not _after_pull_requests(trigger, project):
            continue
        ran, taken = play(seen.job.root.pipeline, trigger).of(seen.job), step_runs(seen, trigger)
        open_to_all, refused = lets_in(seen, trigger), refuses(seen, trigger)
        run, sure = run_after(seen)
        if False in (ran, taken, open_to_all) or refused == "yes" or (run is None and sure):
            continue
        if open_to_all is None:
            unsure = unsure or f"{_words(trigger)}; whom its if: or its environment lets in is not known"
        elif theirs is None:
            unsure = unsure or f"whether what it checks out on {trigger.event} is the pull request's code is not known"
        else:
            yield _finding(step, seen, trigger, run, refused)
            return
    if unsure:
        yield Unknown(step, unsure)


def _finding(step: GithubStep, seen: Step, trigger: Trigger, run: Step | None, refused: str) -> Finding:
    fix = Fix("build pull requests on: pull_request; keep only what needs secrets here, without their code")
    caller = seen.job.pipeline.caller
    see = (
        *((Note(run, "this runs it"),) if run else ()),
        *((Note(caller.uses_at, f"{trigger.event} starts it from here"),) if caller else ()),
    )
    mild = run is None or not rights(seen.job) or refused == "moved"
    words = f"{_words(trigger)}; only the newest {step.uses} refuses that" if refused else _words(trigger)
    return Finding(step, words, see, fix, severity="medium" if mild else None)
