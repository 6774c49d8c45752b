"""Section 7: the six rows of the checklist, each from the rules that judge it and from what is declared for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.gates import Criterion, Status
from gatekeeper.models import Subject
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, slot, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object

_KINDS_OF_VAULTS = frozenset("ExternalSecret ClusterExternalSecret SealedSecret SecretProviderClass SopsSecret "
                             "VaultStaticSecret VaultDynamicSecret OnePasswordItem DopplerSecret".split())  # fmt: skip
_VAULTS = (
    "aws_secretsmanager_secret",
    "aws_ssm_parameter",
    "azurerm_key_vault",
    "google_secret_manager_secret",
    "vault_",
)
_NETWORKS = ("aws_security_group", "aws_vpc", "aws_network_acl", "azurerm_network_security_group",
             "google_compute_firewall", "google_compute_network")  # fmt: skip
_ROLES = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_GRANTS = ("aws_iam_", "google_project_iam_", "google_service_account", "azurerm_role_assignment")


class Measure(NamedTuple):
    """A row: the gate, the criterion and the words of rule ids that judge it; it passes only where `what` is declared.

    Rules that find no fault do not suffice where nothing of the kind is there: no open port is no isolation.
    """

    title: str
    gate: str = ""
    words: frozenset[str] = frozenset()
    criterion: str = ""
    declared: Callable[[Sheet], list[Subject]] | None = None
    what: str = ""


def checklist(sheet: Sheet) -> str:
    rows = [_row(each, sheet) for each in MEASURES]
    return section("### 7. Security Checklist", table("Security Measure | Status | Notes", rows))


def _row(measure: Measure, sheet: Sheet) -> tuple[str, ...]:
    criteria = [each for each in _judging(measure, sheet) if each.status is not Status.NOT_APPLICABLE]
    declared = measure.declared(sheet) if measure.declared else []
    said = _said(measure, declared, sheet)
    status = sheet.together(criteria) if criteria else None
    if status is None:
        every = sorted(_judging(measure, sheet), key=lambda each: each.id != measure.criterion)
        if every and not declared:
            results = list(dict.fromkeys(each.result for each in every))[: 1 if measure.criterion else 3]
            return measure.title, "N/A", markdown_text("; ".join(results))
        return measure.title, slot("no rule judges it"), said
    if status is Status.PASS and measure.criterion and measure.criterion not in sheet.criteria:
        return measure.title, sheet.answer(measure.criterion), _counted(criteria)
    if status is Status.PASS and measure.declared and not declared:
        return measure.title, slot(f"no {measure.what} is declared here"), _counted(criteria)
    reason = next((each.reason for each in criteria if each.status is status), "")
    open_ = f" {reason}" if status is Status.UNKNOWN else ""
    return measure.title, f"{status.value}{open_}", "; ".join(filter(None, (_counted(criteria), said)))


def _judging(measure: Measure, sheet: Sheet) -> Iterator[Criterion]:
    for gate, criterion in sheet.criteria.values():
        words = measure.words & set(criterion.id.split("-"))
        if words or measure.gate == gate.id or measure.criterion == criterion.id:
            yield criterion


def _counted(criteria: Sequence[Criterion]) -> str:
    """How many of the checks fail, and what decides where that is no PASS."""
    judged = sum(each.judged for each in criteria)
    failed = sum(each.failed for each in criteria)
    bad = [each for each in criteria if each.status is not Status.PASS]
    words = [f"{failed} of {judged} checks of {len(criteria)} criteria fail"] if judged else []
    words += [f"{markdown_code(each.id)} {each.status.value}: {markdown_text(each.result)}" for each in bad[:3]]
    return "; ".join([*words, *([f"{len(bad) - 3} more"] if len(bad) > 3 else [])])


def _said(measure: Measure, declared: Sequence[Subject], sheet: Sheet) -> str:
    if measure.declared is None:
        return ""
    shown = [f"{markdown_code(each.name)} ({sheet.at(each)})" for each in declared]
    return f"declared: {len(shown)} {measure.what}{f', {listed(shown, 2)}' if shown else ''}"


# what is declared


def _objects(sheet: Sheet) -> list[Object]:
    kind = Subject.registry.get("kubernetes.Object")
    return cast("list[Object]", sheet.project.all(kind)) if kind else []


def _resources(sheet: Sheet, *prefixes: str) -> list[Subject]:
    if "terraform.Resource" not in Subject.registry:
        return []
    from gatekeeper.links.resources import terraform_resources

    return [each for each in terraform_resources(sheet.project) if each.type.startswith(prefixes)]


def _vaults(sheet: Sheet) -> list[Subject]:
    return [*(each for each in _objects(sheet) if each.kind in _KINDS_OF_VAULTS), *_resources(sheet, *_VAULTS)]


def _encrypted(sheet: Sheet) -> list[Subject]:
    found: list[Subject] = [
        each for each in _objects(sheet)
        if each.kind == "Certificate" or (each.kind == "Ingress" and each.spec["tls"].present)
        or (each.kind == "Gateway" and "tls" in {key for node in each.spec["listeners"].walk() if node.is_mapping
                                                 for key, _ in node.items()})
    ]  # fmt: skip
    return [*found, *_resources(sheet, "aws_acm_certificate", "azurerm_app_service_certificate",
                                "google_compute_managed_ssl_certificate")]  # fmt: skip


def _isolated(sheet: Sheet) -> list[Subject]:
    kinds = ("NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
    return [*(each for each in _objects(sheet) if each.kind in kinds), *_resources(sheet, *_NETWORKS)]


def _granted(sheet: Sheet) -> list[Subject]:
    return [*(each for each in _objects(sheet) if each.kind in _ROLES), *_resources(sheet, *_GRANTS)]


MEASURES = (
    Measure(
        "Secrets in vault/manager",
        gate="secrets",
        criterion="secrets-in-manager",
        declared=_vaults,
        what="entries of a secret manager",
    ),
    Measure(
        "TLS/SSL configured",
        criterion="encrypted-in-transit",
        words=frozenset({"tls", "ssl", "https"}),
        declared=_encrypted,
        what="certificates or endpoints with TLS",
    ),
    Measure(
        "Network isolation",
        criterion="network-segmented",
        words=frozenset({"network", "networkpolicy", "group", "firewall", "public"}),
        declared=_isolated,
        what="networks, policies or security groups",
    ),
    Measure("Non-root containers", words=frozenset({"nonroot"})),
    Measure("Security scan passed", gate="security-scan", criterion="scan-results"),
    Measure(
        "RBAC configured",
        criterion="least-privilege",
        words=frozenset({"rbac", "iam", "role", "roles"}),
        declared=_granted,
        what="roles or bindings",
    ),
)
