"""Pulumi: programs in YAML as resources of the shared model, and what is said of the others."""

from __future__ import annotations

import pytest

from gatekeeper.models.kubernetes import Workload
from gatekeeper.models.pulumi import Project, Setting, Stack
from gatekeeper.models.pulumi.program import Resource, stack_of
from gatekeeper.models.pulumi.tokens import Token, _table, singular, snake, type_of
from gatekeeper.models.terraform import Provider
from gatekeeper.models.terraform import Resource as TerraformResource
from gatekeeper.node import Span, Unresolved
from gatekeeper.plugins import models_of
from gatekeeper.testing import project_of

HEAD = "name: orders\nruntime: yaml\n"


def resources(text: str, *others: tuple[str, str]) -> dict[str, TerraformResource]:
    return {each.label: each for each in project_of([("Pulumi.yaml", HEAD + text), *others]).all(TerraformResource)}


# types


@pytest.mark.parametrize(
    ("token", "type_"),
    [
        ("aws:rds/instance:Instance", "aws_db_instance"),
        ("aws:rds:Instance", "aws_db_instance"),
        ("aws:rds:Cluster", "aws_rds_cluster"),
        ("aws:s3:Bucket", "aws_s3_bucket"),
        ("aws:s3:BucketV2", "aws_s3_bucket"),
        ("aws:s3:BucketServerSideEncryptionConfigurationV2", "aws_s3_bucket_server_side_encryption_configuration"),
        ("aws:ec2:SecurityGroup", "aws_security_group"),
        ("aws:ec2:Vpc", "aws_vpc"),
        ("aws:ec2:FlowLog", "aws_flow_log"),
        ("aws:vpc:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
        ("aws:lb:LoadBalancer", "aws_lb"),
        ("aws:alb:TargetGroup", "aws_lb_target_group"),
        ("aws:ecs:Service", "aws_ecs_service"),
        ("aws:cloudwatch:LogGroup", "aws_cloudwatch_log_group"),
        ("aws:cloudtrail:Trail", "aws_cloudtrail"),
        ("aws:iam:Role", "aws_iam_role"),
        ("aws:sqs:Queue", "aws_sqs_queue"),
        ("aws:apigateway:RestApi", "aws_api_gateway_rest_api"),
        ("azure:storage:Account", "azurerm_storage_account"),
        ("azure:containerservice:KubernetesCluster", "azurerm_kubernetes_cluster"),
        ("gcp:sql:DatabaseInstance", "google_sql_database_instance"),
        ("gcp:container:Cluster", "google_container_cluster"),
        ("digitalocean:Droplet", "digitalocean_droplet"),
        ("random:RandomPassword", "random_password"),
        ("cloudflare:Record", "cloudflare_record"),
        ("tls:index:PrivateKey", "tls_private_key"),
    ],
)
def test_types(token: str, type_: str) -> None:
    found = type_of(Token.parse(token))
    assert found.known
    assert found.name == type_


@pytest.mark.parametrize("token", ["azure-native:storage:StorageAccount", "awsx:ec2:Vpc", "eks:Cluster", "aws:no:Such"])
def test_types_that_are_in_no_table(token: str) -> None:
    assert not type_of(Token.parse(token)).known


@pytest.mark.parametrize("package", ["aws", "azure", "gcp", "digitalocean"])
def test_tables_are_whole(package: str) -> None:
    types, _ = _table(package)
    assert len(types) > 70
    assert all("/" in key and each.name.count("_") >= 1 for key, each in types.items())


def test_names() -> None:
    assert snake("dbSubnetGroupName") == "db_subnet_group_name"
    assert snake("DB_PASSWORD") == "DB_PASSWORD"
    assert snake("app.kubernetes.io/name") == "app.kubernetes.io/name"
    assert [singular(each) for each in ("lifecycle_rules", "policies", "ingress", "addresses")] == [
        "lifecycle_rule",
        "policy",
        "ingress",
        "address",
    ]


# values


def test_properties_are_attributes_and_nested_blocks() -> None:
    text = """
resources:
  service:
    type: aws:ecs:Service
    properties:
      desiredCount: 3
      deploymentCircuitBreaker: {enable: true, rollback: true}
      loadBalancers:
        - {containerName: app, containerPort: 80}
        - {containerName: admin, containerPort: 81}
      tags: {costCenter: orders, Environment: prod}
"""
    service = resources(text)["service"]
    assert service.type == "aws_ecs_service"
    assert service.name == "aws_ecs_service.service"
    assert service.node["desired_count"] == 3
    assert service.node["desired_count"].span == Span(8, 21, 8, 22)
    assert service.node.at("deployment_circuit_breaker.rollback").value is True
    assert [each["container_port"].value for each in service.blocks("load_balancer")] == [80, 81]
    assert service.node["tags"].plain == {"costCenter": "orders", "Environment": "prod"}
    assert not service.node["enable_execute_command"].present
    assert isinstance(service, Resource)
    assert service.written_as == "aws:ecs:Service"


def test_names_that_are_not_the_attribute_s() -> None:
    text = "resources:\n  alarm:\n    type: aws:cloudwatch:MetricAlarm\n    properties: {name: errors}\n"
    assert resources(text)["alarm"].node["alarm_name"] == "errors"


def test_references() -> None:
    text = """
variables:
  size: ${gib}
  prefix: ${name}-x
  role: {fn::invoke: {function: aws:iam:getRole, return: arn}}
config:
  gib: {type: integer, default: 20}
  name: {type: string, default: orders}
resources:
  key: {type: aws:kms:Key, properties: {enableKeyRotation: true}}
  db:
    type: aws:rds:Instance
    properties:
      allocatedStorage: ${size}
      identifier: ${prefix}-$${literal}
      kmsKeyId: ${key.arn}
      monitoringRoleArn: ${role}
      password: {"fn::secret": hunter2}
      timezone: {"fn::join": ["-", [a, "${name}"]]}
    options: {protect: true, dependsOn: ["${key}"]}
"""
    db = resources(text)["db"]
    assert db.node["allocated_storage"] == 20
    assert db.node["identifier"] == "orders-x-${literal}"
    assert db.node["password"] == "hunter2"
    assert db.node["timezone"] == "a-orders"
    assert db.node.at("lifecycle.prevent_destroy").value is True
    assert db.addresses("kms_key_id") == {"aws_kms_key.key"}
    assert db.addresses("depends_on") == {"aws_kms_key.key"}
    with pytest.raises(Unresolved, match="when Pulumi runs"):
        _ = db.node["monitoring_role_arn"].text


def test_stacks_give_values() -> None:
    text = """
config: {multi: {type: boolean}}
resources:
  db: {type: 'aws:rds:Instance', properties: {multiAz: '${multi}'}}
"""
    one = ("Pulumi.prod.yaml", "config:\n  orders:multi: true\n")
    other = ("Pulumi.dev.yaml", "config:\n  orders:multi: false\n")
    assert resources(text, one)["db"].node["multi_az"].value is True
    db = resources(text, one, other)["db"]
    assert not db.node["multi_az"].known
    assert [each.node["multi_az"].value for each in db.alternatives() if isinstance(each, Resource)] == [False, True]
    with pytest.raises(Unresolved, match="set for each stack"):
        _ = resources(text)["db"].node["multi_az"].value


def test_what_is_encrypted_is_not_known() -> None:
    text = "resources:\n  db: {type: 'aws:rds:Instance', properties: {password: '${pw}'}}\n"
    stack = ("Pulumi.prod.yaml", "config:\n  orders:pw: {secure: AAABAxx}\n")
    assert not resources("config: {pw: {type: string}}\n" + text, stack)["db"].node["password"].known


def test_a_body_that_is_not_seen_whole() -> None:
    text = "resources:\n  a: {type: 'aws:sqs:Queue', properties: {fn::invoke: {function: x}}}\n"
    assert not resources(text)["a"].node["kms_master_key_id"].known


def test_providers_and_their_tags() -> None:
    text = """
resources:
  east:
    type: pulumi:providers:aws
    properties: {region: us-east-1, defaultTags: {tags: {Service: orders}}}
  q: {type: aws:sqs:Queue, options: {provider: "${east}"}}
"""
    project = project_of([("Pulumi.yaml", HEAD + text)])
    (provider,) = project.all(Provider)
    assert provider.alias == "aws.east"
    assert provider.blocks("default_tags")[0]["tags"].plain == {"Service": "orders"}
    assert project.all(TerraformResource)[0].provider_alias == "aws.east"


def test_default_tags_of_the_configuration() -> None:
    text = "resources: {q: {type: 'aws:sqs:Queue'}}\n"
    stack = ("Pulumi.prod.yaml", "config:\n  aws:defaultTags: {tags: {Service: orders}}\n")
    (provider,) = project_of([("Pulumi.yaml", HEAD + text), stack]).all(Provider)
    assert provider.blocks("default_tags")[0]["tags"].plain == {"Service": "orders"}


def test_objects_of_kubernetes() -> None:
    text = """
resources:
  app:
    type: kubernetes:apps/v1:Deployment
    properties:
      spec:
        template: {spec: {containers: [{name: app, image: "app:${tag}"}]}}
"""
    (workload,) = project_of([("Pulumi.yaml", HEAD + text)]).all(Workload)
    assert workload.name == "Deployment/app"


# what is not read


def faults(*files: tuple[str, str]) -> list[tuple[str, str, str]]:
    return [(each.technology, each.reason, each.message) for each in project_of(files).faults]


@pytest.mark.parametrize("runtime", ["nodejs", "{name: python, options: {virtualenv: venv}}", "go", "dotnet"])
def test_other_languages_are_not_judged(runtime: str) -> None:
    ((technology, reason, message),) = faults(("Pulumi.yaml", f"name: a\nruntime: {runtime}\n"))
    assert (technology, reason) == ("terraform", "unsupported-tool")
    assert "not judged by this version" in message


def test_types_and_programs_that_are_not_read_are_never_silent() -> None:
    native = "resources:\n  a: {type: 'azure-native:storage:StorageAccount', properties: {password: hunter2}}\n"
    assert faults(("Pulumi.yaml", HEAD + native)) == [
        (
            "terraform",
            "unsupported-tool",
            "a: the type azure-native:storage:StorageAccount is not judged by this version",
        )
    ]
    assert not resources(native)["a"].node["anything"].known
    assert len(faults(("Pulumi.yaml", "name: a\nruntime: {name: yaml, options: {compiler: cue export}}\n"))) == 1
    chart = "resources: {a: {type: 'kubernetes:helm.sh/v3:Release'}}\n"
    assert faults(("Pulumi.yaml", HEAD + chart))[0][:2] == ("kubernetes", "unsupported-tool")


def test_what_is_only_looked_up_is_no_resource() -> None:
    text = """
resources:
  v: {type: 'aws:ec2:Vpc', get: {id: vpc-1}}
  s: {type: 'aws:ec2:Subnet', properties: {vpcId: '${v.id}'}}
"""
    found = resources(text)
    assert list(found) == ["s"]
    assert not found["s"].node["vpc_id"].known


def test_a_program_in_a_folder_of_its_own() -> None:
    project = project_of(
        [
            ("infra/Pulumi.yaml", f"{HEAD}main: app\n"),
            ("infra/app/Main.yaml", "resources: {q: {type: 'aws:sqs:Queue'}}\n"),
            ("infra/Pulumi.prod.yaml", "config:\n  orders:a: b\n"),
        ]
    )
    assert [each.path for each in project.all(Resource)] == ["infra/app/Main.yaml"]
    assert len(project.all(Stack)) == 1
    assert not project.faults


# files


def test_files() -> None:
    assert models_of("Pulumi.yaml") == models_of("a/Pulumi.dev.yml") == ("pulumi",)
    assert stack_of("Pulumi.dev.yaml") == "dev"
    assert stack_of("Pulumi.yaml") == ""
    project = project_of([("Pulumi.yaml", "name: a\nruntime: go\nconfig: {b: {type: string}}\n")])
    assert len(project.all(Project)) == len(project.all(Setting)) == 1
    assert not project_of([("Pulumi.yaml", "- a\n")]).all(Project)


def test_lists_in_lists_are_read_once() -> None:
    nested = "1"
    for _ in range(28):
        nested = f"{{rules: [{nested if nested != '1' else '{a: 1}'}]}}"
    found = resources(f"resources: {{q: {{type: 'aws:sqs:Queue', properties: {nested}}}}}\n")["q"]
    assert len(list(found.references)) == 0
    assert len(list(found.texts())) == 0
    assert found.node["rule"].present


def test_blocks_that_are_called_in_the_plural() -> None:
    text = """
resources:
  cluster:
    type: gcp:container:Cluster
    properties:
      masterAuthorizedNetworksConfig: {cidrBlocks: [{cidrBlock: 10.0.0.0/8, displayName: office}]}
"""
    block = resources(text)["cluster"].node["master_authorized_networks_config"]
    assert block["cidr_blocks"][0]["cidr_block"] == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resources: 7\n", "expected a mapping below 'resources:'"),
        ("resources:\n  db: {properties: {}}\n", "db has no type"),
        ("variables: [1]\n", "expected a mapping below 'variables:'"),
    ],
)
def test_what_is_malformed_is_said(text: str, words: str) -> None:
    project = project_of([("Pulumi.yaml", f"name: x\nruntime: yaml\n{text}")])
    assert [fault.message for fault in project.faults if words in fault.message]


def test_a_project_without_a_runtime_is_said() -> None:
    assert "runtime" in project_of([("Pulumi.yaml", "name: x\nruntime: [1]\n")]).faults[0].message
