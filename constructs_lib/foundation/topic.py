"""Topics that alarms and events of this account publish to, over TLS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge
from constructs_lib.foundation.encryption import EVENTBRIDGE, PUBLISHERS

NO_DEAD_LETTERS = {
    "Serverless-SNSRedrivePolicy": (
        "what could not be delivered is not lost: CloudWatch keeps every alarm's history and RDS its events for "
        "14 days; a queue of dead letters would be one more place that nobody looks at"
    ),
}
SOURCES: Mapping[str, tuple[str, str, str]] = {
    PUBLISHERS[0]: ("Alarms", "cloudwatch", "alarm:*"),
    PUBLISHERS[1]: ("DatabaseEvents", "rds", "*"),
}
"""Of each publisher: the statement's id, and the service and resource that the message is about."""
ELASTICACHE = "elasticache.amazonaws.com"
"""ElastiCache itself, as a publisher."""


class Topic(Construct):
    """Define a topic, its policy and its subscriptions.

    Only the `publishers` named may publish, for this account and Region, nothing without TLS: CloudWatch alarms and
    RDS events unless told otherwise. The key must let them use it (`Encryption(publishers=...)`); a topic without a
    key is not encrypted, which is the only kind that ElastiCache publishes to. An e-mail address gets a message to
    confirm; a function gets the permission to be invoked by this topic; a queue's own policy must let the topic send,
    since a template that set it would replace what it says already.
    `cfn_topic`, `cfn_policy` and `cfn_subscriptions` are the L1s.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        display_name: str,
        key_arn: str | None,
        notify: Sequence[str] = (),
        publishers: Sequence[str] = PUBLISHERS,
    ) -> None:
        super().__init__(scope, construct_id)
        self.cfn_topic = sns.CfnTopic(self, "Topic", display_name=display_name, kms_master_key_id=key_arn)
        self.arn = self.cfn_topic.attr_topic_arn
        self.cfn_policy = sns.CfnTopicPolicy(
            self, "Policy", policy_document=topic_policy(self.arn, publishers), topics=[self.cfn_topic.ref]
        )
        self.cfn_subscriptions = {each: self._subscribe(each) for each in notify}

    def _subscribe(self, addressee: str) -> sns.CfnSubscription:
        service = addressee.split(":")[2] if addressee.startswith("arn:") else "email"
        label = f"{service.capitalize()}{_label(addressee)}"
        if service == "lambda":
            self._let_invoke(label, addressee)
        subscription = sns.CfnSubscription(
            self, label, endpoint=addressee, protocol=service, topic_arn=self.cfn_topic.ref
        )
        acknowledge(subscription, NO_DEAD_LETTERS)
        return subscription

    def _let_invoke(self, label: str, function_arn: str) -> None:
        from aws_cdk import aws_lambda as lambda_

        lambda_.CfnPermission(
            self,
            f"Invoke{label}",
            action="lambda:InvokeFunction",
            function_name=function_arn,
            principal="sns.amazonaws.com",
            source_arn=self.cfn_topic.ref,
        )


def _label(addressee: str) -> str:
    """What tells addressees apart in construct ids: `Ops-example-com`, so that their order in the file is free."""
    return "-".join(part for part in _words(addressee.rpartition(":")[2])).capitalize()


def _words(text: str) -> list[str]:
    return "".join(each if each.isalnum() else " " for each in text).split()


def topic_policy(topic_arn: str, publishers: Sequence[str] = PUBLISHERS) -> dict[str, Any]:
    """Who may publish: this account's alarms and events, over TLS."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            *(_let(publisher, topic_arn) for publisher in publishers),
        ],
    }


def _let(publisher: str, topic_arn: str) -> dict[str, Any]:
    if publisher == EVENTBRIDGE:
        return _publish_rules(topic_arn)
    if publisher == ELASTICACHE:
        return _publish_caches(topic_arn)
    sid, source, resource = SOURCES[publisher]
    return {"Sid": sid, **_publish(publisher, topic_arn, source, resource)}


def _publish_rules(topic_arn: str) -> dict[str, Any]:
    """EventBridge takes no condition here. [aws-cdk-lib, aws-events-targets SnsTopic]"""
    return {
        "Sid": "CacheEvents",
        "Effect": "Allow",
        "Principal": {"Service": EVENTBRIDGE},
        "Action": "sns:Publish",
        "Resource": topic_arn,
    }


def _publish_caches(topic_arn: str) -> dict[str, Any]:
    """ElastiCache publishes as nobody in particular, for an account that `aws:SourceOwner` names.

    With `aws:SourceAccount`, the key that everything newer uses, it can't publish and sets the topic inactive. [E10
    ECEvents.SNS, "SNS topic access policy requirement"]
    """
    return {
        "Sid": "CacheEvents",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": cdk.Aws.ACCOUNT_ID}},
    }


def _publish(service: str, topic_arn: str, source: str, resource: str) -> dict[str, Any]:
    arn = cdk.Fn.sub(f"arn:${{AWS::Partition}}:{source}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": arn},
        },
    }
