"""What a command does somewhere else: on a machine by ssh, in another repository by a push, by a call to a deployer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gatekeeper.models.pipeline import environments, tables
from gatekeeper.models.pipeline.environments import Class, tokens
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import regex

_SSH_VALUES = frozenset("-i -p -o -l -F -J -L -R -D -E -b -c -e -I -m -O -Q -S -w -W -B".split())
_PUSH_VALUES = frozenset("-o --push-option --repo --receive-pack --exec".split())
_HOST = regex(r"(?:[^/\s:@]{1,100}@)?[^/\s:@-][^/\s:@]{0,200}:(?!//|\\)")
_EDITED = regex(r"(?:values|kustomization|image|version|deploy|manifest|release|chart|app)[\w.*$/{}-]{0,100}\.ya?ml\Z")
_VERSION = regex(r"\.(?:image|tag|imagetag|newtag|digest)\b")
_DEPLOY_HOOK = regex(
    r"/deploy(?:s|ments?|_hooks?|/|\?|\Z)|/build_hooks/|/trigger/pipeline|/dispatches\b|/job/[^/\s]{1,200}/build"
)
_HOOK_NAME = regex(r"deploy\w{0,40}(?:hook|url|endpoint)|(?:hook|webhook)\w{0,20}deploy")
_PLATFORMS = frozenset({"heroku", "dokku"})


class Push(NamedTuple):
    """Where a `git push` goes: the remote, and the branch ('' where none is named)."""

    remote: str
    branch: str


def ssh_script(words: Sequence[str]) -> str | None:
    """What `ssh host …` runs there; '' for a session that reads its input, None where there is no host."""
    at = 1
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        at += 2 if words[at] in _SSH_VALUES else 1
    if at >= len(words):
        return None
    return " ".join(word for word in words[at + 1 :] if not word.startswith("-") or at + 1 < len(words))


def rolls_out(words: Sequence[str]) -> bool:
    """Whether a command that runs on another machine puts a new version into service there."""
    text = " ".join(word for word in words if not word.startswith("-"))
    return any(f"{text} ".startswith(f"{row} ") for row in tables.words("remote-deploys"))


def copies_away(words: Sequence[str]) -> bool:
    """Whether `rsync` or `scp` copies to another machine."""
    plain = [word for word in words[1:] if not word.startswith("-")]
    last = plain[-1] if len(plain) > 1 else ""
    return bool(_HOST.match(last)) and EXPRESSION not in last.partition(":")[2][:1]


def push(words: Sequence[str]) -> Push | None:
    """The target of `git push`; None for another command, for tags alone and for a deletion."""
    if words[:1] != ("git",) or "push" not in words[1:5]:
        return None
    rest = list(words[list(words).index("push") + 1 :])
    plain: list[str] = []
    while rest:
        word = rest.pop(0)
        if word in _PUSH_VALUES and rest:
            rest.pop(0)
        elif word in ("--delete", "-d", "--tags", "--dry-run", "-n"):
            return None
        elif not word.startswith("-"):
            plain.append(word)
    branch = plain[1].rpartition(":")[2].removeprefix("+").removeprefix("refs/heads/") if len(plain) > 1 else ""
    return None if branch.startswith("refs/tags/") else Push(plain[0] if plain else "", branch)


def kind_of_push(to: Push) -> str:
    """deploy for a push that a platform builds and runs, or to a branch of production; trigger for a release branch."""
    if to.remote in _PLATFORMS or any(f"{name}." in to.remote for name in _PLATFORMS):
        return "deploy"
    if not to.branch or "$" in to.branch or EXPRESSION in to.branch or "/" in to.branch:
        return ""
    if environments.classify(to.branch, place=False) is Class.PROD:
        return "deploy"
    return "trigger" if tokens(to.branch) == ["release"] else ""


def edits_manifest(words: Sequence[str]) -> str:
    """Whether a command writes another image or version into a manifest: certain, likely, or ''."""
    if words[:4] == ("kustomize", "edit", "set", "image"):
        return "certain"
    in_place = any(word.startswith(("-i", "--inplace", "--in-place", "-ri", "-Ei")) for word in words[1:])
    if words[:1] not in (("yq",), ("sed",)) or not in_place:
        return ""
    named = any(_EDITED.search(word.lower()) for word in words[2:])
    return "likely" if named or any(_VERSION.search(word.lower()) for word in words[1:]) else ""


def elsewhere(reference: str) -> bool:
    """Whether a text names a repository that is not this one."""
    return bool(reference) and "github.repository" not in reference and "CI_PROJECT_PATH" not in reference


def calls_deployer(words: Sequence[str]) -> bool:
    """Whether `curl` or `gh api` starts a deployment that something else runs."""
    if words[:2] == ("gh", "api"):
        return any("/dispatches" in word for word in words[2:])
    if words[:1] not in (("curl",), ("wget",), ("http",)):
        return False
    urls = [word for word in words[1:] if "://" in word or word.startswith("$")]
    sends = any(
        word in ("POST", "PUT", "-XPOST", "-XPUT", "--json", "--post-data") or word.startswith(("--data", "-d"))
        for word in words[1:]
    )
    return any((sends and _DEPLOY_HOOK.search(url)) or _HOOK_NAME.search(url.lower()) for url in urls)
