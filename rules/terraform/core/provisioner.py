from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Place, rule

_RUN = ("local-exec", "remote-exec", "file", "chef", "puppet", "salt-masterless", "habitat")


@rule(
    "tf-provisioner",
    gate="iac-validation",
    severity="medium",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    where=lambda resource: (
        not resource.implied and bool(resource.syntax.body.attributes or resource.syntax.body.blocks)
    ),
)
def provisioner(resource: Resource) -> Iterator[Answer]:
    """Resources run no commands of their own when they are made.

    What a `local-exec` or `remote-exec` does stands in no plan and in no state: nobody sees that it will run, a change
    of it does not run it again, and one that breaks off leaves the resource tainted. It needs programs and access on
    whatever machine runs Terraform. A resource of a provider, an image that is built beforehand, or cloud-init does the
    same in the open. A `null_resource` or `terraform_data` without a provisioner only ties things together.

    Bad:
    ```hcl
    resource "null_resource" "migrate" {
      # expect: null_resource.migrate runs local-exec
      provisioner "local-exec" {
        command = "./migrate.sh"
      }
    }
    resource "aws_instance" "web" {
      ami = "ami-1"
      # expect: aws_instance.web runs file
      provisioner "file" {
        source      = "web.conf"
        destination = "/etc/web.conf"
      }
      # expect: aws_instance.web runs remote-exec
      provisioner "remote-exec" {
        inline = ["sudo systemctl restart web"]
      }
    }
    ```

    Bad, in JSON: # expect: runs local-exec
    ```json main.tf.json
    {"resource": {"null_resource": {"migrate": {"provisioner": [{"local-exec": {"command": "./migrate.sh"}}]}}}}
    ```

    Good:
    ```hcl
    resource "terraform_data" "release" {
      input = var.release
    }
    resource "aws_instance" "web" {
      ami       = "ami-1"
      user_data = file("cloud-init.yaml")
    }
    variable "release" {
      type = string
    }
    ```
    """
    fix = Fix("use a resource of a provider, build an image, or run the command in the pipeline")
    for block in resource.syntax.body.blocks:
        if block.type == "provisioner" and block.labels[:1] and block.labels[0] in _RUN:
            at = Place(block.home.source, block.header)
            yield Finding(at, f"{resource.name} runs {block.labels[0]}", fix=fix)
    for node in resource.blocks("provisioner") if "provisioner" in resource.syntax.body.attributes else ():
        for name, inner in node.items():
            if name in _RUN:
                yield Finding(inner, f"{resource.name} runs {name}", fix=fix)
