"""Decisions in an account's ledger say what the laptop's file says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.mock_account import TABLE, account, ledger_table
from kumitate.aws.controls import DynamoControls
from kumitate.errors import FatalError
from kumitate.execution.controls import FileControls, paused
from kumitate.model.decision import Action, Decision

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.slow  # moto takes seconds to load
def test_decisions_come_back_oldest_first_and_as_they_were_noted(tmp_path: Path) -> None:
    first = Decision(sync="s", action=Action.APPROVE, author="me", at=AT, reason="確認済み", run_id="r000007")
    told = (first, replace(first, action=Action.PAUSE, at=AT + timedelta(minutes=1), run_id=""))
    with account() as client:
        dynamodb = client("dynamodb")
        controls = DynamoControls(dynamodb, ledger_table(dynamodb))
        laptop = FileControls(tmp_path / "controls.jsonl")
        assert controls.decisions() == ()
        for place in (controls, laptop):
            for decision in told:
                place.note(decision)
        controls.note(replace(first, action=Action.RESUME, sync="t", at=AT - timedelta(minutes=1)))
        assert controls.decisions()[1:] == laptop.decisions() == told
        assert set(paused(controls.decisions())) == {"s"}
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "controls"}, "sk": {"S": "x"}})
        with pytest.raises(FatalError, match="is no decision"):
            controls.decisions()
