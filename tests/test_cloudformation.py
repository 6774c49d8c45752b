"""Templates of CloudFormation in the model of Terraform's resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatekeeper import engine
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.cli import main
from gatekeeper.links.related import companions
from gatekeeper.models.cloudformation import Parameter, Template
from gatekeeper.models.cloudformation.types import every, names_of
from gatekeeper.models.terraform import Directory, Resource, Variable, Written
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project
from gatekeeper.testing import project_of

DECLARED = """
Parameters:
  Stage: {Type: String, Default: test}
  Size: {Type: Number, Default: "3"}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Given: {Type: String}
  One: {Type: String, AllowedValues: [only]}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /a/b}
Conditions:
  Live: !Equals [!Ref Stage, live]
  Test: !Not [!Condition Live]
  Never: !And [!Equals [a, b], !Equals [!Ref Given, x]]
  Either: !Or [!Condition Live, !Condition Test]
  Who: !Equals [!Ref Given, x]
Mappings:
  Days: {test: {Kept: 1}, live: {Kept: 30}}
"""


def resources(*files: tuple[str, str]) -> dict[str, Resource]:
    return {each.name: each for each in project_of(files).all(Resource)}


def template(resources_: str, head: str = DECLARED) -> str:
    return f"{head}\nResources:\n{resources_}"


def only(text: str, name: str) -> Resource:
    return resources(("t.yaml", text))[name]


def queue(value: str) -> Node:
    text = template(f"  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: {value}\n")
    return only(text, "aws_sqs_queue.Q").node["name"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!Ref Stage", "test"),
        ("{Ref: Stage}", "test"),
        ("!Ref One", "only"),
        ("!Ref Names", ["a", "b"]),
        ("!Select [1, !Ref Names]", "b"),
        ("{'Fn::Select': ['0', {'Fn::Split': ['-', 'x-y']}]}", "x"),
        ("!Join ['-', [x, !Ref Stage, {'Fn::Join': ['', [y, z]]}]]", "x-test-yz"),
        ("!Sub 'x-${Stage}-${!Raw}'", "x-test-${Raw}"),
        ("!Sub ['${A}${Stage}', {A: !Ref Size}]", "3test"),
        ("{'Fn::Sub': '${Stage}'}", "test"),
        ("!If [Live, a, b]", "b"),
        ("!If [Test, !If [Either, c, d], b]", "c"),
        ("!If [Never, a, !Ref 'AWS::NoValue']", None),
        ("!FindInMap [Days, !Ref Stage, Kept]", 1),
        ("{'Fn::FindInMap': [Days, live, Kept]}", 30),
        ("!Base64 {'Fn::Sub': '${Stage}'}", "test"),
        ("[x, !If [Live, y, !Ref 'AWS::NoValue'], z]", ["x", "z"]),
        ("&a {b: [1]}", {"b": [1]}),
    ],
)
def test_values(value: str, expected: Any) -> None:
    assert queue(value).plain == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("!Ref Given", "Given has no Default"),
        ("!Ref Stored", "Stored is read from the parameter store"),
        ("!Ref AWS::Region", "is known only when the stack is made"),
        ("!Sub '${AWS::AccountId}-x'", "is known only when the stack is made"),
        ("!If [Who, a, b]", "Given has no Default"),
        ("!ImportValue elsewhere", "is exported by another stack"),
        ("!GetAZs ''", "depends on the region"),
        ("!Transform {Name: x}", "is made by a macro"),
        ("'{{resolve:secretsmanager:a}}'", "is read from a store"),
        ("!Nonsense x", "is a function that is not evaluated here"),
        ("!Join [a]", "is not written as that function is"),
        ("!If [Who]", "is not written as that function is"),
        ("!FindInMap [Days, !Ref Given, Kept]", "Given has no Default"),
    ],
)
def test_what_only_a_deployment_knows(value: str, words: str) -> None:
    node = queue(value)
    assert not node.known
    with pytest.raises(Unresolved, match=r".*") as raised:
        _ = node.value
    assert words in str(raised.value)


def test_equal_branches_need_no_condition() -> None:
    assert queue("!If [Who, a, a]").value == "a"


RDS = """
  DB:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      MultiAZ: "true"
"""


def test_absence_is_what_cloudformation_makes_of_it() -> None:
    node = only(template(RDS), "aws_db_instance.DB").node
    assert node["multi_az"].value is True
    assert node["backup_retention_period"].value == 1  # Terraform's default is 0
    assert node["storage_encrypted"].value is False
    assert node["skip_final_snapshot"].value is False  # a snapshot is taken unless somebody says otherwise
    assert not node["replicate_source_db"].present
    assert not node["replication_source_identifier"].present  # another type's: instances never have it
    for name in ("iops", "publicly_accessible"):  # not read, and not to be told from the template
        assert not node[name].known
        assert node[name].expression.may_be_null  # type: ignore[union-attr]


def test_members_of_a_cluster_are_of_another_type() -> None:
    text = template("  I: {Type: 'AWS::RDS::DBInstance', Properties: {DBClusterIdentifier: c, Engine: aurora}}\n")
    found = only(text, "aws_rds_cluster_instance.I")
    assert not found.node["storage_encrypted"].present
    assert found.node["cluster_identifier"] == "c"


@pytest.mark.parametrize(
    ("policies", "prevented", "skipped"),
    [
        ("", False, False),
        ("DeletionPolicy: Delete", False, True),
        ("DeletionPolicy: Snapshot", False, False),
        ("DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain", True, False),
        ("DeletionPolicy: Retain", None, False),
    ],
)
def test_policies(policies: str, prevented: bool | None, skipped: bool) -> None:
    text = template(f"  DB:\n    Type: AWS::RDS::DBCluster\n    {policies}\n    Properties: {{Engine: aurora}}\n")
    node = only(text, "aws_rds_cluster.DB").node
    found = node["lifecycle"]["prevent_destroy"]
    assert (found.value if found.known else None) is prevented
    assert node["skip_final_snapshot"].value is skipped


BUCKET = """
  Logs:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration: {BlockPublicAcls: true}
      BucketEncryption: !If
        - Live
        - ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms"}}]
        - !Ref AWS::NoValue
      VersioningConfiguration: !If [Who, {Status: Enabled}, !Ref "AWS::NoValue"]
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties: {Bucket: !Ref Logs, PolicyDocument: {Statement: [{Effect: Deny, Action: "s3:*"}]}}
"""


def test_parts_of_a_resource_are_resources() -> None:
    project = project_of([("t.yaml", template(BUCKET))])
    found = {each.name: each for each in project.all(Resource)}
    bucket = found["aws_s3_bucket.Logs"]
    block = found["aws_s3_bucket_public_access_block.Logs"]
    assert block.node["block_public_acls"].value is True
    assert block.node["block_public_policy"].value is False
    assert (block.span.line, block.span.column) == (23, 7)  # at the property, in the template
    assert found["aws_s3_bucket_server_side_encryption_configuration.Logs"].absent
    versioning = found["aws_s3_bucket_versioning.Logs"]
    assert not versioning.absent
    assert not versioning.node["versioning_configuration"]["status"].known
    for kind in ("aws_s3_bucket_public_access_block", "aws_s3_bucket_policy"):
        assert [each.type for each in companions(bucket, [kind], ["bucket"], project).found] == [kind]
    assert not companions(bucket, ["aws_s3_bucket_server_side_encryption_configuration"], ["bucket"], project).found
    statement = found["aws_s3_bucket_policy.Policy"].node["policy"]
    assert statement.value == '{"Statement":[{"Action":"s3:*","Effect":"Deny"}]}'


GROUP = """
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 443, ToPort: "443", CidrIp: 0.0.0.0/0}
        - !If [Live, {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}, !Ref "AWS::NoValue"]
        - !If [Who, {IpProtocol: tcp, FromPort: 3389, ToPort: 3389, CidrIpv6: "::/0"}, !Ref "AWS::NoValue"]
"""


def test_lists_of_blocks_and_what_is_there_under_a_condition() -> None:
    web = only(template(GROUP), "aws_security_group.Web")
    https, rdp = web.blocks("ingress")
    assert (https["from_port"].value, https["to_port"].value, https["cidr_blocks"].plain) == (443, 443, ["0.0.0.0/0"])
    assert not https["ipv6_cidr_blocks"].present
    assert not https["self"].known
    assert rdp["ipv6_cidr_blocks"].plain == ["::/0"]
    assert not web.node["ingress"].known
    assert web.blocks("egress")[0]["cidr_blocks"].plain == ["0.0.0.0/0"]  # unless written, everything may go out


def test_pairs_keys_and_names_in_json() -> None:
    text = template(
        """
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Scheme: internal
      LoadBalancerAttributes:
        - {Key: deletion_protection.enabled, Value: !If [Live, true, false]}
        - {Key: access_logs.s3.enabled, Value: "true"}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: web, Image: !Ref Stage, ReadonlyRootFilesystem: true, DockerLabels: {Team: a}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Dimensions: [{Name: QueueName, Value: !Ref Stage}]}
"""
    )
    found = resources(("t.yaml", text))
    balancer = found["aws_lb.Balancer"].node
    assert balancer["internal"].value is True
    assert balancer["enable_deletion_protection"].value is False
    assert balancer["access_logs"]["enabled"].value is True
    containers = found["aws_ecs_task_definition.Task"].node["container_definitions"].value
    assert '"readonlyRootFilesystem":true' in containers
    assert '"dockerLabels":{"Team":"a"}' in containers
    assert found["aws_cloudwatch_metric_alarm.Alarm"].node["dimensions"].plain == {"QueueName": "test"}


def test_environments_are_told_apart() -> None:
    head = """
Parameters:
  Env: {Type: String, AllowedValues: [dev, prod], Default: dev}
Conditions: {Prod: !Equals [!Ref Env, prod]}
"""
    text = template("  DB: {Type: 'AWS::RDS::DBInstance', Properties: {MultiAZ: !If [Prod, true, false]}}\n", head)
    found = only(text, "aws_db_instance.DB")
    assert not found.node["multi_az"].known
    assert [(each.seen_as, each.node["multi_az"].value) for each in found.alternatives()] == [
        ("Env = dev", False),
        ("Env = prod", True),
    ]


def test_files_of_parameters() -> None:
    text = template("  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref Given}}\n")
    listed = '[{"ParameterKey": "Given", "ParameterValue": "%s"}]'
    files = [
        ("infra/t.yaml", text),
        ("infra/parameters/dev.json", listed % "d"),
        ("infra/parameters/live.json", '{"Parameters": {"Given": "l"}}'),
        ("infra/parameters/other.json", '[{"ParameterKey": "Unheard", "ParameterValue": "x"}]'),
    ]
    found = resources(*files)["aws_sqs_queue.Q"]
    assert [(each.seen_as, each.node["name"].value) for each in found.alternatives()] == [
        ("infra/parameters/dev.json", "d"),
        ("infra/parameters/live.json", "l"),
    ]
    assert resources(*files[:2])["aws_sqs_queue.Q"].node["name"].value == "d"


def test_what_is_optional_is_judged_as_where_it_is_there() -> None:
    text = template(
        """
  Bucket: {Type: "AWS::S3::Bucket", Condition: Live}
  Policy: {Type: "AWS::S3::BucketPolicy", Condition: Live, Properties: {Bucket: !Ref Bucket}}
  Never: {Type: "AWS::S3::Bucket", Condition: Never}
  Always: {Type: "AWS::S3::Bucket"}
  More: {Type: "AWS::S3::BucketPolicy", Condition: Live, Properties: {Bucket: !Ref Always}}
"""
    )
    project = project_of([("t.yaml", text)])
    found = {each.name: each for each in project.all(Resource)}
    bucket = found["aws_s3_bucket.Bucket"]
    assert bucket.there
    assert bucket.seen_as == "where Live holds"
    assert companions(bucket, ["aws_s3_bucket_policy"], ["bucket"], project).found
    assert not found["aws_s3_bucket.Never"].there
    # as the parameters are by default, nothing else counts for what is always there
    assert not companions(found["aws_s3_bucket.Always"], ["aws_s3_bucket_policy"], ["bucket"], project).found


NETWORK = """
Parameters: {Range: {Type: String}, Zones: {Type: "List<AWS::EC2::AvailabilityZone::Name>"}}
Resources:
  VPC: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: !Ref Range}}
  Subnet: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref VPC, AvailabilityZone: !Select [1, !Ref Zones]}}
Outputs:
  Vpc: {Value: !Ref VPC, Export: {Name: !Sub "${AWS::StackName}-VPC"}}
"""


def test_stacks_that_nest_and_import() -> None:
    main_ = """
Resources:
  Network:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: ./network.yaml, Parameters: {Range: 10.0.0.0/8, Zones: !Join [",", [a, b]]}}
  Group: {Type: "AWS::EC2::SecurityGroup", Properties: {VpcId: !GetAtt Network.Outputs.Vpc}}
"""
    logs = """
Parameters: {Network: {Type: String}}
Resources:
  Log: {Type: "AWS::EC2::FlowLog", Properties: {ResourceId: {"Fn::ImportValue": !Sub "${Network}-VPC"}}}
"""
    project = project_of([("main.yaml", main_), ("network.yaml", NETWORK), ("logs.json.yaml", logs)])
    found = {each.name: each for each in project.all(Resource)}
    vpc = found["aws_vpc.VPC"]
    assert vpc.node["cidr_block"] == "10.0.0.0/8"
    assert found["aws_subnet.Subnet"].node["availability_zone"] == "b"
    for kind in ("aws_flow_log", "aws_security_group", "aws_subnet"):
        assert [each.type for each in companions(vpc, [kind], ["vpc_id"], project).found] == [kind]


def test_sam() -> None:
    text = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 7, Tracing: Active, Environment: {Variables: {A: a, B: b}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Environment: {Variables: {B: own}}}
"""
    node = only(text, "aws_lambda_function.F").node
    assert node["timeout"].value == 7
    assert node["tracing_config"]["mode"].value == "Active"
    assert node["environment"]["variables"].plain == {"A": "a", "B": "own"}


@pytest.mark.parametrize(
    ("path", "text", "held"),
    [
        ("a.yaml", "Resources:\n  A: {Type: 'AWS::SQS::Queue'}\n", True),
        ("a.template", '{"Resources": {"A": {"Type": "AWS::SQS::Queue"}}}', True),
        ("a.template", '{\n\t"Resources": {\n\t\t"A": {"Type": "AWS::SQS::Queue"}}}', True),
        ("cdk.out/a.template.json", '{"Resources":{"A":{"Type":"AWS::SQS::Queue"}}}', True),
        ("a.json", '{"Resources": {"A": {"Type": "Office"}}}', False),
        ("a.yaml", "kind: ConfigMap\ndata:\n  t: |\n    Resources:\n      A: {Type: 'AWS::SQS::Queue'}\n", False),
        ("nginx.conf.template", "Resources of AWS:: are here", False),
        (".github/workflows/a.yml", "Resources:\n  A: {Type: 'AWS::SQS::Queue'}\n", False),
    ],
)  # fmt: skip
def test_recognition(path: str, text: str, held: bool) -> None:
    project = project_of([(path, text)])
    assert bool(project.all(Template)) is held
    assert ("cloudformation" in project.technologies()) is held
    assert "terraform" not in project.technologies()
    if held:
        assert [each.name for each in project.all(Resource)] == ["aws_sqs_queue.A"]


def test_terraforms_own_subjects_are_none() -> None:
    project = project_of([("t.yaml", template(RDS))])
    assert not project.all(Directory)
    assert not project.all(Variable)
    assert {each.name for each in project.all(Parameter)} >= {"Stage", "Given"}
    rules = Catalogue([home()]).rules(["terraform", "cloudformation"])
    outcomes = {outcome.rule.id: outcome for outcome in engine.run(rules, project)}
    assert not [outcome.error for outcome in outcomes.values() if outcome.error]
    for name in (
        "tf-naming",
        "tf-required-version",
        "tf-variable-description",
        "tf-remote-state",
        "tf-lock-file-committed",
    ):
        assert not outcomes[name].judged
    assert outcomes["tf-rds-encrypted"].failed


def places(project: Project, rule_id: str) -> list[tuple[int, int]]:
    rules = [rule for rule in Catalogue([home()]).rules() if rule.id == rule_id]
    from gatekeeper.rule import place

    return [
        (place(finding.at).span.line, place(finding.at).span.column)
        for outcome in engine.run(rules, project)
        for _, finding in outcome.findings()
    ]


def test_secrets_stand_where_they_are_written() -> None:
    text = """Parameters:
  DBPassword:
    Type: String
    Default: hunter2
Resources:
  DB:
    Type: AWS::RDS::DBInstance
    Properties:
      MasterUserPassword: hunter2
  Other:
    Type: AWS::RDS::DBInstance
    Properties:
      MasterUserPassword: !Ref DBPassword
  Third:
    Type: AWS::RDS::DBInstance
    Properties:
      MasterUserPassword: "{{resolve:secretsmanager:db:SecretString:password}}"
  Host:
    Type: AWS::Foo::Bar
    Properties:
      Environment: [{Name: API_KEY, Value: 4f6d2f19}]
"""
    project = project_of([("t.yaml", text)])
    assert sorted(places(project, "tf-hardcoded-secret")) == [(4, 14), (9, 27), (21, 44)]
    assert places(project, "cfn-parameter-hidden") == [(2, 3)]


def test_broken_and_unrendered_templates_leave_nothing_proven() -> None:
    broken = 'AWSTemplateFormatVersion: "2010-09-09"\nResources:\n  A: {Type: "AWS::SQS::Queue"\n'
    [fault] = project_of([("t.yaml", broken)]).faults
    assert (fault.technology, fault.reason) == ("cloudformation", "unreadable")
    filled = 'AWSTemplateFormatVersion: "2010-09-09"\nResources:\n{% if x %}\n  A: {Type: "AWS::SQS::Queue"}\n'
    [fault] = project_of([("t.yaml", filled)]).faults
    assert (fault.technology, fault.reason) == ("cloudformation", "template-unrendered")
    [fault] = project_of([("cdk.json", "{}")]).faults
    assert (fault.technology, fault.reason) == ("cloudformation", "unsupported-tool")


def test_a_macro_leaves_nothing_absent() -> None:
    text = "Transform: [Ours]\nResources:\n  DB: {Type: 'AWS::RDS::DBInstance', Properties: {MultiAZ: true}}\n"
    node = only(text, "aws_db_instance.DB").node
    assert node["multi_az"].value is True
    assert not node["storage_encrypted"].known


def test_hostile_templates() -> None:
    deep = "!If [Live, a, " * 40 + "b" + "]" * 40
    assert not queue(deep).known or queue(deep).value == "b"
    doubled = "${A}" * 50
    nested = "x"
    for _ in range(12):
        nested = f"!Sub ['{doubled}', {{A: {nested}}}]"
    assert not queue(nested).known
    loop = "Conditions: {A: !Condition B, B: !Condition A}\nResources:\n  Q: {Type: 'AWS::SQS::Queue', Condition: A}\n"
    assert only(loop, "aws_sqs_queue.Q").there
    self_made = "Resources:\n  S: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: b.yaml}}\n"
    other = "Resources:\n  S: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: a.yaml}}\n"
    assert len(project_of([("a.yaml", self_made), ("b.yaml", other)]).all(Resource)) == 2
    odd = (
        "Resources: {A: [], B: {Type: 'AWS::SQS::Queue', Properties: x}, C: {Type: [1]}, D: {Type: AWS::S3::Bucket}}\n"
    )
    rules = Catalogue([home()]).rules(["terraform", "cloudformation"])
    assert not [outcome.error for outcome in engine.run(rules, project_of([("a.yaml", odd)])) if outcome.error]


def test_tables_name_what_terraform_has() -> None:
    types = [each for each in every() if each.read]
    assert len(types) > 80
    for each in types:
        if each.type.startswith("aws_"):
            known = names_of(each.type)
            assert known, each.name
            assert {*each.set, *each.absent} <= known, each.name
        for part in each.companions:
            assert part.by in (names_of(part.type) or ()), (each.name, part.type)


def test_every_written_thing_has_its_text() -> None:
    project = project_of([("t.yaml", template(BUCKET))])
    assert all(isinstance(each.text, str) for each in project.all(Written))


def test_the_whole_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "network.yaml").write_text(template(GROUP.replace("443", "22")), encoding="utf-8")
    assert main(["audit", str(tmp_path), "--profile", "pre-commit", "--select", "tf-security-group-open"]) == 1
    shown = capsys.readouterr().out
    assert "network.yaml:27:" in shown
    assert "aws_security_group.Web opens SSH" in shown
    assert main(["audit", str(tmp_path), "--profile", "pre-commit", "--select", "tf-required-version"]) == 3
    assert "0 of 1 files hold Terraform" in capsys.readouterr().out
    assert main(["explain", "AWS::RDS::DBInstance"]) == 0
    assert "BackupRetentionPeriod: backup_retention_period; 1 where it is not written" in capsys.readouterr().out
    assert main(["explain", "cloudformation"]) == 0
    assert "AWS::S3::Bucket" in capsys.readouterr().out


def test_a_resource_without_a_type_is_said() -> None:
    text = 'AWSTemplateFormatVersion: "2010-09-09"\nResources:\n  A: {Properties: {}}\n  B: {Type: 5}\n  C: null\n'
    messages = [fault.message for fault in project_of([("template.yaml", text)]).faults]
    assert [message.split()[0] for message in messages] == ["A", "B", "C"]
