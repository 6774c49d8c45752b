"""The queries of objectives: PromQL in which a tool fills in the window, and Grafana or Helm perhaps more."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.node import Node, regex
from gatekeeper.parsers import promql
from gatekeeper.parsers.promql import Query

WINDOW = regex(r"\{\{-?[ ]{0,4}\.window[ ]{0,4}-?\}\}")


class Read(NamedTuple):
    """A query that was read; else why it is none (`wrong`), or why nobody can tell (`open`)."""

    query: Query | None
    wrong: str = ""
    open: str = ""


def read(node: Node) -> Read:
    """A query at its place. Raises `Unresolved`."""
    text = WINDOW.sub("5m", node.text)
    if "{{" in text or "${" in text:
        return Read(None, open="it is filled in later")
    try:
        return Read(promql.parse(text, dashboard=True))
    except promql.Unsupported as error:
        return Read(None, open=str(error))
    except promql.Malformed as error:
        return Read(None, wrong=str(error))
