"""What well-known base images are configured with and hold, as of November 2026: their user, WORKDIR, and tools.

Read in the sources that the images are built from, at their newest commits of November 2025 to August 2026:
buildpack-deps, distroless, eclipse-temurin, golang, gradle, haproxy, httpd, kong, maven, memcached, mongo, mysql,
nginx, node, odoo, php, postgres, python, rabbitmq, ruby, rust, tomcat, varnish. On their makers' pages: dotnet (root or
not), jenkins, jetty, nginx-unprivileged, prometheus, solr, sonarqube. The others are general knowledge: no image was
pulled to check them. What is not listed is not known.
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
    "haproxy": BaseUser("nonroot", None, "haproxy"),  # since 2.4
    "jetty": BaseUser("nonroot", None, "jetty"),
    "kong": BaseUser("nonroot", None, "kong"),
    "memcached": BaseUser("nonroot", 11211, "memcache"),
    "odoo": BaseUser("nonroot", None, "odoo"),
    "solr": BaseUser("nonroot", 8983),
    "sonarqube": BaseUser("nonroot", 1000, "sonarqube"),
    "varnish": BaseUser("nonroot", None, "varnish"),  # since 7
}
_SINCE = {"haproxy": (2, 4), "kong": (3, 0), "varnish": (7, 0)}
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
_WINDOWS = regex(r"windows|nanoserver")
_NONROOT_TAG = regex(r"(debug-)?nonroot(-[a-z0-9]+)?\Z")


# Official images that start as root, and whose entrypoint changes to a user of its own.
_STEPPING_DOWN = frozenset("cassandra couchdb mariadb mongo mysql percona postgres rabbitmq redis valkey".split())


def steps_down(image: ImageReference) -> bool:
    """Whether the image's own entrypoint gives root up before it starts anything."""
    return image.official in _STEPPING_DOWN


def user_of(image: ImageReference) -> BaseUser:
    """The configured user of an image, where it is known."""
    if image.is_scratch:
        return ROOT
    if _WINDOWS.search(image.tag):
        return UNKNOWN
    if image.official:
        return ROOT if image.official in _OFFICIAL_ROOT else _official(image)
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


def _official(image: ImageReference) -> BaseUser:
    since = _SINCE.get(image.official)
    version = re.match(r"(\d{1,6})(?:\.(\d{1,6}))?(?!\d)", image.tag)
    if since and (not version or (int(version[1]), int(version[2] or 99)) < since):
        return UNKNOWN
    return _OFFICIAL_NONROOT.get(image.official, UNKNOWN)


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


# Official images whose Dockerfiles name no WORKDIR, and those that do.
_NO_WORKDIR = frozenset(
    {
        "almalinux", "alpine", "amazonlinux", "archlinux", "bash", "buildpack-deps", "busybox", "centos", "debian",
        "eclipse-temurin", "fedora", "gcc", "maven", "mongo", "mysql", "nginx", "node", "openjdk", "oraclelinux",
        "perl", "postgres", "pypy", "python", "rabbitmq", "rockylinux", "ruby", "rust", "ubuntu",
    }
)  # fmt: skip
_WORKDIR = frozenset(
    {
        "cassandra", "composer", "dart", "drupal", "ghost", "golang", "gradle", "httpd", "jetty", "joomla", "nextcloud",
        "php", "phpmyadmin", "redis", "solr", "sonarqube", "tomcat", "varnish", "wordpress",
    }
)  # fmt: skip


def has_workdir(image: ImageReference) -> bool | None:
    """Whether an image names a WORKDIR of its own; None where that is not known."""
    if image.is_scratch or (image.official in _NO_WORKDIR and not _WINDOWS.search(image.tag)):
        return False
    if image.official in _WORKDIR:
        return True
    if f"{image.registry}/{image.repository}".startswith("gcr.io/distroless/"):
        return bool(_NONROOT_TAG.match(image.tag))
    return None


_PLAIN = frozenset({"debian", "ubuntu"})  # without curl and wget, in every tag
_SLIM = frozenset({"node", "python", "ruby", "rust"})  # built upon debian:*-slim; what they fetch with is removed
_ALPINE = frozenset({"alpine", "node", "python", "ruby", "rust", "golang"})  # busybox's wget, no curl
_SLIM_TAG = regex(r"(?:.*-)?slim(?:-[a-z]+)?\Z")
_ALPINE_TAG = regex(r"(?:.*-)?alpine[0-9.]*\Z")
_FULL_TAG = regex(r"(?:[0-9.]+|latest|lts|current|[a-z]+)?(?:-(?:trixie|bookworm|bullseye|buster))?\Z")


def lacks(image: ImageReference, tool: str) -> bool | None:
    """Whether an image comes without curl or wget; None where that is not known."""
    if image.is_scratch:
        return True
    if f"{image.registry}/{image.repository}".startswith("gcr.io/distroless/"):
        return None if "debug" in image.tag or (image.digest and not image.tag) else True
    name = image.official
    if _WINDOWS.search(image.tag) or (image.digest and not image.tag):
        return None
    if name == "alpine" or (name in _ALPINE and _ALPINE_TAG.match(image.tag)):
        return tool == "curl"
    if name == "busybox":
        return tool == "curl"
    if name in _PLAIN or (name in _SLIM and _SLIM_TAG.match(image.tag)):
        return True
    if name in _SLIM and _FULL_TAG.match(image.tag):
        return False  # upon buildpack-deps, which has both
    return None


# Runtimes and distributions that open no port; what is served upon them is the Dockerfile's own.
_OPENS_NOTHING = frozenset(
    {
        "almalinux", "alpine", "amazoncorretto", "amazonlinux", "archlinux", "bash", "buildpack-deps", "busybox",
        "centos", "debian", "eclipse-temurin", "fedora", "gcc", "golang", "gradle", "maven", "node", "openjdk",
        "oraclelinux", "perl", "pypy", "python", "rockylinux", "ruby", "rust", "ubuntu",
    }
)  # fmt: skip


def opens_nothing(image: ImageReference) -> bool:
    """Whether an image is known to have no EXPOSE."""
    full = f"{image.registry}/{image.repository}"
    return image.is_scratch or image.official in _OPENS_NOTHING or full.startswith("gcr.io/distroless/")
