"""What commands say of a sync that a trigger fires."""

from pathlib import Path

import pytest
from click import UsageError
from click.testing import CliRunner

from kumitate.cli.control import _has_runs
from kumitate.cli.main import main
from kumitate.config.loader import load_config

SHOP = Path(__file__).parents[2] / "examples/shop"


@pytest.mark.parametrize("action", ["approve", "cancel", "reset"])
def test_only_what_runs_bring_can_be_approved_cancelled_or_forgotten(action: str) -> None:
    config = load_config(SHOP)
    with pytest.raises(UsageError, match="trigger cart_abandoned_24h fires; it can be paused"):
        _has_runs(config, "cart_reminder_now", action)
    _has_runs(config, "cart_reminder_now", "pause")
    _has_runs(config, "cart_reminder", action)


def test_explain_shows_the_cards_of_a_sync_that_a_trigger_fires() -> None:
    shown = CliRunner().invoke(main, ["explain", "cart_reminder_now", "--project", str(SHOP)])
    assert shown.exit_code == 0
    assert "frequency:reminders" in shown.output
    assert "changes_cart_reminder_now" not in shown.output
