"""What protects environments and branches on the server, as far as it is written down anywhere.

That is in Terraform, in the file of settings that an app applies (`.github/settings.yml`), or in a snapshot of what the
server answered, which is kept as evidence. Only what is about this repository counts: Terraform often manages others.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gatekeeper.discover import Unreadable
from gatekeeper.globs import covers
from gatekeeper.links import bound
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.evidence.facts import BranchRules, Facts, Protection
from gatekeeper.node import Node
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_SETTINGS = (".github/settings.yml", ".github/settings.yaml")
_ORGANISATION = (".github/repos", ".github/suborgs")  # beside settings of a whole organisation
_MOST = 500  # declarations that are looked at


class Open(NamedTuple):
    """Something that may say it, and why it does not: a reason of UNKNOWN's closed list, and words."""

    at: Node
    reason: str
    words: str
    name: str = ""  # of the environment or branch that it is about; '' where that is not known


class Declared(NamedTuple):
    """What one place says about an environment; None for what it does not say.

    `approved`: whether somebody must approve. `starter`: whether that may be whoever started the deployment. `bypass`:
    whether administrators pass over it. `restricted`: whether only some branches or people deploy; `patterns` are those
    branches, where they are written. `waits`: whether it waits by itself.
    """

    name: str
    platform: str
    by: str  # snapshot, terraform, settings
    at: Node
    words: str
    approved: bool | None
    starter: bool | None = None
    bypass: bool | None = None
    restricted: bool | None = None
    waits: bool = False
    why: str = ""  # it is not known whether somebody must approve
    every: bool = False  # it is one of a list of all that there are
    made: datetime.datetime | None = None
    patterns: tuple[str, ...] | None = None

    def lets(self, ref: str) -> bool | None:
        """Whether its policy lets a ref deploy (a branch, or `refs/pull/1/merge`); None where that is not known."""
        if not self.restricted or self.patterns is None:
            return None if self.restricted or self.restricted is None else True
        return any(matches(pattern, ref) for pattern in self.patterns)

    def means(self, name: str) -> bool:
        """GitHub's names of environments know no case, GitLab's do."""
        return self.name.lower() == name.lower() if self.platform == "github" else self.name == name


class Demanded(NamedTuple):
    """What one place demands before something is merged into a branch; None for what is not known.

    `classic` where it is GitHub's older protection, of which one that is about the branch alone leaves patterns no say.
    """

    branches: tuple[str, ...]
    excluded: tuple[str, ...]
    by: str
    at: Node
    words: str
    approvals: int | None
    checks: tuple[str, ...] | None
    passed_over: bool | None = None
    classic: bool = False

    def means(self, branch: str, default: bool) -> bool:
        return _covers(self.branches, branch, default) and not _covers(self.excluded, branch, default)


D = TypeVar("D")


class Environments(NamedTuple):
    declared: list[Declared]
    open: list[Open]


class Branches(NamedTuple):
    demanded: list[Demanded]
    open: list[Open]


def environments(project: Project) -> Environments:
    """What is declared about the environments of this repository."""
    return project.once("declared environments", _environments)


def branches(project: Project) -> Branches:
    """What is demanded before something is merged into a branch of this repository."""
    return project.once("demanded of branches", _branches)


def demanded(branch: str, default: bool, project: Project) -> list[Demanded]:
    """What is demanded before something is merged into one branch; `default` whether that is the default branch."""
    mine = [each for each in branches(project).demanded if each.means(branch, default)]
    exact = [each for each in mine if each.classic and branch in each.branches]
    return [each for each in mine if not each.classic or not exact or each in exact]


def about(name: str, platform: str, project: Project) -> list[Declared]:
    """What is declared about one environment, what counts most first: what the server answered last, then the files."""
    found = [each for each in environments(project).declared if each.platform == platform and each.means(name)]
    snapshots = [each for each in found if each.by == "snapshot"]
    latest = max((each.made for each in snapshots if each.made), default=None)
    current = [each for each in snapshots if each.made == latest] or snapshots
    weakest = sorted(current, key=lambda each: bool(each.approved))  # of two of the same hour
    return [*weakest, *(each for each in found if each.by != "snapshot")]


def _environments(project: Project) -> Environments:
    said = (*_snapshots(project, Protection), *_environments_of_terraform(project), *_of_settings(project))
    declared = _once([each for each in said if isinstance(each, Declared)])
    return Environments(declared[:_MOST], _once([each for each in said if isinstance(each, Open)])[:_MOST])


def _branches(project: Project) -> Branches:
    said = (*_snapshots(project, BranchRules), *_branches_of_terraform(project), *_branches_of_settings(project))
    demanded = _once([each for each in said if isinstance(each, Demanded)])
    return Branches(demanded[:_MOST], _once([each for each in said if isinstance(each, Open)])[:_MOST])


def _once(said: Iterable[D]) -> list[D]:
    """Without what several uses of the same lines say alike."""
    return list({_key(each): each for each in said}.values())


def _key(said: object) -> object:
    fields = said if isinstance(said, tuple) else ()
    return tuple((field.source.path, field.span) if isinstance(field, Node) else field for field in fields)


# what the server answered

_FORMATS: dict[type[Facts], tuple[str, ...]] = {
    Protection: ("github_environments", "gitlab_environments"),
    BranchRules: ("github_rules",),
}


def _snapshots(project: Project, kind: type[Facts]) -> Iterator[Declared | Demanded | Open]:
    age = project.settings.thresholds.api_max_age
    for evidence in project.all(Evidence):
        if evidence.format not in _FORMATS[kind]:
            continue
        facts = evidence.facts
        if evidence.trouble:
            yield Open(evidence.node, evidence.trouble.reason, f"{evidence.path}: {evidence.trouble.message}")
        elif isinstance(facts, (Protection, BranchRules)) and isinstance(facts, kind):
            name = facts.environment if isinstance(facts, Protection) else facts.branch
            doubt = bound.doubt(evidence, project, age, any_commit=True)
            elsewhere = bound.of_another(facts.repository, project)
            if doubt:
                yield Open(evidence.node, doubt[0], f"{evidence.path}: {doubt[1]}", name)
            elif elsewhere:
                yield Open(evidence.node, "wrong-subject", f"{evidence.path} {elsewhere}", name)
            else:
                yield _answered(evidence, facts)


def _answered(evidence: Evidence, facts: Protection | BranchRules) -> Declared | Demanded | Open:
    if isinstance(facts, Protection):
        approved = min(facts.reviewers, facts.approvals) > 0
        starter = None if facts.prevents_self_review is None else not facts.prevents_self_review
        words = f"{evidence.path}: {facts.approvals} of {facts.reviewers} reviewers must approve"
        if not approved:
            words = f"{evidence.path}: it has no required reviewer"
        return Declared(
            facts.environment, facts.tool.lower(), "snapshot", evidence.node, words, approved, starter,
            facts.admins_bypass, facts.restricted, facts.waits > 0, every=facts.every, made=bound.made(evidence),
        )  # fmt: skip
    branch = facts.branch or evidence.origin.about
    if not branch:
        words = f"{evidence.path} does not name its branch; keep it with `--about BRANCH`"
        return Open(evidence.node, "wrong-subject", words)
    passed = None if facts.enforced_for_admins is None else not facts.enforced_for_admins
    return Demanded(
        (branch,), (), "snapshot", evidence.node, evidence.path, facts.approvals, facts.checks, passed
    )  # fmt: skip


# Terraform


class _Of(NamedTuple):
    """One instance of a resource: its node, whether it is there and about this repository (None: not known)."""

    resource: Resource
    node: Node
    ours: bool | None
    why: str


def _instances(project: Project, kinds: Iterable[str], key: str) -> Iterator[_Of]:
    wanted = frozenset(kinds)
    for resource in terraform_resources(project):
        if resource.type not in wanted:
            continue
        for each in resource.alternatives() or [resource]:
            if not each.there:
                continue
            one: Resource = each  # type: ignore[assignment]  # a resource's alternatives are resources
            ours = _ours(one, key, project)
            why = "" if ours is not None else f"which repository {one.name} is about is known only when Terraform runs"
            if ours and not _made(one):
                ours, why = None, f"whether {one.name} is made is known only when Terraform runs"
            if ours is not False:
                yield _Of(one, one.node, ours, why)


def _made(resource: Resource) -> bool:
    """Whether it is certainly made: not where nobody calls its module, or what `count` comes to is not known."""
    module = resource.module
    library = "modules" in module.directory.split("/") and not module.users and module.context is None
    return not library and (bool(resource.instance) or resource.times is not None)


def _ours(resource: Resource, key: str, project: Project) -> bool | None:
    """Whether a resource is about this repository, by the attribute that names one."""
    here = bound.ours(project) or project.settings.service.name.lower()
    named = _repository_of(resource, key)
    if not named or not here:
        return None
    owner, _, name = here.rpartition("/")
    path = named.lower().strip("/").split("/")
    if len(path) > 1:
        return path[-1] == name and (not owner or path[-2] == owner)
    theirs = _owner(resource)
    return path[0] == name and (not owner or not theirs or theirs == owner)


def _repository_of(resource: Resource, key: str) -> str:
    node = resource.node[key]
    if node.known and isinstance(node.value, str):
        return "" if node.value.isdigit() else node.value
    names = set()
    for address in resource.addresses(key):
        declared = resource.module.declared.get(address)
        for attribute in ("full_name", "path_with_namespace", "name", "path") if declared else ():
            said = declared.node[attribute] if declared else node
            if said.known and said.present and isinstance(said.value, str):
                names.add(said.value)
                break
        else:
            names.add("")
    return names.pop() if len(names) == 1 else ""


def _owner(resource: Resource) -> str:
    """The account that its provider works for, in lower case; '' when that is not written."""
    from gatekeeper.models.terraform import Provider

    for provider in resource.module.of(Provider):
        if provider.alias == resource.provider_alias:
            for attribute in ("owner", "organization"):
                node = provider.node[attribute]
                if node.known and isinstance(node.value, str):
                    return node.value.lower()
    return ""


def _environments_of_terraform(project: Project) -> Iterator[Declared | Open]:
    for each in _instances(project, ["github_repository_environment"], "repository"):
        yield _environment_of(each, "github", _reviewed(each.resource))
    for each in _instances(project, ["gitlab_project_protected_environment"], "project"):
        yield _environment_of(each, "gitlab", _agreed(each.resource))


def _environment_of(each: _Of, platform: str, approved: bool | None) -> Declared | Open:
    name = each.node["environment"]
    at = _place(each)
    if not name.known or not isinstance(name.value, str):
        return Open(at, "unresolved", f"{each.resource.name} names its environment only when Terraform runs")
    if each.ours is None:
        return Open(at, "unresolved", each.why, name.value)
    words = f"{each.resource.name} names {'reviewers' if approved else 'no reviewer'}"
    why = f"whom {each.resource.name} names is known only when Terraform runs" if approved is None else ""
    if platform == "gitlab":
        limited = each.resource.present("deploy_access_levels")
        return Declared(name.value, platform, "terraform", at, words, approved, None, None, limited, why=why)
    selfish = _flag(each.node["prevent_self_review"], False)
    waits = each.node["wait_timer"]
    return Declared(
        name.value, platform, "terraform", at, words, approved, None if selfish is None else not selfish,
        _flag(each.node["can_admins_bypass"], True), each.resource.present("deployment_branch_policy"),
        bool(waits.known and waits.number), why=why,
    )  # fmt: skip


def _flag(node: Node, default: bool) -> bool | None:
    if not node.known:
        return None
    return node.value is True if node.present else default


def _reviewed(resource: Resource) -> bool | None:
    """Whether it names reviewers: a user or a team."""
    from gatekeeper.models.terraform.values import Perhaps

    blocks = resource.blocks("reviewers")
    answers = [None if isinstance(each, Perhaps) else _filled(each["users"], each["teams"]) for each in blocks]
    if True in answers:
        return True
    return None if None in answers or not resource.node.whole else False


def _filled(*lists: Node) -> bool | None:
    """Whether one of the lists holds something; None when that is not known."""
    if any(node.known and node.is_list and len(node._value) for node in lists):
        return True
    return None if any(not node.known for node in lists) else False


def _agreed(resource: Resource) -> bool | None:
    """Whether somebody must approve. Who may deploy is another question."""
    rules = resource.blocks("approval_rules")
    if any(not rule.known for rule in rules):
        return None
    counts = [rule["required_approvals"] for rule in rules]
    if any(node.known and (not node.present or (node.number or 0) > 0) for node in counts):
        return True
    return None if any(not node.known for node in counts) or not resource.node.whole else False


def _branches_of_terraform(project: Project) -> Iterator[Demanded | Open]:
    for each in _instances(project, ["github_branch_protection"], "repository_id"):
        yield _classic(each, each.node["pattern"])
    for each in _instances(project, ["github_branch_protection_v3"], "repository"):
        yield _classic(each, each.node["branch"])
    for each in _instances(project, ["github_repository_ruleset"], "repository"):
        yield from _ruleset_of(each)
    for each in _organisation_rulesets(project):
        yield from _ruleset_of(each)


def _place(each: _Of) -> Node:
    return Node(each.resource.name, each.resource.written_in, each.resource.span)


def _classic(each: _Of, branch: Node) -> Demanded | Open:
    at, name = _place(each), each.resource.name
    if not branch.known or not branch.text:
        return Open(at, "unresolved", f"{name} names its branch only when Terraform runs")
    if each.ours is None:
        return Open(at, "unresolved", each.why, branch.text)
    checks: list[str] | None = []
    for block in each.resource.blocks("required_status_checks"):
        for key in ("contexts", "checks"):
            checks = _joined(checks, block[key], bare=True)
    reviews = [
        _count(block["required_approving_review_count"], 1)
        for block in each.resource.blocks("required_pull_request_reviews")
    ]
    admins = _flag(each.node["enforce_admins"], False)
    return Demanded(
        (branch.text,), (), "terraform", at, name, _most(reviews), None if checks is None else tuple(checks),
        None if admins is None else not admins, classic=True,
    )  # fmt: skip


def _bare(text: str) -> str:
    """`context:app id` without the id of the app."""
    context, _, app = text.rpartition(":")
    return context if context and app.lstrip("-").isdigit() else text


def _joined(so_far: list[str] | None, node: Node, *, bare: bool = False) -> list[str] | None:
    """The texts of a list behind those there are; None when any of them is not known. `bare`: see `_bare`."""
    if so_far is None or not node.known:
        return None
    texts = [item.text if item.known else None for item in (node._value if node.is_list else ())]
    if any(text is None for text in texts):
        return None
    return [*so_far, *(_bare(text) if bare else text for text in texts if text)]


def _count(node: Node, default: int) -> int | None:
    if not node.known:
        return None
    return default if not node.present else int(node.number or 0)


def _most(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    if known and max(known) > 0:
        return max(known)
    return None if None in counts else 0


def _organisation_rulesets(project: Project) -> Iterator[_Of]:
    """Rulesets of an organisation that mean this repository by its name."""
    name = (bound.ours(project) or project.settings.service.name.lower()).rpartition("/")[2]
    for resource in terraform_resources(project):
        if resource.type != "github_organization_ruleset":
            continue
        included: list[str] | None = []
        excluded: list[str] | None = []
        for condition in resource.blocks("conditions"):
            for block in _blocks(condition, "repository_name"):
                included = _joined(included, block["include"])
                excluded = _joined(excluded, block["exclude"])
        theirs = bool(included and excluded is not None and name)
        ours = theirs and any(each == "~ALL" or covers(each.lower(), name) for each in included or ())
        ours = ours and not any(covers(each.lower(), name) for each in excluded or ())
        if theirs and not ours:
            continue
        why = "" if ours else f"which repositories {resource.name} means is not known"
        owner = bound.ours(project).partition("/")[0]
        if not (owner and _owner(resource) not in ("", owner)):
            yield _Of(resource, resource.node, True if ours and _made(resource) else None, why)


def _blocks(node: Node, key: str) -> list[Node]:
    """The nested blocks of a kind in a block: one, or a list of them."""
    inner = node[key]
    if inner.known and inner.is_list:
        return list(inner._value)
    return [inner] if inner.present else []


def _ruleset_of(each: _Of) -> Iterator[Demanded | Open]:
    at, name, node = _place(each), each.resource.name, each.node
    if not all(node[key].known for key in ("enforcement", "target")):
        yield Open(at, "unresolved", f"whether {name} is enforced is known only when Terraform runs")
        return
    if node["enforcement"].text != "active" or node["target"].text not in ("", "branch"):
        return
    included: list[str] | None = []
    excluded: list[str] | None = []
    for condition in each.resource.blocks("conditions"):
        for block in _blocks(condition, "ref_name"):
            included = _joined(included, block["include"])
            excluded = _joined(excluded, block["exclude"])
    if included is None or excluded is None:
        yield Open(at, "unresolved", f"{name} names its branches only when Terraform runs")
        return
    if each.ours is None:
        yield Open(at, "unresolved", each.why)
        return
    checks: list[str] | None = []
    reviews: list[int | None] = []
    for rules in each.resource.blocks("rules"):
        for block in _blocks(rules, "required_status_checks"):
            for check in _blocks(block, "required_check"):
                context = check["context"]
                known = checks is not None and context.known
                checks = [*(checks or ()), context.text] if known else None
        reviews += [_count(b["required_approving_review_count"], 0) for b in _blocks(rules, "pull_request")]
    yield Demanded(
        _names(included), _names(excluded), "terraform", at, name, _most(reviews),
        None if checks is None else tuple(checks), each.resource.present("bypass_actors"),
    )  # fmt: skip


def _names(refs: Iterable[str]) -> tuple[str, ...]:
    return tuple(ref.removeprefix("refs/heads/") for ref in refs)


# the file of settings


def _settings(project: Project) -> Iterator[Node | Open]:
    """The settings of this repository that an app applies, where the file is about this repository alone."""
    from gatekeeper.parsers import yaml

    tree = project.tree
    name = (bound.ours(project) or project.settings.service.name.lower()).rpartition("/")[2]
    own = [f".github/repos/{name}{end}" for end in (".yml", ".yaml")] if name else []
    whole = any(tree.below(folder) for folder in _ORGANISATION)
    for path in (*_SETTINGS, *own):
        if path not in tree:
            continue
        source = tree.source(path)
        try:
            nodes, faults = source.once(yaml.parse)
        except Unreadable:
            continue
        node = nodes[0] if nodes and not faults else None
        if node is None or not node.is_mapping:
            at = Node(None, source, source.line_span(1))
            yield Open(at, "unreadable", f"{path} cannot be read as settings")
        elif whole and path in _SETTINGS:
            yield Open(node, "unresolved", f"{path} is about all repositories of an organisation")
        else:
            yield node


def _of_settings(project: Project) -> Iterator[Declared | Open]:
    for node in _settings(project):
        if isinstance(node, Open):
            yield node
            continue
        inherits = node["_extends"].present
        for each in _items(node["environments"]):
            name = each["name"]
            if not name.known or not name.text:
                continue
            reviewers = each["reviewers"]
            approved = bool(reviewers.is_list and any(item.is_mapping for item in reviewers))
            unsaid = inherits and not reviewers.present
            words = f"{node.source.path} names {'reviewers' if approved else 'no reviewer'}"
            policy = each["deployment_branch_policy"]
            yield Declared(
                name.text, "github", "settings", name, words, None if unsaid else approved,
                None if unsaid else each["prevent_self_review"].value is not True, None,
                None if inherits and not policy.present else _policy(policy),
                bool(each["wait_timer"].number),
                f"{node.source.path} extends settings that are elsewhere" if unsaid else "",
                patterns=_chosen(policy),
            )  # fmt: skip
        if inherits:
            words = f"{node.source.path} extends settings of another repository, which may name reviewers"
            yield Open(node["_extends"], "unresolved", words)


def _policy(node: Node) -> bool:
    if not node.is_mapping:
        return False
    chosen = (node[key] for key in ("custom_branches", "custom_branch_policies"))
    return node["protected_branches"].value is True or any(bool(each) for each in chosen)


def _chosen(policy: Node) -> tuple[str, ...] | None:
    """The branches that a policy in a file of settings names; None where it names none, or by what is protected."""
    listed = policy["custom_branches"] if policy.is_mapping else policy
    if not policy.is_mapping or policy["protected_branches"].value is True or not listed.is_list:
        return None
    entries = (each["name"] if each.is_mapping else each for each in listed)
    return tuple(each.text for each in entries if each.text)


def _branches_of_settings(project: Project) -> Iterator[Demanded | Open]:
    for node in _settings(project):
        if isinstance(node, Open):
            yield node
            continue
        path = node.source.path
        for each in _items(node["branches"]):
            protection = each["protection"]
            if not protection.is_mapping or not each["name"].text:
                continue
            checks: list[str] = _texts(protection.at("required_status_checks.contexts"))
            checks += [item["context"].text for item in _items(protection.at("required_status_checks.checks"))]
            reviews = protection["required_pull_request_reviews"]
            asked = _count(reviews["required_approving_review_count"], 1) if reviews.is_mapping else 0
            admins = protection["enforce_admins"].value is True
            yield Demanded(
                (each["name"].text,), (), "settings", each["name"], path, asked, tuple(checks), not admins,
                classic=True,
            )  # fmt: skip
        for each in _items(node["rulesets"]):
            yield from _ruleset_in(each, path)
        if node["_extends"].present:
            words = f"{path} extends settings of another repository, which may protect branches"
            yield Open(node["_extends"], "unresolved", words)


def _ruleset_in(node: Node, path: str) -> Iterator[Demanded]:
    if node["enforcement"].text != "active" or node["target"].text not in ("", "branch"):
        return
    names = node.at("conditions.ref_name")
    checks: list[str] = []
    approvals = 0
    for rule in _items(node["rules"]):
        parameters = rule["parameters"]
        if rule["type"].text == "required_status_checks":
            checks += [each["context"].text for each in _items(parameters["required_status_checks"])]
        elif rule["type"].text == "pull_request":
            approvals = max(approvals, _count(parameters["required_approving_review_count"], 0) or 0)
    included, excluded = _texts(names["include"]), _texts(names["exclude"])
    at = node["name"] if node["name"].present else node
    bypassed = bool(_items(node["bypass_actors"]))
    yield Demanded(_names(included), _names(excluded), "settings", at, path, approvals, tuple(checks), bypassed)


def _items(node: Node) -> list[Node]:
    return [each for each in node if each.is_mapping] if node.known and node.is_list else []


def _texts(node: Node) -> list[str]:
    return [each.text for each in node if each.known and each.text] if node.known and node.is_list else []


def _covers(patterns: Iterable[str], branch: str, default: bool) -> bool:
    for pattern in patterns:
        if pattern == "~ALL" or (pattern == "~DEFAULT_BRANCH" and default):
            return True
        if not pattern.startswith("~") and matches(pattern, branch):
            return True
    return False


def matches(pattern: str, ref: str) -> bool:
    """`*` stays within a part of a name, as GitHub's patterns have it."""
    if pattern == ref or pattern == "**":
        return True
    return covers(pattern, ref) and ("**" in pattern or pattern.count("/") == ref.count("/"))
