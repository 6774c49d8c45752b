"""What kind of thing a file is, as far as it decides which analyser reads it."""

from __future__ import annotations

import re

_IN_DOCKERFILE = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_OF_KUBERNETES = tuple(
    re.compile(rf"""(?:^[ \t]{{0,16}}|[{{,][ \t]{{0,16}})["']?{key}["']?[ \t]{{0,16}}:""", re.MULTILINE)
    for key in ("apiVersion", "kind")
)
_WORKLOAD = re.compile(
    r"""["']?\bkind["']?[ \t]{0,16}:[ \t]{0,16}["']?"""
    r"(?:Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob)\b"
)


def named_dockerfile(path: str) -> bool:
    """By the name alone: `Dockerfile`, `api.Dockerfile`, `Dockerfile.dev`, and the same with Containerfile."""
    name = path.rpartition("/")[2].lower()
    words = re.split(r"[.\-_]", name)
    return not name.endswith("ignore") and not {"dockerfile", "containerfile"}.isdisjoint((words[0], words[-1]))


def is_dockerfile(path: str, text: str) -> bool:
    """A file of that name that has a stage, or that has no name but this."""
    plain = path.rpartition("/")[2].lower() in ("dockerfile", "containerfile")
    return plain or _IN_DOCKERFILE.search(text) is not None


def is_workflow(path: str) -> bool:
    """A workflow of GitHub Actions."""
    folder, _, name = path.rpartition("/")
    return f"/{folder}".endswith("/.github/workflows") and name.endswith((".yml", ".yaml"))


def is_action(path: str) -> bool:
    return path.rpartition("/")[2] in ("action.yml", "action.yaml")


def is_manifest(text: str) -> bool:
    """A Kubernetes manifest, by its keys: whether it can be parsed is for those who read it to find out."""
    return all(key.search(text) for key in _OF_KUBERNETES)


def has_workload(text: str) -> bool:
    """Whether something in a manifest runs containers."""
    return _WORKLOAD.search(text) is not None
