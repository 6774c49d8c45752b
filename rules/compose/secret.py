from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.compose import Service, default_of
from gatekeeper.models.credentials import is_credential
from gatekeeper.rule import rule


@rule(
    "compose-secret",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    where=lambda service: bool(service.environment or service.arguments),
)
def secret(service: Service) -> Iterator[Finding]:
    """No service's environment holds a credential that is written out.

    Whoever can read the repository, or its history, has it. Compose takes values from the environment
    (`${DB_PASSWORD}`), from an `env_file` that is not committed, or from `secrets`, which the container reads as a
    file. A file that says of itself that it is for development, tests or a demonstration is no less public: what is
    found there is of severity medium, since such passwords seldom open anything else.

    Bad:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        environment:
          # expect: DB_PASSWORD
          DB_PASSWORD: hunter2-and-more
      db:
        image: postgres:18
        environment:
          # expect: POSTGRES_PASSWORD
          - POSTGRES_PASSWORD=s3cr3t-value
          - POSTGRES_USER=app
    ```

    Bad, as a default, for a build, and in a file that is taken in:
    ```yaml compose.yaml
    include: [infra/queue.yaml]
    services:
      db:
        image: postgres:18
        environment:
          # expect: the default of POSTGRES_PASSWORD
          POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-tr0ub4dor-3}
      app:
        build:
          context: .
          args:
            # expect: NPM_TOKEN
            NPM_TOKEN: 8f14e45fceea167a5a36
    ```
    ```yaml infra/queue.yaml
    services:
      queue:
        image: rabbitmq:4.1
        environment:
          # expect: RABBITMQ_DEFAULT_PASS
          RABBITMQ_DEFAULT_PASS: tr0ub4dor-3
    ```

    Bad, for developers:
    ```yaml docker-compose.dev.yaml
    services:
      db:
        image: postgres:18
        environment:
          # expect: POSTGRES_PASSWORD
          POSTGRES_PASSWORD: postgres
    ```

    Good:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        environment:
          DB_PASSWORD: ${DB_PASSWORD:?set it}
          DB_PASSWORD_FILE: /run/secrets/db
          TOKEN_TTL: 15m
          API_KEY:
        secrets: [db]
      db:
        image: postgres:18
        environment: ["POSTGRES_PASSWORD=${DB_PASSWORD}", POSTGRES_DB=app]
    ```
    """
    for name, value in (*service.environment, *service.arguments):
        default = default_of(value)
        if is_credential(name, default or (value.text if value.known else "")):
            words = f"the {'default' if default else 'value'} of {name} is written out here"
            fix = Fix("take it from the environment (${...}) or from `secrets`, and change it")
            yield Finding(value, words, fix=fix, severity="medium" if service.development or default else None)
