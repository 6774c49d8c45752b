"""CloudFormation: templates, also those of SAM and those that CDK writes, read into the model that Terraform has.

A template is a module of it: resources stand under the type and attributes that Terraform has for them, so that the
rules about Terraform's resources judge these too. What has no counterpart is not known, never absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.terraform.blocks import Text, Written
from gatekeeper.node import START, Fault, Node, Source, Span, regex
from gatekeeper.parsers import hcl, json, yaml

_VERSION = regex(r"""^[ \t]{0,8}["']?AWSTemplateFormatVersion["']?[ \t]{0,8}:""", re.MULTILINE)
_RESOURCES = regex(r"""^[ \t]{0,8}["']?Resources["']?[ \t]{0,8}:""", re.MULTILINE)
_TYPE = regex(r"""["']?Type["']?[ \t]{0,8}:[ \t]{0,8}["']?(?:AWS|Alexa|Custom)::""")
_FILLED_IN = ("{%", "{{", "<%", "${{")
_CDK = ".template.json"
_CDK_WORDS = "an app of AWS CDK, whose programs are not judged: what it makes is in the templates of cdk synth"
_CDK_ADVICE = "run cdk synth and audit what it writes to cdk.out"
ENDINGS = (".yaml", ".yml", ".json", ".template", ".yaml.j2", ".yml.j2", ".json.j2")
OUR_TRANSFORMS = frozenset({
    "AWS::Serverless-2016-10-31", "AWS::LanguageExtensions", "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16", "AWS::CodeDeployBlueGreen", "AWS::CodeStar",
})  # fmt: skip


class Loose(NamedTuple):
    """A resource whose type is in no table, by its name in the template."""

    name: str
    type: str
    node: Node


class Template(Written):
    """A template as a whole.

    `unread` are the resources of it whose types are in no table, `macros` what may change it in any way.
    """

    technology = "cloudformation"
    example_path = "template.yaml"

    def __init__(
        self, node: Node, unread: list[Loose], macros: list[Node], undeclared: Callable[[], list[Node]]
    ) -> None:
        super().__init__(node, hcl.Body({}, []))
        self.unread = unread
        self.macros = macros
        self._undeclared = undeclared

    @cached_property
    def undeclared(self) -> list[Node]:
        """Names that it refers to and does not declare, each where it first does."""
        return self._undeclared()

    @property
    def span(self) -> Span:
        return self.node["Resources"].mark if self.node["Resources"].present else START

    def texts(self) -> Iterator[Text]:
        """What stands outside of resources and parameters."""
        for section in ("Mappings", "Metadata", "Conditions", "Outputs", "Globals"):
            if self.node[section].present:
                yield from texts_of(section, self.node[section])


class Parameter(Written):
    """A parameter of a template."""

    technology = "cloudformation"
    example_path = "template.yaml"

    def __init__(self, name: str, node: Node) -> None:
        super().__init__(node, hcl.Body({}, []))
        self.parameter = name

    @property
    def name(self) -> str:
        return self.parameter

    @property
    def kind(self) -> str:
        """Its type, as `String`."""
        return self.node["Type"].text

    @property
    def hidden(self) -> bool:
        """Whether its value is kept out of consoles and logs."""
        return self.node["NoEcho"].text.lower() == "true"

    @property
    def text(self) -> str:
        return f"{self.parameter}: {self.written_in.slice(self.node.span)}"

    def texts(self) -> Iterator[Text]:
        default = self.node["Default"]
        if isinstance(default._value, str):
            yield Text(self.parameter, default._value, default.source, default.span, True)


def texts_of(name: str, node: Node) -> Iterator[Text]:
    """Every text below a node, by the key it stands under; what a function makes something of is no whole value."""
    waiting = [(name, node, True)]
    while waiting:
        here, each, whole = waiting.pop()
        value = each._value
        if isinstance(value, str):
            if each.tag not in ("!Ref", "!GetAtt", "!ImportValue", "!Condition") and "{{resolve:" not in value:
                yield Text(here, value, each.source, each.span, whole and not each.tag)
        elif isinstance(value, dict):
            own = _setting(value)
            for key, child in value.items():
                function = key == "Ref" or key.startswith("Fn::")
                if key not in ("Ref", "Fn::GetAtt", "Fn::ImportValue"):
                    waiting.append((own if own and key in _VALUES else here if function else key, child, not function))
        elif isinstance(value, list):
            waiting += [(here, child, whole and not each.tag) for child in value]


_VALUES = ("Value", "ParameterValue")


def _setting(pair: dict[str, Node]) -> str:
    """The name in a pair such as `Name: DB_PASSWORD`, `Value: ...`, as containers are given their environment."""
    for key in ("Name", "Key", "ParameterKey", "OptionName"):
        if key in pair and isinstance(pair[key]._value, str):
            return str(pair[key]._value)
    return ""


def holds_template(source: Source) -> bool:
    """Whether a file is a template: what it says of itself, or resources of AWS's types. May raise `Unreadable`."""
    text = source.text
    if "Resources" not in text or not (_VERSION.search(text) or (_RESOURCES.search(text) and _TYPE.search(text))):
        return text.startswith("{") and '"Resources"' in text and _TYPE.search(text) is not None and _is_one(source)
    return _is_one(source)


def _is_one(source: Source) -> bool:
    nodes, faults = parsed(source)
    if not nodes:
        return bool(faults) and _VERSION.search(source.text) is not None
    return is_template(nodes[0])


def is_template(node: Node) -> bool:
    if not node.is_mapping or not node["Resources"].is_mapping:
        return False
    if node["AWSTemplateFormatVersion"].present or "AWS::Serverless" in str(node["Transform"]._value):
        return True
    types = (each["Type"]._value for each in node["Resources"]._value.values() if each.is_mapping)
    return any(isinstance(each, str) and each.startswith(("AWS::", "Custom::", "Alexa::")) for each in types)


def parsed(source: Source) -> tuple[list[Node], list[Fault]]:
    if source.text.lstrip("\ufeff \t\r\n").startswith("{"):
        document = source.once(json.parse)
        if document.nodes:
            return document.nodes, document.faults
    documents = source.once(yaml.parse)
    return documents.nodes, documents.faults


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The resources of a template, its parameters, and what of it could not be read."""
    if source.path.lower().endswith("cdk.json"):
        if not any(path.endswith(_CDK) for path in tree.paths):
            yield Fault(source, START, _CDK_WORDS, "unsupported-tool", "cloudformation", _CDK_ADVICE)
        return
    nodes, faults = parsed(source)
    for fault in faults:
        if any(mark in source.text for mark in _FILLED_IN):
            words = "a template that is not rendered cannot be judged as it stands"
            yield Fault(source, START, words, "template-unrendered", "cloudformation")
        else:
            yield fault._replace(technology="cloudformation")
    if nodes and is_template(nodes[0]):
        from gatekeeper.models.cloudformation.stack import subjects

        yield from subjects(source, nodes[0], tree)
