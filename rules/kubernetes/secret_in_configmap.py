from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note
from gatekeeper.models.credentials import credential_in, decoded
from gatekeeper.models.kubernetes import Object, written
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule(
    "k8s-secret-in-configmap",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    aliases=["KSV-0109"],
    where=lambda each: each.kind == "ConfigMap" and each.group == "",
)
def secret_in_configmap(each: Object) -> Iterator[Finding]:
    """No ConfigMap holds a credential.

    A ConfigMap is read by whoever may read the namespace, is not encrypted where Secrets are, and stands in the
    repository for all who read that. Looked at are its keys with their values, and settings in configuration files
    line by line, by name and by value as in k8s-hardcoded-secret-env: `passwordFile`, `tokenTTL`, `${PASSWORD}`, a
    path or a placeholder is none. Private keys, well-known tokens and addresses with a password are found under any
    name. Polaris' sensitiveConfigmapContent goes by the key's name alone and means something else.

    Bad:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    data:
      # expect: DB_PASSWORD
      DB_PASSWORD: tiger42
      DB_HOST: db
    ```

    Bad, inside a file:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: grafana}
    data:
      # expect: grafana.ini
      grafana.ini: |
        [security]
        admin_user = admin
        admin_password = tiger42
    ```

    Bad, in a file of one line:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    data:
      # expect: app.json
      app.json: '{"user": "shop", "password": "tiger42"}'
      app.properties: |
        db.password=tiger42
    ```

    Bad, an address:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    data:
      # expect: database
      database: postgres://shop:tr0ub4dor-3@db:5432/shop
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    data:
      DB_HOST: db
      PASSWORD_FILE: /run/secrets/db
      TOKEN_TTL: 15m
      SECRET_NAME: app-secrets
      API_TOKEN: ""
      app.ini: |
        [database]
        user = shop
        password = ${DB_PASSWORD}
        ; password = tiger42
      app.yml: |
        sonarr:
          api_key: !env_var SONARR_API_KEY
      nsswitch.conf: |
        passwd: files sss
        shadow: files
      ca.crt: |
        -----BEGIN CERTIFICATE-----
        MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJRTESMBAGA1UE
        -----END CERTIFICATE-----
    ```
    """
    found = [(key, value) for key, value, text in _texts(each) if credential_in(key, text)]
    if found:
        key, value = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        fix = Fix(
            "move it to a Secret that is encrypted here (SealedSecret, SOPS) or fetched (ExternalSecret); change it"
        )
        others = tuple(Note(other, "another value") for _, other in found[1:])
        yield Finding(value, f"{key}{more} holds a credential, for all who read the ConfigMap", others, fix)


def _texts(each: Object) -> Iterator[tuple[str, Node, str]]:
    yield from ((key, value, written(value)) for key, value in each.node["data"].items())
    yield from ((key, value, decoded(written(value))) for key, value in each.node["binaryData"].items())
