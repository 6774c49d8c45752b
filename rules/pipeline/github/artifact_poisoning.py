from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Unknown
from gatekeeper.models.pipeline import Step
from gatekeeper.models.pipeline.github.checkouts import artifact_folder, fetches_artifact, lets_in
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.ir import normal
from gatekeeper.rule import rule

_INTERPRETERS = frozenset({"bash", "sh", "zsh", "python", "python3", "node", "ruby", "perl", "source", "."})
_BUILDS = frozenset("npm yarn pnpm npx make gradle gradlew mvn mvnw cargo go pip pytest tox bundle rake".split())


def _runs_from(step: Step, folder: str) -> bool:
    """Whether a step runs a file of that folder; of the root, also what tools read there."""
    for script in step.scripts:
        words = script.command.words
        if not words:
            continue
        files = [words[0]] if "/" in words[0] else []
        files += [word for word in words[1:3] if not word.startswith("-")] if words[0] in _INTERPRETERS else []
        inside = [normal(f"{script.folder or ''}/{each}") for each in files if not each.startswith(("/", "$", "~"))]
        if any(folder == "" or each.startswith(f"{folder}/") for each in inside):
            return True
        if words[0] in _BUILDS and (script.folder or "") == folder:
            return True
    return False


@rule(
    "github-artifact-poisoning",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda step: any(t.event == "workflow_run" for t in step.job.pipeline.triggers) and fetches_artifact(step),
)
def artifact_poisoning(step: GithubStep) -> Iterator[Finding | Unknown]:
    """What an artifact of a pull request holds is read as data, and never run.

    A workflow on `workflow_run` has the repository's secrets. The artifact that it fetches was made by the workflow
    before it, which may have run a stranger's pull request: every file in it is the stranger's. Unpacked into the
    checkout it replaces the repository's own files.

    Held against a workflow is that a later step runs a file of the folder into which the artifact was put, or a build
    tool in it. Where that folder is not known, and something is run later, it is UNKNOWN.

    Bad:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      publish:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # expect: is run later
          - uses: actions/download-artifact@v4
            with:
              name: site
              run-id: ${{ github.event.workflow_run.id }}
              github-token: ${{ secrets.GITHUB_TOKEN }}
          - run: ./scripts/publish.sh
    ```

    Good:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      comment:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: actions/download-artifact@v4
            with:
              name: coverage
              path: untrusted
              run-id: ${{ github.event.workflow_run.id }}
          - run: ./scripts/comment.sh untrusted/number.txt
    ```

    Unknown:
    ```yaml
    on:
      workflow_run: {workflows: [CI], types: [completed]}
    jobs:
      publish:
        runs-on: ubuntu-latest
        steps:
          - run: gh run download "$ID"
          - run: ./publish.sh
    ```
    """
    folder = artifact_folder(step)
    later = step.job.steps[step.index + 1 :]
    trigger = next(trigger for trigger in step.job.pipeline.triggers if trigger.event == "workflow_run")
    open_to_all = lets_in(step, trigger)
    if open_to_all is False or folder == "/outside":
        return
    if folder is None:
        if any(_runs_from(each, "") for each in later):
            yield Unknown(step, "whether a file of the artifact is run later is not known: it has no folder of its own")
        return
    user = next((each for each in later if _runs_from(each, folder)), None)
    if user is not None and open_to_all is None:
        yield Unknown(step, "what may be a stranger's file is run later; whom its if: lets in is not known")
    elif user is not None:
        fix = Fix("give it a folder of its own (path:), and run nothing of it")
        yield Finding(step, "what may be a stranger's file is run later", (Note(user, "by this"),), fix)
