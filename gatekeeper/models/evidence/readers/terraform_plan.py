"""A Terraform plan as JSON: what would have to change for that to run which the code says.

Read are `terraform show -json PLAN` (https://developer.hashicorp.com/terraform/internals/json-format) and the lines of
`terraform plan -json` (https://developer.hashicorp.com/terraform/internals/machine-readable-ui). In sync is what
`terraform plan -detailed-exitcode` answers with 0: nothing to create, change, move, import or forget, no output that
differs. A plan made with -refresh-only compares nothing with the code and looks like an empty one among the lines, so
that lines prove drift and never its absence. Nothing in a plan tells whether it was made with -refresh=false.

What is planned is kept of the first, without what is sensitive: a plan has that in clear text, and marks it beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct, field

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Drift, Facts, Plan, PlannedInstance
from gatekeeper.models.evidence.plan_values import digest, kept

_STILL = {"no-op", "noop", "read"}


_INSTANCES = 50_000  # of one plan whose values are kept
_NULL = msgspec.Raw(b"null")


class _Change(Struct):
    actions: list[str]
    importing: dict[str, Any] | None = None
    after: msgspec.Raw = _NULL
    after_unknown: msgspec.Raw = _NULL
    after_sensitive: msgspec.Raw = _NULL


class _ResourceChange(Struct):
    address: str
    change: _Change
    mode: str = "managed"
    previous_address: str | None = None
    module_address: str = ""
    type: str = ""
    name: str = ""
    index: str | int | None = None


class _Configured(Struct):
    type: str = ""
    name: str = ""
    mode: str = "managed"
    expressions: dict[str, Any] | None = None


class _Call(Struct):
    module: _Module | None = None


class _Module(Struct):
    resources: list[_Configured] | None = None
    module_calls: dict[str, _Call] | None = None


class _Configuration(Struct):
    root_module: _Module = field(default_factory=_Module)


class _Value(Struct):
    value: msgspec.Raw = _NULL


class _Plan(Struct):
    format_version: str
    terraform_version: str = ""
    resource_changes: list[_ResourceChange] | None = None
    resource_drift: list[_ResourceChange] | None = None
    output_changes: dict[str, _Change] | None = None
    configuration: _Configuration | None = None
    variables: dict[str, _Value] | None = None
    timestamp: str | None = None
    complete: bool | None = None
    errored: bool | None = None


class _Resource(Struct):
    addr: str


class _Planned(Struct):
    resource: _Resource
    action: str


class _Summary(Struct):
    operation: str = ""
    add: int = 0
    change: int = 0
    remove: int = 0


class _Output(Struct):
    action: str = ""


class _Diagnostic(Struct):
    severity: str = ""
    summary: str = ""


class _Message(Struct):
    """A line of `terraform plan -json`: a version, a planned change, outputs, a summary or a diagnostic."""

    type: str
    timestamp: str | None = field(name="@timestamp", default=None)
    terraform: str = ""
    tofu: str = ""
    change: _Planned | None = None
    changes: _Summary | None = None
    outputs: dict[str, _Output] | None = None
    diagnostic: _Diagnostic | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    return _in_lines(artifact) or (
        {"format_version", "terraform_version"} <= keys.keys()
        or {"applyable", "complete", "configuration"} <= keys.keys()  # sorted keys
    )


def read(artifact: Artifact) -> Iterator[Facts]:
    yield _of_lines(artifact) if _in_lines(artifact) else _of_plan(artifact)


def _in_lines(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head.partition(b"\n")[0])
    return keys.get("@module") in ("terraform.ui", "tofu.ui") and "type" in keys


def _of_plan(artifact: Artifact) -> Plan:
    plan = artifact.json(_Plan)
    if not plan.format_version.startswith("1."):
        version = reported.words(plan.format_version, 20)
        raise Unusable("unreadable", f"has format_version {version!r}; 1.x was expected")
    if plan.errored:
        raise Unusable("tool-error", "the plan broke off with an error: what it had not come to is not in it")
    managed = [change for change in plan.resource_changes or () if change.mode == "managed"]
    compared = managed or [change for change in plan.resource_drift or () if change.mode == "managed"]
    outputs = plan.output_changes or {}
    differing = [change.address for change in compared if _differs(change)]
    differing += [f"output.{name}" for name, change in outputs.items() if not _stays(change)]
    if not differing and not managed:
        raise Unusable(
            "empty",
            "compares no resource with the code: `resource_changes` of `terraform show -json PLAN` were expected, "
            "which a state and a plan made with -refresh-only do not have",
        )
    if not differing and plan.complete is False:
        raise Unusable(
            "unresolved", "the plan is not complete: it was made with -target, or some of its changes are deferred"
        )
    return Plan(
        tool="terraform",
        version=reported.words(plan.terraform_version, 40),
        made=reported.moment(plan.timestamp),
        differing=_names(differing),
        compared=len(compared) + len(outputs),
        synced=not differing,
        instances=tuple(_instances(artifact, managed)),
        references=dict(_references(plan.configuration.root_module)) if plan.configuration else {},
        variables={name: digest(bytes(each.value)) for name, each in (plan.variables or {}).items()},
        complete=plan.complete is not False and plan.configuration is not None and len(managed) <= _INSTANCES,
    )


def _instances(artifact: Artifact, managed: list[_ResourceChange]) -> Iterator[PlannedInstance]:
    """What is to be there: not what is deleted."""
    there = [each for each in managed if bytes(each.change.after) != b"null"][:_INSTANCES]
    lines = json_text.lines(artifact, ("address",), [each.address for each in there])
    for each, line in zip(there, lines, strict=False):
        change = each.change
        values = kept(bytes(change.after), bytes(change.after_unknown), bytes(change.after_sensitive))
        index = "" if each.index is None else msgspec.json.encode(each.index).decode()
        yield PlannedInstance(each.address, each.module_address, each.type, each.name, index, values, line)


def _references(root: _Module) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    waiting = [("", root)]
    while waiting:
        above, module = waiting.pop()
        for name, call in (module.module_calls or {}).items():
            if call.module:
                waiting.append((f"{above}module.{name}.", call.module))
        for each in module.resources or ():
            if each.mode == "managed":
                found = {name: tuple(_referred(value)) for name, value in (each.expressions or {}).items()}
                yield f"{above}{each.type}.{each.name}", {name: words for name, words in found.items() if words}


def _referred(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [inner for key, inner in value.items() if key not in ("references", "constant_value")]
            words = value.get("references")
            yield from (each for each in words if isinstance(each, str)) if isinstance(words, list) else ()


def _differs(resource: _ResourceChange) -> bool:
    change = resource.change
    moved = resource.previous_address not in (None, "", resource.address)
    return moved or change.importing is not None or not _stays(change)


def _stays(change: _Change) -> bool:
    return bool(change.actions) and _STILL.issuperset(change.actions)


def _of_lines(artifact: Artifact) -> Drift:
    differing: list[str] = []
    version: _Message | None = None
    summary: _Message | None = None
    for message in _messages(artifact):
        if message.diagnostic and message.diagnostic.severity == "error":
            said = reported.words(message.diagnostic.summary)
            raise Unusable("tool-error", f"the plan broke off: {said or 'it does not say why'}")
        if message.changes:
            summary = message
            if message.changes.operation != "plan":
                raise Unusable("unreadable", "is the log of an apply; a plan was expected")
        if message.type == "version":
            version = message
        elif message.type in ("planned_change", "outputs"):
            differing += _changed(message)
    _account(summary, differing)
    return Drift(
        tool="tofu" if version and version.tofu else "terraform",
        version=reported.words(version.terraform or version.tofu, 40) if version else "",
        made=reported.moment(summary.timestamp) if summary else None,
        differing=_names(differing),
        synced=False,
    )


def _changed(message: _Message) -> Iterator[str]:
    if message.change and message.change.action not in _STILL:
        yield message.change.resource.addr
    for name, output in (message.outputs or {}).items():
        if output.action and output.action not in _STILL:
            yield f"output.{name}"


def _account(summary: _Message | None, differing: list[str]) -> None:
    """Raises `Unusable` when the lines are not all there, or prove nothing."""
    changes = summary.changes if summary else None
    if changes is None:
        raise Unusable("tool-error", "ends without a summary of changes: the plan was not finished")
    if differing:
        return
    if changes.add or changes.change or changes.remove:
        raise Unusable("unreadable", "its summary counts changes, and no line shows one")
    raise Unusable(
        "empty",
        "plans no change, as does a plan made with -refresh-only, which compares nothing with the code: "
        "the output of `terraform show -json PLAN` tells them apart",
    )


def _messages(artifact: Artifact) -> Iterator[_Message]:
    decoder = msgspec.json.Decoder(_Message)
    stream = artifact.stream()
    for number, line in enumerate(iter(stream.readline, b""), start=1):
        text = line.strip().removeprefix(b"\xef\xbb\xbf")
        if not text:
            continue
        try:
            yield decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unusable(
                "unreadable", f"line {number} is no message of `terraform plan -json`: {error}", number
            ) from None


def _names(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reported.words(address) for address in addresses))
