from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import Install, installs
from gatekeeper.rule import rule


def _pinned(name: str, install: Install) -> bool:
    first = install.names[0]
    if name != first and install.command.words[install.verb] == "run":
        return True  # the program's own words
    path, _, version = name.partition("@")
    if version:
        return version not in ("latest", "main", "master", "HEAD")
    return bool("." not in path.partition("/")[0] or path.startswith((".", "/", "$")) or path.endswith(".go"))


@rule(
    "docker-pin-go",
    gate="container-hardening",
    severity="low",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3062"],
    where=lambda stage: any(installs(stage.commands, "go")),
)
def pin_go(stage: Stage) -> Iterator[Finding]:
    """go installs programs of a version that is named.

    `@latest` takes the newest release of the day. Without any version go takes that of the go.mod that was copied in,
    and fails where there is none; the packages of the module itself are left alone.

    Bad:
    ```dockerfile
    FROM golang:1.25
    # expect: example.com/tool
    RUN go install example.com/tool@latest
    # expect: github.com/a/b
    RUN go get -u github.com/a/b
    ```

    Good:
    ```dockerfile
    FROM golang:1.25
    RUN go install example.com/tool@v1.2.3 && go install example.com/a@${V}
    COPY . .
    RUN go install ./cmd/... && go run main.go && go install golang.org/x/tools/cmd/stringer && go get ./...
    ```
    """
    sources = {
        source.text
        for each in stage.lineage
        for copy in each.copies
        if copy.origin is None
        for source in copy.sources
        if source.known
    }
    has_module = any(source in ("", ".", "./", "*") or "go." in source or source.endswith("/") for source in sources)
    for install in installs(stage.commands, "go"):
        loose = [name for name in install.names if not _pinned(name, install)]
        if loose and ("@" in loose[0] or not has_module):
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("path@version"))
