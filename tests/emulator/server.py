"""The emulator as the tests start it: each request counts as TLS, and each call under a policy is written down."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ministack import app as server
from ministack.core import iam_evaluator

Scope = dict[str, Any]


def over_tls(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Bucket policies refuse what is not TLS; on the loopback there is none to speak of."""

    async def served(scope: Scope, receive: object, send: object) -> None:
        await app({**scope, "scheme": "https"} if scope["type"] == "http" else scope, receive, send)

    return served


def noted(evaluate: Callable[..., Any], calls: Path) -> Callable[..., Any]:
    """Every question that IAM was asked, one JSON object a line: who, what, on what, and the answer of the policies."""

    @functools.wraps(evaluate)
    def answered(context: Any, *policies: Any) -> Any:
        result = evaluate(context, *policies)
        line = {
            "principal": context.principal_arn,
            "action": context.action,
            "resource": context.resource_arn,
            "context": context.service_context,
            "decision": result.decision,
        }
        with calls.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        return result

    return answered


if __name__ == "__main__":
    if "KUMITATE_CALLS" in os.environ:
        iam_evaluator.evaluate = noted(iam_evaluator.evaluate, Path(os.environ["KUMITATE_CALLS"]))
    server.app = over_tls(server.app)
    server.main()
