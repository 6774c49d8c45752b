"""Which resource of Terraform a type of Pulumi is: its providers are made of Terraform's, and keep their attributes.

The tables stand in `types/`, one a provider, and are read when a program names a type of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gatekeeper.node import regex

_HERE = Path(__file__).parent / "types"
_PREFIX = {"aws": "aws_", "azure": "azurerm_", "gcp": "google_", "digitalocean": "digitalocean_"}
# Providers that have one module, whose types are called as Terraform's are.
_PLAIN = frozenset(
    """
    auth0 cloudflare datadog dnsimple fastly github gitlab grafana hcloud linode mongodbatlas newrelic ns1 okta
    pagerduty postgresql random tls vault vultr
    """.split()
)
# Providers that no rule is about, as `null_resource` is none's business in Terraform.
_TOOLS = frozenset({"archive", "command", "docker", "docker-build", "external", "http", "local", "null", "std", "time"})
_WORD = regex(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME = regex(r"[a-z][A-Za-z0-9]*\Z")


class Type(NamedTuple):
    """A type of Terraform, and the properties that are not called as the attribute is.

    Not `known` where the provider is none of Terraform's: then the name is one that no rule has.
    """

    name: str
    renamed: Mapping[str, str] = {}
    known: bool = True


class Token(NamedTuple):
    """A type as a program writes it: `aws:rds/instance:Instance`, or `aws:rds:Instance`, or `random:RandomPassword`."""

    package: str
    module: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Token:
        parts = text.split(":")
        module = parts[1].partition("/")[0] if len(parts) == 3 else "index"
        return cls(parts[0], module or "index", parts[-1])


def snake(name: str) -> str:
    """`dbSubnetGroupName` as Terraform writes it; what is no such name (`DB_PASSWORD`, `app-tier`) stays."""
    return _WORD.sub("_", name).lower() if _NAME.match(name) else name


def singular(name: str) -> str:
    """Lists are called in the plural here, and by their blocks in Terraform: `lifecycle_rules`, `lifecycle_rule`."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    if name.endswith("ss"):
        return name
    return name[:-1] if name.endswith("s") else name


def type_of(token: Token) -> Type:
    """What a type is. One that is in no table is not known."""
    found = _found(token)
    if found is not None:
        return found
    own = token.package.replace("-", "_")
    module = "" if token.module == "index" else f"{_words(token.module)}_"
    return Type(f"{own}_{module}{_words(token.name)}", {}, token.package in _TOOLS)


def _found(token: Token) -> Type | None:
    if token.package in _PREFIX:
        types, regular = _table(token.package)
        found = types.get(f"{token.module}/{token.name}")
        if found is None and token.module in regular:
            return Type(f"{_PREFIX[token.package]}{token.module}_{_words(token.name)}")
        return found
    if token.package in _PLAIN and token.module == "index":
        words = _words(token.name)
        return Type(words if words.startswith(f"{token.package}_") else f"{token.package}_{words}")
    return None


def provider_of(package: str) -> str:
    """What Terraform calls the provider of a package: `azurerm` for `azure`."""
    return _PREFIX.get(package, f"{package}_")[:-1]


def _words(name: str) -> str:
    return _WORD.sub("_", name).replace("-", "_").replace(".", "_").replace("/", "_").lower()


@lru_cache
def _table(package: str) -> tuple[dict[str, Type], frozenset[str]]:
    """The types of a provider, and the modules whose types are made of module and name."""
    types: dict[str, Type] = {}
    regular: set[str] = set()
    for line in (_HERE / f"{package}.txt").read_text("utf-8").splitlines():
        first, *rest = line.split()
        if first == "*":
            regular.update(rest)
        elif first != "#" and rest:
            renamed = dict(each.split("=") for each in rest[1:])
            types[first] = Type(f"{_PREFIX[package]}{rest[0]}", renamed)
    return types, frozenset(regular)
