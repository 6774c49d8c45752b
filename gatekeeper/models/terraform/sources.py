"""Where modules come from, by the words of `source`.

https://developer.hashicorp.com/terraform/language/modules/sources
"""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.node import regex

_REGISTRY = regex(
    r"(?:[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,9}(?::\d{1,5})?/)?[\w-]{1,64}/[\w-]{1,64}/[a-z0-9-]{1,64}\Z"
)
_HOSTS = ("github.com/", "bitbucket.org/", "gitlab.com/")  # the first two are cloned without being asked to


class Checkout(NamedTuple):
    """A repository that is cloned, and the branch, tag or commit of it; '' for its default branch."""

    repository: str
    ref: str


def checkout(source: str) -> Checkout | None:
    """What a source clones by git or Mercurial; None for other sources."""
    forced, found, rest = source.partition("::")
    kind = forced if found and forced in ("git", "hg") else ""
    if found and not kind:
        return None
    address = rest if kind else source
    if not (kind or address.startswith((*_HOSTS[:2], "git@")) or _is_git(address)):
        return None
    path, _, query = address.partition("?")
    wanted = "rev=" if kind == "hg" else "ref="
    refs = [part.removeprefix(wanted) for part in query.split("&") if part.startswith(wanted)]
    return Checkout(path, refs[0] if refs else "")


def _is_git(address: str) -> bool:
    path = address.partition("?")[0]
    return path.startswith(("ssh://", "https://", "http://")) and path.partition("//")[2].partition("//")[0].endswith(
        ".git"
    )


def in_registry(source: str) -> bool:
    """Whether a source names a module of a registry: `namespace/name/provider`, perhaps of a host of its own."""
    address = source.partition("//")[0]
    return not address.startswith(_HOSTS) and _REGISTRY.match(address) is not None
