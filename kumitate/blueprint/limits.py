"""What AWS takes as a name, by kind of resource."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BUCKET_RESERVED = re.compile(r"xn--.*|sthree-.*|amzn-s3-demo-.*|.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)")


@dataclass(frozen=True, slots=True)
class Limit:
    """`service` says who refuses; `pattern` holds for the whole name."""

    service: str
    longest: int
    pattern: str = r"[A-Za-z0-9_-]+"

    def problem(self, name: str) -> str:
        """What is wrong with a name, or nothing."""
        if len(name) > self.longest:
            return f"{name} has {len(name)} characters; {self.service} takes {self.longest}"
        if not re.fullmatch(self.pattern, name):
            return f"{name} has a character that {self.service} does not take"
        return ""


LIMITS: dict[str, Limit] = {
    "alarm": Limit("CloudWatch", 255),
    "budget": Limit("AWS Budgets", 100),
    "bucket": Limit("S3", 63, r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "connection": Limit("AppFlow", 256, r"[\w/!@#+=.-]+"),
    "dashboard": Limit("CloudWatch", 255),
    "database": Limit("Athena", 128, r"[a-z][a-z0-9_]*"),
    "delivery stream": Limit("Firehose", 64, r"[a-zA-Z0-9_.-]+"),
    "event bus": Limit("EventBridge", 256, r"[/.\-_A-Za-z0-9]+"),
    "flow": Limit("AppFlow", 256, r"[a-zA-Z0-9][\w!@#.-]+"),
    "function": Limit("Lambda", 64),
    "HTTP API": Limit("API Gateway", 128),
    "job": Limit("Glue", 255),
    "key": Limit("KMS", 256, r"alias/[a-zA-Z0-9/_-]+"),
    "key-value table": Limit("DynamoDB", 255, r"[a-zA-Z0-9_.-]{3,}"),
    "mail configuration": Limit("SES", 64),
    "profile domain": Limit("Customer Profiles", 64),
    "push application": Limit("End User Messaging", 64),
    "queue": Limit("SQS", 80),
    "role": Limit("IAM", 64, r"[\w+=,.@-]+"),
    "rule": Limit("EventBridge", 64, r"[.\-_A-Za-z0-9]+"),
    "schedule": Limit("EventBridge Scheduler", 64, r"[0-9a-zA-Z_.-]+"),
    "schedule group": Limit("EventBridge Scheduler", 64, r"[0-9a-zA-Z_.-]+"),
    "SMS configuration": Limit("End User Messaging", 64),
    "state machine": Limit("Step Functions", 80),
    "stream": Limit("Kinesis", 128, r"[a-zA-Z0-9_.-]+"),
    "table": Limit("Athena", 255, r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"),
    "topic": Limit("SNS", 256),
    "view": Limit("Athena", 255, r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"),
    "workgroup": Limit("Athena", 128, r"[a-zA-Z0-9._-]+"),
}
"""From each service's own model of its API; a bucket's name is every account's in the world."""


def name_refusal(kind: str, name: str) -> str:
    """`name_refusal("bucket", "a" * 64)`; nothing where AWS takes the name."""
    if kind == "bucket" and _BUCKET_RESERVED.fullmatch(name):
        return f"{name}: S3 keeps names that begin or end so for itself"
    return LIMITS[kind].problem(name)
