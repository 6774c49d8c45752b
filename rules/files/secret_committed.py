from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.files import Text
from gatekeeper.rule import Answer, Place, Reason, rule


@rule(
    "secret-committed",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda file: file.searched.text,
)
def secret_committed(file: Text) -> Iterator[Answer]:
    """No file holds a private key, a key of a cloud or a token of a service.

    Whoever can read the repository, or any clone of it, has the secret, and it stays in the history. Every text file is
    searched, whatever it describes: for private keys (PEM, also inside JSON; those of Google service accounts), keys of
    AWS and Azure, tokens that say by their form whose they are (GitHub, GitLab, Slack, Stripe, SendGrid, npm, PyPI,
    Docker Hub, DigitalOcean, OpenAI, Anthropic, Vault, Terraform Cloud and others), registries' passwords, private keys
    in a kubeconfig, `.npmrc`, `.netrc` and htpasswd, what a `.env` file sets by the name of a password or a key, and,
    in configuration files, addresses with their password. What has no form of its own is left to the rules that know
    what the file describes: a password in the source of a program is not found.

    Examples that every page uses (`AKIAIOSFODNN7EXAMPLE`), placeholders, public keys and certificates, and what SOPS,
    Sealed Secrets, git-crypt and Ansible Vault have encrypted are none. Less than critical are an AWS access key
    without its secret, webhooks and addresses (high), Google API keys, which pages carry in the open, keys behind a
    passphrase and plain words in a `.env` file that is not for production (medium) and signed tokens (low). What
    anybody can make, as a private key, is low in a test or an example; a token that a service has handed out is not.
    Test data, and packages taken in from elsewhere, are not searched. The value is never shown.

    Good:
    ```text .env.example
    DB_PASSWORD=change-me-please
    ```
    ```text .env
    DB_PASSWORD=${DB_PASSWORD}
    TOKEN_TTL=15m
    ```
    ```markdown README.md
    Set `aws_access_key_id = AKIAIOSFODNN7EXAMPLE` and
    `aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`, or
    `postgres://user:secret@db/app`; a key starts with -----BEGIN PRIVATE KEY----- and a token with ghp_.
    ```
    ```text .npmrc
    //registry.npmjs.org/:_authToken=${NPM_TOKEN}
    ```
    ```yaml config.yaml
    database: postgres://shop:${DB_PASSWORD}@db.internal:5432/shop
    local: postgres://postgres:postgres@localhost:5432/shop
    token: ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    ```
    ```text certificate.pem
    -----BEGIN CERTIFICATE-----
    MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJRTESMBAGA1UE
    -----END CERTIFICATE-----
    ```
    """
    searched = file.searched
    if searched.problem:
        yield Unknown(file, f"{file.path} was not searched: {searched.problem}", Reason.UNREADABLE)
    for secret in searched.secrets:
        at = Place(searched.source, searched.source.span(secret.start, secret.end))
        fix = Fix("replace it where it opens something, and take it out of here: the history keeps it")
        yield Finding(at, f"{secret.kind} stands here", fix=fix, severity=secret.grade)
