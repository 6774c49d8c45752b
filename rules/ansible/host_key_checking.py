from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Config, truth
from gatekeeper.rule import Answer, rule


@rule(
    "ansible-host-key-checking",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening: Encryption in transit",
)
def host_key_checking(config: Config) -> Iterator[Answer]:
    """SSH verifies that a host is the one that was meant.

    Without it, whoever answers under the address gets what the play hands out, passwords for `become` among it. Absent
    means that keys are checked. Keys of new hosts can be given to `known_hosts`, or signed by an authority of SSH.

    Bad:
    ```ini ansible.cfg
    [defaults]
    # expect: host keys are not checked
    host_key_checking = False

    [ssh_connection]
    # expect: host keys are not checked
    ssh_args = -o ControlMaster=auto -o StrictHostKeyChecking=no
    ```

    Good:
    ```ini ansible.cfg
    [defaults]
    inventory = inventory/hosts
    [ssh_connection]
    ssh_args = -o ControlMaster=auto -o StrictHostKeyChecking=accept-new
    ```
    """
    for section in ("defaults", "paramiko_connection", "ssh_connection"):
        said = config.node[section]["host_key_checking"]
        if said.present and truth(said) is False:
            yield Finding(said, "host keys are not checked", fix=_FIX)
    for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"):
        said = config.node["ssh_connection"][name]
        words = said.text.replace(" ", "").replace('"', "").lower()
        if "stricthostkeychecking=no" in words or "stricthostkeychecking=off" in words:
            yield Finding(said, "host keys are not checked", fix=_FIX)


_FIX = Fix("remove it, and put the keys of the hosts into known_hosts")
