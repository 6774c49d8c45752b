"""docker compose: each service of a compose file is a subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gatekeeper.discover import Tree
from gatekeeper.hookspecs import hookimpl
from gatekeeper.models import Subject
from gatekeeper.node import Fault, Source
from gatekeeper.parsers import yaml
from gatekeeper_compose.model import Service

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


@hookimpl
def gatekeeper_read(source: Source, tree: Tree) -> Iterable[Subject | Fault] | None:
    return _services(source) if source.path.rpartition("/")[2] in NAMES else None


def _services(source: Source) -> Iterator[Subject | Fault]:
    documents, faults = source.once(yaml.parse)
    yield from (fault._replace(technology="compose") for fault in faults)
    for document in documents:
        for name, node in document["services"].items():
            yield Service(node, name)


@hookimpl
def gatekeeper_catalogues() -> Iterable[Path]:
    return (Path(__file__).with_name("rules"),)
