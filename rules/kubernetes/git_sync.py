from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import rule


@rule(
    "k8s-git-sync-command",
    gate="container-hardening",
    severity="off",
    seed="6.1 Vulnerability management",
    aliases=["CKV_K8S_159"],
    where=lambda container: bool(container.env),
)
def git_sync_command(container: Container) -> Iterator[Finding]:
    """No manifest chooses the program that git-sync runs as git.

    `GITSYNC_GIT` names it: whoever may set the variable runs any program in that container.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: git-sync
          image: registry.k8s.io/git-sync/git-sync:v4.2.4
          env:
            # expect: GITSYNC_GIT
            - {name: GITSYNC_GIT, value: /tools/git}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: git-sync
          image: registry.k8s.io/git-sync/git-sync:v4.2.4
          env: [{name: GITSYNC_REPO, value: "https://git.example.com/app"}]
    ```
    """
    for variable in container.env:
        if variable.name == "GITSYNC_GIT":
            yield Finding(variable.node["name"], "GITSYNC_GIT chooses the program that git-sync runs as git")
