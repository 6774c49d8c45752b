"""What tells a monitoring system whom to ask for metrics: monitors of Prometheus, VictoriaMetrics and Google Cloud."""

from __future__ import annotations

from functools import cached_property

from gatekeeper.models.kubernetes.network import listed
from gatekeeper.models.kubernetes.objects import Object, learn
from gatekeeper.models.kubernetes.selector import LabelSelector, written
from gatekeeper.node import Node

_OF_PODS = {
    "PodMonitor": "podMetricsEndpoints",
    "VMPodScrape": "podMetricsEndpoints",
    "PodMonitoring": "endpoints",
    "ClusterPodMonitoring": "endpoints",
}


class Monitor(Object):
    """A ServiceMonitor, a PodMonitor or one of their kin: labels of what is asked, and the ports it is asked at."""

    @property
    def of_pods(self) -> bool:
        """Whether it selects pods, and not Services."""
        return self.kind in _OF_PODS

    @cached_property
    def selector(self) -> LabelSelector:
        """Absent selects everything, as empty does. Raises `Unresolved`."""
        node = self.spec["selector"]
        return LabelSelector.of(node) if node.present else LabelSelector()

    @cached_property
    def namespaces(self) -> frozenset[str] | None:
        """The namespaces it looks in; None for every one. Raises `Unresolved`."""
        chosen = self.spec["namespaceSelector"]
        if self.kind == "ClusterPodMonitoring" or chosen["any"] == True:  # noqa: E712  # a node
            return None
        names = chosen["matchNames"]
        return frozenset(written(name) for name in names) or frozenset({self.namespace})

    @property
    def endpoints(self) -> list[Node]:
        return listed(self.spec[_OF_PODS.get(self.kind, "endpoints")])


learn({("monitoring.coreos.com", kind): Monitor for kind in ("ServiceMonitor", "PodMonitor")})
learn({("operator.victoriametrics.com", kind): Monitor for kind in ("VMServiceScrape", "VMPodScrape")})
learn({("monitoring.googleapis.com", kind): Monitor for kind in ("PodMonitoring", "ClusterPodMonitoring")})
