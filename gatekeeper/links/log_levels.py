"""Which variables say how much a program logs, and where that is production."""

from __future__ import annotations

from gatekeeper.models.pipeline.environments import Class, classify, tokens
from gatekeeper.node import regex

_LEVEL = regex(r"(?:[A-Z0-9]{1,40}_){0,5}(?:LOG_?LEVEL|LOGGING_LEVEL(?:_[A-Z0-9_]{1,60})?|LOG_?VERBOSITY)\Z|RUST_LOG\Z")
_ALL = frozenset({"debug", "trace", "verbose", "silly", "all", "finest", "finer"})


def is_level(name: str) -> bool:
    """Whether a variable is called like one that sets the level of logs."""
    return _LEVEL.match(name.upper()) is not None


def tells_all(level: str) -> bool:
    """Whether at this level a program prints what it debugs."""
    return level.strip().strip("\"'").lower() in _ALL


def in_production(*places: str) -> bool:
    """Whether a namespace, or a folder of a path, is called like production, and none like something else."""
    words = [part for place in places for part in place.split("/")[-8:] if part and len(tokens(part)) <= 3]
    classes = {classify(each) for each in words}
    return Class.PROD in classes and not classes & {Class.NONPROD, Class.EPHEMERAL}
