from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.credentials import credential_in
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-hardcoded-secret-env",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda container: bool(container.env),
)
def hardcoded_secret_env(container: Container) -> Iterator[Finding]:
    """No container is given a credential as plain text in its environment.

    Whoever can read the repository, or the workload in the cluster, has it; and it stays in the history. Name and
    value are both looked at: `SECRETS_DIR`, `TOKEN_TTL` and `PASSWORD_FILE` name something about a credential, and a
    value that is a path, an address, a reference into a store, `$(OTHER)` or a placeholder is none. Where the name says
    password, any word is one (`postgres`, `changeme`); where it says `token` or `secret` and no more, which may be the
    name of one, the value must look random. Private keys, well-known tokens and passwords inside an address are found
    under any name.

    Tools that go by the name alone (kube-linter's env-var-secret, polaris' sensitiveContainerEnvVar) mean something
    else.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              env:
                - name: DB_PASSWORD
                  # expect: DB_PASSWORD
                  value: "hardcoded-password"
                - name: DATABASE_URL
                  # expect: DATABASE_URL
                  value: postgres://app:tiger@db:5432/app
                - name: JDBC_URL
                  # expect: JDBC_URL
                  value: jdbc:sqlserver://db:1433;user=app;password=tr0ub4dor-3;encrypt=true
                - name: CONFIG
                  # expect: CONFIG
                  value: '{"user": "app", "password": "tr0ub4dor-3"}'
                # expect: apiToken
                - {name: apiToken, value: 8f14e45fceea167a5a36}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              env:
                - name: DB_PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: db-secrets
                      key: password
                - {name: DB_PASSWORD_FILE, value: /run/secrets/db}
                - {name: SECRETS_DIR, value: /etc/secrets}
                - {name: TOKEN_TTL, value: 15m}
                - {name: TLS_SECRET, value: shop-tls}
                - {name: MAX_TOKENS, value: "4096"}
                - {name: API_KEY, value: "${API_KEY}"}
                - {name: DATABASE_URL, value: "postgres://$(DB_USER):$(DB_PASSWORD)@db:5432/app"}
                - {name: AUTH_TOKEN, value: "vault:secret/data/app#token"}
                - {name: SECRET_KEY, value: <your-key>}
                - {name: GOOGLE_API_KEY, value: GOOGLE_API_KEY_VAL}
                - {name: ALLOW_EMPTY_PASSWORD, value: "yes"}
                - {name: JDBC_URL, value: "jdbc:postgresql://db/app?user=app&password=$(DB_PASSWORD)"}
                - {name: MYSQL_ALLOW_EMPTY_PASSWORD, value: "1"}
                - {name: OAUTH2_PROXY_COOKIE_SECRET, value: SECRET}
                - {name: NGC_API_KEY, value: nvapi-NVKEY}
    ```
    """
    for variable in container.env:
        if variable.value.known and credential_in(variable.name, variable.value.text):
            words = f"the value of {variable.name} is written out here"
            yield Finding(
                variable.value, words, fix=Fix("take it from a Secret with valueFrom.secretKeyRef, and change it")
            )
