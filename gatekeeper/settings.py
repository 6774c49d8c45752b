"""gatekeeper.yaml, typed. Data only: it selects, sets thresholds and describes; it never names code to load."""

from __future__ import annotations

import datetime
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from gatekeeper.meant import meant
from gatekeeper.node import Node, Source

Count = Annotated[int, msgspec.Meta(ge=0)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
Below = Annotated[
    str, msgspec.Meta(pattern=r"^(?!/)(?!(?:.*/)?\.\.(?:/|$))", description="a path below the root, without `..`")
]
ClusterVersion = Annotated[
    str, msgspec.Meta(pattern=r"^(1\.[0-9]{1,3})?$", description='a version of Kubernetes such as "1.33", in quotes')
]
Profile = Literal["pre-commit", "pull-request", "release"]
Owned = Literal[
    "workloads",
    "pipelines",
    "infrastructure",
    "alerts",
    "dashboards",
    "runbooks",
    "adr",
    "docs",
    "slo",
    "logging",
    "backups",
]
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


class Kubernetes(msgspec.Struct, forbid_unknown_fields=True):
    """The cluster version that is deployed to (`1.33`), and files or folders that hold the schemas of custom resources.

    A schema is a CustomResourceDefinition, or a JSON schema named as in `GROUP/KIND_VERSION.json`. Definitions among
    the manifests are found without being named here.
    """

    version: ClusterVersion = ""
    schemas: list[Below] = []


PipelineKindName = Literal[
    "build", "lint", "typecheck", "test", "e2e", "coverage", "sast", "sca", "secretscan", "iacscan",
    "imagescan", "dast", "scan", "analysis", "sbom", "sign", "image", "imagepush", "publish", "plan", "deploy",
    "prod-mutation", "migrate", "verify", "validate", "smoke", "perf", "rollback", "approval", "notify", "wait",
    "ephemeral", "gitpush", "trigger",
]  # fmt: skip


class PipelineKind(msgspec.Struct, forbid_unknown_fields=True):
    """What an action, a command, a script or a job of one's own does. At least one glob says which is meant.

    `uses` is an action, a plugin step, or the pipeline or template that is called; `pattern` any of the four.
    """

    kind: PipelineKindName
    pattern: str = ""
    uses: str = ""
    command: str = ""
    script: str = ""
    job: str = ""
    blocking: bool = True
    environment: str = ""


class CoverageThreshold(msgspec.Struct, forbid_unknown_fields=True):
    """At least `min` percent of what `metric` counts."""

    metric: Literal["line", "branch", "statement", "function", "instruction"] = "line"
    min: Percent = 80


class ScanThreshold(msgspec.Struct, forbid_unknown_fields=True):
    """At most so many problems of a severity, in reports of at most `max_age` days."""

    critical: Count = 0
    high: Count = 0
    max_age: Count = 7


class LoadThreshold(msgspec.Struct, forbid_unknown_fields=True):
    """At most `max_ms` milliseconds at the percentile of a metric; without it, the load test's own thresholds count."""

    metric: str = "http_req_duration"
    percentile: Percent = 95
    max_ms: Amount | None = None
    max_age: Count = 30


class CostThreshold(msgspec.Struct, forbid_unknown_fields=True):
    """At most so much a month. Without a budget nobody can say that an estimate is within it."""

    max: Amount | None = None
    currency: str = "USD"
    max_age: Count = 90


class PipelineThreshold(msgspec.Struct, forbid_unknown_fields=True):
    """Jobs (names or globs) of which a run need not show that they passed: the job that runs the gate itself."""

    leave_out: list[str] = []


class Thresholds(msgspec.Struct, forbid_unknown_fields=True):
    """What evidence must reach. Ages are in days."""

    coverage: CoverageThreshold = msgspec.field(default_factory=CoverageThreshold)
    scan: ScanThreshold = msgspec.field(default_factory=ScanThreshold)
    load: LoadThreshold = msgspec.field(default_factory=LoadThreshold)
    cost: CostThreshold = msgspec.field(default_factory=CostThreshold)
    pipeline: PipelineThreshold = msgspec.field(default_factory=PipelineThreshold)
    drift_max_age: Count = 7
    api_max_age: Count = 30


Binding = Literal["signed", "manifest", "itself", "unbound"]
BINDINGS: tuple[Binding, ...] = ("unbound", "itself", "manifest", "signed")  # from weakest to strongest


class EvidenceSettings(msgspec.Struct, forbid_unknown_fields=True):
    """How evidence must at least be bound to the commit, by profile; and where it lies beside .gatekeeper/evidence."""

    accept: dict[Profile, Binding] = {}
    folders: list[Below] = []

    def weakest(self, profile: str) -> Binding:
        """The weakest binding that a profile accepts."""
        usual: Binding = "unbound" if profile == "pull-request" else "itself"
        return next((binding for name, binding in self.accept.items() if name == profile), usual)


class WaiverSettings(msgspec.Struct, forbid_unknown_fields=True):
    """An excuse for the findings of a rule or for a criterion: why, by whom, agreed by whom, from when until when.

    `path` is a glob, `subject` a name as reports print it, `fingerprint` one finding.
    """

    reason: str
    by: str
    approved_by: str
    on: datetime.date
    until: datetime.date
    rule: str = ""
    criterion: str = ""
    path: str = ""
    subject: str = ""
    fingerprint: str = ""
    ticket: str = ""


class Task(msgspec.Struct, forbid_unknown_fields=True):
    """The task that is delivered: its number and name, the requirements it is for, what it must come to.

    `prd` are numbers of requirements or titles of sections, `acceptance` gives for each acceptance criterion in words
    the criterion or gate that answers it, `dependencies` are the numbers of tasks that must be done first.
    """

    id: str = ""
    name: str = ""
    prd: list[str] = []
    description: str = ""
    acceptance: dict[str, str] = {}
    environment: str = ""
    dependencies: list[str] = []
    estimate: str = ""
    priority: Literal["P1", "P2", "P3"] | None = None
    started: datetime.date | None = None


class PipelineSettings(msgspec.Struct, forbid_unknown_fields=True):
    """Who approves a deployment to production: somebody the pipeline waits for, or the review before a merge.

    `not-required` is a waiver: reason, by, approved_by, on and until say why, who agreed and until when. `kinds` says
    what cannot be told from the files: what one's own actions, scripts and jobs do.
    """

    approval: Literal["pipeline", "review", "not-required"] = "pipeline"
    kinds: list[PipelineKind] = []
    reason: str = ""
    by: str = ""
    approved_by: str = ""
    on: datetime.date | None = None
    until: datetime.date | None = None


Analyser = Literal["checkov", "zizmor", "actionlint", "hadolint", "shellcheck", "trivy"]
ANALYSERS: tuple[str, ...] = get_args(Analyser)


class AnalyserSettings(msgspec.Struct, forbid_unknown_fields=True):
    """How an analyser's results count here. `severity` is for those that it does not grade itself."""

    severity: Literal["low", "medium", "high", "critical"] | None = None


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """Everything `gatekeeper.yaml` (or `[tool.gatekeeper]` in pyproject.toml) may say."""

    service: Service = msgspec.field(default_factory=Service)
    profile: Profile | None = None
    owns: list[Owned] = []
    elsewhere: dict[Owned, Elsewhere] = {}
    environments: Environments = msgspec.field(default_factory=Environments)
    kubernetes: Kubernetes = msgspec.field(default_factory=Kubernetes)
    pipeline: PipelineSettings = msgspec.field(default_factory=PipelineSettings)
    select: list[str] = []
    ignore: list[str] = []
    exclude: list[str] = []
    fail_on: Literal["low", "medium", "high", "critical"] | None = None
    rules: dict[str, RuleSettings] = {}
    runbook_roots: dict[str, str] = {}
    thresholds: Thresholds = msgspec.field(default_factory=Thresholds)
    evidence: EvidenceSettings = msgspec.field(default_factory=EvidenceSettings)
    waivers: list[WaiverSettings] = []
    claims: dict[str, str] = {}
    requirements: dict[str, list[str]] = {}
    task: Task = msgspec.field(default_factory=Task)
    waived: Literal["allow", "block"] = "allow"
    analysers: list[Analyser] = []
    analyser: dict[Analyser, AnalyserSettings] = {}


FILE = "gatekeeper.yaml"


class Invalid(Exception):
    """Settings that cannot be used: every fault as `path:line: what is wrong, what was expected`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(source: Source) -> Settings:
    """The settings that a file holds: a `gatekeeper.yaml`, or a pyproject.toml with `[tool.gatekeeper]`.

    Raises `Invalid` with every fault and its place; whatever `source.text` raises.
    """
    if source.path.endswith(".toml"):
        return _from_toml(source)
    from gatekeeper.parsers import yaml

    nodes, faults = source.once(yaml.parse)
    if faults:
        raise Invalid([f"{source.path}:{fault.span.line}: {fault.message}" for fault in faults])
    repeated = [f"{source.path}:{line}: {key!r} stands here twice" for key, line in yaml.twice(source)]
    if repeated or len(nodes) > 1:
        raise Invalid(repeated or [f"{source.path}:{nodes[1].span.line}: one document was expected, not {len(nodes)}"])
    return _decoded(nodes[0]) if nodes else Settings()


def _from_toml(source: Source) -> Settings:
    import tomllib

    try:
        table = tomllib.loads(source.text).get("tool", {}).get("gatekeeper", {})
    except tomllib.TOMLDecodeError as error:
        raise Invalid([f"{source.path}: not valid TOML: {error}"]) from None
    from gatekeeper.node import START

    return _decoded(_node(table, source, START))


def _node(value: Any, source: Source, span: Any) -> Node:
    """TOML has no places: every node stands where the file starts."""
    if isinstance(value, dict):
        value = {key: _node(child, source, span) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_node(child, source, span) for child in value]
    return Node(value, source, span)


def _decoded(node: Node) -> Settings:
    problems = [*_problems(node, Settings, ""), *_kinds_of_nothing(node)]
    if problems:
        raise Invalid(problems)
    return msgspec.convert(node.plain, Settings)


def _kinds_of_nothing(node: Node) -> Iterator[str]:
    kinds = node.at("pipeline.kinds") if node.is_mapping else None
    for index, entry in enumerate(kinds if kinds is not None and kinds.is_list else ()):
        if entry.is_mapping and not any(name in entry for name in ("pattern", "uses", "command", "script", "job")):
            yield _problem(entry, f"pipeline.kinds.{index}.", "needs one of pattern, uses, command, script, job")


def _problems(node: Node, kind: Any, path: str) -> Iterator[str]:
    """Everything that keeps a node from being of a type. msgspec itself stops at the first and hides map keys."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _problems_of_struct(node, kind, path)
    elif origin is dict and node.is_mapping:
        keys, values = get_args(kind)
        allowed = get_args(keys) if get_origin(keys) is Literal else ()
        for key, child in node.items():
            if allowed and key not in allowed:
                yield _problem(child, path, f"no {key!r} here{_meant(key, allowed)}")
            yield from _problems(child, values, f"{path}{key}.")
    elif origin is list and node.is_list:
        for index, child in enumerate(node):
            yield from _problems(child, get_args(kind)[0], f"{path}{index}.")
    elif origin in (Union, types.UnionType) and node.value is None:
        return
    else:
        try:
            msgspec.convert(node.plain, kind)
        except msgspec.ValidationError as error:
            yield _problem(node, path, _expected(kind, node, str(error).split(" - at ")[0]))


def _problems_of_struct(node: Node, kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    if not node.is_mapping:
        yield _problem(node, path, "expected a mapping")
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, child in node.items():
        if key in fields:
            yield from _problems(child, fields[key].type, f"{path}{key}.")
        else:
            yield _problem(child, path, f"no setting {key!r} here{_meant(key, fields)}")
    for name, field in fields.items():
        if field.required and name not in node:
            yield _problem(node, path, f"needs {name!r}")


def _problem(node: Node, path: str, words: str) -> str:
    line = (node.key or node.span).line
    at = path.rstrip(".")
    return f"{node.source.path}:{line}: {f'{at}: ' if at else ''}{words}"


def _expected(kind: Any, node: Node, words: str) -> str:
    literals = [value for part in (kind, *get_args(kind)) if get_origin(part) is Literal for value in get_args(part)]
    if literals and isinstance(node.value, str):
        return f"no {node.value!r} here{_meant(node.value, literals)}"
    described = next((part.description for part in get_args(kind) if isinstance(part, msgspec.Meta)), None)
    if described and words.startswith("Expected `str`"):  # another type, or of another form
        return f"expected {described}, not {node.value!r}"
    return words[:1].lower() + words[1:].replace("`", "")


def _meant(word: str, among: Any) -> str:
    names = ", ".join(sorted(map(str, among)))
    return f"; {meant(word, among, f'expected one of {names}', shown=repr)}"


def schema() -> dict[str, Any]:
    """The JSON Schema of `gatekeeper.yaml`, generated from the types above."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gatekeeper.yaml",
        **msgspec.json.schema(Settings),
    }
