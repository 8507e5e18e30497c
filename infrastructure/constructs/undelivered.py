"""Where events and starts lie that found nobody: one queue a stack, watched by an alarm."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.acknowledging import acknowledge


def dead_letters(scope: Construct, id_: str, *, name: str) -> sqs.Queue:
    """Kept as long as SQS can, under SQS's own key. Messages name runs, syncs and pages; those of real time hold what a
    trigger tells of somebody, whom they name by a hash or an id of the lake.
    """
    queue = sqs.Queue(
        scope,
        id_,
        queue_name=name,
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=cdk.Duration.days(14),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    acknowledge(queue, {"AwsSolutions-SQS3": "It is the dead letter queue"})
    return queue
