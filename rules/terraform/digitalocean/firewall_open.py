from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unresolved
from gatekeeper.links.open_ports import (
    ADMINISTRATION,
    DATABASES,
    EVERY_PORT,
    Ports,
    Way,
    anybody,
    doubts,
    listed,
    opened,
)
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_SERVICES = {**ADMINISTRATION, **DATABASES}
_WEB = (Ports(80, 80), Ports(443, 443))


@rule(
    "tf-digitalocean-firewall-open",
    gate="security-posture",
    severity="critical",
    seed="6.1 Security Hardening",
    where=lambda resource: resource.type == "digitalocean_firewall",
)
def firewall_open(firewall: Resource) -> Iterator[Answer]:
    """Firewalls of DigitalOcean open nothing but web ports to the whole internet.

    Every other port is tried with stolen and guessed passwords from the minute it is open. Judged is what lets
    0.0.0.0/0 or ::/0 in; 80 and 443 may be open, and ICMP. All ports, SSH, RDP and databases are critical, others
    medium. Tools that ask for no public port at all (CKV_DIO_4, DIG-0001) complain of web servers, so their ids are no
    aliases. What goes out is not judged.

    Bad:
    ```hcl
    resource "digitalocean_firewall" "web" {
      inbound_rule {
        protocol         = "tcp"
        port_range       = "22"
        # expect: opens SSH
        source_addresses = ["0.0.0.0/0", "::/0"]
      }
    }
    ```

    Bad, all ports:
    ```hcl
    resource "digitalocean_firewall" "web" {
      dynamic "inbound_rule" {
        for_each = ["tcp", "udp"]
        content {
          protocol         = inbound_rule.value
          port_range       = "1-65535"
          # expect: opens all ports
          source_addresses = ["0.0.0.0/0"]
        }
      }
    }
    ```

    Bad, another port:
    ```hcl
    resource "digitalocean_firewall" "api" {
      inbound_rule {
        protocol         = "tcp"
        port_range       = "6443"
        # expect: opens port 6443
        source_addresses = ["0.0.0.0/0"]
      }
    }
    ```

    Good:
    ```hcl
    resource "digitalocean_firewall" "web" {
      inbound_rule {
        protocol         = "tcp"
        port_range       = "443"
        source_addresses = ["0.0.0.0/0", "::/0"]
      }
      inbound_rule {
        protocol         = "tcp"
        port_range       = "22"
        source_addresses = ["203.0.113.0/24"]
      }
      inbound_rule {
        protocol         = "icmp"
        source_addresses = ["0.0.0.0/0", "::/0"]
      }
      outbound_rule {
        protocol              = "tcp"
        port_range            = "1-65535"
        destination_addresses = ["0.0.0.0/0", "::/0"]
      }
    }
    ```

    Unknown:
    ```hcl
    variable "from" {
      type = list(string)
    }
    resource "digitalocean_firewall" "web" {
      inbound_rule {
        protocol         = "tcp"
        port_range       = "22"
        source_addresses = var.from
      }
    }
    ```
    """
    ways = list(_ways(firewall))
    doubt: Node | None = None
    for way in ways:
        for ports in way.ports:
            at = way.ranges[0]
            if not isinstance(ports, Ports) or _grave(ports):
                continue
            world, unsure = anybody(at)
            unsure = unsure if world is None else next(iter(way.doubts), None)
            doubt = doubt or unsure
            if world is not None and unsure is None:
                words = f"{firewall.name} opens port {ports.first:.0f} to the whole internet"
                yield Finding(at, words, severity="medium", fix=_FIX)
    seen = set()
    for at, what in opened(ways, _SERVICES):
        if (at.mark, what) not in seen:  # a dynamic block writes one for TCP and one for UDP
            seen.add((at.mark, what))
            yield Finding(at, f"{firewall.name} opens {what} to the whole internet", fix=_FIX)
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)


_FIX = Fix("name the addresses that need it, or use source_tags or source_load_balancer_uids")


def _grave(ports: Ports) -> bool:
    return ports.every or any(ports.first <= port <= ports.last for port in _SERVICES)


def _ways(firewall: Resource) -> Iterator[Way]:
    for node in firewall.blocks("inbound_rule"):
        if not node.known:
            yield Way([node], [node])
        elif node["source_addresses"].present:
            whole = node["port_range"].known and node["port_range"].text == "0"
            ports = [EVERY_PORT] if whole else listed(node["protocol"], node["port_range"])
            yield Way([node["source_addresses"]], [each for each in ports if each not in _WEB], doubts(node))
