from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.cloudformation import Template
from gatekeeper.rule import rule


@rule(
    "cfn-undeclared-reference",
    gate="iac-validation",
    severity="high",
    seed="12. Quality Gates Status",
    where=lambda template: not template.macros,
)
def undeclared(template: Template) -> Iterator[Finding]:
    """Everything that a template refers to is declared in it.

    CloudFormation refuses a template that refers to a parameter, resource, condition or mapping which it does not
    declare, so nothing of it can be made. What SAM adds to a template is no fault, and templates that a macro of the
    account changes are not judged.

    Bad:
    ```yaml
    Conditions:
      InProduction: !Equals [!Ref Stage, production]
    Resources:
      Orders:
        Type: AWS::SQS::Queue
        # expect: Live is not declared
        Condition: Live
        Properties:
          # expect: Ordres is not declared
          QueueName: !Sub "${Ordres}-queue"
          # expect: Keys is not declared
          KmsMasterKeyId: !FindInMap [Keys, !Ref "AWS::Region", Arn]
    Parameters:
      Stage: {Type: String}
    ```

    Bad, in an output:
    ```yaml
    Resources:
      Orders: {Type: "AWS::SQS::Queue"}
    Outputs:
      # expect: Order is not declared
      Url: {Value: !GetAtt Order.QueueUrl}
    ```

    Good:
    ```yaml
    Parameters:
      Stage: {Type: String}
    Conditions:
      InProduction: !Equals [!Ref Stage, production]
    Mappings:
      Days: {production: {Kept: 14}, test: {Kept: 1}}
    Resources:
      Dead: {Type: "AWS::SQS::Queue", Condition: InProduction}
      Orders:
        Type: AWS::SQS::Queue
        DependsOn: [Dead]
        Properties:
          QueueName: !Sub ["${Name}-${AWS::Region}-${!Literal}", {Name: !Ref Stage}]
          RedrivePolicy: !If [InProduction, {deadLetterTargetArn: !GetAtt Dead.Arn}, !Ref "AWS::NoValue"]
          MessageRetentionPeriod: !FindInMap [Days, !Ref Stage, Kept]
    ```

    Good, SAM makes the role:
    ```yaml
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Orders:
        Type: AWS::Serverless::Function
        Properties: {Handler: orders.handle, Runtime: python3.13}
    Outputs:
      Role: {Value: !GetAtt OrdersRole.Arn}
    ```
    """
    for name in template.undeclared:
        yield Finding(name, f"{name.text} is not declared in this template")
