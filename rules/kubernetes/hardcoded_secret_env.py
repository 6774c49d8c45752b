from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.credentials import is_credential
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
    value that is a path, an address, a reference into a store, `$(OTHER)` or a placeholder is none. Private keys,
    well-known tokens and passwords inside an address are found under any name. `changeme` is not taken for a
    placeholder: it would be the password.

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
                - {name: MAX_TOKENS, value: "4096"}
                - {name: API_KEY, value: "${API_KEY}"}
                - {name: DATABASE_URL, value: "postgres://$(DB_USER):$(DB_PASSWORD)@db:5432/app"}
                - {name: AUTH_TOKEN, value: "vault:secret/data/app#token"}
                - {name: SECRET_KEY, value: <your-key>}
                - {name: GOOGLE_API_KEY, value: GOOGLE_API_KEY_VAL}
                - {name: ALLOW_EMPTY_PASSWORD, value: "yes"}
    ```
    """
    for variable in container.env:
        if variable.value.known and is_credential(variable.name, variable.value.text):
            words = f"the value of {variable.name} is written out here"
            yield Finding(
                variable.value, words, fix=Fix("take it from a Secret with valueFrom.secretKeyRef, and change it")
            )
