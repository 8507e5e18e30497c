"""Starts executions of a Step Functions state machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A standard state machine: an execution's name is its own for 90 days, so that starting twice is once."""

    client: Any
    arn: str

    def start(self, name: str, given: Mapping[str, Any]) -> bool:
        text = json.dumps(given, sort_keys=True)
        try:
            self.client.start_execution(stateMachineArn=self.arn, name=name, input=text)
        except self.client.exceptions.ExecutionAlreadyExists:
            return False
        return True
