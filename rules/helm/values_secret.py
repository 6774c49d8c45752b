from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.credentials import is_credential, looks_random, means_password
from gatekeeper.models.helm import Chart
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.models.secrets import has_known_format
from gatekeeper.node import Node, regex
from gatekeeper.rule import rule

# `existingSecret`, `tokenSecretKey: token`: which Secret it stands in, and under which key, is no secret.
_NAMES_ONE = regex(r"(?:existing|external|create)|[A-Za-z0-9]+(?:[Ss]ecret_?(?:[Kk]ey|[Nn]ame)s?|Secrets?)\Z")
_WORD = regex(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*\Z")
_SAMPLE = regex(r"(?:your[A-Z]|Your[A-Z]|example|sample)")


@rule(
    "helm-values-secret",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    where=lambda chart: bool(chart.value_files),
)
def values_secret(chart: Chart) -> Iterator[Finding]:
    """No values of a chart hold a credential that is written out.

    Whoever can read the repository, or the chart once it is published, has it; and every installation that does not
    say otherwise is open to it. Name a Secret (`existingSecret`), or leave the value empty and demand it (`required`).
    A word that a person made up (`guest`, `supersecret`) is of severity medium: it is a default that is to be changed,
    and seldom is. Files that SOPS has encrypted, empty values and placeholders are left alone.

    Bad:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/values.yaml
    database:
      # expect: password
      password: tr0ub4dor-3-Zx91
    env:
      - name: API_TOKEN
        # expect: API_TOKEN
        value: 9f8e7d6c5b4a39281706f5e4d3c2b1a0
    rabbitmq:
      # expect: password
      password: guest
    ```

    Good:
    ```yaml shop/Chart.yaml
    apiVersion: v2
    name: shop
    version: 1.0.0
    ```
    ```yaml shop/values.yaml
    database: {password: "", existingSecret: shop-db, existingSecretPasswordKey: password}
    auth: {tokenSecretKey: token, clusterSecretKey: cluster, secretName: shop, apiKey: <your-key>}
    admin: {password: "{{ .Values.global.password }}", token: null}
    fromSecret: {REDIS_AUTH_TOKEN: auth_token, apiToken: YourShopApiToken}
    # password: hunter2-and-more
    ```
    """
    for values in chart.value_files:
        for name, value in _settings(values):
            if is_credential(name, written(value)) and not _names_one(name, written(value)):
                known = looks_random(written(value)) or has_known_format(written(value))
                words = f"the value of {name} is in the chart for all who read it"
                fix = Fix("name a Secret that stands elsewhere, and change the value")
                yield Finding(value, words, fix=fix, severity=None if known else "medium")


def _settings(values: Node) -> Iterator[tuple[str, Node]]:
    """Every text with its name: that of its key, or the `name` that stands beside a `value`."""
    waiting = [values]
    while waiting:
        node = waiting.pop()
        if node.is_list:
            waiting.extend(reversed(list(node)))
        elif node.is_mapping:
            for key, child in node.items():
                name = written(node["name"]) if key == "value" and node["name"].present else key
                if isinstance(child.value, str):
                    yield name, child
            waiting.extend(reversed([child for _, child in node.items()]))


def _names_one(name: str, value: str) -> bool:
    """Whether a plain word says under which name a credential is found, or stands for one."""
    if not _WORD.match(value):
        return False
    repeated = not means_password(name) and _letters(value) in _letters(name)  # REDIS_AUTH_TOKEN: auth_token
    return repeated or _NAMES_ONE.match(name) is not None or _SAMPLE.match(value) is not None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
