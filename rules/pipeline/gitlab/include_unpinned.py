from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline.gitlab import Include
from gatekeeper.node import regex
from gatekeeper.rule import Severity, rule

_COMMIT = regex(r"[0-9a-f]{40,64}\Z", re.IGNORECASE)
_IN_PATH = regex(r"(?:\A|[/=])[0-9a-f]{40}(?:/|\Z)", re.IGNORECASE)
_VERSION = regex(r"[vV]?\d{1,5}(?:\.\d{1,5}){0,3}(?:[-+._][A-Za-z0-9.]{1,40})?\Z")


def _foreign(include: Include) -> bool:
    """It comes from another project, host or the catalog: not from this commit."""
    own = ("$CI_PROJECT_PATH", "${CI_PROJECT_PATH}")
    return include.kind in ("project", "remote", "component") and not include.text.startswith(own)


@rule(
    "gitlab-include-unpinned",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening, Vulnerability management",
    where=_foreign,
)
def include_unpinned(include: Include) -> Iterator[Finding | Unknown]:
    """What a pipeline includes from elsewhere is pinned to a version.

    An included file runs with this project's secrets. From a branch, or without a `ref`, it is whatever stands there
    today; whoever can push there changes this pipeline without a commit here. Pin a commit or a tag, of a catalog
    component a version. A `remote` file is pinned by a commit in its address, or by `integrity`, the hash of its text.

    Files of projects on the same server are found with severity low: they are mostly one's own. GitLab's own templates
    come with the server.

    Bad:
    ```yaml
    include:
      # expect: may be another file tomorrow
      - remote: https://example.com/ci/deploy.yml
      - project: platform/ci
        # expect: follows the default branch of platform/ci
        file: deploy.yml
      # expect: the branch main
      - {project: platform/ci, file: test.yml, ref: main}
      # expect: ~latest
      - component: $CI_SERVER_FQDN/platform/sast/scan@~latest
    build: {script: [make]}
    ```

    Good:
    ```yaml
    include:
      - remote: https://example.com/ci/deploy.yml
        integrity: sha256-L3/GAoKaw0Arw6hDCKeKQlV1QPEgHYxGBHsH4zG1IY8=
      - project: platform/ci
        ref: 787123b47f14b552955ca2786bc9542ae66fee5b
        file: deploy.yml
      - {project: platform/ci, file: test.yml, ref: v1.4.0}
      - component: $CI_SERVER_FQDN/components/sast/sast@3.1.0
    build: {script: [make]}
    ```

    Unknown:
    ```yaml
    include:
      - {project: platform/ci, file: deploy.yml, ref: $CI_TEMPLATES_REF}
    build: {script: [make]}
    ```
    """
    fix = Fix("pin it to a tag or a commit")
    if include.kind == "remote":
        if not (include.entry.whole["integrity"].present or _IN_PATH.search(include.text)):
            yield Finding(include, "may be another file tomorrow: nothing pins it", fix=fix)
        return
    ref, what = include.ref, include.text.partition(":" if include.kind == "project" else "@")[0]
    severity: Severity | None = "low" if include.kind == "project" else None
    if ref.startswith("$") and ref.strip("${}") not in ("CI_COMMIT_SHA",):
        yield Unknown(include, f"which version {ref} is")
    elif not ref:
        yield Finding(include, f"follows the default branch of {what}", fix=fix, severity=severity)
    elif ref == "~latest":
        yield Finding(include, f"{what}@~latest is whatever was published last", fix=fix)
    elif not (_COMMIT.match(ref) or _VERSION.match(ref) or ref.startswith("$")):
        yield Finding(include, f"follows the branch {ref} of {what}", fix=fix, severity=severity)
