from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.links.open_ports import ADMINISTRATION, DATABASES, Way, doubts, listed, opened
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_TYPES = ("azurerm_network_security_group", "azurerm_network_security_rule")
_SERVICES = {**ADMINISTRATION, **DATABASES}


@rule(
    "tf-azure-nsg-open",
    gate="security-posture",
    severity="critical",
    seed="6.1 Security Hardening",
    where=lambda resource: resource.type in _TYPES,
)
def nsg_open(group: Resource) -> Iterator[Answer]:
    """Security groups of Azure do not open SSH, RDP or databases to the whole internet.

    These ports are tried with stolen and guessed passwords from the minute they are open. Judged is what lets `*`,
    `Internet`, 0.0.0.0/0 or half of it in: rules of a group and rules of their own. What denies, what goes out, and
    other ports are no findings. A rule of a higher priority that denies the same is not looked for. Tools that ask for
    each port alone (CKV_AZURE_9, CKV_AZURE_10, AZU-0048, AZU-0050) find a part of it, so their ids are no aliases.

    Bad, a rule of its own:
    ```hcl
    resource "azurerm_network_security_rule" "ssh" {
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_port_range          = "*"
      destination_port_range     = "22"
      # expect: opens SSH
      source_address_prefix      = "Internet"
      destination_address_prefix = "*"
    }
    ```

    Bad, in the group:
    ```hcl
    resource "azurerm_network_security_group" "web" {
      security_rule {
        direction               = "Inbound"
        access                  = "Allow"
        protocol                = "*"
        source_port_range       = "*"
        destination_port_ranges = ["443", "5000-5500"]
        # expect: opens PostgreSQL
        source_address_prefixes = ["10.0.0.0/8", "0.0.0.0/0"]
      }
    }
    ```

    Bad, one block of many:
    ```hcl
    locals {
      rules = {
        web = { port = "443", from = "*" }
        rdp = { port = "3389", from = "*" }
      }
    }
    resource "azurerm_network_security_group" "web" {
      dynamic "security_rule" {
        for_each = local.rules
        content {
          direction              = "Inbound"
          access                 = "Allow"
          protocol               = "Tcp"
          destination_port_range = security_rule.value.port
          # expect: opens RDP
          source_address_prefix  = security_rule.value.from
        }
      }
    }
    ```

    Good:
    ```hcl
    resource "azurerm_network_security_group" "web" {
      security_rule {
        direction              = "Inbound"
        access                 = "Allow"
        protocol               = "Tcp"
        destination_port_range = "443"
        source_address_prefix  = "*"
      }
      security_rule {
        direction              = "Inbound"
        access                 = "Deny"
        protocol               = "*"
        destination_port_range = "*"
        source_address_prefix  = "*"
      }
      security_rule {
        direction              = "Inbound"
        access                 = "Allow"
        protocol               = "Tcp"
        destination_port_range = "22"
        source_address_prefix  = "VirtualNetwork"
      }
    }
    resource "azurerm_network_security_rule" "out" {
      direction              = "Outbound"
      access                 = "Allow"
      protocol               = "*"
      destination_port_range = "*"
      source_address_prefix  = "*"
    }
    ```

    Unknown:
    ```hcl
    variable "from" {}
    resource "azurerm_network_security_rule" "ssh" {
      direction              = "Inbound"
      access                 = "Allow"
      protocol               = "Tcp"
      destination_port_range = "22"
      source_address_prefix  = var.from
    }
    ```
    """
    for at, what in opened(_ways(group), _SERVICES):
        yield Finding(at, f"{group.name} opens {what} to the whole internet", fix=_FIX)


_FIX = Fix("name the networks that need it, or use Azure Bastion")


def _ways(group: Resource) -> Iterator[Way]:
    for node in [group.node] if group.type == _TYPES[1] else group.blocks("security_rule"):
        if not node.known:
            yield Way([node], [node])
        elif _may(node["direction"], "inbound") and _may(node["access"], "allow"):
            ports = listed(node["protocol"], node["destination_port_range"], node["destination_port_ranges"])
            written = (node["source_address_prefix"], node["source_address_prefixes"])
            yield Way(
                [each for each in written if each.present], ports, (node["direction"], node["access"], *doubts(node))
            )


def _may(node: Node, word: str) -> bool:
    return not node.known or node.text.lower() == word
