"""SPDX 2.2 and 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/), as GitHub wraps it (`{"sbom": {...}}`), and the
packages of an SPDX 3.0 graph (https://spdx.github.io/spdx-spec/v3.0.1/).

Packages are counted, without the one that the document describes: a bill that names only its subject lists nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Bill, Facts

_CONTEXT = "https://spdx.org/rdf/3."
_DOCUMENT = "SPDXRef-DOCUMENT"
_PARTS = {"files", "packages", "relationships", "snippets", "sbom"}
_TOOL = re.compile(r"Tool:\s*+(.{1,200})", re.DOTALL)
_RELEASE = re.compile(r"-v?\d")


class _Package(Struct):
    id: str = field(name="SPDXID")
    name: str
    version: str | None = field(name="versionInfo", default=None)


class _Relationship(Struct, rename="camel"):
    spdx_element_id: str = ""
    relationship_type: str = ""
    related_spdx_element: str = ""


class _Creation(Struct):
    created: str | None = None
    creators: list[str] = []


class _Document(Struct):
    format: str | None = field(name="spdxVersion", default=None)
    creation: _Creation | None = field(name="creationInfo", default=None)
    packages: list[_Package] = []
    relationships: list[_Relationship] = []
    describes: list[str] | None = field(name="documentDescribes", default=None)
    sbom: _Document | None = None


class _Element(Struct):
    type: str = ""
    id: str = field(name="spdxId", default="")
    name: str | None = None
    created: str | None = None
    roots: list[str] = field(name="rootElement", default_factory=list)


class _Graph(Struct):
    context: str = field(name="@context")
    elements: list[_Element] = field(name="@graph")


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if keys.get("spdxVersion", "").startswith("SPDX-") or "SPDXID" in keys or _is_graph(keys):
        return True
    inside = b'"SPDXID"' in artifact.head or b'"spdxElementId"' in artifact.head
    return bool(keys.keys() & _PARTS) and inside


def read(artifact: Artifact) -> Iterator[Facts]:
    if _is_graph(json_text.keys(artifact.head)):
        yield _of_graph(artifact.json(_Graph))
        return
    document = artifact.json(_Document)
    yield _of_document(document.sbom or document)


def _is_graph(keys: dict[str, str]) -> bool:
    return keys.get("@context", "").startswith(_CONTEXT)


def _of_document(document: _Document) -> Bill:
    if not (document.format or "").startswith("SPDX-2."):
        raise Unusable("unreadable", f"is {reported.words(document.format, 40)!r}; SPDX-2.2 or SPDX-2.3 was expected")
    packages = {package.id: package for package in document.packages if package.name.strip()}
    described = [id for id in _described(document) if id in packages]
    creation = document.creation or _Creation()
    tool, version = _tool(creation.creators)
    subject = packages[described[0]] if len(described) == 1 else None
    return Bill(
        tool=tool,
        version=version,
        made=reported.moment(creation.created),
        components=_counted(len(packages), len(described)),
        subject=reported.words("@".join(filter(None, (subject.name, subject.version)))) if subject else "",
    )


def _described(document: _Document) -> dict[str, None]:
    ids = dict.fromkeys(document.describes or ())
    for link in document.relationships:
        if link.relationship_type == "DESCRIBES" and link.spdx_element_id == _DOCUMENT:
            ids[link.related_spdx_element] = None
        elif link.relationship_type == "DESCRIBED_BY" and link.related_spdx_element == _DOCUMENT:
            ids[link.spdx_element_id] = None
    return ids


def _of_graph(graph: _Graph) -> Bill:
    packages = {element.id: element for element in graph.elements if element.type == "software_Package"}
    described = [id for id in dict.fromkeys(id for element in graph.elements for id in element.roots) if id in packages]
    times = [made for element in graph.elements if (made := reported.moment(element.created))]
    tools = [element.name for element in graph.elements if element.type == "Tool"]
    tool, version = _release(tools[0] or "") if tools else ("", "")
    return Bill(
        tool=tool,
        version=version,
        made=min(times, default=None),
        components=_counted(len(packages), len(described)),
        subject=reported.words(packages[described[0]].name) if len(described) == 1 else "",
    )


def _counted(packages: int, described: int) -> int:
    """Packages that are not what is described; where several are described, all of them are the content."""
    count = packages - 1 if described == 1 else packages
    if not count:
        raise Unusable("empty", "the bill of materials lists no package beside what it describes")
    return count


def _tool(creators: Iterable[str]) -> tuple[str, str]:
    """`Tool: name-1.2.3` as name and version."""
    named = next((match for creator in creators if (match := _TOOL.match(creator))), None)
    return _release(named[1]) if named else ("", "")


def _release(text: str) -> tuple[str, str]:
    at = next((match.start() for match in _RELEASE.finditer(text[:200])), len(text))
    return reported.words(text[:at], 60), reported.words(text[at + 1 :], 40)
