"""Who makes a Secret: an object of the cluster, a generator, Terraform, or a command that a script or page gives."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.commands import texts
from gatekeeper.links.selectors import compatible
from gatekeeper.models.kubernetes import Kustomization, Object, written
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

# Where an object of that kind names the Secret that its controller makes; the object's own name when it says nothing.
_BY_KIND = {
    "Secret": (),
    "SealedSecret": ("spec.template.metadata.name",),
    "ExternalSecret": ("spec.target.name",),
    "ClusterExternalSecret": ("spec.externalSecretSpec.target.name", "spec.externalSecretName"),
    "OnePasswordItem": (),
    "VaultStaticSecret": ("spec.destination.name",),
    "VaultDynamicSecret": ("spec.destination.name",),
    "VaultPKISecret": ("spec.destination.name",),
    "BitwardenSecret": ("spec.secretName",),
    "DopplerSecret": ("spec.managedSecret.name",),
    "InfisicalSecret": ("spec.managedSecretReference.secretName",),
    "Certificate": ("spec.secretName",),
}
_LISTED = {
    "SecretProviderClass": ("spec.secretObjects", "secretName"),
    "SopsSecret": ("spec.secretTemplates", "name"),
    "Ingress": ("spec.tls", "secretName"),
}
_COMMAND = regex(r"\bcreate\s+secret\b((?:[^\n\\]|\\\r?\n|\\.){0,400})")
_WITH_VALUE = frozenset({"-n", "--namespace", "--context", "--kubeconfig"})
_TYPES = frozenset({"generic", "tls", "docker-registry"})


class Producer(NamedTuple):
    """What makes a Secret: its kind in a word or two, where it stands, and in which namespace ('' when not said)."""

    kind: str
    path: str
    namespace: str = ""
    node: Node | None = None


def producers_of(name: str, namespace: str, project: Project) -> list[Producer]:
    """Everything in the repository that makes a Secret of that name."""
    declared = [
        each
        for each in project.once("secret_objects", _declared).get(name, ())
        if compatible(each.namespace, namespace)
    ]
    return declared or project.once("secret_commands", _commanded).get(name, []) or _in_terraform(name, project)


def makes_secrets(project: Project) -> bool:
    """Whether the repository declares any of its Secrets: one that is missing was then forgotten."""
    return bool(project.once("secret_objects", _declared))


def _declared(project: Project) -> dict[str, list[Producer]]:
    table: dict[str, list[Producer]] = defaultdict(list)
    for each in project.all(Object):
        for name in _made_by(each):
            table[name].append(Producer(each.kind, each.path, each.namespace, each.node))
    for kustomization in project.all(Kustomization):
        generators = kustomization.node["secretGenerator"]
        for generator in generators if generators.is_list else ():
            table[written(generator["name"])].append(Producer("secretGenerator", kustomization.path, "", generator))
    table.pop("", None)
    return table


def _made_by(each: Object) -> Iterator[str]:
    kind = each.kind
    if kind in _BY_KIND:
        named = (written(each.node.at(path)) for path in _BY_KIND[kind])
        yield next((name for name in named if name), each.object_name)
    elif kind in _LISTED:
        path, field = _LISTED[kind]
        listed = each.node.at(path)
        for item in listed if listed.is_list else ():
            # A certificate for an Ingress is made only where cert-manager is asked for it.
            if kind != "Ingress" or any(key.startswith("cert-manager.io/") for key in each.annotations):
                yield written(item[field])
    elif each.group == "postgresql.cnpg.io" and kind == "Cluster":
        yield from (f"{each.object_name}-{role}" for role in ("app", "superuser"))
    connection = each.spec.at("writeConnectionSecretToRef.name")
    if connection.present:
        yield written(connection)


def _commanded(project: Project) -> dict[str, list[Producer]]:
    table: dict[str, list[Producer]] = defaultdict(list)
    for path, text in texts(project, "create secret"):
        for found in _COMMAND.finditer(text):
            name = _named(found[1])
            if name:
                table[name].append(Producer("kubectl create secret", path))
    return table


def _named(arguments: str) -> str:
    """The word behind the Secret's type, options left aside."""
    words = iter(re.sub(r"\\\r?\n", " ", arguments).split())
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-") and word not in _TYPES:
            return word.strip("\"'`")
    return ""


def _in_terraform(name: str, project: Project) -> list[Producer]:
    quoted = f'"{name}"'
    return [
        Producer("kubernetes_secret", path)
        for path, text in project.once("secret_terraform", lambda project: [*_terraform(project)])
        if quoted in text
    ]


def _terraform(project: Project) -> Iterator[tuple[str, str]]:
    for path in project.tree.paths:
        if path.endswith((".tf", ".tofu")):
            try:
                text = project.tree.source(path).text
            except Unreadable:
                continue
            if "kubernetes_secret" in text:
                yield path, text
