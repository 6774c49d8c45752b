"""Ansible: which files are its, what a task comes to, and what plays can reach."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.links.ansible import handlers_of_play, handlers_of_role, is_there
from gatekeeper.models import Subject
from gatekeeper.models.ansible import Config, Inventory, Play, Requirement, Task, Variables, Vault, names_in, truth
from gatekeeper.models.ansible.values import pairs
from gatekeeper.models.kubernetes import Workload
from gatekeeper.node import Node, Source, Span, Unresolved
from gatekeeper.plugins import models_of
from gatekeeper.testing import project_of

ROLE = (("roles/web/tasks/main.yml", "- ansible.builtin.meta: noop\n"),)
PLAY = "- hosts: web\n  tasks:\n    - {}\n"


def tasks(*files: tuple[str, str]) -> list[Task]:
    return project_of(files).all(Task)


def task(words: str) -> Task:
    """The one task of a play, written in one line."""
    (only,) = tasks(("play.yml", PLAY.format(words)))
    return only


def kinds(path: str, text: str, others: Iterable[tuple[str, str]] = ()) -> set[str]:
    """What a file holds of Ansible."""
    found = project_of([(path, text), *others]).all(Subject)
    return {type(each).__name__ for each in found if each.technology == "ansible" and each.path == path}


# which files


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("deploy.yml", "# all\n---\n- hosts: web\n  roles: [web]\n", {"Play"}),
        ("site.yml", "- import_playbook: web.yml\n", {"Play"}),
        ("roles/web/tasks/install.yml", "- apt: name=nginx\n", {"Task"}),
        ("roles/web/handlers/main.yml", "- name: restart\n  my.own.module: {}\n", {"Task"}),
        ("roles/web/defaults/main.yml", "web_port: 80\n", {"Variables"}),
        ("group_vars/all/vars.yml", "a: 1\n", {"Variables"}),
        ("group_vars/all", "a: 1\n", {"Variables"}),
        ("host_vars/web1.example.com", "a: 1\n", {"Variables"}),
        ("group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6231\n", {"Vault"}),
        ("inventory/hosts", "[web]\nweb1.example.com ansible_user=deploy\n", {"Inventory"}),
        ("hosts.ini", "[web]\nweb1\nweb2\n\n[all:vars]\na=1\n", {"Inventory"}),
        ("inventory/prod.yml", "all:\n  hosts:\n    web1: {ansible_host: 10.0.0.1}\n", {"Inventory"}),
        ("requirements.yml", "roles: [{name: a.b, version: 1.0.0}]\n", {"Requirement"}),
        ("requirements.yml", "- src: a.b\n", {"Requirement"}),
        ("galaxy.yml", "namespace: a\nname: b\nversion: 1.0.0\ndependencies: {c.d: '*'}\n", {"Requirement"}),
        ("ansible.cfg", "[defaults]\ninventory = hosts\n", {"Config"}),
        ("playbooks/cloud.yml", "- name: Ask\n  ansible.builtin.pause: {prompt: x}\n", {"Task"}),
        ("playbooks/steps.yml", "- block:\n    - apt: name=nginx\n  when: x\n", {"Task"}),
    ],
)
def test_files_of_ansible(path: str, text: str, what: set[str]) -> None:
    assert kinds(path, text) == what


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("k8s/list.yaml", "apiVersion: v1\nkind: List\nitems: []\n"),
        ("ci/steps.yml", "- name: Build\n  run: make\n- name: Test\n  run: make test\n"),
        ("data/people.yml", "- name: Ada\n  age: 36\n"),
        ("compose.yaml", "services:\n  web: {image: nginx}\n"),
        ("lint.yml", "- repo: https://example.com\n  hooks: [{id: a}]\n"),
        ("alerts.yml", "- hosts: [a]\n  name: servers that something else watches\n"),
        ("tasks/build.yml", "platform: linux\nrun: {path: make}\n"),
        ("config/vars/main.yml", "a: 1\n"),
        ("roles/web/molecule/default/converge.yml", "- hosts: all\n  roles: [web]\n"),
        ("roles/web/templates/vars/x.yml", "a: {{ b }}\n"),
        ("tests/test.yml", "- hosts: all\n  roles: [web]\n"),
        ("inventory/Pipfile", '[packages]\nrequests = "*"\n'),
        ("inventory/Makefile", "all:\n\tmake x\n"),
        ("requirements.yml", "name: env\ndependencies: [python]\n"),
    ],
)
def test_files_of_others(path: str, text: str) -> None:
    assert kinds(path, text) == set()


def test_services_that_are_called_like_an_inventory() -> None:
    assert models_of("src/inventory/Dockerfile") == ("docker",)
    assert models_of("src/inventory/main.go") == ()
    assert models_of("src/inventory/chart/Chart.yaml") == ("helm",)


def test_a_repository_that_is_a_role() -> None:
    files = [("tasks/main.yml", "- apt: name=nginx\n"), ("defaults/main.yml", "a: 1\n"), ("meta/main.yml", "{}\n")]
    project = project_of(files)
    assert [each.role for each in project.all(Task)] == [""]
    assert project.all(Variables)[0].defaults


def test_variables_that_a_play_names() -> None:
    play = "- hosts: web\n  vars_files: [config.cfg, '{{ x }}.yml', [a.yml, b.yml]]\n  tasks: []\n"
    project = project_of([("site.yml", play), ("other.yml", play), ("config.cfg", "password: hunter2\n")])
    assert [each.path for each in project.all(Variables)] == ["config.cfg"]


def test_a_file_that_cannot_be_read_is_a_fault_of_ansible() -> None:
    project = project_of([("roles/web/tasks/main.yml", "- a: [\n")])
    assert "ansible" in project.technologies()
    assert any(fault.technology == "ansible" for fault in project.faults)


# tasks


@pytest.mark.parametrize(
    ("words", "module"),
    [
        ("ansible.builtin.apt: {name: a}", "apt"),
        ("apt: name=a state=present", "apt"),
        ("community.docker.docker_container: {name: a}", "docker_container"),
        ("my.own.apt: {name: a}", "my.own.apt"),
        ("{action: apt name=a}", "apt"),
        ("{action: {module: ansible.builtin.apt, name: a}}", "apt"),
        ("{local_action: command ls}", "command"),
        ("{name: nothing}", ""),
    ],
)
def test_modules(words: str, module: str) -> None:
    assert task(words).module == module


def test_arguments_in_every_form() -> None:
    for words in (
        "copy: src=a dest='/etc/a b' mode=0644",
        'copy: {src: a, dest: "/etc/a b", mode: "0644"}',
        '{copy: src=a, args: {dest: "/etc/a b", mode: "0644"}}',
        '{action: {module: copy, src: a, dest: "/etc/a b", mode: "0644"}}',
    ):
        found = task(words)
        assert found.args["src"] == "a", words
        assert found.args["dest"] == "/etc/a b", words
        assert found.args["mode"] == "0644", words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("shell: echo a=b > /x creates=/y", "echo a=b > /x"),
        ("command: {cmd: ls -l}", "ls -l"),
        ("command: {argv: [ls, a b]}", "ls 'a b'"),
        ("{shell: ls, args: {chdir: /x}}", "ls"),
        ("include_tasks: web.yml", "web.yml"),
    ],
)
def test_free_text(words: str, text: str) -> None:
    assert task(words).free == text


def test_what_jinja_makes_is_not_known() -> None:
    found = task('copy: {dest: /x, mode: "{{ mode }}"}')
    assert found.args["dest"] == "/x"
    with pytest.raises(Unresolved, match="when the play runs"):
        _ = found.args["mode"].text
    with pytest.raises(Unresolved):
        _ = task('copy: "{{ arguments }}"').args["mode"].text
    assert task("copy: {content: !unsafe '{{ a }}', dest: /x}").args["content"] == "{{ a }}"


def test_commands_with_values_put_in() -> None:
    script = task('shell: "mysql -p{{ password }} app"').script
    assert script is not None
    assert script.commands[0].words == ("mysql", "-pJINJA_", "app")
    assert task('shell: "{% if a %}ls{% endif %}"').script is None


def test_blocks_hand_down() -> None:
    text = """
- hosts: web
  become: true
  tasks:
    - block:
        - apt: name=a
        - block:
            - apt: name=b
              become: false
      rescue:
        - debug: msg=c
      no_log: true
    - apt: name=d
"""
    found = tasks(("play.yml", text))
    assert [each.args["name"].text or each.module for each in found] == ["a", "b", "debug", "d"]
    assert [each.on("become") for each in found] == [True, False, True, True]
    assert [each.on("no_log") for each in found] == [True, True, True, False]
    assert [each.rescued for each in found] == [True, True, False, False]


@pytest.mark.parametrize(
    ("value", "truth_"),
    [("yes", True), ("no", False), ("True", True), ("off", False), ("1", True), ("maybe", None)],
)
def test_booleans(value: str, truth_: bool | None) -> None:
    assert truth(Node(value, Source("a", value), Span(1, 1, 1, 2))) is truth_


def test_names_in_jinja() -> None:
    text = "{{ db_password | password_hash('sha512', secret_salt) }} {{ lookup('env', 'TOKEN') }} password"
    assert list(names_in(text)) == ["db_password", "secret_salt"]


@given(st.text(alphabet="ab=\"' {}%\n\\", max_size=40))
def test_splitting_never_fails(text: str) -> None:
    pairs(text)


def test_splitting_is_fast() -> None:
    assert pairs("a=" + "'\"{{" * 50_000).values


def test_objects_of_kubernetes() -> None:
    text = """
- hosts: localhost
  tasks:
    - kubernetes.core.k8s:
        definition:
          apiVersion: apps/v1
          kind: Deployment
          metadata: {name: app, namespace: shop}
          spec: {replicas: 3, template: {spec: {containers: [{name: app, image: "app:{{ tag }}"}]}}}
    - kubernetes.core.k8s: {state: absent, definition: {apiVersion: v1, kind: Pod, metadata: {name: old}}}
    - kubernetes.core.k8s: {src: app.yaml}
"""
    (workload,) = project_of([("play.yml", text)]).all(Workload)
    assert workload.name == "Deployment/shop/app"
    assert workload.spec["replicas"] == 3
    assert not workload.containers[0].node["image"].known


# files beside the plays


def test_places_in_ini_files() -> None:
    project = project_of(
        [("hosts", "[web]\nweb1 ansible_ssh_pass=s3cr3t\n"), ("ansible.cfg", "[defaults]\n a = b # c\n")]
    )
    (inventory,) = project.all(Inventory)
    ((name, node),) = inventory.texts()
    assert (name, node.text, node.span) == ("ansible_ssh_pass", "s3cr3t", Span(2, 23, 2, 29))
    (config,) = project.all(Config)
    assert config.node["defaults"]["a"] == "b"
    assert config.node["defaults"]["a"].span == Span(2, 6, 2, 7)


def test_requirements() -> None:
    text = """
roles:
  - geerlingguy.docker,7.4.1
  - {src: "https://github.com/a/b.git", version: v1}
collections:
  - community.general:9.0.0
  - name: community.docker
"""
    found = project_of([("requirements.yml", text)]).all(Requirement)
    assert [(each.kind, each.version.text) for each in found] == [
        ("role", "7.4.1"),
        ("role", "v1"),
        ("collection", "9.0.0"),
        ("collection", ""),
    ]
    assert [each.git for each in found] == [False, True, False, False]


def test_the_vault_is_not_read() -> None:
    project = project_of([("group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6231\n")])
    assert len(project.all(Vault)) == 1
    assert not project.all(Variables)


# what plays reach


def test_handlers_of_roles_and_what_they_depend_on() -> None:
    files = [
        ("site.yml", "- hosts: web\n  roles: [web]\n  handlers:\n    - {name: own, debug: msg=a}\n"),
        *ROLE,
        ("roles/web/meta/main.yml", "dependencies: [{role: base}]\n"),
        ("roles/web/handlers/main.yml", "- {name: restart web, debug: msg=a, listen: [all]}\n"),
        ("roles/base/tasks/main.yml", "- include_role: {name: log}\n"),
        ("roles/base/handlers/main.yml", "- {name: restart base, debug: msg=a}\n"),
        ("roles/log/handlers/main.yml", "- {name: restart log, debug: msg=a}\n"),
    ]
    project = project_of(files)
    (play,) = project.all(Play)
    everything = {"own", "restart web", "all", "restart base", "restart log"}
    assert handlers_of_play(play, project) == (frozenset(everything), "")
    assert handlers_of_role("roles/base", project) == (frozenset({"restart base", "restart log"}), "")


def test_what_a_play_reaches_is_open_with_roles_of_others() -> None:
    project = project_of([("site.yml", "- hosts: web\n  roles: [geerlingguy.nginx, '{{ more }}']\n")])
    assert "geerlingguy.nginx" in handlers_of_play(project.all(Play)[0], project).open


def test_files_that_plays_name() -> None:
    project = project_of([("playbooks/tasks/web.yml", "- debug: msg=a\n")])
    assert is_there("tasks/web.yml", project)
    assert is_there("../playbooks/tasks/web.yml", project)
    assert is_there("db.yml", project) is False
    assert is_there("{{ x }}.yml", project) is None
    assert is_there("/etc/x.yml", project) is None


def test_long_texts_of_openings_are_not_searched() -> None:
    assert not list(names_in("{{ a" * 200_000))
    assert task(f'shell: "{"{{ " * 50_000}"').script is None
