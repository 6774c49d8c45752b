from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import of_type, referred
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Reason, rule

_TYPES = ("aws_instance", "aws_launch_template", "aws_launch_configuration")
_REQUIRING = ("al2023", "amazon-linux-2023")  # images whose machines require tokens when nobody says otherwise
_FIX = Fix('add metadata_options { http_tokens = "required" }')


@rule(
    "tf-instance-imdsv2",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=["CKV_AWS_79", "AWS-0028", "AWS-0130"],
    where=lambda resource: resource.type in _TYPES,
)
def imdsv2(machine: Resource, project: Project) -> Iterator[Answer]:
    """Machines give their credentials only to whoever holds a session token.

    The metadata service hands the credentials of a machine's role to every request from it. Version 1 takes a plain
    GET, so an application that fetches addresses for its users gives them away; version 2 asks for a token first.
    Nothing written means that version 1 answers, unless the repository sets it for the account
    (`aws_ec2_instance_metadata_defaults`). An instance has what its launch template says. Images of Amazon Linux 2023
    ask for tokens by themselves.

    Bad:
    ```hcl
    # expect: without a token
    resource "aws_instance" "web" {
      ami = "ami-1"
    }
    resource "aws_launch_template" "web" {
      metadata_options {
        # expect: without a token
        http_tokens = "optional"
      }
    }
    ```

    Bad, a hop limit alone:
    ```hcl
    resource "aws_launch_configuration" "web" {
      # expect: without a token
      metadata_options {
        http_put_response_hop_limit = 1
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_launch_template" "web" {
      metadata_options {
        http_tokens = "required"
      }
    }
    resource "aws_instance" "web" {
      launch_template {
        id = aws_launch_template.web.id
      }
    }
    resource "aws_instance" "sealed" {
      metadata_options {
        http_endpoint = "disabled"
      }
    }
    ```

    Good, for the account:
    ```hcl
    resource "aws_instance" "web" {
      ami = "ami-1"
    }
    resource "aws_ec2_instance_metadata_defaults" "account" {
      http_tokens = "required"
    }
    ```

    Unknown:
    ```hcl
    variable "tokens" {}
    resource "aws_instance" "web" {
      metadata_options {
        http_tokens = var.tokens
      }
    }
    ```

    Unknown, the image says:
    ```hcl
    data "aws_ami" "linux" {
      most_recent = true
      filter {
        name   = "name"
        values = ["al2023-ami-*-x86_64"]
      }
    }
    resource "aws_instance" "web" {
      ami = data.aws_ami.linux.id
    }
    ```
    """
    options = machine.node["metadata_options"]
    if not options.present:
        yield from _unsaid(machine, project)
    elif not _sealed(options):
        at = options["http_tokens"]
        yield Finding(at if at.present else options, _words(machine), fix=_FIX)


def _sealed(options: Node) -> bool:
    """Whether it asks for a token, or is off. Raises `Unresolved` where that decides and is not known."""
    endpoint = options["http_endpoint"]
    if endpoint.known and endpoint.text == "disabled":
        return True
    return options["http_tokens"].text == "required" or endpoint.text == "disabled"


def _words(machine: Resource) -> str:
    return f"{machine.name} hands out its credentials without a token"


def _unsaid(machine: Resource, project: Project) -> Iterator[Answer]:
    for defaults in of_type("aws_ec2_instance_metadata_defaults", project):
        if not defaults.module.shown and _sealed(defaults.node):
            if defaults.times is None:
                yield Unknown(machine, f"nobody can tell whether {defaults.name} is there")
            return
    if machine.present("launch_template"):
        yield from _of_template(machine, project)
    elif image := _requiring(machine):
        yield Unknown(machine, f"{image} decides whether {machine.name} asks for tokens", Reason.NO_EVIDENCE)
    else:
        yield Finding(machine, _words(machine), fix=_FIX)


def _of_template(machine: Resource, project: Project) -> Iterator[Answer]:
    templates = [each for path in ("id", "name") for each in referred(machine, f"launch_template.{path}", project)]
    if not templates:
        yield Unknown(machine, f"{machine.name} asks for tokens if its launch template says so")
    elif not all(template.present("metadata_options") for template in templates):
        yield Finding(machine, _words(machine), fix=_FIX)


def _requiring(machine: Resource) -> str:
    """The image, where it looks like one that requires tokens."""
    for name in ("ami", "image_id"):
        node = machine.node[name]
        for address in machine.addresses(name):
            data = machine.module.declared.get(address)
            texts = [text.value.lower() for text in data.texts()] if data else []
            if any(word in text for text in texts for word in _REQUIRING):
                return address
        if node.known and any(word in node.text.lower() for word in _REQUIRING):
            return node.text
    return ""
