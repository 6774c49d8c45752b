"""The Pod Security Standards: what the levels `baseline` and `restricted` forbid, and where a pod does it.

One function a control. Each gives the places of what it forbids with a few words; none says anything about a pod that
keeps to it. Values that are filled in later raise `Unresolved`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gatekeeper.models.kubernetes.objects import Container, Workload
from gatekeeper.node import Node

ENFORCE = "pod-security.kubernetes.io/enforce"
LEVELS = ("privileged", "baseline", "restricted")

SAFE_CAPABILITIES = frozenset(
    """
    AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT
    """.split()
)
SAFE_SYSCTLS = frozenset(
    """
    kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports
    net.ipv4.ip_unprivileged_port_start net.ipv4.ping_group_range net.ipv4.tcp_fin_timeout
    net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_keepalive_time net.ipv4.tcp_rmem
    net.ipv4.tcp_syncookies net.ipv4.tcp_wmem
    """.split()
)
CORE_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret".split()
)
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_CONFINED = ("RuntimeDefault", "Localhost")


class Breach(NamedTuple):
    """Something that a level forbids: where, and in words."""

    at: Node
    words: str


def added(container: Container) -> list[tuple[str, Node]]:
    """The capabilities that a container adds, in capital letters and without `CAP_`, and where."""
    every = container.node["securityContext"]["capabilities"]["add"]
    return [(each.text.upper().removeprefix("CAP_"), each) for each in every]


def dropped(container: Container) -> set[str]:
    """The capabilities that a container drops, in capital letters and without `CAP_`."""
    every = container.node["securityContext"]["capabilities"]["drop"]
    return {each.text.upper().removeprefix("CAP_") for each in every}


# baseline


def host_namespaces(workload: Workload) -> Iterator[Breach]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if workload.pod[field] == True:  # noqa: E712  # a node compares by value
            yield Breach(workload.pod[field], f"{field}: true")


def host_paths(workload: Workload) -> Iterator[Breach]:
    for volume in workload.pod["volumes"]:
        if volume["hostPath"].present:
            path = volume["hostPath"]["path"]
            yield Breach(path if path.present else volume["hostPath"], f"the node's {path.text or '(unnamed)'}")


def sysctls(workload: Workload) -> Iterator[Breach]:
    for entry in workload.pod["securityContext"]["sysctls"]:
        name = entry["name"].text.replace("/", ".")
        if name and name not in SAFE_SYSCTLS:
            yield Breach(entry["name"], f"sysctl {name}")


def apparmor(workload: Workload) -> Iterator[Breach]:
    for key, value in workload.template["metadata"]["annotations"].items():
        if key.startswith(_APPARMOR) and not value.text.startswith(("runtime/default", "localhost/")) and value.text:
            yield Breach(value, f"AppArmor profile {value.text}")
    for at in _everywhere(workload, "appArmorProfile"):
        if at["type"].text not in ("", *_CONFINED):
            yield Breach(at["type"], f"AppArmor profile {at['type'].text}")


def selinux(workload: Workload) -> Iterator[Breach]:
    for options in _everywhere(workload, "seLinuxOptions"):
        if options["type"].text not in _SELINUX_TYPES:
            yield Breach(options["type"], f"SELinux type {options['type'].text}")
        for field in ("user", "role"):
            if options[field].text:
                yield Breach(options[field], f"SELinux {field} {options[field].text}")


def unconfined(workload: Workload) -> Iterator[Breach]:
    for profile in _everywhere(workload, "seccompProfile"):
        if profile["type"] == "Unconfined":
            yield Breach(profile["type"], "seccomp profile Unconfined")


def host_processes(workload: Workload) -> Iterator[Breach]:
    for options in _everywhere(workload, "windowsOptions"):
        if options["hostProcess"] == True:  # noqa: E712  # a node compares by value
            yield Breach(options["hostProcess"], "hostProcess: true")


def privileged(container: Container) -> Iterator[Breach]:
    setting = container.security("privileged")
    if setting == True:  # noqa: E712  # a node compares by value
        yield Breach(setting, "privileged: true")


def capabilities(container: Container) -> Iterator[Breach]:
    for name, at in added(container):
        if name not in SAFE_CAPABILITIES:
            yield Breach(at, f"capability {name}")


def host_ports(container: Container) -> Iterator[Breach]:
    for port in container.ports:
        number = port.node["hostPort"]
        if number.present and number.number != 0:
            yield Breach(number, f"hostPort {number.text}")


def proc_mount(container: Container) -> Iterator[Breach]:
    setting = container.security("procMount")
    if setting.present and setting.text != "Default":
        yield Breach(setting, f"procMount {setting.text}")


# restricted


def volume_types(workload: Workload) -> Iterator[Breach]:
    for volume in workload.pod["volumes"]:
        for key, source in volume.items():
            if key != "name" and key not in CORE_VOLUMES:
                yield Breach(source, f"a volume of type {key}")


def escalation(container: Container) -> Iterator[Breach]:
    setting = container.security("allowPrivilegeEscalation")
    if setting != False:  # noqa: E712  # a node compares by value
        yield Breach(setting, "allowPrivilegeEscalation is not false")


def root(container: Container) -> Iterator[Breach]:
    demand, user = container.security("runAsNonRoot"), container.security("runAsUser")
    if demand != True:  # noqa: E712  # a node compares by value
        yield Breach(demand, "runAsNonRoot is not true")
    if user.number == 0:
        yield Breach(user, "runAsUser: 0")


def no_seccomp(container: Container) -> Iterator[Breach]:
    kind = container.security("seccompProfile")["type"]
    if kind.text not in _CONFINED:
        yield Breach(kind, "no seccomp profile")


def kept_capabilities(container: Container) -> Iterator[Breach]:
    if "ALL" not in dropped(container):
        yield Breach(container.node["securityContext"]["capabilities"], "capabilities are not dropped")
    for name, at in added(container):
        if name != "NET_BIND_SERVICE":
            yield Breach(at, f"capability {name}")


_OfPod = Callable[[Workload], Iterator[Breach]]
_OfContainer = Callable[[Container], Iterator[Breach]]
_BASELINE: tuple[tuple[_OfPod, ...], tuple[_OfContainer, ...]] = (
    (host_namespaces, host_paths, sysctls, apparmor, selinux, unconfined, host_processes),
    (privileged, capabilities, host_ports, proc_mount),
)
_RESTRICTED: tuple[tuple[_OfPod, ...], tuple[_OfContainer, ...]] = (
    (*_BASELINE[0], volume_types),
    (privileged, host_ports, proc_mount, root, escalation, no_seccomp, kept_capabilities),
)
_NOT_OF_WINDOWS = (escalation, no_seccomp, kept_capabilities)


def breaches(workload: Workload, level: str) -> Iterator[tuple[Breach, Container | None]]:
    """What the level forbids of this pod; with the container where it is one's own doing."""
    if level not in ("baseline", "restricted"):
        return
    of_pod, of_container = _BASELINE if level == "baseline" else _RESTRICTED
    for control in of_pod:
        yield from ((breach, None) for breach in control(workload))
    for container in workload.containers:
        for each in of_container:
            if each not in _NOT_OF_WINDOWS or workload.pod["os"]["name"] != "windows":
                yield from ((breach, container) for breach in each(container))


def _everywhere(workload: Workload, field: str) -> Iterator[Node]:
    """A field of securityContext where it is written: on the pod, on each container."""
    for node in (workload.pod, *(container.node for container in workload.containers)):
        found = node["securityContext"][field]
        if found.present:
            yield found
