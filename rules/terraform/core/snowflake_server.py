from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, rule

_SERVERS = {  # how a machine is told what to do when it starts
    "aws_instance": ("user_data", "user_data_base64"),
    "azurerm_linux_virtual_machine": ("custom_data", "user_data"),
    "azurerm_windows_virtual_machine": ("custom_data", "user_data"),
    "azurerm_virtual_machine": ("os_profile.custom_data",),
    "google_compute_instance": ("metadata_startup_script", "metadata.startup-script", "metadata.user-data"),
    "digitalocean_droplet": ("user_data",),
    "hcloud_server": ("user_data",),
    "linode_instance": ("metadata.user_data",),
    "openstack_compute_instance_v2": ("user_data",),
    "vultr_instance": ("user_data",),
    "scaleway_instance_server": ("user_data",),
}
_LONG = 30  # lines of a script: what is more than joining a cluster or starting a service
_PATH = regex(r'\A"(?:\$\{path\.module\}/)?([\w./-]{1,200})"\Z')
_PACKER = (".pkr.hcl", ".pkr.json")


@rule(
    "tf-snowflake-server",
    gate="iac-validation",
    severity="medium",
    seed="Anti-Patterns to Avoid: Snowflake servers",
    where=lambda resource: resource.type in _SERVERS and not resource.absent,
)
def snowflake_server(resource: Resource, project: Project) -> Iterator[Answer]:
    """Machines are made from an image, and not set up one by one when they start.

    A machine that is set up by commands over SSH or by a long script at its first start is what the packages of that
    day made of it: the next one is another, and none can be replaced quickly. Judged are single machines (not groups
    and templates, which replace theirs): those with a `remote-exec` or `file` provisioner, and those whose start script
    is longer than 30 lines while the repository builds no image (Packer).

    Bad:
    ```hcl
    # expect: aws_instance.web is set up over a connection
    resource "aws_instance" "web" {
      ami = "ami-1"
      provisioner "remote-exec" {
        inline = ["sudo apt-get install -y nginx"]
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_instance" "bastion" {
      ami       = data.aws_ami.bastion.id
      user_data = <<-EOT
        #!/bin/bash
        systemctl start orders
      EOT
    }
    resource "digitalocean_droplet" "web" {
      image     = "docker-20-04"
      user_data = templatefile("cloud-init.yaml", { name = "web" })
    }
    data "aws_ami" "bastion" {
      owners = ["self"]
    }
    ```
    ```yaml cloud-init.yaml
    #cloud-config
    runcmd: [docker run orders]
    ```

    Unknown, a script from elsewhere:
    ```hcl
    variable "script" {
      type = string
    }
    resource "aws_instance" "web" {
      user_data = var.script
    }
    ```
    """
    if any(block.labels[:1] in (("remote-exec",), ("file",)) for block in resource.syntax.body.blocks):
        fix = Fix("build an image (Packer) and start from it")
        yield Finding(resource, f"{resource.name} is set up over a connection when it is made", fix=fix)
        return
    if any(path.endswith(_PACKER) for path in project.tree.paths):
        return
    for name in _SERVERS[resource.type]:
        lines = _lines(resource, name, project)
        if lines > _LONG:
            words = f"{resource.name} is set up by {lines} lines of script when it starts"
            at = resource.node.at(name)
            yield Finding(at if at.present else resource, words, fix=Fix("build an image (Packer) and start from it"))
            return


def _lines(resource: Resource, name: str, project: Project) -> int:
    """How many lines the script has that is written out for it, here or in a file; 0 where there is none.

    Raises `Unresolved` where it comes from elsewhere.
    """
    node = resource.node.at(name)
    if node.known:
        return _count(node.text) if not node.is_mapping and not node.is_list else 0
    found = list(_texts(resource.expr(name), resource, project))
    return max(map(_count, found)) if found else _count(node.text)


def _count(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def _texts(expr: hcl.Expr | None, resource: Resource, project: Project) -> Iterator[str]:
    """The texts that stand in an expression, and those of the files that it reads."""
    stack = [expr] if expr is not None else []
    for _ in range(200):
        if not stack:
            return
        here = stack.pop()
        if isinstance(here, hcl.Call) and here.name in ("file", "templatefile") and here.arguments:
            path = _PATH.search(here.arguments[0].text)
            file = posixpath.normpath(f"{resource.module.directory}/{path[1]}").lstrip("/") if path else ""
            if file in project.tree:
                yield project.tree.source(file).text
        elif isinstance(here, (hcl.Template, hcl.Literal)) and "\n" in here.text:
            yield here.text
        elif not isinstance(here, (hcl.Template, hcl.Literal)):
            stack += here.children()
