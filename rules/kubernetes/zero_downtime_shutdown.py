from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import services_of, unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_SLEEP = regex(r"(?:^|[\s;&|])sleep\s+(\d{1,6})(?:s\b|(?=[\s;&|]|\Z))", re.MULTILINE)
_DEFAULT_GRACE = 30


def _serves(container: Container, project: Project) -> bool:
    """A container that a Service sends traffic to: of those that declare ports, or the only one."""
    if not container.asked_for("preStop") or not services_of(container.workload, project):
        return False
    apps = [each for each in container.workload.containers if each.role == "app"]
    return bool(container.ports) or len(apps) == 1


@rule(
    "k8s-zero-downtime-shutdown",
    gate="workload-reliability",
    severity="medium",
    seed="3. Acceptance Criteria Verification, Zero-downtime deployment",
    where=_serves,
)
def zero_downtime_shutdown(container: Container, project: Project) -> Iterator[Answer]:
    """Containers behind a Service finish what they have begun.

    A pod that stops is told so while the nodes still send it requests: for a second or more new connections reach a
    process that no longer listens. A `preStop` hook that waits a few seconds covers that, and so does a program that
    goes on serving for a while after SIGTERM; which of the two it is no manifest says, so a missing hook is advice. A
    fault is `terminationGracePeriodSeconds: 0`, which kills at once, and a hook that sleeps for the whole grace period
    (30 seconds where none is written), which leaves the program no time to stop.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          # expect: no preStop
          containers: [{name: web, image: "web:1.0.0"}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          # expect: killed at once
          terminationGracePeriodSeconds: 0
          containers: [{name: api, image: "api:1.0.0"}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: slow}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: slow
              image: slow:1.0.0
              # expect: 60 s
              lifecycle: {preStop: {exec: {command: [sh, -c, "nginx -s quit; sleep 60"]}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          terminationGracePeriodSeconds: 45
          containers:
            - name: web
              image: web:1.0.0
              ports: [{containerPort: 80}]
              lifecycle: {preStop: {sleep: {seconds: 10}}}
            - {name: logs, image: "logs:1.0.0"}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```
    """
    hook, grace = container.node["lifecycle"]["preStop"], container.workload.pod["terminationGracePeriodSeconds"]
    seconds = grace.number if grace.present else _DEFAULT_GRACE
    slept = _slept(hook)
    if seconds == 0:
        words = f"{container.container_name} is killed at once: what it has begun is lost"
        yield Finding(grace, words)
    elif hook.present and seconds is not None and slept >= seconds:
        see = (Note(grace, "the grace period"),) if grace.present else ()
        words = f"preStop sleeps {slept:g} s of a grace period of {seconds:g} s: the program is killed, not stopped"
        yield Finding(hook, words, see, Fix(f"set terminationGracePeriodSeconds well above {slept:g}"))
    elif not hook.present:
        patch = unsettled(container, project)
        words = f"no preStop: {container.container_name} may refuse requests while it stops"
        fix = Fix("a preStop hook that sleeps some seconds, or serve on for a while after SIGTERM")
        if patch:
            yield Unknown(container, f"{patch.path} may patch preStop")
        else:
            yield Finding(container, words, fix=fix, severity="low")


def _slept(hook: Node) -> float:
    """For how many seconds the hook does nothing but wait."""
    built_in = hook["sleep"]["seconds"].number
    if built_in is not None:
        return built_in
    words = " ".join(word.text for word in hook["exec"]["command"])
    return max((int(found) for found in _SLEEP.findall(words)), default=0)
