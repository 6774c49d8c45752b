"""What lies beside production, by where it stands: for a trial, or for another environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.models.pipeline.environments import Class, classify
from gatekeeper.models.trial import for_trial

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object


def aside(path: str, *places: str) -> str:
    """Why a file, or what is put into some places (a namespace, an overlay), is not of production; '' where it is."""
    if for_trial(path):
        return "it is for a trial"
    names = [*path.split("/")[:-1], *(step for place in places for step in place.split("/"))]
    beside = any(classify(name, place=False) is Class.NONPROD for name in names if name)
    return "it is not of production" if beside else ""


def aside_of(each: Object) -> str:
    """Why an object is not of production: by its file, its namespace and the overlay that it is built by."""
    return aside(each.path, each.namespace, each.variant)
