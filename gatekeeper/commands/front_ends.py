"""What of other languages is read into the model of Terraform's resources: pages for `explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.models.cloudformation.types import Rule, Type

PAGES = ("cloudformation",)


def page(wanted: str) -> str | None:
    """The page of a language (`cloudformation`) or of a type of it (`AWS::RDS::DBInstance`)."""
    if wanted.lower() == "cloudformation":
        return "\n".join(_language())
    if "::" in wanted:
        from gatekeeper.models.cloudformation.types import type_of

        found = type_of(wanted)
        return "\n".join(_type(found)) if found else None
    return None


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
