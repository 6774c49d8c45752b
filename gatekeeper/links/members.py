"""Whom a grant of Google Cloud names: accounts, groups, people, everybody. What is known of a name that is not known
whole (`serviceAccount:${google_service_account.web.email}`) often says enough.

    members(grant)          the nodes of `member` and `members`
    shape(node)             how such a name begins and ends, as far as that is known
    is_default(node)        whether it is a default service account of a project
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.conversions import Unspoken
from gatekeeper.models.terraform.values import UNKNOWN_PART
from gatekeeper.node import Node

EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_DEFAULTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
_OF_DEFAULTS = ("data.google_compute_default_service_account.", "data.google_app_engine_default_service_account.")
_OF_GOOGLE = ("data.google_storage_project_service_account.", "data.google_bigquery_default_service_account.")


class Shape(NamedTuple):
    """How a name begins and ends; the two are the same where it is known whole."""

    start: str
    end: str
    whole: bool

    def begins(self, word: str) -> bool | None:
        """Whether it begins with that; None where nobody knows."""
        if self.start.startswith(word):
            return True
        return None if not self.whole and word.startswith(self.start) else False

    def ends(self, words: Iterable[str]) -> bool | None:
        """Whether it ends with one of these; None where nobody knows."""
        words = tuple(words)
        if self.end.endswith(words):
            return True
        return None if not self.whole and any(word.endswith(self.end) for word in words) else False

    def among(self, words: Iterable[str]) -> bool | None:
        """Whether it is one of these; None where nobody knows."""
        words = tuple(words)
        if self.whole:
            return self.start in words
        return None if any(word.startswith(self.start) and word.endswith(self.end) for word in words) else False


def members(grant: Resource) -> Iterator[Node]:
    """Each name; one that is not known where the list is not."""
    for path in ("member", "members"):
        node = grant.node[path]
        if node.present:
            yield from node if node.known and node.is_list else (node,)


def shape(node: Node) -> Shape:
    waits = node.expression
    if waits is None:
        return Shape(node.text, node.text, True)
    if isinstance(waits, Unspoken) and waits.made_by == "parts":
        parts = waits.of.text.split(UNKNOWN_PART)
        return Shape(parts[0], parts[-1], False)
    if waits.reason == "is a reference to a resource" and waits.text.endswith((".member", ".iam_email")):
        return Shape("serviceAccount:", "", False)
    return Shape("", "", False)


def is_default(node: Node) -> bool | None:
    """Whether a name, or an address, is that of a default service account; None where nobody knows."""
    found = shape(node)
    ends = found.ends(_DEFAULTS)
    waits = node.expression
    if ends is not None or found.end or waits is None:
        return ends
    if isinstance(waits, Unspoken) and waits.of.text.count(UNKNOWN_PART) > 1:
        return None
    if waits.reason == "is a reference to a resource" and _is_made(waits.text):
        return False
    return True if waits.text.startswith(_OF_DEFAULTS) else False if waits.text.startswith(_OF_GOOGLE) else None


def _is_made(address: str) -> bool:
    """Whether an address is that of something with an account of its own."""
    return address.startswith("google_") and not address.startswith("google_compute_")
