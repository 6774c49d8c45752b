"""What a path says of itself: that what lies there is not for production."""

from __future__ import annotations

from gatekeeper.node import regex

_WORDS = regex(r"[a-z0-9]+")
_TRIAL = frozenset(
    "example examples demo sample samples test tests e2e dev local playground tutorial ci debug bench".split()
)


def for_trial(path: str) -> bool:
    """Whether a path says that what lies there is for a demonstration, a test or a developer's machine."""
    return not _TRIAL.isdisjoint(_WORDS.findall(path.lower()))
