"""What is asked of which container: one table, so that no two rules disagree about it.

| what                     | app | app of a job | init | sidecar | ephemeral | Windows |
|--------------------------|-----|--------------|------|---------|-----------|---------|
| livenessProbe            | yes | no           | no   | no      | no        | yes     |
| readinessProbe           | yes | no           | no   | no      | no        | yes     |
| startupProbe             | yes | no           | no   | no      | no        | yes     |
| preStop                  | yes | no           | no   | no      | no        | yes     |
| lifecycle                | yes | no           | no   | no      | no        | yes     |
| requests                 | yes | yes          | yes  | yes     | no        | yes     |
| limits                   | yes | yes          | yes  | yes     | no        | yes     |
| ports                    | yes | yes          | yes  | yes     | no        | yes     |
| image                    | yes | yes          | yes  | yes     | yes       | yes     |
| env                      | yes | yes          | yes  | yes     | yes       | yes     |
| volumeMounts             | yes | yes          | yes  | yes     | yes       | yes     |
| windowsOptions           | yes | yes          | yes  | yes     | yes       | yes     |
| privileged               | yes | yes          | yes  | yes     | yes       | no      |
| allowPrivilegeEscalation | yes | yes          | yes  | yes     | yes       | no      |
| readOnlyRootFilesystem   | yes | yes          | yes  | yes     | yes       | no      |
| capabilities             | yes | yes          | yes  | yes     | yes       | no      |
| runAsNonRoot             | yes | yes          | yes  | yes     | yes       | no      |
| runAsUser                | yes | yes          | yes  | yes     | yes       | no      |
| runAsGroup               | yes | yes          | yes  | yes     | yes       | no      |
| seccompProfile           | yes | yes          | yes  | yes     | yes       | no      |
| appArmorProfile          | yes | yes          | yes  | yes     | yes       | no      |
| seLinuxOptions           | yes | yes          | yes  | yes     | yes       | no      |
| procMount                | yes | yes          | yes  | yes     | yes       | no      |

A job is whatever runs to completion: Job, CronJob, a Pod that is not restarted. A sidecar is an init container with
`restartPolicy: Always`. Probes and `preStop` decide about traffic and restarts, which a pod that ends does not need,
and the API refuses them, resources and ports on ephemeral containers. Knative adds probes of its own. The fields
that are no for Windows are those the API refuses or the kubelet ignores there.
"""

from __future__ import annotations

_EVERY = frozenset({"app", "job", "init", "sidecar", "ephemeral"})
_SERVING = frozenset({"app"})
_NOT_EPHEMERAL = _EVERY - {"ephemeral"}

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_TABLE = {
    **dict.fromkeys((*_PROBES, "preStop", "lifecycle"), _SERVING),
    **dict.fromkeys(("requests", "limits", "ports"), _NOT_EPHEMERAL),
    **dict.fromkeys(("image", "env", "volumeMounts", "windowsOptions"), _EVERY),
}
_OF_LINUX = frozenset(
    """
    privileged allowPrivilegeEscalation readOnlyRootFilesystem capabilities runAsNonRoot runAsUser runAsGroup
    seccompProfile appArmorProfile seLinuxOptions procMount
    """.split()
)


def asked(what: str, role: str, *, batch: bool = False, windows: bool = False, knative: bool = False) -> bool:
    """Whether `what` is to be expected of a container of that role. Raises KeyError for a word that is not there."""
    if knative and what in _PROBES:
        return False
    if what in _OF_LINUX:
        return not windows
    return ("job" if role == "app" and batch else role) in _TABLE[what]
