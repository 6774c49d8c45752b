from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.schemas import custom, is_patch, mistaken, shapes_of
from gatekeeper.models.kubernetes import Object
from gatekeeper.models.kubernetes.api_versions import minor
from gatekeeper.models.kubernetes.schema import PINNED, Shape, Wrong, builtin, wrong
from gatekeeper.node import Span
from gatekeeper.rule import Answer, Place, Reason, Severity, Spot, rule


def _has_schema(each: Object, project: Project) -> bool:
    if is_patch(each, project):
        return False
    if each.group in builtin().versions:
        return bool(shapes_of(each, project) or mistaken(each))
    return bool(shapes_of(each, project) or custom(project).broken)


_OF_A_COPY: Severity = "medium"  # what is installed in the cluster may be newer than the schema in the repository


@rule(
    "k8s-schema",
    gate="iac-validation",
    severity="high",
    seed="7. Infrastructure code passes validation",
    aliases=["kube-linter:schema-validation"],
    where=_has_schema,
)
def schema(each: Object, project: Project) -> Iterator[Answer]:
    """Every object has the shape that the Kubernetes API takes.

    A field that the API does not know is refused, or dropped without a word: a limit nobody sets. Held against the
    strict schema of one Kubernetes version (1.37; `kubernetes.version` in gatekeeper.yaml says which one is deployed
    to): fields, types, required fields, allowed values, quantities, base64. Text without quotes that the API's YAML
    reads as something else counts as that: `yes` is a boolean, `8080` a number, and neither is a label or the value of
    a variable.

    Counted are objects that have a schema. A custom resource has one where its CustomResourceDefinition is in the
    repository, or where `kubernetes.schemas` in gatekeeper.yaml names it; the others are not judged, and not in the
    number. Of custom schemas the structure is judged (fields, types, required fields, allowed values), not patterns,
    ranges and CEL, and what is wrong is graded medium: the cluster may have a newer one. Not held against an object:
    nulls, `status`, values that are filled in later, patches.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      # expect: expected a whole number, this is a string
      replicas: "3"
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels:
            app: web
            # expect: expected a string, this is a number
            version: 2
        spec:
          containers:
            - name: web
              image: web:1.0.0
              # expect: did you mean imagePullPolicy?
              imagePullPolcy: Always
              env:
                # expect: reads this as a boolean
                - {name: DEBUG, value: yes}
              resources:
                # expect: expected a quantity
                limits: {memory: 1GiB}
    ```

    Bad, something is missing:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    # expect: spec.selector is missing
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```

    Bad, a key twice:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web}
    data:
      LEVEL: info
      # expect: written twice
      LEVEL: debug
    ```

    Bad, no container:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      # expect: has no container
      containers: []
    ```

    Bad, a value that is none of those allowed:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      # expect: did you mean LoadBalancer?
      type: Loadbalancer
      # expect: did you mean Local?
      externalTrafficPolicy: LOCAL
      selector: {app: web}
      ports: [{port: 80, targetPort: http}]
    ```

    Bad, the kind is of another group:
    ```yaml
    # expect: Deployment is of apps/v1
    apiVersion: v1
    kind: Deployment
    metadata: {name: web}
    ```

    Bad, a custom resource:
    ```yaml crds/backup.yaml
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: backups.acme.io}
    spec:
      group: acme.io
      names: {kind: Backup, plural: backups}
      scope: Namespaced
      versions:
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec:
                  type: object
                  required: [schedule]
                  properties:
                    schedule: {type: string}
                    keep: {type: integer}
    ```
    ```yaml backup.yaml
    apiVersion: acme.io/v1
    kind: Backup
    metadata: {name: nightly}
    # expect: spec.schedule is missing
    spec:
      # expect: there is no field 'retain'
      retain: 3
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, creationTimestamp: null}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
      template:
        metadata: {labels: {app: web, version: "2"}}
        spec:
          containers:
            - name: web
              image: web:1.0.0
              env: [{name: DEBUG, value: "yes"}]
              livenessProbe: {httpGet: {path: /healthz, port: http}}
              resources:
                limits: {memory: 1Gi, cpu: 1}
                requests: {memory: 1e8, cpu: 0.5}
    status: {}
    ```

    Good, filled in later and encrypted:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: ${REPLICAS}
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1.0.0"}]}}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: web}
    data: {password: "ENC[AES256_GCM,data:aGVsbG8=,iv:eA==,tag:eQ==,type:str]"}
    sops: {version: 3.9.0}
    ```

    Good, a patch that no kustomization lists any more:
    ```yaml config/kustomization.yaml
    resources: [web.yaml]
    # patches: [{path: manager_patch.yaml}]
    ```
    ```yaml config/web.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web}
    ```
    ```yaml config/manager_patch.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {hostNetwork: true}}}
    ```

    Good, a patch by what it holds, which a script adds:
    ```yaml config/kustomization.yaml
    resources: [web.yaml]
    ```
    ```yaml config/web.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: web}
    ```
    ```yaml config/env_override.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, env: [{name: LOG_LEVEL, value: debug}]}]}}}
    ```

    Good, the kustomization writes the selector:
    ```yaml deploy.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: web, image: "web:1.0.0"}]}}}
    ```
    ```yaml kustomization.yaml
    resources: [deploy.yaml]
    commonLabels: {app: web}
    ```

    Unknown, an overlay may write what is missing:
    ```yaml deploy.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ```
    ```yaml kustomization.yaml
    resources: [deploy.yaml]
    components: ["https://github.com/acme/labels?ref=v1"]
    ```

    Good, a template fills it in:
    ```yaml
    apiVersion: v1
    kind: ReplicationController
    metadata: {name: web}
    spec:
      replicas: {{replicas}}
    ```

    Unknown, a script replaces the words:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: REPLICAS_OF_WEB
      strategy: {type: STRATEGY_OF_WEB}
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          tolerations: {TOLERATIONS_OF_WEB: ""}
          affinity: {AFFINITY_OF_WEB: ""}
          containers: [{name: web, image: "web:1.0.0", ports: [{containerPort: PORT}]}]
    ```

    Unknown, a schema that the settings name is not there:
    ```yaml backup.yaml
    apiVersion: acme.io/v1
    kind: Backup
    metadata: {name: nightly}
    ```
    ```yaml gatekeeper.yaml
    kubernetes: {schemas: [crds/]}
    ```
    """
    shapes = shapes_of(each, project)
    words = "" if shapes else mistaken(each)
    if words:
        yield Finding(each.node["apiVersion"], words)
        return
    if not shapes:
        told = custom(project).broken[0]
        yield Unknown(each, f"no schema: gatekeeper.yaml names {told}", Reason.UNREADABLE)
        return
    for place, key in each.node.source.repeated.items():
        if _holds(each, place):
            words = f"the key {key!r:.60} is written twice: the API refuses it, or one of both is lost"
            yield Finding(Place(each.node.source, place), words)
    for fault in _fewest(each, shapes):
        doubt = _doubt(fault, each, project)
        at = _spot(fault, each)
        yield Unknown(at, f"{fault.message}; {doubt}") if doubt else _finding(at, fault, each)


def _holds(each: Object, place: Span) -> bool:
    span = each.node.span
    return span[:2] <= place[:2] and place[2:] <= span[2:]


def _fewest(each: Object, shapes: list[Shape]) -> list[Wrong]:
    """What is wrong by the schema that fits best: a kind may be declared more than once."""
    best: list[Wrong] | None = None
    for shape in shapes:
        found = wrong(each.node, shape)
        if best is None or len(found) < len(best):
            best = found
        if not found:
            break
    return best or []


def _finding(at: Spot, fault: Wrong, each: Object) -> Finding:
    severity = None if each.group in builtin().versions else _OF_A_COPY
    return Finding(at, fault.message, fix=Fix(fault.fix) if fault.fix else None, severity=severity)


def _spot(fault: Wrong, each: Object) -> Spot:
    """The key where that is what is wrong; the object where something at its top is missing."""
    if fault.unknown and fault.at.key:
        return Place(fault.at.source, fault.at.key)
    return each if fault.at is each.node else fault.at


def _doubt(fault: Wrong, each: Object, project: Project) -> str:
    """Why a fault may be none: what is deployed is not what stands here, or not to the version that we know."""
    if fault.filled_in:
        return "something else is filled in before it is applied"
    if fault.missing and not each.final:
        return "what the kustomization builds is not known in full"
    version = project.settings.kubernetes.version
    if fault.unknown and version and minor(version) > minor(PINNED) and each.group in builtin().versions:
        return f"it may be new in {version}: we know {PINNED}"
    return ""
