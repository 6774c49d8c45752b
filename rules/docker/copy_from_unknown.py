from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import Answer, rule


@rule(
    "docker-copy-from-unknown",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3022"],
    where=lambda stage: any(copy.origin is not None for copy in stage.copies),
)
def copy_from_unknown(stage: Stage) -> Iterator[Answer]:
    """Every `COPY --from` names an earlier stage or an image with its version.

    Any other name is pulled from a registry as an image, with the tag `latest`: a typing error in a stage's name brings
    somebody else's files into the image. A name that is given to the build from outside (`--build-context`) looks the
    same here.

    Bad:
    ```dockerfile
    FROM golang:1.25 AS builder
    FROM scratch
    # expect: build is no earlier stage
    COPY --from=build /app /app
    ```

    Bad, a stage that comes later, and a number too high:
    ```dockerfile
    FROM scratch AS first
    # expect: later is no earlier stage
    COPY --from=later /app /app
    # expect: 4 is no earlier stage
    COPY --from=4 /app /app
    FROM golang:1.25 AS later
    ```

    Good:
    ```dockerfile
    FROM golang:1.25 AS Builder
    FROM scratch
    COPY --from=builder /app /app
    COPY --from=0 /app /app
    COPY --from=nginx:1.29 /etc/nginx /etc/nginx
    COPY --chown=1001 --from=busybox@sha256:4b7ce07002c69e8f3d704a9c5d6fd3053be500b7f1c69fc0d80990c2ad8dd412 /bin /bin
    ```

    Unknown:
    ```dockerfile
    FROM golang:1.25 AS builder
    FROM scratch
    ARG FROM_STAGE
    COPY --from=${FROM_STAGE} /app /app
    ```
    """
    names = {earlier.alias.lower() for earlier in stage.previous if earlier.alias}
    names |= {str(earlier.index) for earlier in stage.previous}
    for copy in stage.copies:
        if copy.origin is None:
            continue
        origin = stage.expanded(copy.origin, copy.instruction)
        if not origin.known:
            yield Unknown(origin, "the stage cannot be told")
            continue
        image = ImageReference.parse(origin.text)
        if origin.text.lower() not in names and not image.tag and not image.digest:
            message = f"{origin.text[:60]} is no earlier stage"
            if not origin.text.isdigit() and origin.text.lower() != stage.alias.lower():
                message += ": it is pulled as an image, without a tag"
            yield Finding(origin, message, fix=Fix("name a stage above, or an image with its tag"))
