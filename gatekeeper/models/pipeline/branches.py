"""What the name of a branch says: whether it is the default one, or one that is released from."""

from __future__ import annotations

import re
from collections.abc import Collection

from gatekeeper.models.pipeline import environments
from gatekeeper.models.pipeline.environments import Class

DEFAULTS = ("main", "master", "trunk")
_RELEASE = frozenset("release releases rel hotfix stable version versions deploy deployment".split())


def default_of(named: Collection[str]) -> str:
    """The default branch, as far as the names tell: `main`, `master` or `trunk`; '' where none of them is named."""
    return next((name for name in DEFAULTS if name in named), "")


def ref_of(branch: str, default: str) -> str:
    """The class of a push to a branch: push-default, push-release or push-other."""
    if branch == default:
        return "push-default"
    words = set(environments.tokens(branch))
    if words & _RELEASE or environments.classify(branch, place=False) is Class.PROD or re.match(r"v?\d", branch):
        return "push-release"
    return "push-default" if branch in DEFAULTS else "push-other"
