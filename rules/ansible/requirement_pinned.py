from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Requirement
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Severity, rule

_MOVES = frozenset({"master", "main", "latest", "head", "devel", "develop", "trunk", "stable", "*", ""})
_NUMBER = regex(r"(?:==)?v?\d[\w.+-]{0,60}\Z")
_COMMIT = regex(r"[0-9a-f]{7,64}\Z")


@rule(
    "ansible-requirement-pinned",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices: Version control for all infrastructure code",
    where=lambda each: not _own(each),
)
def requirement_pinned(each: Requirement) -> Iterator[Answer]:
    """Every role and collection that is taken from elsewhere has a version.

    Without one, whoever installs them next gets others: the same play does something else, run as root on every host.
    A number, a tag or a commit is a version; a branch is none. A range (`>=1.0.0`) is of severity low, and so is what a
    collection or role says of its own dependencies: there a range is right.

    Bad:
    ```yaml requirements.yml
    roles:
      # expect: geerlingguy.docker has no version
      - name: geerlingguy.docker
      - src: https://github.com/example/role.git
        # expect: main is a branch
        version: main
    collections:
      # expect: community.general has no version
      - community.general
      - name: community.docker
        # expect: a range
        version: ">=3.0.0"
    ```

    Good:
    ```yaml requirements.yml
    roles:
      - name: geerlingguy.docker
        version: 7.4.1
      - src: https://github.com/example/role.git
        version: 4f6d2f19c0de
      - src: https://github.com/example/other.git
        version: release-2024.1
    collections:
      - name: community.docker
        version: "3.10.4"
      - name: git@github.com:example/collection.git
        type: git
        version: v1.2.0
    ```
    """
    called = each.called.expression.text if each.called.expression else each.called.text
    light: Severity | None = "low" if _says_of_itself(each) else None
    version = each.version
    if not version.present:
        if "@" in called.partition("://")[2]:
            return
        yield Finding(each.called, f"{called} has no version", fix=_FIX, severity=light)
        return
    text = version.text.strip()
    if text.lower() in _MOVES:
        words = f"{text} is a branch, and moves" if text not in ("*", "latest", "") else f"{called} has no version"
        yield Finding(version, words, fix=_FIX, severity=light)
    elif text[0] in "<>!~^=" and not _NUMBER.match(text):
        yield Finding(version, "a range: what is newest then is installed", fix=_FIX, severity="low")


_FIX = Fix("write the version that was tried: `version: 1.2.3`")


def _says_of_itself(each: Requirement) -> bool:
    name = each.path.rpartition("/")[2]
    return not name.startswith("requirements") and "requirements" not in name


def _own(each: Requirement) -> bool:
    """A dependency on a role of the same repository, and files of roles, which come from this commit."""
    if each.kind == "role" and each.path.endswith(("meta/main.yml", "meta/main.yaml")):
        return True
    return each.node.is_mapping and each.node["type"] == "dir"
