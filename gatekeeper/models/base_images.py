"""The user that well-known base images are configured with, as of November 2026.

Read in the images' sources or their makers' pages: distroless, dotnet (root or not), jenkins, jetty, memcached,
nginx-unprivileged, prometheus, solr, sonarqube. The others are general knowledge: no image was pulled to check them.
What is not listed is not known.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from gatekeeper.models.image import ImageReference
from gatekeeper.node import regex


class BaseUser(NamedTuple):
    """Whom an image runs as when nothing is set on top of it; `name` is '' where the image names a number."""

    kind: Literal["root", "nonroot", "unknown"]
    uid: int | None = None
    name: str = ""


ROOT = BaseUser("root", 0, "root")
UNKNOWN = BaseUser("unknown")

# Docker official images without USER, or with `USER root`.
_OFFICIAL_ROOT = frozenset(
    {
        "almalinux", "alpine", "amazoncorretto", "amazonlinux", "archlinux", "bash", "buildpack-deps", "busybox",
        "caddy", "cassandra", "centos", "clojure", "composer", "dart", "debian", "docker", "drupal", "eclipse-temurin",
        "elixir", "erlang", "fedora", "gcc", "golang", "gradle", "haskell", "hello-world", "httpd", "influxdb",
        "joomla", "julia", "mariadb", "maven", "mediawiki", "mongo", "mono", "mysql", "nats", "nextcloud", "nginx",
        "node", "openjdk", "oraclelinux", "perl", "photon", "php", "phpmyadmin", "postgres", "pypy", "python",
        "r-base", "rabbitmq", "redis", "registry", "rockylinux", "ruby", "rust", "sapmachine", "swift", "tomcat",
        "traefik", "ubuntu", "wordpress",
    }
)  # fmt: skip
_OFFICIAL_NONROOT = {
    "jetty": BaseUser("nonroot", None, "jetty"),
    "memcached": BaseUser("nonroot", 11211, "memcache"),
    "solr": BaseUser("nonroot", 8983),
    "sonarqube": BaseUser("nonroot", 1000, "sonarqube"),
}
_REPOSITORIES = {
    "docker.io/hashicorp/terraform": ROOT,
    "docker.io/jenkins/jenkins": BaseUser("nonroot", 1000, "jenkins"),
    "docker.io/nginxinc/nginx-unprivileged": BaseUser("nonroot", 101),
    "docker.io/prom/prometheus": BaseUser("nonroot", None, "nobody"),
    "public.ecr.aws/amazonlinux/amazonlinux": ROOT,
    "public.ecr.aws/lts/ubuntu": ROOT,
    "public.ecr.aws/ubuntu/ubuntu": ROOT,
    "quay.io/prometheus/prometheus": BaseUser("nonroot", None, "nobody"),
}
_CHAINGUARD = frozenset({"static", "glibc-dynamic", "cc-dynamic", "python", "node", "nginx", "jre"})
_BITNAMI_ROOT = frozenset({"minideb", "os-shell", "bitnami-shell", "git"})
_UBI_ROOT = frozenset({"ubi", "ubi-minimal", "ubi-micro", "ubi-init"})
_NONROOT_TAG = regex(r"(debug-)?nonroot(-[a-z0-9]+)?\Z")


def user_of(image: ImageReference) -> BaseUser:
    """The configured user of an image, where it is known."""
    if image.is_scratch:
        return ROOT
    if image.official:
        return ROOT if image.official in _OFFICIAL_ROOT else _OFFICIAL_NONROOT.get(image.official, UNKNOWN)
    full = f"{image.registry}/{image.repository}"
    if full in _REPOSITORIES:
        return _REPOSITORIES[full]
    if full.startswith("gcr.io/distroless/"):
        return _distroless(image)
    if full.startswith("mcr.microsoft.com/dotnet/"):
        return _dotnet(image)
    if full.startswith(("cgr.dev/chainguard/", "docker.io/chainguard/")):
        plain = image.name in _CHAINGUARD and "dev" not in image.tag.split("-")
        return BaseUser("nonroot", 65532) if plain else UNKNOWN
    if full.startswith(("docker.io/bitnami/", "docker.io/bitnamilegacy/")):
        return UNKNOWN if image.name in _BITNAMI_ROOT else BaseUser("nonroot", 1001)
    if image.registry in ("registry.access.redhat.com", "registry.redhat.io"):
        return _red_hat(image)
    return UNKNOWN


def _distroless(image: ImageReference) -> BaseUser:
    if _NONROOT_TAG.match(image.tag):
        return BaseUser("nonroot", 65532)
    return UNKNOWN if image.digest and not image.tag else ROOT


def _dotnet(image: ImageReference) -> BaseUser:
    if "chiseled" in image.tag or "distroless" in image.tag:
        return BaseUser("nonroot", None, "app")  # its number changed between versions
    return UNKNOWN if image.digest and not image.tag else ROOT


def _red_hat(image: ImageReference) -> BaseUser:
    if image.name in _UBI_ROOT or re.match(r"ubi\d+(-minimal|-micro|-init)?\Z", image.name):
        return ROOT
    return UNKNOWN
