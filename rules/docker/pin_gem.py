from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import Install, installs
from gatekeeper.rule import rule


def _pinned(name: str, install: Install) -> bool:
    return ":" in name or "$" in name or name.endswith(".gem") or install.command.has("-v", "--version")


@rule(
    "docker-pin-gem",
    gate="container-hardening",
    severity="low",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3028"],
    where=lambda stage: any(installs(stage.commands, "gem")),
)
def pin_gem(stage: Stage) -> Iterator[Finding]:
    """gem installs programs of a version that is named.

    Otherwise the same commit builds another image when a release comes out.

    Bad:
    ```dockerfile
    FROM ruby:3.4
    # expect: rake
    RUN gem install --no-document bundler:2.6.2 rake
    ```

    Good:
    ```dockerfile
    FROM ruby:3.4
    RUN gem install bundler -v 2.6.2 && gem install rake --version=13.2.1 && gem install a:1 ./b.gem $GEM
    ```
    """
    for install in installs(stage.commands, "gem"):
        loose = [name for name in install.names if not _pinned(name, install)]
        if loose:
            yield Finding(
                install.command.node, f"{loose[0][:60]} without a version", fix=Fix("gem install name -v version")
            )
