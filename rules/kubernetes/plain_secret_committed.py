from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.credentials import credential_in, decoded, is_about, is_placeholder, looks_random
from gatekeeper.models.kubernetes import Object, written
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "k8s-plain-secret-committed",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    where=lambda each: each.kind == "Secret" and each.group == "" and not each.node["sops"].present,
)
def plain_secret_committed(each: Object) -> Iterator[Finding]:
    """No Secret with a real value is committed.

    Base64 is no encryption: whoever can read the repository has the value, and it stays in the history. A Secret may
    stand here encrypted (SealedSecret, SOPS) or as a reference (ExternalSecret). Placeholders and Secrets that only
    carry configuration are left alone: what is looked for is a key named like a credential, or a value that is one: a
    private key, a registry's password, a random text, a password in a configuration file.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Secret
    metadata: {name: db}
    data:
      username: YXBw
      # expect: password
      password: dGlnZXI0Mg==
    ```

    Bad, inside a configuration file:
    ```yaml
    apiVersion: v1
    kind: Secret
    metadata: {name: grafana}
    stringData:
      # expect: grafana.ini
      grafana.ini: |
        [security]
        admin_password = tiger42
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Secret
    metadata: {name: empty}
    type: kubernetes.io/dockerconfigjson
    data: {.dockerconfigjson: e30=}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: db}
    stringData: {password: "${DB_PASSWORD}", username: app, token: <your-token>}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: encrypted}
    data: {password: "ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]"}
    sops: {version: 3.9.0}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: grafana-datasources}
    stringData:
      datasources.yaml: |
        datasources: [{name: prometheus, url: "http://prometheus:9090"}]
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: statements}
    stringData:
      secret.sql: |
        create table orders (id integer);
      api-token: token
      apiToken: YourPingdomApiToken
    ```
    """
    found = [(key, value) for key, value, text in _values(each) if _holds_credential(key, text)]
    if found:
        key, value = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        words = f"the value of {key}{more} is in the repository for all who read it"
        fix = Fix("encrypt it (SealedSecret, SOPS) or fetch it (ExternalSecret), and change the value")
        others = tuple(Note(other, "another value") for _, other in found[1:])
        yield Finding(value, words, others, fix)


def _values(each: Object) -> Iterator[tuple[str, Node, str]]:
    for key, value in each.node["stringData"].items():
        yield key, value, written(value)
    for key, value in each.node["data"].items():
        yield key, value, decoded(written(value))


def _holds_credential(key: str, text: str) -> bool:
    return credential_in(key, text, meant=True) or _is_random(key, text.strip())


def _is_random(key: str, text: str) -> bool:
    """In a Secret, what nobody would choose is one whatever its key is called; not an address, an id or a version."""
    return (
        len(text) >= 20
        and text.isascii()
        and "." not in text
        and not is_about(key)
        and looks_random(text)
        and not is_placeholder(text)
    )
