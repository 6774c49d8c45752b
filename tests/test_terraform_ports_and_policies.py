"""What firewalls, policies of IAM and policies of Vault mean, below the rules that judge them."""

import pytest

from gatekeeper.links.open_ports import EVERY_PORT, Ports, Way, between, listed, opened
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.identity import covers
from gatekeeper.models.terraform.vault_policies import paths_of
from gatekeeper.node import START, Expression, Node, Source, Unresolved
from gatekeeper.testing import project_of


def node(value: object) -> Node:
    source = Source("main.tf", "")
    made = [node(item) for item in value] if isinstance(value, list) else value
    return Node(made, source, START)


UNKNOWN = node(Expression("var.x", "has no default"))


@pytest.mark.parametrize(
    ("protocol", "first", "last", "expected"),
    [
        ("tcp", 22, 22, [Ports(22, 22)]),
        ("-1", None, None, [EVERY_PORT]),
        (-1, 0, 0, [EVERY_PORT]),
        ("icmp", -1, -1, []),
        ("tcp", 443, None, [Ports(443, 443)]),
    ],
)
def test_ports_between(protocol: object, first: object, last: object, expected: list[Ports]) -> None:
    assert between(node(protocol), node(first), node(last)) == expected


@pytest.mark.parametrize(
    ("protocol", "ports", "expected"),
    [
        ("Tcp", "20-25", [Ports(20, 25)]),
        ("*", "*", [EVERY_PORT]),
        ("*", "22", [Ports(22, 22)]),
        ("tcp", ["80", "8000-9000"], [Ports(80, 80), Ports(8000, 9000)]),
        ("tcp", None, [EVERY_PORT]),
        ("icmp", None, []),
    ],
)
def test_ports_listed(protocol: object, ports: object, expected: list[Ports]) -> None:
    assert listed(node(protocol), node(ports)) == expected


def test_what_is_open_names_the_service_and_the_range() -> None:
    way = Way([node(["10.0.0.0/8", "0.0.0.0/0"])], [Ports(20, 25)])
    assert [what for _, what in opened([way], {22: "SSH"})] == ["SSH"]
    assert not list(opened([Way([node("10.0.0.0/8")], [EVERY_PORT])], {22: "SSH"}))
    assert not list(opened([Way([node("::/0")], [EVERY_PORT])], {22: "SSH"}, everything=False))


@pytest.mark.parametrize(
    "way",
    [
        Way([UNKNOWN], [Ports(22, 22)]),
        Way([node("0.0.0.0/0")], [UNKNOWN]),
        Way([node("0.0.0.0/0")], [Ports(22, 22)], [UNKNOWN]),
    ],
)
def test_what_is_not_known_is_neither_open_nor_closed(way: Way) -> None:
    with pytest.raises(Unresolved):
        list(opened([way], {22: "SSH"}))


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "iam:PassRole", True),
        ("iam:*", "iam:PassRole", True),
        ("iam:Pass*", "iam:PassRole", True),
        ("IAM:passrole", "iam:PassRole", True),
        ("iam:P?ssRole", "iam:PassRole", True),
        ("*:*Role", "iam:PassRole", True),
        ("iam:*Role*Version", "iam:PassRole", False),
        ("iam:Get*", "iam:PassRole", False),
        ("iam:PassRole", "iam:PassRoleToo", False),
        ("i*" * 5000, "iam:PassRole", False),
    ],
)
def test_patterns_of_actions(pattern: str, action: str, expected: bool) -> None:
    assert covers(pattern, action) is expected


def test_a_policy_of_vault_is_read_around_what_is_filled_in() -> None:
    text = """
variable "mount" {}
resource "vault_policy" "orders" {
  policy = <<-EOT
    path "${var.mount}/data/*" {
      capabilities = ["read"]
    }
    path "*" {
      capabilities = ["sudo"]
    }
  EOT
}
"""
    policy = next(iter(project_of([("main.tf", text)]).all(Resource)))
    found = {path.name.text: path.rights for path in paths_of(policy)}
    assert found == {"filled-in-later/data/*": frozenset({"read"}), "*": frozenset({"sudo"})}
