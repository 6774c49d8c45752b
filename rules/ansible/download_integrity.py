from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_NEAR = regex(
    r"http://(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[::1\]|[\w-]+(?:[:/]|\Z)"
    r"|[\w.-]{1,200}\.(?:local|internal|lan|intranet)(?:[:/]|\Z))"
)
_FIX = Fix("fetch it by https, and write its checksum down: `checksum: sha256:...`")
_PLAIN = "fetched by plain http, with no checksum: whoever stands between can replace it"


def _url(task: Task) -> Node:
    return task.args["src" if task.module == "unarchive" else "url"]


def _fetches(task: Task) -> bool:
    return task.module in ("get_url", "win_get_url") or (
        task.module == "unarchive" and any("://" in str(each._value) for each in (task.called["src"], task.called))
    )


@rule(
    "ansible-download-integrity",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=_fetches,
)
def download_integrity(task: Task) -> Iterator[Answer]:
    """What is downloaded is what was meant: by https, and better with a checksum.

    Over plain http anybody on the way can hand out another program, which then runs on every host. With a checksum it
    does not matter how a file comes. https without one is of severity low: then the server alone can replace the file,
    and two hosts set up on different days may differ. Addresses of the own network are left out.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.get_url:
            # expect: plain http
            url: http://downloads.example.com/app-{{ version }}.tar.gz
            dest: /opt/app.tar.gz
        - ansible.builtin.unarchive:
            # expect: plain http
            src: http://downloads.example.com/tool.tar.gz
            dest: /opt
            remote_src: true
        - ansible.builtin.get_url:
            # expect: no checksum
            url: https://downloads.example.com/app.tar.gz
            dest: /opt/app.tar.gz
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.get_url:
            url: http://downloads.example.com/app.tar.gz
            dest: /opt/app.tar.gz
            checksum: "sha256:{{ app_sum }}"
        - ansible.builtin.get_url:
            url: http://mirror.internal/app.tar.gz
            dest: /opt/app.tar.gz
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.get_url:
            url: "{{ app_url }}"
            dest: /opt/app.tar.gz
    ```
    """
    if task.args["checksum"].present or task.args["sha256sum"].present:
        return
    url = _url(task)
    text = url.expression.text if url.expression else url.text
    if text.startswith("http://") and not text.startswith("http://{{"):
        if not _NEAR.match(text):
            yield Finding(url, _PLAIN, fix=_FIX)
    elif text.startswith("https://"):
        yield Finding(url, "no checksum: the file may be another one tomorrow", fix=_FIX, severity="low")
    elif not text.startswith(("ftp", "file:", "s3:")):
        yield from _asked(url)


def _asked(url: Node) -> Iterator[Answer]:
    if url.text.startswith("http://"):  # raises Unresolved where Jinja makes all of it
        yield Finding(url, _PLAIN, fix=_FIX)
