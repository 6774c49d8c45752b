"""The output of `helm template`: manifests, each below a comment that names the template which made it.

https://helm.sh/docs/helm/helm_template/ has the command. It names neither commit nor time: a manifest binds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Manifests
from gatekeeper.models.helm.rendered import documents

SIZE = 32_000_000  # bytes; the largest output of a public chart that was seen has 4 MB
_MARK = b"# Source: "


def recognises(artifact: Artifact) -> bool:
    head = artifact.head
    at = head.find(_MARK)
    return (at == 0 or head[at - 1 : at] == b"\n") and b"/templates/" in head[at : at + 500] if at >= 0 else False


def read(artifact: Artifact) -> Iterator[Manifests]:
    if len(artifact.data) > SIZE:
        raise Unusable("unreadable", f"larger than {SIZE // 1_000_000} MB")
    try:
        text = bytes(artifact.data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable("unreadable", f"not UTF-8 text (byte {error.start})") from None
    charts = dict.fromkeys(each.template.partition("/")[0] for each in documents(text))
    if not charts:
        raise Unusable("unreadable", "no document says by `# Source: chart/templates/...` which template made it")
    yield Manifests(tool="helm", charts=tuple(charts), text=text)
