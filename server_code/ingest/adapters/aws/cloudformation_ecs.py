"""The optional Fargate services of the CloudFormation template: one for each agent.

The Log Ingestion Agent's tasks follow the depth of the job events queue. Both agents share a
PostgreSQL, whose address is one of the secret settings.
"""

from __future__ import annotations

from typing import Any

from .policies import policy_document

HAS_SERVICE = "HasService"

#: Work items in the queue at which one task is added, two tasks are added, and one is removed.
_BACKLOG, _LARGE_BACKLOG, _SMALL_BACKLOG = 200, 2000, 20

_SECRETS = ("GITHUB_TOKEN", "DATABASE_URL")
_HEALTH = "import urllib.request as web; web.urlopen('http://127.0.0.1:8080/healthz', timeout=8)"
_HEALTH_TIMES = {"StartPeriod": 60, "Timeout": 10}

#: For cfn-lint, which resolves parameters by their defaults: they are empty without a service.
LINTER_METADATA = {"cfn-lint": {"config": {"ignore_checks": ["W1030", "W1033"]}}}

#: A part of the template.
Fragment = dict[str, Any]


def service_condition() -> Fragment:
    """Return the condition under which the services exist: an image is named."""
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": "ServiceImage"}, ""]}]}


def service_parameters() -> Fragment:
    """Return the services' parameters; by default they are empty, and there is no service."""
    descriptions = {
        "ServiceImage": "Image of Runstream. Empty: no service.",
        "ServiceRepositories": "REPOSITORIES of the service, separated by commas.",
        "ServiceSecretArn": "Secrets Manager secret with the keys GITHUB_TOKEN and DATABASE_URL.",
        "ServiceSubnets": "Subnets of the service's tasks, separated by commas.",
        "ServiceSecurityGroups": "Security groups of the tasks, separated by commas.",
    }
    texts: Fragment = {
        name: {"Type": "String", "Default": "", "Description": description}
        for name, description in descriptions.items()
    }
    tasks = {"Type": "Number", "Default": 5, "MinValue": 1}
    return {**texts, "ServiceMaxTasks": {**tasks, "Description": "Largest number of log tasks."}}


def service_resources(queue_id: str, bucket: Fragment) -> Fragment:
    """Return the cluster, roles, both services and the scaling with the depth of a queue.

    ``queue_id``: the queue's logical id in the template. ``bucket``: the value of LOG_BUCKET.
    """
    resources: Fragment = {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "ServiceLogs": _resource("AWS::Logs::LogGroup", RetentionInDays=30),
        "ExecutionRole": _execution_role(),
        "TaskRole": _role(ManagedPolicyArns=[{"Ref": "CollectorPolicy"}]),
    }
    for name, agent in (("Metrics", "metrics"), ("Logs", "logs")):
        resources[f"{name}Task"] = _task(agent, bucket)
        resources[f"{name}Service"] = _service(f"{name}Task")
    resources |= _scaling(queue_id)
    return {name: {**each, "Condition": HAS_SERVICE} for name, each in resources.items()}


def _execution_role() -> Fragment:
    managed = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    read = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": {"Ref": "ServiceSecretArn"},
    }
    return _role(
        ManagedPolicyArns=[{"Fn::Sub": managed}],
        Policies=[{"PolicyName": "ReadSettings", "PolicyDocument": policy_document([read])}],
    )


def _role(**properties: object) -> Fragment:
    assume = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = policy_document([assume])
    return _resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust, **properties)


def _task(agent: str, bucket: Fragment) -> Fragment:
    settings = {
        "AWS_DEFAULT_REGION": {"Ref": "AWS::Region"},
        "REPOSITORIES": {"Ref": "ServiceRepositories"},
        "LOG_BUCKET": bucket,
    }
    container = {
        "Name": "runstream",
        "Image": {"Ref": "ServiceImage"},
        "Command": ["collect", f"--only={agent}", "--log-format=json"],
        "Environment": [{"Name": name, "Value": value} for name, value in settings.items()],
        "Secrets": [
            {"Name": name, "ValueFrom": {"Fn::Sub": f"${{ServiceSecretArn}}:{name}::"}}
            for name in _SECRETS
        ],
        "HealthCheck": {**_HEALTH_TIMES, "Command": ["CMD", "python", "-c", _HEALTH]},
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": {"Ref": "ServiceLogs"},
                "awslogs-region": {"Ref": "AWS::Region"},
                "awslogs-stream-prefix": agent,
            },
        },
        "MountPoints": [{"SourceVolume": "data", "ContainerPath": "/data"}],
        "ReadonlyRootFilesystem": True,
        "StopTimeout": 60,
    }
    return _resource(
        "AWS::ECS::TaskDefinition",
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu="256",
        Memory="512",
        ExecutionRoleArn={"Fn::GetAtt": ["ExecutionRole", "Arn"]},
        TaskRoleArn={"Fn::GetAtt": ["TaskRole", "Arn"]},
        ContainerDefinitions=[container],
        Volumes=[{"Name": "data"}],
    )


def _service(task: str) -> Fragment:
    network = {
        "AssignPublicIp": "DISABLED",
        "Subnets": {"Fn::Split": [",", {"Ref": "ServiceSubnets"}]},
        "SecurityGroups": {"Fn::Split": [",", {"Ref": "ServiceSecurityGroups"}]},
    }
    return _resource(
        "AWS::ECS::Service",
        Cluster={"Ref": "Cluster"},
        LaunchType="FARGATE",
        TaskDefinition={"Ref": task},
        NetworkConfiguration={"AwsvpcConfiguration": network},
        DeploymentConfiguration={"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
    )


def _scaling(queue_id: str) -> Fragment:
    service = {"Fn::Sub": "service/${Cluster}/${LogsService.Name}"}
    target = _resource(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceId=service,
        MinCapacity=1,
        MaxCapacity={"Ref": "ServiceMaxTasks"},
    )
    more = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": _LARGE_BACKLOG - _BACKLOG}
        | {"ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": _LARGE_BACKLOG - _BACKLOG, "ScalingAdjustment": 2},
    ]
    fewer = [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}]
    over, under = "GreaterThanOrEqualToThreshold", "LessThanOrEqualToThreshold"
    return {
        "LogsScaling": target,
        "ScaleOut": _policy("runstream-scale-out", more),
        "ScaleIn": _policy("runstream-scale-in", fewer),
        "BacklogAlarm": _alarm(queue_id, "ScaleOut", over, _BACKLOG, minutes=2),
        "IdleAlarm": _alarm(queue_id, "ScaleIn", under, _SMALL_BACKLOG, minutes=10),
    }


def _policy(name: str, steps: list[dict[str, int]]) -> Fragment:
    configuration = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 120,
        "MetricAggregationType": "Average",
        "StepAdjustments": steps,
    }
    return _resource(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        PolicyName=name,
        PolicyType="StepScaling",
        ScalingTargetId={"Ref": "LogsScaling"},
        StepScalingPolicyConfiguration=configuration,
    )


def _alarm(
    queue_id: str, policy: str, comparison: str, threshold: int, *, minutes: int
) -> Fragment:
    return _resource(
        "AWS::CloudWatch::Alarm",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue_id, "QueueName"]}}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=minutes,
        ComparisonOperator=comparison,
        Threshold=threshold,
        TreatMissingData="notBreaching",
        AlarmActions=[{"Ref": policy}],
    )


def _resource(kind: str, **properties: object) -> Fragment:
    return {"Type": kind, "Properties": properties}
