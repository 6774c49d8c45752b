from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.log_promises import FOREVER, Kept, Promise, kept_in, promises
from gatekeeper.models.docs import Document
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Reason, rule

_WORD = regex(r"[a-z]{4,40}")


@rule(
    "log-retention-documented",
    gate="logging",
    severity="medium",
    seed="5.2 Logging, Log levels and retention policies; 6. Observability Setup",
    where=lambda document: bool(promises(document)),
)
def retention_documented(document: Document, project: Project) -> Iterator[Answer]:
    """Logs are kept for as long as documents say.

    A table that says for how long logs are kept (`Retention`, beside a destination such as CloudWatch, Loki, S3, Log
    Analytics or Cloud Logging) is compared with what is declared here. Kept for longer is as good; for less is a
    promise that is broken on the day somebody looks for an old line. Where several places of one kind differ, a row
    means the one whose name has a word of its source in it; with none, it is not known which. A destination that is
    not declared here cannot be compared.

    Bad:
    ```markdown docs/operations.md
    # Operations

    ## Logging

    | Log source | Destination | Retention |
    |---|---|---|
    | Application | CloudWatch | 30 days | <!-- expect: 14 days -->
    ```
    ```hcl logs.tf
    resource "aws_cloudwatch_log_group" "app" {
      name              = "/ecs/app"
      retention_in_days = 14
    }
    ```

    Good:
    ```markdown docs/operations.md
    # Operations

    ## Logging

    | Log source | Destination | Retention |
    |---|---|---|
    | Application | CloudWatch | 30 days |
    | Audit | CloudWatch | 1 year |
    ```
    ```hcl logs.tf
    resource "aws_cloudwatch_log_group" "app" {
      name              = "/ecs/application"
      retention_in_days = 90
    }
    resource "aws_cloudwatch_log_group" "audit" {
      name              = "/ecs/audit"
      retention_in_days = 400
    }
    ```

    Good, Loki:
    ```markdown docs/operations.md
    # Logging

    | Logs | Kept in | Retention |
    |---|---|---|
    | Application | Loki storage | 4 weeks |
    ```
    ```yaml loki/loki.yaml
    schema_config: {configs: []}
    limits_config: {retention_period: 744h}
    compactor: {retention_enabled: true}
    ```

    Good, of several signals:
    ```markdown docs/observability.md
    # Observability

    | Signal | Retention |
    |---|---|
    | Metrics | 15 days (Prometheus) |
    | Logs | 24 hours (Loki: short, on purpose) |
    ```
    ```yaml loki/loki.yaml
    schema_config: {configs: []}
    limits_config: {retention_period: 24h}
    compactor: {retention_enabled: true}
    ```

    Unknown, nothing of that kind here:
    ```markdown docs/operations.md
    # Operations

    ## Logging

    | Log source | Destination | Retention |
    |---|---|---|
    | Application | CloudWatch/Loki | 30 days |
    ```
    """
    for promise in promises(document):
        yield from _compared(promise, [each for name in promise.destinations for each in kept_in(name, project)])


def _compared(promise: Promise, places: list[Kept]) -> Iterator[Answer]:
    if not places:
        words = f"nothing here declares how long {promise.words} keeps logs"
        yield Unknown(promise.at, words, Reason.NOT_OWNED_HERE)
        return
    own = [each for each in places if _meant(promise, each)] or places
    short = [each for each in own if each.days is not None and each.days < promise.days]
    if not short:
        if any(each.days is None for each in own):
            yield Unknown(promise.at, f"how long {promise.words} keeps logs is known only at run time")
        return
    said = f"{promise.source.text}: {promise.at.text} are said"
    if len(short) == len(own):
        note = Note(short[0].at, "declared here")
        yield Finding(promise.at, f"{said}, {_words(short[0].days)} are set for {short[0].name}", (note,))
    else:
        words = f"{said}; {len(short)} of {len(own)} places keep logs for less, and nobody says which is meant"
        yield Unknown(promise.at, words)


def _meant(promise: Promise, place: Kept) -> bool:
    return any(word in place.name.lower() for word in _WORD.findall(promise.source.text.lower()))


def _words(days: float | None) -> str:
    return "all time" if days is None or days == FOREVER else f"{days:g} days"
