"""Messages' way back: the configuration sets that syncs to SES and SMS name, so that bounces, complaints and delivery
reports reach the raw zone.
"""

from __future__ import annotations

from kumitate.blueprint.names import Names
from kumitate.config.environment import Environment
from kumitate.config.project import Config
from kumitate.config.sync import Destination

_SETTING = "configuration_set"


def mail_set(names: Names) -> str:
    """The configuration set that is placed where an environment has `messaging: {email: true}`."""
    return names.called("mail")


def sms_set(names: Names) -> str:
    """The one that is placed where it has `messaging: {sms: true}`."""
    return names.called("sms")


def with_message_sets(config: Config, environment: Environment, names: Names) -> Config:
    """The project with the placed sets as what destinations of type `ses` and `sms` name, where they name none."""
    placed = {}
    if environment.messaging.email:
        placed["ses"] = mail_set(names)
    if environment.messaging.sms:
        placed["sms"] = sms_set(names)
    destinations = {name: _with_set(each, placed.get(each.type)) for name, each in config.destinations.items()}
    return config.model_copy(update={"destinations": destinations}) if placed else config


def _with_set(destination: Destination, name: str | None) -> Destination:
    """Its own settings go before what is placed."""
    if name is None:
        return destination
    return destination.model_copy(update={"settings": {_SETTING: name} | destination.settings})
