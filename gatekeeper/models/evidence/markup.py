"""An artifact that is XML: what it begins with, and its elements one after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.parsers import xml
from gatekeeper.parsers.xml import Event


def opening(artifact: Artifact) -> list[Event]:
    """The elements that begin in the head of the artifact, the outermost first; none when it is no XML."""
    return xml.opening(artifact.head)


def events(artifact: Artifact, texts: Collection[str] = ()) -> Iterator[Event]:
    """Its elements as they begin and end. Raises `Unusable`."""
    try:
        yield from xml.events(artifact.stream(), texts)
    except xml.Malformed as error:
        raise Unusable("unreadable", str(error), error.line) from None
