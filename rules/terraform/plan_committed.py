from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.discover import Unreadable
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.evidence.json_text import keys
from gatekeeper.models.files import Repository, Text
from gatekeeper.models.terraform import Block, StateFile
from gatekeeper.rule import Answer, Place, rule

_HEAD = 4096  # bytes, in which a file says what it is
_SEARCHED = 50_000_000
_ZIP = b"PK\x03\x04"
_FIRST = b"tfplan"  # the first file in the archive that a plan is
_NAMES = (".tfplan", ".plan", ".out", ".bin", ".zip")
_FIX = Fix("remove it, purge it from the history, and replace every secret that it holds; let git ignore plans")


def _plans(project: Project) -> list[tuple[Text, str]]:
    """The files that are plans, each with what it is."""

    def look(project: Project) -> list[tuple[Text, str]]:
        given = set() if project.commit else {each.path for each in project.all(Evidence)}
        candidates = (each for each in project.all(Text) if each.path not in given and _may_be_plan(each.path.lower()))
        return [(each, words) for each in candidates if (words := _what(project, each.path))]

    return project.once("committed plans", look)


def _may_be_plan(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith((".json", *_NAMES)) or "plan" in name or "." not in name


def _what(project: Project, path: str) -> str:
    try:
        data = project.tree.data(path)
    except Unreadable:
        return ""
    head = bytes(data[:_HEAD])
    if head.startswith(_ZIP):
        return "a plan" if head[30:36] == _FIRST else ""
    if head.lstrip()[:1] != b"{" or b'"terraform_version"' not in head:
        return ""
    if not {"format_version", "terraform_version"} <= keys(head).keys():
        return ""
    if data.find(b'"planned_values"', 0, _SEARCHED) >= 0 or data.find(b'"resource_changes"', 0, _SEARCHED) >= 0:
        return "a plan as JSON"
    return "a state as JSON" if "values" in keys(head) else ""


@rule(
    "tf-plan-committed",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    where=lambda repository, project: bool(project.all(Block) or project.all(StateFile) or _plans(project)),
)
def plan_committed(repository: Repository, project: Project) -> Iterator[Answer]:
    """No plan of Terraform is in the repository.

    A plan holds the values of all variables and of every attribute, and parts of the state. What is marked sensitive is
    hidden in the terminal only: in the file, and in what `terraform show -json` makes of it, it stands in clear text.
    A plan is told by what it holds, whatever it is called. Evidence below `.gatekeeper/evidence` is meant to be ignored
    by git, and is not looked at.

    Bad: # expect: plan.json is a plan as JSON
    ```hcl main.tf
    resource "random_password" "db" {
      length = 20
    }
    ```
    ```json plan.json
    {"format_version": "1.2", "terraform_version": "1.11.4", "variables": {}, "planned_values": {"root_module": {}},
     "resource_changes": []}
    ```

    Bad, a state that was made readable: # expect: is a state as JSON
    ```json backup/now.json
    {"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {}}}
    ```

    Good, JSON about something else:
    ```hcl main.tf
    resource "random_password" "db" {
      length = 20
    }
    ```
    ```json plan.json
    {"format_version": "1.0", "plan": "first we measure"}
    ```
    """
    for file, what in _plans(project):
        source = file.node.source
        yield Finding(Place(source, file.span), f"{file.path} is {what}: it holds secrets in clear text", fix=_FIX)
