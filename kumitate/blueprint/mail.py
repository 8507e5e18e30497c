"""Mail's way back: the configuration set that syncs to SES name, so that bounces and complaints reach the raw zone."""

from __future__ import annotations

from kumitate.blueprint.names import Names
from kumitate.config.environment import Environment
from kumitate.config.project import Config

_TYPE = "ses"
_SETTING = "configuration_set"


def mail_set(names: Names) -> str:
    """The configuration set that is placed where an environment has `messaging: {email: true}`."""
    return names.called("mail")


def with_mail_set(config: Config, environment: Environment, names: Names) -> Config:
    """The project with `mail_set` as what destinations of type `ses` name, where they and their syncs name none."""
    if not environment.messaging.email:
        return config
    placed = {_SETTING: mail_set(names)}
    destinations = {
        name: each.model_copy(update={"settings": placed | each.settings}) if each.type == _TYPE else each
        for name, each in config.destinations.items()
    }
    return config.model_copy(update={"destinations": destinations})
