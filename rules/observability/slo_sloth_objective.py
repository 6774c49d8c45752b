from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.slo import SlothObjective, filled
from gatekeeper.rule import rule


@rule("slo-sloth-objective", gate="slo", severity="medium", seed="5.4 SLO Targets")
def objective(each: SlothObjective) -> Iterator[Finding]:
    """Objectives of Sloth are percentages above 0 and below 100.

    Of 100 percent nothing may fail, and the rules that Sloth makes divide by that nothing. A number below 1 is a ratio
    that was meant as a percentage: 0.999 lets 99.001 percent of all requests fail, and no alert ever fires.

    Bad:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        # expect: 100 leaves no budget
        objective: 100
      - name: errors
        # expect: 0.999 percent
        objective: 0.999
      # expect: no objective
      - name: latency
    ```

    Good:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: 99.95
    ```

    Unknown, a template fills it in:
    ```yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: availability
        objective: "${OBJECTIVE}"
    ```
    """
    target = filled(each.node["objective"])
    number = target.number
    if not target.present:
        yield Finding(each, "no objective", fix=Fix("objective: 99.9"))
    elif number is None:
        yield Finding(target, f"{target.text} is no number")
    elif number == 100:
        yield Finding(target, "100 leaves no budget: the first error breaks it")
    elif not 0 < number < 100:
        yield Finding(target, f"{number:g} is no percentage that can be promised: above 0, below 100")
    elif number < 1:
        words = f"{number:g} percent lets nearly everything fail: it is a percentage, and was perhaps meant as a ratio"
        yield Finding(target, words, fix=Fix(f"objective: {number * 100:g}"))
