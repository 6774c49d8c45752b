"""Secrets by their form: what is one, what is not, how long it takes, and that none is ever shown."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import engine
from gatekeeper.audit import Request, audit
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.discover import SIZE_LIMIT, Tree
from gatekeeper.links.secrets import producers_of
from gatekeeper.models.credentials import is_credential, looks_random, named_like_a_credential
from gatekeeper.models.files import Text
from gatekeeper.models.secrets import Secret, secrets_in
from gatekeeper.plugins import FORMATS, manager
from gatekeeper.settings import Settings
from gatekeeper.testing import project_of

LETTERS = string.ascii_letters + string.digits


def made(count: int, alphabet: str = LETTERS, seed: int = 7) -> str:
    """Random characters, the same in every run. Nothing of that form stands in this file."""
    return "".join(random.Random(f"{seed}{count}{alphabet}").choices(alphabet, k=count))


UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
HEX = "0123456789abcdef"
BASE64 = LETTERS + "+/"
BEGIN = "-----BEGIN "
PEM = f"{BEGIN}PRIVATE KEY-----\n{made(64, BASE64)}\n{made(64, BASE64, 8)}\n-----END PRIVATE KEY-----\n"
JWT = ".".join(
    base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
    for part in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"shop","role":"service"}')
) + "." + made(43)  # fmt: skip
REGISTRY = base64.b64encode(b"shop:" + made(12).encode()).decode()

FOUND = {
    "an AWS access key": "AKIA" + made(16, UPPER),
    "an AWS secret access key": f"aws_secret_access_key = {made(40, BASE64)}",
    "a key of an Azure storage account": f"AccountKey={made(86, BASE64)}==;",
    "an Azure shared access key": f"SharedAccessKey={made(43, BASE64)}=",
    "a GitHub token": "ghp_" + made(36),
    "a GitLab token": "glpat-" + made(20),
    "a Slack token": f"xoxb-{made(12, '123456789')}-{made(24)}",
    "a Slack webhook": f"https://hooks.slack.com/services/T{made(9, UPPER)}/B{made(9, UPPER)}/{made(24)}",
    "a Stripe key": "sk_live_" + made(24),
    "a SendGrid key": f"SG.{made(22)}.{made(43)}",
    "a Twilio auth token": f"TWILIO_AUTH_TOKEN={made(32, HEX)}",
    "an npm token": "npm_" + made(36),
    "a PyPI token": "pypi-AgEIcHlwaS5vcmc" + made(80),
    "a Docker Hub token": "dckr_pat_" + made(27),
    "a DigitalOcean token": "dop_v1_" + made(64, HEX),
    "a Google API key": "AIza" + made(35),
    "a Google client secret": "GOCSPX-" + made(28),
    "an OpenAI key": f"sk-{made(20)}T3BlbkFJ{made(20, LETTERS, 9)}",
    "an Anthropic key": "sk-ant-api03-" + made(93),
    "a HashiCorp Vault token": "hvs." + made(90),
    "a Terraform Cloud token": f"{made(14)}.atlasv1.{made(67)}",
    "a Hugging Face token": "hf_" + made(34, string.ascii_letters),
    "a Grafana token": f"glsa_{made(32)}_{made(8, HEX)}",
    "an age key": "AGE-SECRET-KEY-1" + made(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "a private key": PEM,
    "a private key (behind a passphrase)": PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"),
    "a Google service account's private key": json.dumps({"private_key": PEM, "client_email": "shop@shop.iam"}),
    "a registry's user and password": json.dumps({"auths": {"ghcr.io": {"auth": REGISTRY}}}),
    "a private key of a kubeconfig": f"client-key-data: {base64.b64encode(PEM.encode()).decode()}",
    "a token of a package registry": f"//npm.shop.test/:_authToken={made(36)}",
    "a signed token (JWT)": JWT,
}


@pytest.mark.parametrize(("kind", "text"), FOUND.items(), ids=FOUND)
def test_a_secret_is_found_wherever_it_stands(kind: str, text: str) -> None:
    for around in ("{}", "key: {}\n", 'x = "é {}"\n', "# see {}, and more\n" + "words " * 50):
        whole = around.replace("{}", text)
        assert [secret.kind for secret in secrets_in(whole, "notes.txt")] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_" + "x" * 36,
        "ghp_" + "0123456789" * 3 + "012345",
        "token: ghp_",
        f"{BEGIN}PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        f"{BEGIN}PRIVATE KEY-----",
        PEM.replace("PRIVATE", "PUBLIC"),
        PEM.replace("PRIVATE KEY", "CERTIFICATE"),
        f"password: ENC[AES256_GCM,data:{made(60)},iv:{made(40)}=,tag:{made(22)}==,type:str]",
        f"encryptedData: {{password: AgB{made(300, BASE64)}}}",
        f"$ANSIBLE_VAULT;1.1;AES256\n{made(80, HEX)}\n",
        "sha512-" + made(86, BASE64) + "==",
        "commit " + made(40, HEX),
        '{"auths": {"ghcr.io": {}}}',
        "//registry.npmjs.org/:_authToken=${NPM_TOKEN}",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ],
)
def test_examples_placeholders_and_what_is_encrypted_are_none(text: str) -> None:
    assert list(secrets_in(text, "config.yaml")) == []


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("postgres://shop:tr0ub4dor-3@db.internal:5432/shop", True),
        ("amqp://:hunter2hunter@queue/", True),
        ("postgres://shop:tr0ub4dor-3@localhost/shop", False),
        ("postgres://shop:${PASSWORD}@db/shop", False),
        ("postgres://shop:$PASSWORD@db/shop", False),
        ("postgres://user:password@db/shop", False),
        ("https://docs.shop.test:8443/a@b", False),
        ("http://shop:{{ .Values.password }}@db", False),
    ],
)
def test_an_address_with_its_password_counts_in_configuration(url: str, is_one: bool) -> None:
    for path in ("app.yaml", ".env", "Dockerfile", "run.sh"):
        assert [secret.kind for secret in secrets_in(f"url: {url}\n", path)] == (
            ["an address with its password"] if is_one else []
        )
    assert not list(secrets_in(url, "README.md"))


def grade(text: str, path: str) -> str:
    return next(secrets_in(text, path)).grade


def test_what_a_test_makes_for_itself_is_low_and_what_a_service_hands_out_is_not() -> None:
    for path in ("pkg/tls_test.go", "examples/tls/key.pem", "src/testcerts/ca.pem", ".env.sample", "a/test_keys.py"):
        assert grade(PEM, path) == "low"
        assert grade(FOUND["a GitHub token"], path) == "critical"
    assert grade(PEM, "deploy/key.pem") == grade(PEM, "latest/contest.pem") == "critical"
    assert grade(f'const FAKE_KEY: &str = "{PEM}"', "src/keys.rs") == "low"
    assert grade(f"machine shop.test login shop password {made(12)}", ".netrc") == "critical"
    assert grade(f"shop:$apr1${made(8)}${made(22)}\n", "conf/.htpasswd") == "medium"


def test_every_secret_of_a_file_is_found_once_and_in_order() -> None:
    text = "".join(f"{word}\n" for word in FOUND.values())
    found = list(secrets_in(text, "all.txt"))
    assert {secret.kind for secret in found} == set(FOUND)
    assert found == sorted(found, key=lambda secret: secret.start)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.text(max_size=300), st.sampled_from([*FOUND.values()]), st.text(max_size=300))
def test_a_secret_is_found_in_any_text(before: str, secret: str, after: str) -> None:
    text = f"{before}\n{secret}\n{after}"
    start = len(before) + 1
    found = [each for each in secrets_in(text, "a.txt") if each.start >= start and each.end <= start + len(secret)]
    assert found
    assert all(0 <= each.start < each.end <= len(text) for each in secrets_in(text, "a.yaml"))


HOSTILE: dict[str, Callable[[int], str]] = {
    "headers": lambda n: f"{BEGIN}PRIVATE KEY-----" * (n // 27),
    "bodies": lambda n: f"{BEGIN}PRIVATE KEY-----\n" + "A" * n,
    "dashes": lambda n: f"{BEGIN}PRIVATE KEY-----" + "-" * n,
    "addresses": lambda n: "://a:" * (n // 5),
    "schemes": lambda n: "a" * n + "://" + "b" * n,
    "tokens": lambda n: "ghp_" * (n // 4),
    "dots": lambda n: "eyJ" + "a." * (n // 2),
    "hex": lambda n: "0" * n + "-us",
    "words": lambda n: "secret_key " * (n // 11),
    "slack": lambda n: "xoxb-" * (n // 5),
    "machines": lambda n: "machine a login " * (n // 16),
    "spaces": lambda n: "secret_access_key" + " " * n,
    "auth": lambda n: '"auth": "' * (n // 9),
    "hvs": lambda n: "hvs." * (n // 4),
}  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_longer_than_its_length(make: Callable[[int], str]) -> None:
    def seconds(size: int) -> float:
        text = make(size)
        begin = time.perf_counter()
        for path in ("a.yaml", ".netrc"):
            assert len(list(secrets_in(text, path))) < size
        return time.perf_counter() - begin

    small = min(seconds(20_000) for _ in range(3))
    assert min(seconds(200_000) for _ in range(2)) < 40 * small + 0.2, "ten times the text, far more than the time"


# Names and values


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("DB_PASSWORD", "postgres", True),
        ("PGPASSWORD", "hunter2", True),
        ("JWT_SECRET", "keyboard-cat", True),
        ("AWS_SECRET_ACCESS_KEY", made(40), True),
        ("API_KEY", "4f6d2f19", True),
        ("TLS_SECRET", "shop-tls", False),
        ("TOKEN", "shop", False),
        ("TOKEN", made(32), True),
        ("CI_TOKEN", made(32, HEX), True),
        ("PASSWORD_FILE", "/run/secrets/db", False),
        ("PASSWORD_FILE", "password", False),
        ("SECRETS_DIR", "secrets", False),
        ("SECRET_NAME", "db-secrets", False),
        ("TOKEN_TTL", "15m", False),
        ("MAX_TOKENS", "4096", False),
        ("API_KEY", "${API_KEY}", False),
        ("API_KEY", "$(API_KEY)", False),
        ("API_KEY", "{{ .Values.key }}", False),
        ("API_KEY", "prefix-${API_KEY}", False),
        ("API_KEY", "api-key", False),
        ("API_KEY", "<your key>", False),
        ("PUBLIC_KEY", made(40), False),
        ("ALLOW_EMPTY_PASSWORD", "yes", False),
        ("LOG_LEVEL", FOUND["a GitHub token"], True),
        ("LOG_LEVEL", "postgres://shop:tr0ub4dor-3@db/shop", True),
        ("keyboard", "qwertz", False),
    ],
)
def test_a_credential_is_told_by_name_and_value(name: str, value: str, is_one: bool) -> None:
    assert is_credential(name, value) is is_one


@pytest.mark.parametrize("value", [made(24), made(32, HEX), made(40, BASE64), "a8f5f167f44f4964e6c998dee827110c"])
def test_random_text_looks_so(value: str) -> None:
    assert looks_random(value)


@pytest.mark.parametrize(
    "value", ["", "shop", "my-secret-name", "registry-credentials", "correct horse battery", "2026-11-23", "1.2.3.4.5"]
)
def test_what_a_person_wrote_does_not(value: str) -> None:
    assert not looks_random(value)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_and_value_has_an_answer(name: str, value: str) -> None:
    assert is_credential(name, value) in (True, False)
    assert named_like_a_credential(name) in (True, False)


# Files


def searched(content: bytes, path: str = "a.txt") -> tuple[bool, str, list[Secret]]:
    tree = Tree(Path("."), [path], {path: content})
    found = Text(tree.source(path), lambda: tree.data(path)).searched
    return found.text, found.problem, list(found.secrets)


def test_text_is_searched_in_every_encoding_and_what_is_binary_is_not() -> None:
    key = FOUND["a GitHub token"]
    assert [each.kind for each in searched(key.encode())[2]] == ["a GitHub token"]
    assert [each.kind for each in searched(f"é {key}".encode("utf-16"))[2]] == ["a GitHub token"]
    assert [each.kind for each in searched(f"é {key}".encode("latin-1"))[2]] == ["a GitHub token"]
    assert [each.start for each in searched(f"é\n{key}".encode())[2]] == [2], "counted in characters, not bytes"
    assert searched(b"\0" + key.encode()) == (False, "", [])
    assert searched(b"") == (True, "", [])


def test_what_is_too_large_is_said_and_not_passed() -> None:
    assert searched(b"a" * (SIZE_LIMIT + 1)) == (True, "larger than 5 MB", [])
    assert searched(b"\0" * (SIZE_LIMIT + 1)) == (False, "", [])
    rule = next(rule for rule in Catalogue([home()]).rules() if rule.id == "secret-committed")
    [outcome] = engine.run([rule], project_of([("large.csv", "a," * SIZE_LIMIT)]))
    assert [verdict.word for verdict in outcome.verdicts] == ["unknown"]


def test_files_that_no_model_reads_are_judged_and_still_told_to_be_unread() -> None:
    project = project_of([("notes.rb", "key = 1\n"), ("Dockerfile", "FROM scratch\n"), ("tests/a.rb", "key = 2\n")])
    assert sorted(each.path for each in project.all(Text)) == ["Dockerfile", "notes.rb"]
    assert sorted((skip.path, skip.reason) for skip in project.skipped) == [
        ("notes.rb", "no rule reads this kind of file"),
        ("tests/a.rb", "test data"),
    ]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "release.rb").write_text(f"TOKEN = '{FOUND['a GitHub token']}'\n")
    manifest = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\n"
        "spec:\n  template:\n    spec:\n      containers:\n"
        "        - name: app\n          image: app:latest\n          env:\n            - name: LOG_LEVEL\n"
        f"              value: {FOUND['a Stripe key']}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app}}\n"
        f"data:\n  password: {made(14)}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: app}}\n"
        f"stringData:\n  password: {made(15)}\n"
    )
    (tmp_path / "k8s.yaml").write_text(manifest)
    (tmp_path / "Dockerfile").write_text(f"FROM debian\nENV API_KEY={made(16)}\n")
    (tmp_path / "main.tf").write_text(f'provider "aws" {{\n  secret_key = "{made(17)}"\n}}\n')
    (tmp_path / "id_rsa").write_text(PEM)
    return tmp_path


VALUES = (FOUND["a GitHub token"], FOUND["a Stripe key"], *(made(n) for n in (14, 15, 16, 17)), *PEM.splitlines()[1:3])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("select", [(), ("docker-*", "k8s-*"), ("secret-committed",)])
def test_no_secret_is_shown_in_any_format(shop: Path, form: str, select: tuple[str, ...]) -> None:
    hooks = manager().hook
    report = audit(Request(shop, Settings(), select=select), hooks)
    assert report.exit_code == 1
    shown = next(text for text in hooks.gatekeeper_render(report=report, format=form) if text)
    assert not [value for value in VALUES if value in shown]


def test_a_file_alone_is_judged_as_in_an_audit(shop: Path) -> None:
    report = audit(Request(shop, Settings(), profile="pre-commit", paths=("tools/release.rb",)), manager().hook)
    assert [(each.rule.id, each.at.source.path) for each in report.findings] == [
        ("secret-committed", "tools/release.rb")
    ]
    (shop / "clean.rb").write_text("puts 1\n")
    clean = Request(shop, Settings(), profile="pre-commit", paths=("clean.rb",))
    assert audit(clean, manager().hook).exit_code == 3, "searched, and read by nobody: that proves little"
    only = Request(shop, Settings(), profile="pre-commit", paths=("clean.rb",), select=("secret-committed",))
    assert audit(only, manager().hook).exit_code == 0


# Who makes a Secret

PRODUCERS = {
    "ClusterExternalSecret": "apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: all}\n"
    "spec: {externalSecretSpec: {target: {name: db}}}\n",
    "SecretProviderClass": "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\n"
    "metadata: {name: all}\nspec: {secretObjects: [{secretName: db}]}\n",
    "VaultDynamicSecret": "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultDynamicSecret\nmetadata: {name: all}\n"
    "spec: {destination: {name: db}}\n",
    "KafkaUser": "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaUser\nmetadata: {name: db}\n",
    "OnePasswordItem": "apiVersion: onepassword.com/v1\nkind: OnePasswordItem\nmetadata: {name: db}\n",
    "Issuer": "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: le}\n"
    "spec: {acme: {privateKeySecretRef: {name: db}}}\n",
}


@pytest.mark.parametrize(("kind", "text"), PRODUCERS.items(), ids=PRODUCERS)
def test_objects_that_make_a_secret(kind: str, text: str) -> None:
    assert [each.kind for each in producers_of("db", "", project_of([("k8s.yaml", text)]))] == [kind]


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("deploy.sh", "kubectl create secret generic db --from-literal=a=b\n", "db"),
        ("Makefile", "up:\n\tkubectl -n shop create secret tls db --cert=a --key=b\n", "db"),
        ("docs/setup.md", "```yaml\nkind: Secret\nmetadata:\n  name: db\n```\n", "db"),
        ("main.tf", 'resource "kubernetes_secret_v1" "db" {\n  metadata { name = "db" }\n}\n', "db"),
        ("pg.yaml", "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\n", "db-app"),
        ("es.yaml", "apiVersion: elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch\nmetadata: {name: db}\n",
         "db-es-elastic-user"),
    ],
)  # fmt: skip
def test_what_else_makes_a_secret(path: str, text: str, name: str) -> None:
    project = project_of([(path, text)])
    assert producers_of(name, "", project)
    assert not producers_of("other", "", project)
