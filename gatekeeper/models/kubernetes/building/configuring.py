"""`configurations`: files that name more fields for the transformations, mostly those of custom resources."""

from __future__ import annotations

from gatekeeper.models.kubernetes.building.facts import Fields, FieldSpec, NameReference, path_of
from gatekeeper.models.kubernetes.building.nodes import listed, mapping, said, text
from gatekeeper.node import Node

_KEYS = {
    "namePrefix": "name_prefix",
    "nameSuffix": "name_suffix",
    "namespace": "namespace",
    "commonLabels": "common_labels",
    "labels": "labels",
    "templateLabels": "template_labels",
    "commonAnnotations": "common_annotations",
    "images": "images",
    "replicas": "replicas",
}
_MANY = 2000


def with_configuration(fields: Fields, node: Node) -> Fields:
    """The fields with those of a configuration file added. Each is there once."""
    pairs = mapping(node)
    for key, name in _KEYS.items():
        added = tuple(_spec(each) for each in listed(pairs.get(key))[:_MANY])
        if added:
            fields = fields._replace(**{name: tuple(dict.fromkeys((*getattr(fields, name), *added)))})
    references = tuple(_reference(each) for each in listed(pairs.get("nameReference"))[:_MANY])
    return fields._replace(name_reference=tuple(dict.fromkeys((*fields.name_reference, *references))))


def _spec(node: Node) -> FieldSpec:
    pairs = mapping(node)
    kind, group, version = (text(pairs.get(key)) for key in ("kind", "group", "version"))
    return FieldSpec(
        path_of(text(pairs.get("path"))), kind, group, version, "create" in pairs and said(pairs["create"])
    )


def _reference(node: Node) -> NameReference:
    pairs = mapping(node)
    kind, group, version = (text(pairs.get(key)) for key in ("kind", "group", "version"))
    return NameReference(kind, group, version, tuple(_spec(each) for each in listed(pairs.get("fieldSpecs"))[:_MANY]))
