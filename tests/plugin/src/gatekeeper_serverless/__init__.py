"""The Serverless Framework: each function of a serverless.yml is a subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gatekeeper.discover import Tree
from gatekeeper.hookspecs import hookimpl
from gatekeeper.models import Subject
from gatekeeper.node import Fault, Source
from gatekeeper.parsers import yaml
from gatekeeper_serverless.model import Function

NAMES = ("serverless.yml", "serverless.yaml")


@hookimpl
def gatekeeper_read(source: Source, tree: Tree) -> Iterable[Subject | Fault] | None:
    return _functions(source) if source.path.rpartition("/")[2] in NAMES else None


def _functions(source: Source) -> Iterator[Subject | Fault]:
    documents, faults = source.once(yaml.parse)
    yield from (fault._replace(technology="serverless") for fault in faults)
    for document in documents:
        for name, node in document["functions"].items():
            yield Function(node, name)


@hookimpl
def gatekeeper_catalogues() -> Iterable[Path]:
    return (Path(__file__).with_name("rules"),)
