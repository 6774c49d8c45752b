"""One module a format: `recognises(artifact)` by its first bytes, `read(artifact)` its facts.

`read` yields `Facts`; it raises `Unusable` for what cannot be believed. A reader believes no total that it can recount,
and never takes what is missing for nothing found.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts

FORMATS = (  # in the order in which they are tried: what is certain first
    "junit",
    "cobertura",
    "jacoco",
    "lcov",
    "coverage_py",
    "istanbul",
    "k6",
    "pytest_benchmark",
    "sarif",
    "trivy",
    "snyk",
    "tflint",
    "terraform_validate",
    "terraform_plan",
    "argocd",
    "cyclonedx",
    "spdx",
    "infracost",
    "helm_template",
    "github_run",
    "gitlab_jobs",
    "github_environments",
    "github_rules",
    "gitlab_environments",
)


def module_of(format: str) -> str:
    return f"gatekeeper.models.evidence.readers.{format}"


def recognise(artifact: Artifact) -> str | None:
    """The format of an artifact by what is in it; None when nobody knows it."""
    return next((name for name in FORMATS if import_module(module_of(name)).recognises(artifact)), None)


def read(artifact: Artifact, format: str) -> Iterable[Facts]:
    """Its facts. Raises `Unusable`, also when it holds none at all."""
    facts: list[Facts] = list(import_module(module_of(format)).read(artifact))
    if not facts:
        raise Unusable("empty", "it says nothing")
    return facts
