from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.links.slos import same, words_of
from gatekeeper.models.kubernetes import Service, Workload
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.project import Project
from gatekeeper.rule import Answer, rule


def _is_slo(each: OpenSlo) -> bool:
    return each.version == "v1" and each.kind == "SLO"


@rule("slo-openslo-service", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_is_slo)
def service(each: OpenSlo, project: Project) -> Iterator[Answer]:
    """An SLO of OpenSLO names a service that there is.

    Objectives are reported by service: one of a service that nobody has stands in no report. The name is that of a
    Service object of OpenSLO, where any is written here; else it should be that of a workload or a Service of
    Kubernetes. What runs may stand in another repository, so a name that nothing here goes by is a fault only beside
    other objects of OpenSLO's kind Service; otherwise it is not known.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      # expect: no Service is called order
      service: order
    ---
    apiVersion: openslo/v1
    kind: SLO
    # expect: no service
    metadata: {name: payments}
    spec: {description: Payments go through}
    ---
    apiVersion: openslo/v1
    kind: Service
    metadata: {name: orders}
    spec: {description: Takes orders}
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec: {service: orders}
    ```
    ```yaml k8s/orders.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders-api}
    spec: {template: {spec: {containers: [{name: orders, image: "orders:1.0.0"}]}}}
    ```

    Unknown, what runs is elsewhere:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec: {service: orders}
    ```
    """
    named = filled(each.spec["service"])
    if not named.present or not named.text:
        yield Finding(each, "no service", fix=Fix("name the service that it is promised of"))
        return
    services = [other.object_name for other in project.all(OpenSlo) if other.kind == "Service"]
    if named.text in services:
        return
    if services:
        yield Finding(named, f"no Service is called {named.text}; there are {', '.join(sorted(services)[:5])}")
        return
    wanted = words_of(named.text)
    running = (other.object_name for kind in (Workload, Service) for other in project.all(kind))
    if project.settings.service.name != named.text and not any(same(wanted, words_of(name)) for name in running):
        yield Unknown(named, f"nothing here is called {named.text}: whether there is such a service is not known")
