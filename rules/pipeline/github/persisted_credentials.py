from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Unknown
from gatekeeper.models.pipeline import Step
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_PUSHES = regex(r"\bgit (?:-\S+ \S+ )?(?:push|fetch|pull|submodule|lfs)|gh pr|(?<!--)(?<!/)release|publish")
_NEEDS_IT = "git-auto-commit create-pull-request push changesets release pages commit bump tag".split()
_MAJOR = regex(r"v?(\d{1,3})(?:\.(\d{1,3}))?")


def _version(step: Step) -> tuple[int, int] | None:
    """The version an action is pinned to, by its tag or by the comment behind the commit."""
    node = step.node["uses"]
    comment = node.source.line(node.span.end_line)[node.span.end_column - 1 :]
    written = step.uses.partition("@")[2]
    found = _MAJOR.match(written) if len(written) < 40 else _MAJOR.search(comment) if "#" in comment else None
    return (int(found[1]), int(found[2]) if found[2] else 99) if found else None


def _keeps(step: Step) -> bool:
    return step.slug == "actions/checkout" and text_of(step.node["with"]["persist-credentials"]).lower() != "false"


def _publishes(step: Step, folder: str) -> bool:
    """Whether it uploads the checkout with the hidden files in it: newer versions leave these out."""
    if step.slug != "actions/upload-artifact":
        return False
    version = _version(step)
    hidden = text_of(step.node["with"]["include-hidden-files"]).lower() == "true"
    if not hidden and (version is None or version >= (4, 4)):
        return False
    whole = {".", "./", "${{ github.workspace }}", "${{github.workspace}}", "./**", "**", "*/", "**/*", ".git"}
    paths = {line.strip() for line in text_of(step.node["with"]["path"]).split("\n")}
    own = {f"{folder}", f"{folder}/", f"./{folder}", f"./{folder}/"} if folder else set()
    return bool(paths & (whole | own))


def _needs(job_steps: tuple[Step, ...]) -> bool:
    return any(
        _PUSHES.search(text_of(each.node["run"])) or any(word in each.slug for word in _NEEDS_IT) for each in job_steps
    )


@rule(
    "github-persisted-credentials",
    gate="workflow-security",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["zizmor:artipacked"],
    where=lambda step: step.slug == "actions/checkout",
)
def persisted_credentials(step: GithubStep) -> Iterator[Finding | Unknown]:
    """A checkout leaves no token behind.

    `actions/checkout` writes the job's token into `.git/config`, for later calls of git, unless
    `persist-credentials: false` says otherwise. Every later step can read it there. Where a step uploads the folder as
    an artifact, with `.git` in it, everybody who can read the run has the token (high); else it is low, and no fault
    where the job pushes.

    From version 6 on it is kept in a file beside the checkout, which an artifact of the folder does not hold, and from
    4.4 on `upload-artifact` leaves hidden files out.

    Bad, published:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          # expect: an artifact holds it
          - uses: actions/checkout@v4
          - run: make
          - uses: actions/upload-artifact@v4
            with: {name: all, path: ., include-hidden-files: true}
    ```

    Bad, left behind:
    ```yaml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          # expect: stays in .git/config
          - uses: actions/checkout@v4
          - run: cargo test --release
    ```

    Unknown, a commit of which nothing says the version:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@0000000000000000000000000000000000000000
          - uses: actions/upload-artifact@v4
            with: {name: all, path: ., include-hidden-files: true}
    ```

    Good:
    ```yaml
    on: push
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
            with: {persist-credentials: false}
          - uses: actions/upload-artifact@v4
            with: {path: .}
      push:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: make docs && git commit -am docs && git push
    ```
    """
    if not _keeps(step):
        return
    folder = text_of(step.node["with"]["path"]).strip().removeprefix("./").strip("/")
    upload = next((each for each in step.job.steps[step.index + 1 :] if _publishes(each, folder)), None)
    version = _version(step)
    fix = Fix("with: {persist-credentials: false}")
    if upload is not None and version is not None and version < (6, 0):
        words = "the job's token stays in .git/config, and an artifact holds it"
        yield Finding(step, words, (Note(upload, "this uploads the folder with .git"),), fix)
    elif upload is not None and version is None and len(step.uses.partition("@")[2]) == 40:
        yield Unknown(step, "an artifact holds the job's token, unless this is version 6 or newer, which nothing says")
    elif not _needs(step.job.steps):
        where = "stays in .git/config" if version is None or version < (6, 0) else "stays beside the checkout"
        yield Finding(step, f"the job's token {where}, and no step needs it there", (), fix, severity="low")
