from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import OpenSlo, filled
from gatekeeper.node import Node, regex
from gatekeeper.rule import rule

_DURATION = regex(r"\d{1,6}(?:\.\d{1,3})?[smhdwMQY]\Z")


def _is_slo(each: OpenSlo) -> bool:
    return each.version == "v1" and each.kind == "SLO"


@rule("slo-openslo-window", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_is_slo)
def window(each: OpenSlo) -> Iterator[Finding]:
    """An SLO of OpenSLO has one time window, rolling or by the calendar.

    99.9 percent of a day and of a quarter are different promises. `timeWindow` is a list that takes exactly one entry,
    with a duration such as 28d or 1M; it is either rolling (`isRolling: true`) or has a `calendar`. The specification
    lets the window be left out, and then nobody knows what is promised.

    Bad:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    # expect: no timeWindow
    metadata: {name: orders}
    spec: {service: orders}
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: payments}
    spec:
      timeWindow:
        # expect: neither rolling nor by the calendar
        - duration: 28d
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: search}
    spec:
      timeWindow:
        # expect: a month is no duration
        - duration: a month
          isRolling: true
    ```

    Good:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      timeWindow:
        - duration: 28d
          isRolling: true
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: payments}
    spec:
      timeWindow:
        - duration: 1M
          calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}
    ```

    Unknown, a template fills it in:
    ```yaml
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: orders}
    spec:
      timeWindow:
        - duration: "${WINDOW}"
          isRolling: true
    ```
    """
    windows = each.spec["timeWindow"]
    if not windows.present:
        yield Finding(
            each, "no timeWindow: over what it is measured is not said", fix=Fix("add a rolling window of 28d")
        )
    elif not windows.is_list or len(windows) != 1:
        count = len(windows) if windows.is_list else 0
        words = f"{count} time windows" if count else "timeWindow is no list of one window"
        yield Finding(windows, f"{words}: exactly one is allowed")
    else:
        yield from _judged(windows[0])


def _judged(window: Node) -> Iterator[Finding]:
    duration, rolling = filled(window["duration"]), window["isRolling"].value is True
    if not _DURATION.match(duration.text):
        words = f"{duration.text} is no duration" if duration.present else "the window has no duration"
        yield Finding(duration, words, fix=Fix("a number and one of m, h, d, w, M, Q, Y: 28d"))
    if rolling and window["calendar"].present:
        yield Finding(window["calendar"], "a rolling window has no calendar")
    elif not rolling and not window["calendar"].present:
        yield Finding(duration, "neither rolling nor by the calendar", fix=Fix("isRolling: true"))
