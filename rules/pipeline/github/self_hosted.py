from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import play
from gatekeeper.models.pipeline.github.checkouts import lets_in
from gatekeeper.models.pipeline.github.subjects import GithubJob
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_OWN = "self-hosted"
_STRANGERS = frozenset({"pull_request", "pull_request_target", "issue_comment", "issues"})


def _labels(job: GithubJob) -> list[str]:
    node = job.node["runs-on"]
    listed = node["labels"] if node.is_mapping else node
    return [text_of(each) for each in listed] if listed.is_list else [text_of(listed)]


def _asks_for_own(job: GithubJob) -> bool | None:
    """Whether it runs on a runner of one's own, also in one row of its matrix; None where that hangs on the run."""
    unsure = False
    for label in _labels(job):
        values = job.values(label) or ()
        if _OWN in values and (label == _OWN or "matrix." in label):
            return True
        unsure = unsure or _OWN in values or _OWN in label
    return None if unsure else False


@rule(
    "github-self-hosted-runner",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda job: job.pipeline.caller is None and _asks_for_own(job) is not False,
)
def self_hosted(job: GithubJob) -> Iterator[Finding | Unknown]:
    """A runner of one's own does not run what strangers send.

    A self-hosted runner keeps its disk and its network between jobs. In a public repository a pull request from a fork
    runs whatever it likes there: it can stay, and read what later jobs bring. Run pull requests on hosted runners, or
    on runners that are made for one job and thrown away.

    Judged are jobs on self-hosted runners that a pull request, an issue or a comment starts, without a guard for the
    repository's own. Whether a repository is public its files do not say; in a private one nobody else can send
    anything. zizmor's `self-hosted-runner` is about every such job, and so means something else.

    Bad:
    ```yaml
    on: [push, pull_request]
    jobs:
      test:
        # expect: a pull request
        runs-on: [self-hosted, linux]
        steps: [{run: make test}]
      each:
        strategy: {matrix: {on: [ubuntu-latest, self-hosted]}}
        # expect: a pull request
        runs-on: ${{ matrix.on }}
        steps: [{run: make test}]
    ```

    Unknown, it hangs on the run:
    ```yaml
    on: [push, pull_request]
    jobs:
      test:
        runs-on: ${{ github.event_name == 'push' && 'self-hosted' || 'ubuntu-latest' }}
        steps: [{run: make test}]
    ```

    Good:
    ```yaml
    on: [push, pull_request]
    jobs:
      test:
        runs-on: ubuntu-latest
        steps: [{run: make test}]
      deploy:
        if: github.event_name == 'push'
        runs-on: [self-hosted, linux]
        steps: [{run: make deploy}]
      own:
        if: github.event.pull_request.head.repo.full_name == github.repository
        runs-on: self-hosted
        steps: [{run: make test}]
    ```
    """
    unsure = ""
    for trigger in job.pipeline.triggers:
        if trigger.event not in _STRANGERS or play(job.pipeline, trigger).of(job) is False:
            continue
        let_in = lets_in(job, trigger)
        if let_in and _asks_for_own(job):
            words = f"{trigger.words} from anybody runs on a runner of one's own"
            fix = Fix("a hosted runner, or one that is thrown away after the job")
            yield Finding(job.node["runs-on"], words, (), fix)
            return
        unsure = unsure or (trigger.words if let_in is not False else "")
    if unsure:
        yield Unknown(job.node["runs-on"], f"whether {unsure} from anybody runs on a runner of one's own is not known")
