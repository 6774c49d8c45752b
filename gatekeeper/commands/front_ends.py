"""What is read of Terraform and of the languages beside it: pages for `explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.models.cloudformation.types import Rule, Type

PAGES = ("terraform", "cloudformation", "pulumi", "ansible")


def page(wanted: str) -> str | None:
    """The page of a language (`cloudformation`) or of a type of CloudFormation (`AWS::RDS::DBInstance`)."""
    language = _LANGUAGES.get(wanted.lower())
    if language:
        return "\n".join(language())
    if "::" in wanted:
        from gatekeeper.models.cloudformation.types import type_of

        found = type_of(wanted)
        return "\n".join(_type(found)) if found else None
    return None


_TERRAFORM = """\
Terraform
=========
Configuration in HCL and JSON, of Terraform and OpenTofu, with override files,
variable files, backend files and lock files. Evaluated are variables (defaults,
optional(), types), locals, conditionals, for, templates, about a hundred functions,
files of the repository, policy documents, attributes that sibling resources set, and
outputs of local modules. A module is looked at for each caller and each environment's
variable file, a resource for each instance of count and for_each, where that makes a
difference.

Not known, and UNKNOWN where a rule asks: variables without a value, data sources, what
a provider computes, the settings that -backend-config gives. A plan that is kept as
evidence (terraform show -json) settles these. Terragrunt and Atmos are recognised and
not evaluated.
"""
_PULUMI = """\
Pulumi
======
Programs in YAML, with the configuration of their stacks, are read into the resources of
Terraform: the types of the providers aws, azure, gcp and digitalocean, which are made of
Terraform's. protect is prevent_destroy. What resources of kubernetes say is judged as
manifests are.

UNKNOWN (unsupported-tool): programs in other languages, azure-native, aws-native, awsx,
eks and components."""
_ANSIBLE = """\
Ansible
=======
Playbooks, roles, variables, inventories, ansible.cfg, requirements and galaxy files.
Tasks know their module by its short and its whole name; become, no_log and when come from
the task, its blocks or its play. What Jinja makes is known only when the play runs. What
Vault encrypted is not read.

Not judged: become on a whole play, become_method, rescue blocks, names and style."""


def _terraform() -> Iterator[str]:
    from gatekeeper.models.terraform.registry import on_record

    modules = on_record()
    yield _TERRAFORM
    yield f"{len(modules)} remote modules are on record: their calls are judged by what they make. Others are UNKNOWN."
    yield from (f"  {each}" for each in modules)


def _language() -> Iterator[str]:
    from gatekeeper.models.cloudformation.types import every

    types = every()
    read = [each for each in types if each.read]
    named = [each for each in types if not each.read]
    width = max(len(each.name) for each in read)
    yield from (
        "CloudFormation",
        "==============",
        "Templates, in YAML and JSON, of SAM and as CDK writes them, are read into the resources of Terraform, and the",
        "rules about those judge them. An attribute that no property stands for is not known.",
        "",
        f"{len(read)} types whose properties are read (gatekeeper explain AWS::RDS::DBInstance shows which):",
    )
    for each in read:
        kinds = [each.type, *each.when.values(), *dict.fromkeys(part.type for part in each.companions)]
        yield f"  {each.name:{width}}  {', '.join(kinds)}"
    yield from ("", f"{len(named)} types that are told apart, and of whose properties nothing is known:")
    yield from (f"  {each.name:{width}}  {each.type}" for each in named)
    yield from ("", "Any other type is not judged: cfn-types-read says so, by name.")


def _type(type_: Type) -> Iterator[str]:
    yield from (type_.name, "=" * len(type_.name), f"is judged as {type_.type}")
    for property_, other in type_.when.items():
        yield f"is judged as {other} where {property_} is written"
    if not type_.read:
        yield "Its properties are not read: whatever a rule asks of it is not known."
    if type_.properties:
        yield from ("", "Properties:", *_rules(type_.properties, ""))
    for part in type_.companions:
        rules = {"(its value)": part.item} if part.item else {}
        yield from ("", f"{'.'.join(part.source)} is judged as {part.type}:", *_rules({**rules, **part.children}, ""))


def _rules(rules: Mapping[str, Rule], block: str) -> Iterator[str]:
    from gatekeeper.models.cloudformation.types import Leaf

    for name, rule in rules.items():
        if isinstance(rule, Leaf):
            default = "" if rule.default is None else f"; {str(rule.default).lower()} where it is not written"
            yield f"  {name}: {block}{rule.to.replace('|', ' or ')}{default}"
        elif rule.block == ".":
            yield from (f"  {name}.{line.strip()}" for line in _rules(rule.children, block))
        else:
            yield from (f"  {name}.{line.strip()}" for line in _rules(rule.children, f"{block}{rule.block}."))


_LANGUAGES: dict[str, Callable[[], Iterator[str]]] = {
    "terraform": _terraform,
    "cloudformation": _language,
    "pulumi": lambda: iter([_PULUMI]),
    "ansible": lambda: iter([_ANSIBLE]),
}
