"""Nodes to subjects, one module or package a technology. A subject is what a rule judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from gatekeeper.node import Node, Source, Span


class Subject:
    """A typed view of a node: what a rule's first parameter names, so that the type is the dispatch.

    `technology` says whose criteria it serves (`docker`, `kubernetes`, `terraform`, ...). `example_path` is where an
    example written about it stands when its fence names no path. Subclasses are found by `technology.ClassName`
    in declarative rules (`each: terraform.Resource`). `may_be_remote`: a remote module or a chart may make more of them
    than the files show. `measured`: rules about it must count something before they can pass. `late`: rules about it
    run when the gates are known, and may ask the project what each criterion came to. `also_in`: the technologies that
    read their own files into subjects of just this class too; a subclass says it for itself.
    """

    technology: ClassVar[str] = ""
    example_path: ClassVar[str] = ""
    may_be_remote: ClassVar[bool] = False
    measured: ClassVar[bool] = False
    late: ClassVar[bool] = False
    also_in: ClassVar[tuple[str, ...]] = ()
    registry: ClassVar[dict[str, type[Subject]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.technology:
            Subject.registry[f"{cls.technology}.{cls.__name__}"] = cls

    @classmethod
    def held_by(cls) -> tuple[str, ...]:
        """The technologies whose files may hold such a subject."""
        return (cls.technology, *vars(cls).get("also_in", ()))

    variant = ""  # which of several results of the same files it belongs to, '' where there is one

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def name(self) -> str:
        """How people call it: an address, `Kind/name`, a path with `:stage`. Stands in reports and fingerprints."""
        return self.path

    @property
    def path(self) -> str:
        return self.node.source.path

    @property
    def span(self) -> Span:
        """What to underline when a finding is about the whole of it."""
        return self.node.mark

    @property
    def there(self) -> bool:
        """Whether it comes to anything: rules never see what its own settings leave out."""
        return True

    @property
    def seen_as(self) -> str:
        """For which of several uses of the same lines it is looked at, in words; '' when it is for all of them."""
        return ""

    def alternatives(self) -> Sequence[Subject]:
        """The same subject for each of several uses, where what it comes to differs between them."""
        return ()

    def origins(self, source: Source, span: Span) -> Sequence[tuple[Node, str]]:
        """Where what stands at a place comes from, when it is written elsewhere, with words for each."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Place(NamedTuple):
    """A file and a span in it."""

    source: Source
    span: Span


Spot = Node | Subject | Place


def place(at: Spot) -> Place:
    """Where `at` stands: what a finding about it underlines."""
    if isinstance(at, Place):
        return at
    if isinstance(at, Subject):
        return Place(at.node.source, at.span)
    return Place(at.source, at.mark)


NAMES = {
    "docker": "a Dockerfile",
    "kubernetes": "a Kubernetes manifest",
    "compose": "a Compose file",
    "helm": "a Helm chart",
    "terraform": "Terraform",
    "cloudformation": "CloudFormation",
    "ansible": "Ansible",
    "pulumi": "Pulumi",
    "pipeline": "a pipeline",
    "prometheus": "a Prometheus rule",
    "alerts": "an alert",
    "grafana": "an alert rule of Grafana",
    "dashboards": "a dashboard",
    "slo": "a service level objective",
    "telemetry": "the configuration of a collector",
    "catalog": "an entity of Backstage",
    "docs": "Markdown",
    "files": "anything",
    "evidence": "evidence",
    "attestations": "an attestation",
    "claims": "a ticked claim",
}


def absence(technologies: Sequence[str], files: int, left_out: int = 0) -> str:
    """That no file holds any of these, with the number that was looked at: the proof of an N/A."""
    *most, last = [NAMES.get(technology, technology) for technology in technologies]
    more = f"; {left_out} left out" if left_out else ""
    return f"0 of {files} files hold {', '.join(most)}{' or ' if most else ''}{last}{more}"
