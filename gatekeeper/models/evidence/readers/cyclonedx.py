"""CycloneDX in JSON, from 1.2 on (https://cyclonedx.org/docs/1.6/json/).

It says what something is made of. That it lists everything, it cannot prove: only how much it lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from msgspec import Struct, field

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Bill, Facts

_LAST = re.compile(rb'"bomFormat"\s*+:\s*+"CycloneDX"')
_VERSION = re.compile(r"1\.(?:[2-9]|[1-9]\d)")


class _Component(Struct):
    name: str
    version: str | None = None
    purl: str | None = None
    components: list[_Component] = []


class _Tool(Struct):
    name: str | None = None
    version: str | None = None


class _Tools(Struct):
    """The tools as they are since 1.5; before that they were a list."""

    components: list[_Tool] = []


class _Metadata(Struct):
    timestamp: str | None = None
    component: _Component | None = None
    tools: _Tools | list[_Tool] | None = None


class _Bom(Struct):
    format: str = field(name="bomFormat")
    spec: str = field(name="specVersion")
    metadata: _Metadata | None = None
    components: list[_Component] = []


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if "bomFormat" in keys:
        return keys["bomFormat"] == "CycloneDX"
    late = bool(keys.keys() & {"components", "metadata", "dependencies", "services", "vulnerabilities"})
    return late and bool(_LAST.search(bytes(artifact.data[-4096:])))  # the Python library writes it last


def read(artifact: Artifact) -> Iterator[Facts]:
    bom = artifact.json(_Bom)
    if bom.format != "CycloneDX" or not _VERSION.fullmatch(bom.spec):
        said = reported.words(f"{bom.format} {bom.spec}", 40)
        raise Unusable("unreadable", f"is {said!r}; CycloneDX 1.2 or a later 1.x was expected")
    subject = bom.metadata.component if bom.metadata else None
    count = sum(1 for component in _all(bom.components) if component.name.strip() and component != subject)
    if not count:
        raise Unusable("empty", "the bill of materials lists no component")
    metadata = bom.metadata or _Metadata()
    tool = next(iter(_tools(metadata)), None)
    yield Bill(
        tool=reported.words(tool.name, 60) if tool else "",
        version=reported.words(tool.version, 40) if tool else "",
        made=reported.moment(metadata.timestamp),
        components=count,
        subject=_subject(metadata.component),
    )


def _all(components: list[_Component]) -> Iterator[_Component]:
    """Components, and those that they are put together from."""
    left = list(components)
    while left:
        component = left.pop()
        yield component
        left.extend(component.components)


def _tools(metadata: _Metadata) -> list[_Tool]:
    """The tools; those that make such bills first, since package managers are listed as well."""
    tools = metadata.tools or []
    components = tools.components if isinstance(tools, _Tools) else tools
    named = [tool for tool in components if "cyclonedx" in (tool.name or "").lower()]
    return list(chain(named, components))


def _subject(component: _Component | None) -> str:
    if component is None:
        return ""
    return reported.words(component.purl or "@".join(filter(None, (component.name, component.version))))
