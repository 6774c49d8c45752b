from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline.github.checkouts import artifact_folder, fetches_artifact, lets_in
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.github.untrusted import PRIVILEGED, Scope, Taint, taints, triggers_of, variables
from gatekeeper.models.pipeline.ir import line_of, normal, text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_FILE = regex(r">>?[ \t]*[\"']?\$\{?(GITHUB_ENV|GITHUB_PATH)\b|tee -a[ \t]+[\"']?\$\{?(GITHUB_ENV|GITHUB_PATH)\b")
_LINES = regex(r"\.(?:body|message)\Z|context\.payload")  # titles and names of branches are on one line
_CAT = regex(r"(?:\bcat[ \t]+|\$\(<[ \t]*)[\"']?([\w./-]{1,200})")
_VARIABLE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_HEREDOC = regex(r"<<-?[ \t]{0,4}([\"']?)([A-Za-z_]\w{0,60})\1")
_GUESSED = regex(r"<<[^\s>]{0,60}\$")  # not: a delimiter that is made for this run, after the name of a variable
_OPENS = {"}": "{", ")": "("}


def _written(step: GithubStep) -> Iterator[tuple[int, str, str]]:
    """The lines of a script that write to the file of variables or of paths, each with its number and which it is."""
    lines = text_of(step.node["run"]).split("\n")
    for number, line in enumerate(lines):
        match = _FILE.search(line)
        if match:
            yield from ((at, lines[at], match[1] or match[2]) for at in _block(lines, number))


def _block(lines: list[str], number: int) -> range:
    """The lines that a redirection takes in: those of the group that it closes, or of the text that follows it."""
    opener = _OPENS.get(lines[number].lstrip()[:1])
    if opener:
        indent = len(lines[number]) - len(lines[number].lstrip())
        begins = (at for at in range(number - 1, -1, -1) if lines[at][indent:].startswith(opener))
        return range(next(begins, number), number + 1)
    heredoc = _HEREDOC.search(lines[number])
    ends = (at for at in range(number + 1, len(lines)) if lines[at].strip() == heredoc[2]) if heredoc else iter(())
    return range(number, next(ends, number) + 1)


def _delimited(step: GithubStep) -> bool:
    """Whether the script writes values of several lines with a delimiter that nobody can guess."""
    return bool(_GUESSED.search(text_of(step.node["run"])))


def _taints(step: GithubStep, line: str) -> Iterator[Taint]:
    scope = Scope(step.job, step)
    yield from taints(line, scope)
    if "$(" not in line and "`" not in line:
        held = variables(step, scope)
        yield from (held[match[1]] for match in _VARIABLE.finditer(line) if match[1] in held)


def _artifact(step: GithubStep, line: str) -> str:
    """The file of an artifact of another run whose text a line writes; '' when there is none."""
    fetched = [each for each in step.job.steps[: step.index] if fetches_artifact(each)]
    if not fetched or not any(trigger.event == "workflow_run" for trigger in step.job.pipeline.triggers):
        return ""
    named = {match[1] for match in _VARIABLE.finditer(line)}
    held = [line, *(each for each in text_of(step.node["run"]).split("\n") if each.strip().partition("=")[0] in named)]
    read = [normal(match[1]) for text in held for match in _CAT.finditer(text)]
    folders = [artifact_folder(each) or "" for each in fetched]
    return next((path for path in read for folder in folders if not folder or path.startswith(f"{folder}/")), "")


@rule(
    "github-env-injection",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["zizmor:github-env"],
    where=lambda step: any(True for _ in _written(step)),
)
def env_injection(step: GithubStep) -> Iterator[Finding | Unknown]:
    """Nothing that a stranger writes gets into the variables or the paths of later steps.

    A line in `$GITHUB_ENV` is a variable of every later step, and a line in `$GITHUB_PATH` a folder in which programs
    are looked for first. Who can write a line of his own there (`LD_PRELOAD=…`, `NODE_OPTIONS=…`) runs code in those
    steps.

    Judged are workflows that run for strangers with the repository's secrets. Only a text with line breaks (a body, a
    commit message) makes a line of its own in `$GITHUB_ENV`; in `$GITHUB_PATH` any text does. Write such a text with a
    delimiter that nobody can guess, or to `$GITHUB_OUTPUT`. A file of an artifact that another run has left is such a
    text as well: check that it is a number before it is written.

    Bad:
    ```yaml
    on: issue_comment
    jobs:
      note:
        runs-on: ubuntu-latest
        steps:
          # expect: github.event.comment.body gets into GITHUB_ENV
          - run: echo "BODY=$BODY" >> "$GITHUB_ENV"
            env: {BODY: "${{ github.event.comment.body }}"}
    ```

    Bad, several lines together:
    ```yaml
    on: issue_comment
    jobs:
      note:
        runs-on: ubuntu-latest
        env: {BODY: "${{ github.event.comment.body }}"}
        steps:
          - run: |
              {
                echo "BODY<<EOF"
                # expect: github.event.comment.body gets into GITHUB_ENV
                echo "$BODY"
                echo EOF
              } >> "$GITHUB_ENV"
          - run: |
              cat <<END >> "$GITHUB_ENV"
              # expect: github.event.comment.body gets into GITHUB_ENV
              BODY=$BODY
              END
    ```

    Bad, from an artifact:
    ```yaml
    on: {workflow_run: {workflows: [CI], types: [completed]}}
    jobs:
      comment:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/download-artifact@v4
            with: {name: pr, path: pr, run-id: "${{ github.event.workflow_run.id }}"}
          - run: |
              NUMBER=$(cat pr/number.txt)
              # expect: pr/number.txt
              echo "NUMBER=$NUMBER" >> "$GITHUB_ENV"
    ```

    Good:
    ```yaml
    on: issue_comment
    jobs:
      note:
        runs-on: ubuntu-latest
        steps:
          - run: echo "NUMBER=$NUMBER" >> "$GITHUB_ENV"
            env: {NUMBER: "${{ github.event.issue.number }}"}
          - run: echo "TITLE=$TITLE" >> "$GITHUB_ENV"
            env: {TITLE: "${{ github.event.issue.title }}"}
          - run: echo "LENGTH=$(echo "$BODY" | wc -c)" >> "$GITHUB_ENV"
            env: {BODY: "${{ github.event.comment.body }}"}
          - run: |
              end="$(openssl rand -hex 16)"
              {
                echo "BODY<<$end"
                echo "$BODY"
                echo "$end"
              } >> "$GITHUB_ENV"
            env: {BODY: "${{ github.event.comment.body }}"}
    ```
    """
    for number, line, file in _written(step):
        path = _artifact(step, line)
        open_to_all = [
            lets_in(step, trigger) for trigger in step.job.pipeline.triggers if trigger.event == "workflow_run"
        ]
        if path and True in open_to_all:
            words = f"{path}, which a stranger may have made, gets into {file}"
            yield Finding(line_of(step.node["run"], number), words, (), Fix("check what it holds before it is written"))
            continue
        if path and None in open_to_all:
            yield Unknown(
                line_of(step.node["run"], number), f"{path} of an artifact gets into {file}; whose it is, is not known"
            )
            continue
        for taint in _taints(step, line):
            if file == "GITHUB_ENV" and (_delimited(step) or not _LINES.search(taint.path)):
                continue
            if any(trigger.event in PRIVILEGED for trigger in triggers_of(taint, step.job)):
                words = f"{taint.path} gets into {file}: a line of it is a variable or a path of later steps"
                fix = Fix("use a delimiter that cannot be guessed, or an output of the step")
                yield Finding(line_of(step.node["run"], number), words, (), fix)
                break
