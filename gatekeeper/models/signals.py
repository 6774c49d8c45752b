"""Which of the golden signals an alert is about, as far as the words of what it measures say so.

The words are data: those of a metric's name (`http_request_errors_total`, `HTTPCode_Target_5XX_Count`), and those of
the alert's own name. Where the two contradict each other, or neither says anything, it is not recognised: that is no
answer, where a wrong one would be.
https://sre.google/sre-book/monitoring-distributed-systems/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from gatekeeper.models.alarms import Signal
from gatekeeper.node import regex

Words = frozenset[str]

_WORD = regex(r"[0-9]xx|[A-Z]{2,20}(?![a-z])|[A-Z]?[a-z]{1,60}|[0-9]{1,20}")


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, also of one in camel case (`FreeableMemory`)."""
    return tuple(word.lower() for word in _WORD.findall(name[:500].replace("5XX", "_5xx_").replace("4XX", "_4xx_")))


def _set(text: str) -> Words:
    return frozenset(text.split())


ERROR = _set(
    "error errors err errs errored fail fails failed failing failure failures exception exceptions 5xx 4xx panics"
)
# Of a counter, what did not come through.
_LOST = _set("dropped drops drop discarded discards timeouts corruption corruptions corrupted")
FLAGS = ERROR | _set("down unhealthy unreachable unavailable offline")  # of a gauge that is 1 when it is so
_LATENCY = _set("latency latencies duration durations rtt delay response_time")
_WAITED = _set("response wait waiting")
_SECONDS = _set("seconds milliseconds microseconds nanoseconds millis ms msec usec secs sec us ns")
# Times that nobody waits for: how old something is, how far apart, how long until.
_NO_LATENCY = _set(
    "age uptime expiry expiration expires expiring expire cert certificate battery skew drift offset clock interval"
    " backoff gc pause timestamp last since until lag behind seen ttl retention start created modification mtime lease"
    " leader freshness interrupt interrupts cpu remaining runtime busy idle suspended limit"
)
_SIZES = _set("bytes byte size sizes length items entries")
_THERE = _set("up healthy healthiness reachable alive online running ready")
_GONE = _set("down unavailable unhealthy unreachable offline notready offlinepartitionscount offlinelogdirectorycount")
_MEMBERS = _set(
    "replicas pods nodes hosts targets instances workers brokers members backends endpoints servers alertmanagers"
)
_SERVING = _set("available active live discovered")
_UNDER = _set("under replicated")
_NO_OUTAGE = _set("time uptime connections connection pool updated slots")
_PROBED = _set("probe endpoint healthcheck ping healthchecks blackbox check health")
_RESOURCE = _set(
    "cpu memory mem ram heap disk filesystem fs swap inodes inode conntrack connections connection threads fd fds"
    " filefd descriptors queue queued queues backlog utilization utilisation cpuutilization saturation load"
    " tablespace swapped rss datafile slots cores"
)
_FREE = _set("free avail available idle remaining headroom unused freeable balance")
_NO_SATURATION = _set(
    "celsius temperature temp voltage fan battery age stale timestamp deadlocked deadlocks rejected denied refused"
    " evictions zombies retries retry consumers hints health status fragmentation defrag defragmentation blocked"
    " objects ops"
)
_LIMIT = _set("max maximum limit limits capacity quota allocatable hard maxclients allowed maxconn highest speed")
_REQUESTS = _set("request requests req reqs rq query queries calls rps qps messages logins")
_NO_TRAFFIC = _set(
    "slow blocked rejected cancelled canceled timeout timeouts dropped refused throttled throttles pending terminated"
    " killed limited terminations retries retry hung deadlocks denied invalid aborted errors discarded miss misses"
    " redispatches"
)
_SETTINGS = _set("config configuration reload")
_BURNING = _set("burnrate burn sli slo objective")

# What an alert's own name says that it is about.
_NAMES: dict[Signal, Words] = {
    "error": ERROR | _LOST | _set("rejected rejecting dropping timeout burn budget unsuccessful refused"),
    "latency": _set("latency latencies duration durations rtt apdex slow slowness slower delay delayed delays slowly"
                    " timeout timeouts"),
    "availability": _GONE
    | _set("absent missing disappeared unresponsive availability outage lost crash crashing looping ready dead"
           " disconnected stopped replicas mismatch fail failed failing failure failures"),
    "saturation": _RESOURCE
    | _set("full filling fill exhausted exhaustion saturated usage overloaded overload overcommit space oom capacity"
           " limit"),
    "traffic": _set("traffic throughput qps rps"),
}  # fmt: skip


def agreed(signal: Signal | None, name: str) -> Signal | None:
    """A signal, unless the alert's own name says that it is about something else."""
    if signal is None:
        return None
    said = frozenset(words(name))
    hinted = {each for each, known in _NAMES.items() if not said.isdisjoint(known)}
    if not hinted or hinted == {signal}:
        return signal
    # A resource in a name says what suffers (`DiskErrors`, `QueueDown`), a signal what it suffers from.
    return signal if signal in hinted and signal != "saturation" else None


class Measured(NamedTuple):
    """What is compared with a limit: the words of what is measured (of a ratio, its numerator), and of what divides it.

    `rises`: the alert fires when it goes up, None where it is compared for equality. `errors` and `successes` say that
    what is counted is picked by such a status, `picked` that it is by any, `timed` that it is a time, `counted` that it
    is a rate or an increase. `bound`: what it is compared with is measured too, in these words.
    """

    words: Words
    rises: bool | None
    gone: bool = False  # it fires at 0, or below 1
    divided: bool = False
    by: Words = frozenset()
    errors: bool = False
    successes: bool = False
    picked: bool = False
    timed: bool = False
    quantile: float | None = None
    average: bool = False
    within: bool = False  # the share of those below a bound
    counted: bool = False
    final: str = ""  # the last word of the name
    bound: Words | None = None


def signal_of(it: Measured) -> Signal | None:
    """The signal that a comparison is about; None when it is not recognised."""
    for signal, says in _SIGNALS:
        if says(it):
            return signal
    return None


def _is_latency(it: Measured) -> bool:
    if it.within:
        return it.rises is not None
    if "apdex" in it.words:
        return it.rises is False
    named_so = not it.words.isdisjoint(_LATENCY) or ("time" in it.words and not it.words.isdisjoint(_WAITED))
    other = _NO_LATENCY - {"last"} if named_so else _NO_LATENCY  # how long the last one took
    if it.rises is not True or not it.words.isdisjoint(other | ERROR):
        return False
    if it.quantile is not None:
        return it.quantile >= 0.5 and it.words.isdisjoint(_SIZES) and (it.timed or named_so)
    if it.average:
        return it.timed or named_so
    share = it.divided if it.bound is None else not timed(it.bound)
    return named_so and not it.counted and not share and it.final not in ("count", "total", "bucket")


def _is_error(it: Measured) -> bool:
    if it.successes and it.divided and it.rises is False:
        return True
    if it.gone and not it.counted and it.final in ("success", "successful"):  # a flag of how the last one ended
        return it.words.isdisjoint(_PROBED | _SETTINGS)
    if it.rises is not True:
        return False
    if it.errors or not it.words.isdisjoint(_PROBED):
        return it.errors
    return not it.words.isdisjoint(ERROR | _BURNING) or (it.counted and not it.words.isdisjoint(_LOST))


def _is_availability(it: Measured) -> bool:
    if not it.words.isdisjoint(ERROR | _SIZES | _NO_OUTAGE) or it.timed:
        return False
    if it.gone or it.rises is False:
        probed = it.final == "success" and not it.words.isdisjoint(_PROBED)
        members = not it.words.isdisjoint(_SERVING) and not it.words.isdisjoint(_MEMBERS)
        return probed or members or it.final == "live" or not it.words.isdisjoint(_THERE)
    fewer = "desired" in it.words and not it.words.isdisjoint(_THERE)  # than wanted: what is wanted, less what is there
    return it.rises is True and (fewer or it.words >= _UNDER or not it.words.isdisjoint(_GONE))


def _is_saturation(it: Measured) -> bool:
    if it.errors or not it.words.isdisjoint(ERROR | _NO_SATURATION):
        return False
    free = not it.words.isdisjoint(_FREE)
    if it.rises is not (not free) and not (free and it.gone):
        return False
    used = not it.words.isdisjoint(("used", "usage")) or not it.by.isdisjoint(_LIMIT)
    room = free and not it.words.isdisjoint(_SIZES)
    return room or (it.divided and used) or not it.words.isdisjoint(_RESOURCE)


def _is_traffic(it: Measured) -> bool:
    if it.divided or not it.counted or it.picked or (it.timed and it.final == "sum"):
        return False
    return not it.words.isdisjoint(_REQUESTS) and it.words.isdisjoint(_NO_TRAFFIC | ERROR)


_SIGNALS: tuple[tuple[Signal, Callable[[Measured], bool]], ...] = (
    ("latency", _is_latency),
    ("error", _is_error),
    ("availability", _is_availability),
    ("saturation", _is_saturation),
    ("traffic", _is_traffic),
)

# What the state of something says, by the metric, the label and the words in its value.
_STATES: dict[str, tuple[str, dict[str, Signal]]] = {
    "kube_node_status_condition": (
        "condition", {"Ready": "availability", "NetworkUnavailable": "availability", "Pressure": "saturation"}
    ),
    "kube_pod_status_phase": (
        "phase", {"Pending": "availability", "Failed": "availability", "Unknown": "availability"}
    ),
    "kube_pod_status_ready": ("condition", {"false": "availability", "true": "availability"}),
    "kube_pod_container_status_waiting_reason": ("reason", {"CrashLoopBackOff": "availability"}),
    "kube_pod_container_status_terminated_reason": ("reason", {"OOMKilled": "saturation"}),
    "kube_pod_container_status_last_terminated_reason": ("reason", {"OOMKilled": "saturation"}),
    "node_systemd_unit_state": ("state", {"failed": "availability"}),
    "elasticsearch_cluster_health_status": (
        "color", {"red": "availability", "yellow": "availability", "green": "availability"}
    ),
    "ceph_health_detail": (
        "name", {"DOWN": "availability", "DISK": "saturation", "FULL": "saturation", "SLOW": "latency"}
    ),
}  # fmt: skip


def of_state(metric: str, matchers: Iterable[tuple[str, str, str]]) -> Signal | None:
    """The signal of a metric that tells the state of something by a label."""
    label, known = _STATES.get(metric, ("", {}))
    for name, _, value in matchers:
        if name == label:
            found = {signal for part, signal in known.items() if part in value}
            return found.pop() if len(found) == 1 else None
    return None


# Which labels say how a request ended, and which of their values say that it did not end well.
_STATUS = _set(
    "status code statuscode status_code http_status http_code http_status_code response_code grpc_code grpc_status"
    " result outcome error err exception http_response_status_code status_class envoy_response_code_class"
    " http_response_code response_status response_code_class http_status_class rcode responsecode returncode"
    " cache_result state_code"
)
_BAD = regex(
    r"\^?[(\[]?(?:(?:[45]\]?(?:[x.\[\\d0-9]|$))|err|fail|exception|internal|unavailable|unknown|aborted|dataloss|true"
    r"|servfail|deadline)", 2
)  # fmt: skip
_LIMITED = regex(r"\^?\(?429\)?\$?\Z")
_WELL = regex(r"\^?[(\[]?(?:[12][x.\[0-9\\*]|ok\b|success|succe)", 2)


def ended(label: str, operator: str, value: str) -> str:
    """What a matcher picks: requests that ended 'badly', 'well' or were 'limited'; '' for nothing of the kind."""
    if label.lower() not in _STATUS:
        return ""
    if operator in ("!=", "!~"):
        return "badly" if _WELL.match(value) else "well" if _BAD.match(value) else ""
    if _LIMITED.match(value):
        return "limited"
    return "badly" if _BAD.match(value) else "well" if _WELL.match(value) else ""


def timed(name: Iterable[str]) -> bool:
    """Whether what goes by such words is a time."""
    return not _SECONDS.isdisjoint(name)
