"""Small tables that must answer at once: the sync ledger, device tokens, what was handled, real time's state."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infrastructure.constructs.keeping import Keeping
from kumitate.blueprint.platform import Platform


@dataclass(frozen=True, slots=True)
class Layout:
    """A table's keys (strings) and the attribute that says when an item goes."""

    name: str
    partition: str
    sort: str | None = None
    expires: str | None = None


LEDGER = Layout("ledger", "pk", "sk", "expires_at")
DEVICE_TOKENS = Layout("device-tokens", "person_id", "token", "expires_at")
IDEMPOTENCY = Layout("idempotency", "id", expires="expiration")
STATE = Layout("state", "pk", expires="expires_at")


class SmallTable(Construct):
    """`SmallTable(self, "Ledger", platform, layout=LEDGER, …).table`; paid by request, nothing idle."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, layout: Layout, key: kms.IKey, keeping: Keeping
    ) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=platform.names.called(layout.name),
            partition_key=_text(layout.partition),
            sort_key=_text(layout.sort) if layout.sort else None,
            time_to_live_attribute=layout.expires,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not keeping.deletes,
            removal_policy=keeping.policy,
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
