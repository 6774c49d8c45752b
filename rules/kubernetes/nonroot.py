from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import dockerfile_of, unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule


@rule(
    "k8s-nonroot",
    gate="container-hardening",
    severity="high",
    seed="7. Security Checklist, Non-root containers",
    aliases=["CKV_K8S_23", "polaris:runAsRootAllowed"],
    where=lambda container: container.asked_for("runAsNonRoot"),
)
def nonroot(container: Container, project: Project) -> Iterator[Answer]:
    """Every container runs as a user other than root.

    Whoever breaks out of a process that runs as root is root on the node. What counts is the container's own
    securityContext over that of its pod: `runAsNonRoot: true`, or a `runAsUser` that is not 0. A `runAsUser: 0` is
    root whatever else is written. Asked of init containers, sidecars and ephemeral containers too, which other tools
    leave out.

    The Dockerfile counts where it is certain that the image is built from it: an image whose last stage runs as
    another user runs so here too. KSV-0012 and kube-linter's run-as-non-root mean something else: the first wants
    `runAsNonRoot` even beside a `runAsUser`, the second also looks at groups. KSV-0105 means one half of this: only the
    `runAsUser: 0` that is written. Pods for Windows are not judged.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            # expect: may run as root
            - name: app
              image: app:1.2.0
    ```

    Bad, the container overrides its pod:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          securityContext: {runAsNonRoot: true}
          containers:
            - {name: app, image: "app:1.2.0"}
            - name: proxy
              image: proxy:2.0.1
              securityContext:
                # expect: runAsUser 0 is root
                runAsUser: 0
            - name: agent
              image: agent:1.0.0
              securityContext:
                # expect: may run as root
                runAsNonRoot: false
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          securityContext: {runAsNonRoot: true}
          initContainers: [{name: migrate, image: "app:1.2.0"}]
          containers:
            - {name: app, image: "app:1.2.0"}
            - {name: proxy, image: "proxy:2.0.1", securityContext: {runAsNonRoot: false, runAsUser: 1337}}
    ```

    Bad, every kind that makes pods:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: app}
    # expect: may run as root
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ---
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata: {name: web}
    # expect: may run as root
    spec: {template: {spec: {containers: [{name: web, image: "web:1.2.0"}]}}}
    ---
    apiVersion: v1
    kind: PodList
    items:
      - metadata: {generateName: run-}
        spec:
          # expect: may run as root
          containers: [{name: run, image: "run:1.2.0"}]
          ephemeralContainers:
            # expect: runAsUser 0 is root
            - {name: debug, image: "debug:1.2.0", securityContext: {runAsNonRoot: true, runAsUser: 0}}
    ```

    Good, for Windows:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: site}
    spec:
      template:
        spec:
          nodeSelector: {kubernetes.io/os: windows}
          containers: [{name: site, image: "site:1.2.0"}]
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec: {containers: [{name: app, image: "app:1.2.0", securityContext: {runAsUser: 1000}}]}
    ```

    Good, the image's own user:
    ```dockerfile order-service/Dockerfile
    FROM node:20-alpine
    RUN adduser -S app -u 1001
    USER 1001
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "ghcr.io/acme/order-service:1.4.2"}]
    ```
    """
    user, demand = container.security("runAsUser"), container.security("runAsNonRoot")
    if user.number == 0:
        yield Finding(user, f"runAsUser 0 is root: {container.container_name} runs as root")
        return
    if user.number is not None or demand == True:  # noqa: E712  # a node compares by value
        return
    link = dockerfile_of(container, project)
    if link and link.certain and link.stage.runs_as.kind == "nonroot":
        return
    patch = unsettled(container, project)
    if patch:
        yield Unknown(container, f"{patch.path} may patch the user")
        return
    see: tuple[Note, ...] = ()
    if link and link.certain and link.stage.runs_as.kind == "root":
        see = (Note(link.stage.runs_as.at, "the image runs as root"),)
    words = f"{container.container_name} may run as root: neither runAsNonRoot nor runAsUser says otherwise"
    at = demand if demand.present else container
    yield Finding(
        at, words, see, Fix("set securityContext.runAsNonRoot: true, and runAsUser when the image names its user")
    )
