from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unresolved
from gatekeeper.links.tagged import meant_by
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule


def _is_private(droplet: Resource) -> bool:
    return droplet.node["public_networking"] == False  # noqa: E712  # a node


@rule(
    "tf-droplet-firewall",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    where=lambda resource: resource.type == "digitalocean_droplet" and not _is_private(resource),
)
def droplet_firewall(droplet: Resource, project: Project) -> Iterator[Answer]:
    """Droplets stand behind a firewall.

    Without one, every port that anything on the droplet opens is open to the whole internet. Good is a firewall that
    names the droplet, or one of its tags. Droplets without a public network are not judged.

    Bad:
    ```hcl
    # expect: no firewall
    resource "digitalocean_droplet" "web" {
      image = "ubuntu-24-04-x64"
    }
    ```

    Bad, a firewall for others:
    ```hcl
    # expect: no firewall
    resource "digitalocean_droplet" "db" {
      tags = ["db"]
    }
    resource "digitalocean_droplet" "web" {
      tags = ["web"]
    }
    resource "digitalocean_firewall" "web" {
      tags = ["web"]
      inbound_rule {
        protocol         = "tcp"
        port_range       = "443"
        source_addresses = ["0.0.0.0/0", "::/0"]
      }
    }
    ```

    Good:
    ```hcl
    resource "digitalocean_droplet" "web" {
      count = 3
    }
    resource "digitalocean_firewall" "web" {
      droplet_ids = digitalocean_droplet.web[*].id
    }
    ```

    Good, by a tag:
    ```hcl
    resource "digitalocean_tag" "web" {
      name = "web"
    }
    resource "digitalocean_droplet" "web" {
      tags = [digitalocean_tag.web.id]
    }
    resource "digitalocean_firewall" "web" {
      tags = [digitalocean_tag.web.name]
    }
    ```

    Unknown:
    ```hcl
    variable "tags" {
      type = list(string)
    }
    resource "digitalocean_droplet" "web" {
      tags = ["web"]
    }
    resource "digitalocean_firewall" "all" {
      tags = var.tags
    }
    ```
    """
    found, doubt = meant_by(droplet, "digitalocean_firewall", "droplet_ids", project)
    if not found and doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
    if not found:
        yield Finding(droplet, f"no firewall is for {droplet.name}", fix=_FIX)


_FIX = Fix("add a digitalocean_firewall with droplet_ids or a tag of it")
