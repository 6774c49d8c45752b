"""Whether a plan of AWS backs something up: by naming it, by a pattern, or by a tag."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.related import companions, of_type, referred, surely_with
from gatekeeper.models.terraform import ModuleCall, Provider, Resource
from gatekeeper.node import Expression, Node
from gatekeeper.project import Project

_ARNS = {  # what the ARN of each type looks like, for patterns of selections
    "aws_ebs_volume": "arn:aws:ec2:eu-west-1:123456789012:volume/vol-0123456789abcdef0",
    "aws_efs_file_system": "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0",
    "aws_instance": "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0",
}
_OF_MANAGER = {"aws_ebs_volume": "VOLUME", "aws_instance": "INSTANCE"}  # what a lifecycle policy copies
PLANS = ("aws_backup_selection", "aws_dlm_lifecycle_policy")


class Cover(NamedTuple):
    """Whether it is backed up for sure, what may do it, and whether any plan stands where it does."""

    sure: bool
    doubts: list[Node]
    planned: bool


def by_its_policy(resource: Resource, project: Project) -> Cover:
    """Whether the policy of a file system itself has it backed up."""
    own = companions(resource, ["aws_efs_backup_policy"], ["file_system_id"], project)
    doubts = list(own.doubts)
    for policy in own.found:
        status = policy.node.at("backup_policy.status")
        if status.known and status.text == "ENABLED" and surely_with(policy, resource):
            return Cover(True, [], True)
        if not status.known or not surely_with(policy, resource):
            doubts.append(status)
    return Cover(False, doubts, bool(own.found))


def cover(resource: Resource, project: Project) -> Cover:
    """What backs up a disk or file system. A disk that is attached is backed up with its machine."""
    doubts: list[Node] = []
    planned = False
    machines, unknown = _machines(resource, project)
    doubts += unknown
    for each in (resource, *machines):
        named = companions(each, ["aws_backup_selection"], ["resources"], project)
        if any(surely_with(selection, each) and not _hampered(selection, project) for selection in named.found):
            return Cover(True, [], True)
        doubts += [*(selection.node["resources"] for selection in named.found), *named.doubts]
        for plan in (plan for kind in PLANS for plan in of_type(kind, project)):
            here = plan.module.directory == resource.module.directory
            planned = planned or here
            hampered = _hampered(plan, project)
            for truth, node in _chosen(each, plan):
                if truth and here and hampered is None:
                    return Cover(True, [], True)
                if truth is not False:
                    doubts.append(node if hampered is None else hampered)
    for call in project.all(ModuleCall):
        if not call.local and "backup" in call.source.lower() and _reaches(call, resource):
            words = Expression(call.name, "is a remote module: what it backs up is not seen")
            doubts.append(Node(words, call.syntax.home.source, call.span))
    return Cover(False, doubts, planned)


def _hampered(plan: Resource, project: Project) -> Node | None:
    """What keeps a plan from backing up all that it chooses, or from doing so soon; None where nothing is seen to."""
    state = plan.node["state"]
    if state.present and state.text != "ENABLED":
        return state
    for name in ("not_resources", "condition"):
        if plan.present(name):
            return plan.node[name]
    for found in referred(plan, "plan_id", project):
        rules = found.blocks("rule")
        if not any(_soon(rule["schedule"]) for rule in rules):
            return rules[0]["schedule"] if rules else found.node
    return None


def _soon(schedule: Node) -> bool:
    """Whether a schedule of AWS comes in every month."""
    if not schedule.present:
        return True  # then it is daily
    fields = schedule.text.removeprefix("cron(").split() if schedule.known else []
    return schedule.known and (len(fields) < _MONTH + 1 or fields[_MONTH] in ("*", "1/1", "*/1"))


_MONTH = 3


def _machines(disk: Resource, project: Project) -> tuple[list[Resource], list[Node]]:
    """The machines that a disk is attached to, and what may attach it to others."""
    if disk.type != "aws_ebs_volume":
        return [], []
    machines: list[Resource] = []
    attachments, doubts = companions(disk, ["aws_volume_attachment"], ["volume_id"], project)
    for attachment in attachments:
        declared = map(attachment.module.declared.get, sorted(attachment.addresses("instance_id")))
        found = [each for each in declared if isinstance(each, Resource)]
        node = attachment.node["instance_id"]
        doubts += [node] if node.expression and not found else []
        machines += found
    return machines, [node for node in doubts if node.expression]


def _reaches(call: ModuleCall, resource: Resource) -> bool:
    return call.module.directory == resource.module.directory or any(
        user.module.directory == call.module.directory for user in resource.module.users
    )


def _chosen(resource: Resource, plan: Resource) -> Iterator[tuple[bool | None, Node]]:
    """Whether each pattern and tag of a plan chooses a resource."""
    if plan.type == "aws_backup_selection":
        patterns = plan.node["resources"]
        for pattern in patterns if patterns.is_list else ():
            if pattern.known and "*" in pattern.text:
                yield fnmatchcase(_ARNS.get(resource.type, ""), pattern.text), pattern
        for tag in plan.blocks("selection_tag"):
            yield _tagged(resource, tag["key"], tag["value"]), tag
    for details in plan.blocks("policy_details") if resource.type in _OF_MANAGER else ():
        kinds = details["resource_types"]
        if kinds.known and kinds.is_list and kinds.whole and all(each != _OF_MANAGER[resource.type] for each in kinds):
            continue
        tags = details["target_tags"]
        for key, value in tags.items() if tags.known else ():
            yield _tagged(resource, Node(key, value.source, value.span), value), value
        if not tags.known:
            yield None, tags


def _tagged(resource: Resource, key: Node, value: Node) -> bool | None:
    if not key.known or not value.known:
        return None
    own = [resource.node["tags"], *_defaults(resource)]
    found = [tags[key.text] for tags in own if tags.known]
    if any(tag.known and tag.present and tag.text == value.text for tag in found):
        return True
    unknown = any(not tags.known for tags in own) or any(not tag.known for tag in found)
    return None if unknown or not resource.module.root else False


def _defaults(resource: Resource) -> Iterator[Node]:
    for provider in resource.module.of(Provider):
        for block in provider.blocks("default_tags"):
            yield block["tags"]
