from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.compose import Service, default_of
from gatekeeper.rule import rule


@rule(
    "compose-log-driver-none",
    gate="logging",
    severity="medium",
    seed="5.2 Logging, Centralized logging",
    where=lambda service: service.whole and service["logging"].present and not service.development,
)
def log_driver_none(service: Service) -> Iterator[Finding]:
    """The logs of a service are not thrown away.

    With `driver: none` nothing of what a service prints is kept: when it fails, nobody can say why. Files that say of
    themselves that they are for development, tests or a demonstration are not judged.

    Bad:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        # expect: thrown away
        logging: {driver: none}
    ```

    Good:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
      web:
        image: web:1.2.0
        logging: {driver: "${LOG_DRIVER:-json-file}"}
    ```

    Unknown:
    ```yaml compose.yaml
    services:
      app:
        image: app:1.2.0
        logging: {driver: "${LOG_DRIVER}"}
    ```
    """
    driver = service.at("logging.driver")
    written = default_of(driver) or driver.text  # Raises where nobody knows
    if written.lower() == "none":
        yield Finding(driver, f"what {service.service_name} logs is thrown away")
