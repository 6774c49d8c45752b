from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.github.subjects import GithubStep
from gatekeeper.node import regex
from gatekeeper.rule import rule

_PUBLISHES = frozenset({"publish", "deploy", "imagepush", "sign"})
_NAME = regex(r"[@A-Za-z][\w@./-]{0,100}\Z")


def _packages(words: tuple[str, ...]) -> list[str]:
    """The packages that a command installs without a version."""
    program, *rest = words if words else ("",)
    if program in ("pip", "pip3") and rest[:1] == ["install"]:
        named = [] if set(rest) & {"-r", "-e", "--require-hashes", "--requirement", "-c"} else rest[1:]
        return [each for each in named if _NAME.match(each) and "==" not in each and each not in ("pip",)]
    if program == "npm" and rest[:1] in (["install"], ["i"]):
        return [each for each in rest[1:] if _NAME.match(each) and "@" not in each[1:]]
    if program == "gem" and rest[:1] == ["install"] and not set(rest) & {"-v", "--version"}:
        return [each for each in rest[1:] if _NAME.match(each) and ":" not in each]
    return []


@rule(
    "github-adhoc-install",
    gate="workflow-security",
    severity="low",
    seed="6.1 Security Hardening, Vulnerability management",
    where=lambda step: bool(step.scripts) and bool(step.job.kinds & _PUBLISHES),
)
def adhoc_install(step: GithubStep) -> Iterator[Finding]:
    """A job that publishes or deploys installs nothing whose version is open.

    `npm install tool` takes the newest version there is at that minute, and runs its install script with the job's
    credentials at hand. Name the version, or install from a lock file (`npm ci`, `pip install --require-hashes -r`).

    Judged are jobs that publish or deploy. zizmor's `adhoc-packages` is about every job, and about named versions as
    well, and so means something else.

    Bad:
    ```yaml
    on: {push: {tags: [v*]}}
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          # expect: vsce
          - run: npm install -g vsce
          - run: npm publish
    ```

    Good:
    ```yaml
    on: {push: {tags: [v*]}}
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          - run: npm ci && npm install -g vsce@2.15.0 && pip install -r requirements.txt ./dist/*.whl
          - run: npm publish
    ```
    """
    for script in step.scripts:
        names = _packages(script.command.words)
        if names:
            words = f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}: installed in whatever version is newest"
            yield Finding(script.place, words, (), Fix("name the version, or install from a lock file"))
