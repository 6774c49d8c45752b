"""Who makes a Secret or ConfigMap: an object of the cluster, a generator, Terraform, or a command that is given.

And what asks for them: `references` of an object.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.commands import texts
from gatekeeper.links.selectors import compatible
from gatekeeper.models.kubernetes import Kustomization, Object, Workload, written
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
    "VaultSecret": (),
    "AzureKeyVaultSecret": ("spec.output.secret.name",),
    "GSMSecret": ("spec.targetSecret.name",),
    "BitwardenSecret": ("spec.secretName",),
    "DopplerSecret": ("spec.managedSecret.name",),
    "InfisicalSecret": ("spec.managedSecretReference.secretName",),
    "Certificate": ("spec.secretName",),
    "Issuer": ("spec.acme.privateKeySecretRef.name",),
    "ClusterIssuer": ("spec.acme.privateKeySecretRef.name",),
    "KafkaUser": (),
    "ObjectBucketClaim": (),
}
_LISTED = {
    "SecretProviderClass": ("spec.secretObjects", "secretName"),
    "SopsSecret": ("spec.secretTemplates", "name"),
    "Ingress": ("spec.tls", "secretName"),
}
# Operators name the Secrets of an object after it: `orders-app`, `search-es-elastic-user`, `mq-default-user`.
_NAMED_AFTER = frozenset(
    """
    ArgoCD CrdbCluster Elasticsearch Grafana InnoDBCluster Kafka KafkaConnect Keycloak Kibana MariaDB MongoDBCommunity
    PerconaServerMongoDB PerconaXtraDBCluster PostgresCluster RabbitmqCluster Redis RedisCluster RedisFailover Tenant
    TidbCluster User Database
    """.split()
)
_GIVEN_BY_THE_CLUSTER = frozenset({"kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt"})
_IN_PROSE = regex(r"^kind:[ ]*(Secret|ConfigMap)\b(?:.*\n){1,6}?[ ]+name:[ ]*[\"']?([\w.-]{1,200})", re.MULTILINE)
_COMMAND = regex(r"\bcreate\s+(secret|configmap|cm)\b((?:[^\n\\]|\\\r?\n|\\.){0,400})")
_WITH_VALUE = frozenset({"-n", "--namespace", "--context", "--kubeconfig"})
_TYPES = frozenset({"generic", "tls", "docker-registry"})


class Producer(NamedTuple):
    """What makes a Secret: its kind in a word or two, where it stands, and in which namespace ('' when not said).

    `keys` are those that it will have; None when they are not all visible.
    """

    kind: str
    path: str
    namespace: str = ""
    node: Node | None = None
    keys: frozenset[str] | None = None


class Reference(NamedTuple):
    """What an object asks for: a Secret or ConfigMap by name, and one of its keys where it names one."""

    kind: str
    name: Node
    optional: bool
    key: Node | None = None
    by: str = "pod"  # pod, pull, ingress


def producers_of(name: str, namespace: str, project: Project) -> list[Producer]:
    """Everything in the repository that makes a Secret of that name."""
    return _producers("Secret", name, namespace, project) or _named_after(name, namespace, project)


def config_maps_of(name: str, namespace: str, project: Project) -> list[Producer]:
    """Everything in the repository that makes a ConfigMap of that name."""
    if name in _GIVEN_BY_THE_CLUSTER:
        return [Producer("cluster", "")]
    return _producers("ConfigMap", name, namespace, project)


def _producers(kind: str, name: str, namespace: str, project: Project) -> list[Producer]:
    table = project.once("secret_objects", _declared)[kind]
    declared = [each for each in table.get(name, ()) if compatible(each.namespace, namespace)]
    return declared or project.once("secret_commands", _commanded)[kind].get(name) or _in_terraform(kind, name, project)


def _named_after(name: str, namespace: str, project: Project) -> list[Producer]:
    return [
        Producer(each.kind, each.path, each.namespace, each.node)
        for each in project.once("secret_operators", _operated)
        if (name.startswith(f"{each.object_name}-") or f".{each.object_name}.credentials." in name)
        and compatible(each.namespace, namespace)
    ]


def _operated(project: Project) -> list[Object]:
    return [
        each
        for each in project.all(Object)
        if each.kind in _NAMED_AFTER
        or (each.kind == "Cluster" and each.group == "postgresql.cnpg.io")
        or (each.kind == "postgresql" and each.group == "acid.zalan.do")
    ]


def makes_secrets(project: Project, kind: str = "Secret") -> bool:
    """Whether the repository declares any of its Secrets (ConfigMaps): one that is missing was then forgotten."""
    return bool(project.once("secret_objects", _declared)[kind])


def _declared(project: Project) -> dict[str, dict[str, list[Producer]]]:
    tables: dict[str, dict[str, list[Producer]]] = {"Secret": defaultdict(list), "ConfigMap": defaultdict(list)}
    for each in project.all(Object):
        for name in _made_by(each):
            tables["Secret"][name].append(Producer(each.kind, each.path, each.namespace, each.node, _keys(each)))
        if each.kind in ("ConfigMap", "Bundle") and each.group in ("", "trust.cert-manager.io"):
            found = Producer(each.kind, each.path, each.namespace, each.node, _keys(each))
            tables["ConfigMap"][each.object_name].append(found)
    for kustomization in project.all(Kustomization):
        for kind, field in (("Secret", "secretGenerator"), ("ConfigMap", "configMapGenerator")):
            generators = kustomization.node[field]
            for generator in generators if generators.is_list else ():
                found = Producer(field, kustomization.path, "", generator, _generated(generator))
                tables[kind][written(generator["name"])].append(found)
    for table in tables.values():
        table.pop("", None)
    return tables


def _keys(each: Object) -> frozenset[str] | None:
    """The keys of what an object makes, where they are all visible: else something may add to them."""
    if each.kind in ("Secret", "ConfigMap"):
        if written(each.node["type"]) == "kubernetes.io/service-account-token" or each.annotations:
            return None  # controllers fill in by annotation
        return _all(each.node[field] for field in ("data", "stringData", "binaryData"))
    if each.kind == "SealedSecret":
        return _all((each.spec["encryptedData"], each.spec.at("template.data")))
    if (
        each.kind == "ExternalSecret"
        and not each.spec["dataFrom"].present
        and not each.spec.at("target.template").present
    ):
        if written(each.spec.at("target.creationPolicy")) not in ("", "Owner"):
            return None
        data = each.spec["data"]
        if data.is_list and all(entry["secretKey"].known for entry in data):
            return frozenset(written(entry["secretKey"]) for entry in data)
    return None


def _all(parts: Iterable[Node]) -> frozenset[str] | None:
    found: set[str] = set()
    for part in parts:
        if not part.known or (part.present and not part.is_mapping):
            return None
        found.update(key for key, _ in part.items())
    return frozenset(found) if found else None  # an empty one is filled by somebody


def _generated(generator: Node) -> frozenset[str] | None:
    if generator["behavior"].present or generator["envs"].present or generator["env"].present:
        return None
    keys: set[str] = set()
    for entry in generator["literals"] if generator["literals"].is_list else ():
        keys.add(written(entry).partition("=")[0])
    for entry in generator["files"] if generator["files"].is_list else ():
        name, sign, _ = written(entry).partition("=")
        keys.add(name if sign else name.rpartition("/")[2])
    return frozenset(keys) or None


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
            if kind != "Ingress" or _by_cert_manager(each):
                yield written(item[field])
    connection = each.spec.at("writeConnectionSecretToRef.name")
    if connection.present:
        yield written(connection)


def _commanded(project: Project) -> dict[str, dict[str, list[Producer]]]:
    tables: dict[str, dict[str, list[Producer]]] = {"Secret": defaultdict(list), "ConfigMap": defaultdict(list)}
    for path, text in texts(
        project, "create secret", "create configmap", "create cm", "kind: Secret", "kind: ConfigMap"
    ):
        for found in _COMMAND.finditer(text):
            name = _named(found[2])
            kind = "Secret" if found[1] == "secret" else "ConfigMap"
            if name:
                tables[kind][name].append(Producer(f"kubectl create {found[1]}", path))
        if not path.endswith((".yaml", ".yml")):  # a manifest inside a script or page
            for found in _IN_PROSE.finditer(text):
                tables[found[1]][found[2]].append(Producer(f"a manifest of {path}", path))
    return tables


def _named(arguments: str) -> str:
    """The word behind the Secret's type, options left aside."""
    words = iter(re.sub(r"\\\r?\n", " ", arguments).split())
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-") and word not in _TYPES:
            return word.strip("\"'`")
    return ""


def _in_terraform(kind: str, name: str, project: Project) -> list[Producer]:
    resource = "kubernetes_secret" if kind == "Secret" else "kubernetes_config_map"
    quoted = f'"{name}"'
    return [
        Producer(resource, path)
        for path, text in project.once("secret_terraform", lambda project: [*_terraform(project)])
        if quoted in text and resource in text
    ]


def _terraform(project: Project) -> Iterator[tuple[str, str]]:
    for path in project.tree.paths:
        if path.endswith((".tf", ".tofu")):
            try:
                text = project.tree.source(path).text
            except Unreadable:
                continue
            if "kubernetes_secret" in text or "kubernetes_config_map" in text:
                yield path, text


def references(each: Object) -> Iterator[Reference]:
    """What an object asks for: env, envFrom, volumes, pull secrets of a pod; those of a ServiceAccount; an Ingress'."""
    if isinstance(each, Workload):
        yield from _of_pod(each)
    elif each.kind == "ServiceAccount":
        yield from _pulls(each.node["imagePullSecrets"])
    elif each.kind == "Ingress" and not _by_cert_manager(each):
        for entry in _items(each.spec["tls"]):
            if entry["secretName"].present:
                yield Reference("Secret", entry["secretName"], False, by="ingress")


def _of_pod(workload: Workload) -> Iterator[Reference]:
    for container in workload.containers:
        for variable in container.env:
            yield from _one(
                "Secret", variable.value_from["secretKeyRef"], "name", variable.value_from["secretKeyRef"]["key"]
            )
            yield from _one(
                "ConfigMap",
                variable.value_from["configMapKeyRef"],
                "name",
                variable.value_from["configMapKeyRef"]["key"],
            )
        for entry in _items(container.node["envFrom"]):
            yield from _one("Secret", entry["secretRef"], "name")
            yield from _one("ConfigMap", entry["configMapRef"], "name")
    for volume in _items(workload.pod["volumes"]):
        yield from _volume("Secret", volume["secret"], "secretName")
        yield from _volume("ConfigMap", volume["configMap"], "name")
        for source in _items(volume["projected"]["sources"]):
            yield from _volume("Secret", source["secret"], "name")
            yield from _volume("ConfigMap", source["configMap"], "name")
    yield from _pulls(workload.pod["imagePullSecrets"])


def _one(kind: str, reference: Node, field: str, key: Node | None = None) -> Iterator[Reference]:
    if reference.present:
        yield Reference(kind, reference[field], written(reference["optional"]) == "true", key)


def _volume(kind: str, reference: Node, field: str) -> Iterator[Reference]:
    yield from _one(kind, reference, field)
    for item in _items(reference["items"]):
        yield from _one(kind, reference, field, item["key"])


def _pulls(entries: Node) -> Iterator[Reference]:
    for entry in _items(entries):
        yield Reference("Secret", entry["name"], False, by="pull")


def _by_cert_manager(each: Object) -> bool:
    return any(key.startswith(("cert-manager.io/", "kubernetes.io/tls-acme")) for key in each.annotations)


def _items(node: Node) -> list[Node]:
    return list(node) if node.is_list else []
