from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.prometheus import seconds
from gatekeeper.models.slo import AlertWindows, filled
from gatekeeper.node import Node
from gatekeeper.rule import rule


@rule("slo-sloth-windows", gate="slo", severity="medium", seed="5.3 Alerting Rules")
def windows(each: AlertWindows) -> Iterator[Finding]:
    """The windows of Sloth's alerts are shorter than those beside them, and than the period.

    An alert fires while the budget burns too fast over the long window and still over the short one. With the two
    exchanged it fires late and goes on for hours after the end. Judged are the four pairs: a short window below the
    long one, that below the `sloPeriod`, and a share of the budget above 0 and at most 100 percent.

    Bad:
    ```yaml
    apiVersion: sloth.slok.dev/v1
    kind: AlertWindows
    spec:
      sloPeriod: 28d
      page:
        quick:
          errorBudgetPercent: 2
          # expect: 1h is no shorter than 5m
          shortWindow: 1h
          longWindow: 5m
        slow:
          # expect: 150 is no percentage
          errorBudgetPercent: 150
          shortWindow: 30m
          longWindow: 6h
      ticket:
        quick: {errorBudgetPercent: 10, shortWindow: 2h, longWindow: 1d}
        # expect: no longWindow
        slow: {errorBudgetPercent: 10, shortWindow: 6h}
    ```

    Good:
    ```yaml
    apiVersion: sloth.slok.dev/v1
    kind: AlertWindows
    spec:
      sloPeriod: 28d
      page:
        quick: {errorBudgetPercent: 2, shortWindow: 5m, longWindow: 1h}
        slow: {errorBudgetPercent: 5, shortWindow: 30m, longWindow: 6h}
      ticket:
        quick: {errorBudgetPercent: 10, shortWindow: 2h, longWindow: 1d}
        slow: {errorBudgetPercent: 10, shortWindow: 6h, longWindow: 3d}
    ```
    """
    period = filled(each.spec["sloPeriod"])
    whole = seconds(period)
    if not whole:
        yield Finding(
            period if period.present else each, "no sloPeriod" if not period.present else "sloPeriod is no time"
        )
    for name, pair in each.pairs:
        yield from _judged(name, pair, whole or 0)


def _judged(name: str, pair: Node, whole: float) -> Iterator[Finding]:
    short, long, share = filled(pair["shortWindow"]), filled(pair["longWindow"]), filled(pair["errorBudgetPercent"])
    at = next((child for _, child in pair.items()), pair) if pair.is_mapping else pair
    for field, node in (("shortWindow", short), ("longWindow", long)):
        if not seconds(node):
            words = f"{node.text} is no time" if node.present else f"{name} has no {field}"
            yield Finding(node if node.present else at, words)
    one, other = seconds(short), seconds(long)
    if one and other and one >= other:
        yield Finding(short, f"{short.text} is no shorter than {long.text}")
    if other and whole and other >= whole:
        yield Finding(long, f"{long.text} is no shorter than the period")
    number = share.number
    if number is None or not 0 < number <= 100:
        words = f"{share.text} is no percentage of the budget" if share.present else f"{name} has no errorBudgetPercent"
        yield Finding(share if share.present else at, words)
