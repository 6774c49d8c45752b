"""gatekeeper.yaml, typed. Data only: it selects, sets thresholds and describes; it never names code to load."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from gatekeeper.node import Node, Source, Span

Profile = Literal["pre-commit", "pull-request", "release"]
Owned = Literal["workloads", "pipelines", "infrastructure", "alerts", "dashboards", "runbooks", "adr", "slo", "logging", "backups"]
SeverityName = Literal["low", "medium", "high", "critical", "off"]


class Service(msgspec.Struct, forbid_unknown_fields=True):
    """Whose readiness is judged."""

    name: str = ""
    level: Literal["A", "B", "C"] = "B"
    owner: str = ""


class Elsewhere(msgspec.Struct, forbid_unknown_fields=True):
    """Something this service has that lives outside this repository."""

    where: str


class RuleSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What is different about one rule here."""

    severity: SeverityName | None = None


class Environments(msgspec.Struct, forbid_unknown_fields=True):
    """Names of environments beyond those recognised by themselves; words of a name, not patterns."""

    production: list[str] = []
    nonproduction: list[str] = []


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """Everything `gatekeeper.yaml` (or `[tool.gatekeeper]` in pyproject.toml) may say."""

    service: Service = msgspec.field(default_factory=Service)
    profile: Profile | None = None
    owns: list[Owned] = []
    elsewhere: dict[Owned, Elsewhere] = {}
    environments: Environments = msgspec.field(default_factory=Environments)
    select: list[str] = []
    ignore: list[str] = []
    exclude: list[str] = []
    fail_on: Literal["low", "medium", "high", "critical"] | None = None
    rules: dict[str, RuleSettings] = {}
    runbook_roots: dict[str, str] = {}


def load(source: Source) -> Settings:
    return Settings()
