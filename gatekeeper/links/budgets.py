"""In which clouds something is made that costs money by the hour, and the budgets that are set for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.resources import GROUP_OF, terraform_resources
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_CLOUDS = {"aws": "AWS", "azurerm": "Azure", "google": "Google Cloud"}


_OTHERS = {"digitalocean": "DigitalOcean", "hcloud": "Hetzner", "mongodbatlas": "MongoDB Atlas"}


class Budget(NamedTuple):
    """A budget: of which cloud, and why it may not tell anybody when too much is spent; '' where it is sure to."""

    cloud: str
    fault: str
    at: Node

    @property
    def tells(self) -> bool:
        return not self.fault


def clouds(project: Project) -> list[str]:
    """The clouds in which something runs, by name, of those that have budgets which Terraform sets."""
    return _where(project, _CLOUDS)


def others(project: Project) -> list[str]:
    """The same, of those that have none."""
    return _where(project, _OTHERS)


def _where(project: Project, names: dict[str, str]) -> list[str]:
    found = {each.type.partition("_")[0] for each in terraform_resources(project) if each.type in GROUP_OF}
    return sorted(names[name] for name in found if name in names)


def budgets(project: Project) -> list[Budget]:
    found = []
    for each in terraform_resources(project):
        fault = _FAULTS.get(each.type)
        if fault is not None:
            cloud = _CLOUDS[each.type.partition("_")[0]]
            words = _not_there(each, project) or fault(each, project)
            found.append(Budget(cloud, words, Node(each.name, each.node.source, each.span)))
    return found


def _not_there(budget: Resource, project: Project) -> str:
    """Why a budget may not be made at all, or not where production is."""
    module = budget.module
    if not module.root and not module.users and "modules" in budget.path.split("/"):
        return "nothing here calls its module"
    if budget.times is None or (module.users and not any(call.times for call in module.users)):
        return "whether it is made is not known"
    prefix = budget.type.partition("_")[0]
    spent = [e for e in terraform_resources(project) if e.type in GROUP_OF and e.type.partition("_")[0] == prefix]
    if _is_not_production(budget) and not all(map(_is_not_production, spent)):
        return "it is not of production"
    return ""


def _is_not_production(resource: Resource) -> bool:
    from gatekeeper.models.pipeline.environments import Class, classify

    classes = {classify(folder) for folder in resource.path.split("/")[:-1]}
    return not classes.isdisjoint({Class.NONPROD, Class.EPHEMERAL}) and Class.PROD not in classes


def _of_aws(budget: Resource, project: Project) -> str:
    kind, account = budget.node["budget_type"], budget.node["account_id"]
    filters = [each["name"].text for each in budget.blocks("cost_filter")]
    filters += [key for key, _ in budget.node["cost_filters"].items()] if budget.node["cost_filters"].known else []
    if kind.present and kind.text != "COST":
        return f"it counts {kind.text}, not what is spent"
    if account.present and account.known:
        return "it is of an account that is named by its number"
    if any(not name.startswith("Tag") for name in filters):
        return "it counts a part of what is spent"
    if not any(map(budget.present, ("planned_limit", "auto_adjust_data"))) and not _limits(budget.node["limit_amount"]):
        return "it has no limit"
    if _over(budget.node["time_period_end"], project):
        return "it has ended"
    return _told(budget, "notification", _notifies_in_aws)


def _notifies_in_aws(block: Node) -> bool:
    percent = block["threshold_type"].text != "ABSOLUTE_VALUE"
    told = any(_filled(block[name]) for name in ("subscriber_email_addresses", "subscriber_sns_topic_arns"))
    above = block["comparison_operator"] != "LESS_THAN"
    return told and above and _in_time(block["threshold"], 100 if percent else None)


def _of_azure(budget: Resource, project: Project) -> str:
    groups = [each for each in terraform_resources(project) if each.type == "azurerm_resource_group"]
    if not _limits(budget.node["amount"]):
        return "it has no limit"
    if any(_over(each["end_date"], project) for each in budget.blocks("time_period")):
        return "it has ended"
    if any(each["dimension"].present for each in budget.blocks("filter")):
        return "it counts a part of what is spent"
    if budget.type.endswith("_resource_group") and len(groups) > 1:
        return "it is of one resource group"
    return _told(budget, "notification", _notifies_in_azure)


def _notifies_in_azure(block: Node) -> bool:
    told = any(_filled(block[name]) for name in ("contact_emails", "contact_groups", "contact_roles"))
    return told and _in_time(block["threshold"], 100) and block["enabled"].value is not False


def _of_google(budget: Resource, project: Project) -> str:
    for amount in budget.blocks("amount"):
        fixed = amount["specified_amount"]
        if fixed.known and fixed.present and not _limits(fixed["units"]):
            return "it has no limit"
    for chosen in budget.blocks("budget_filter"):
        projects = chosen["projects"]
        named = projects.is_list and projects.known and any(each.known for each in projects)
        if named or any(chosen[name].present for name in ("services", "subaccounts")):
            return "it counts a part of what is spent"
    for rule in budget.blocks("all_updates_rule"):
        channels = any(_filled(rule[name]) for name in ("monitoring_notification_channels", "pubsub_topic"))
        if rule["disable_default_iam_recipients"].value is True and not channels:
            return "nobody is seen to be told by it"
    return _told(budget, "threshold_rules", lambda block: _in_time(block["threshold_percent"], 1))


def _told(budget: Resource, block: str, tells: Callable[[Node], bool]) -> str:
    """What is said where none of the blocks of a budget surely tells somebody in time."""
    from gatekeeper.models.terraform.values import Perhaps

    try:
        sure = any(tells(each) for each in budget.blocks(block) if not isinstance(each, Perhaps))
    except Unresolved as unresolved:
        return f"{unresolved.expression.text} decides who is told by it"
    return "" if sure else "nobody is seen to be told by it in time"


def _limits(amount: Node) -> bool:
    """Whether an amount is one; what is filled in later is taken to be."""
    return amount.present and (not amount.known or (amount.number or 0) > 0)


def _in_time(threshold: Node, whole: int | None) -> bool:
    """Whether a part of a budget at which somebody is told is not far beyond it."""
    if whole is None or not threshold.known:
        return True
    return 0 < (threshold.number or 0) <= 2 * whole


def _over(end: Node, project: Project) -> bool:
    return end.present and end.known and end.text[:10] < project.today.isoformat()


_PLACEHOLDER = regex(r"(?i)change-?me|@example\.|\byour|<|todo|xxx|placeholder")


def _filled(node: Node) -> bool:
    """Whether somebody is named: in words, or by a resource. What a variable holds nobody knows."""
    if not node.present:
        return False
    if node.expression:
        return not _FROM_OUTSIDE.match(node.expression.text)
    if node.is_list:
        return any(_filled(each) for each in node)
    return bool(node.text) and _PLACEHOLDER.search(node.text) is None


_FROM_OUTSIDE = regex(r"(?:var|each|local|data)\.")
_FAULTS: dict[str, Callable[[Resource, Project], str]] = {
    "aws_budgets_budget": _of_aws,
    "azurerm_consumption_budget_subscription": _of_azure,
    "azurerm_consumption_budget_resource_group": _of_azure,
    "azurerm_consumption_budget_management_group": _of_azure,
    "google_billing_budget": _of_google,
}
