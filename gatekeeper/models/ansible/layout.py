"""Which files are Ansible's, by where they lie and what they hold. Folders say most: roles/web/tasks/main.yml."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from gatekeeper.discover import Tree
from gatekeeper.node import Node, regex

PARTS = frozenset({"tasks", "handlers", "defaults", "vars", "meta"})
_VARIABLES = frozenset({"group_vars", "host_vars"})
_NOT_READ = frozenset({"molecule", "templates", "files", ".github", "changelogs"})
_ENDINGS = (".yml", ".yaml")
_REQUIREMENTS = regex(r"(?:[\w.-]{0,60}[_-])?requirements\.ya?ml\Z")

# What stands in a play, beside `hosts`, and in nothing else that is a list of mappings with `hosts`.
PLAY_KEYS = frozenset(
    """
    any_errors_fatal become become_method become_user collections connection environment force_handlers gather_facts
    handlers ignore_errors import_playbook max_fail_percentage module_defaults no_log order port post_tasks pre_tasks
    remote_user roles run_once serial strategy tags tasks user vars vars_files vars_prompt
    """.split()
)
TASK_KEYS = frozenset(
    """
    action always any_errors_fatal args async become become_exe become_flags become_method become_user block
    changed_when check_mode collections connection debugger delay delegate_facts delegate_to diff environment
    failed_when first_available_file ignore_errors ignore_unreachable listen local_action loop loop_control
    module_defaults name no_log notify poll port register remote_user rescue retries run_once sudo sudo_user tags
    throttle timeout transport until vars when
    """.split()
)
# Modules that people write by their short name: a list of mappings with one of these is a list of tasks.
SHORT = frozenset(
    """
    add_host apt apt_key apt_repository assemble assert async_status authorized_key blockinfile command copy
    cron debug dnf docker_compose docker_container docker_image ec2 expect fail fetch file find firewalld
    get_url getent git group group_by homebrew hostname import_role import_tasks include include_role
    include_tasks include_vars iptables known_hosts lineinfile meta modprobe mount mysql_db mysql_user npm
    package package_facts pause ping pip postgresql_db postgresql_user raw reboot replace rpm_key script
    seboolean selinux service service_facts set_fact setup shell slurp stat synchronize sysctl systemd
    systemd_service template ufw unarchive uri user wait_for wait_for_connection win_command win_feature
    win_service win_shell yum yum_repository zypper
    """.split()
)
_SEVERAL_DOTS = regex(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_.]*\Z")


class Home(NamedTuple):
    """Where a file belongs: `part` (tasks, handlers, defaults, vars, meta, group_vars, ...), and its role's folder.

    `role` is None for what belongs to no role, '' for a repository that is one.
    """

    part: str
    role: str | None = None


def home_of(path: str, tree: Tree) -> Home | None:
    """What the path says; None where only the content can tell."""
    folders = path.split("/")[:-1]
    name = posixpath.basename(path)
    if not _NOT_READ.isdisjoint(folders):
        return Home("")
    if name in ("ansible.cfg", ".ansible.cfg"):
        return Home("config")
    if not _VARIABLES.isdisjoint(folders):
        return Home("group_vars")
    yaml = name.endswith(_ENDINGS)
    for at in range(len(folders) - 1, -1, -1):
        if folders[at] in PARTS and yaml:
            role = "/".join(folders[:at])
            if _is_role(role, folders[:at], tree):
                return Home(folders[at], role)
    if name in ("galaxy.yml", "galaxy.yaml"):
        return Home("galaxy")
    if yaml and _REQUIREMENTS.match(name):
        return Home("requirements")
    if any(folder.startswith("inventor") for folder in folders) or not yaml:
        return Home("inventory")
    if "vars" in folders and _is_ansible(folders[: folders.index("vars")], tree):
        return Home("vars")
    return None


def _is_role(role: str, folders: list[str], tree: Tree) -> bool:
    if len(folders) > 1 and folders[-2] == "roles":
        return True
    parts = tree.once(_with_main).get(role, frozenset())
    return "tasks" in parts and (len(parts) > 1 or not role or tree.exists(f"{role}/templates"))


def _with_main(tree: Tree) -> dict[str, frozenset[str]]:
    """The parts that a folder has a main.yml of: what makes a role of it."""
    found: dict[str, set[str]] = {}
    for path in tree.paths:
        if path.endswith(("/main.yml", "/main.yaml")) or path in ("main.yml", "main.yaml"):
            above, _, part = posixpath.dirname(path).rpartition("/")
            if part in PARTS:
                found.setdefault(above, set()).add(part)
    return {folder: frozenset(parts) for folder, parts in found.items()}


_SIGNS = ("ansible.cfg", "roles", "group_vars", "host_vars", "playbooks", "inventory", "inventories", "site.yml")


def _is_ansible(folders: list[str], tree: Tree) -> bool:
    folder = "/".join(folders)
    return any(tree.exists(f"{folder}/{sign}" if folder else sign) for sign in _SIGNS) or "ansible" in folders


def roles_in(tree: Tree) -> dict[str, tuple[str, ...]]:
    """The folders of the repository's roles, by the name that plays call them."""
    found: dict[str, set[str]] = {}
    for path in tree.paths:
        steps = path.split("/")
        for at in range(1, len(steps) - 1):
            if steps[at] in PARTS | {"templates", "files"} and at > 1 and steps[at - 2] == "roles":
                found.setdefault(steps[at - 1], set()).add("/".join(steps[:at]))
    for folder, parts in tree.once(_with_main).items():
        if "tasks" in parts and folder:
            found.setdefault(posixpath.basename(folder), set()).add(folder)
    return {name: tuple(sorted(folders)) for name, folders in found.items()}


def is_play(node: Node) -> bool:
    if not node.is_mapping:
        return False
    if any(name in node for name in ("import_playbook", "ansible.builtin.import_playbook")):
        return True
    return "hosts" in node and any(key in PLAY_KEYS for key, _ in node.items())


def is_task(node: Node) -> bool:
    """Whether a mapping, anywhere, is certainly a task: it names a module that is Ansible's."""
    if not node.is_mapping:
        return False
    if node["block"].is_list:
        return any(is_task(inner) for inner in node["block"])
    return any(
        key in SHORT or (_SEVERAL_DOTS.match(key) and "." in key) for key, _ in node.items() if key not in TASK_KEYS
    )


def is_list_of_tasks(node: Node) -> bool:
    """Whether a list, which may stand anywhere, holds tasks: all are mappings, and one names a module of Ansible's."""
    if not node.is_list or not all(item.is_mapping for item in node):
        return False
    return any(is_task(item) for item in node) and all(_may_be_task(item) for item in node)


def _may_be_task(node: Node) -> bool:
    own = [key for key, _ in node.items() if key not in TASK_KEYS and not key.startswith("with_")]
    return len(own) == 1 or (not own and ("block" in node or "action" in node or "local_action" in node))
