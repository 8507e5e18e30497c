"""A Transport for AWS: one call over boto3, its answer or its error as a Response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from kumitate.errors import FatalError, RetryableError
from kumitate.model.request import AwsCall, Request, Response

_CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"total_max_attempts": 1},  # the delivery loop paces and repeats, and knows what must not be repeated
)


class AwsTransport:
    """Calls with the machine's own credentials, or against `endpoint_url` with a sandbox's."""

    def __init__(self, *, endpoint_url: str | None = None, sandbox_token: str | None = None) -> None:
        given: dict[str, Any] = {"config": _CONFIG}
        if endpoint_url is not None:
            given["endpoint_url"] = endpoint_url
        if sandbox_token is not None:
            given |= {"aws_access_key_id": sandbox_token, "aws_secret_access_key": sandbox_token}
            given["region_name"] = "us-east-1"
        session = boto3.session.Session()
        self._client = cache(lambda service: session.client(service, **given))

    def send(self, request: Request) -> Response:
        """The answer; RetryableError where there was none."""
        if not isinstance(request, AwsCall):
            raise FatalError("this account speaks to AWS; its destination made another kind of request")
        try:
            reply = getattr(self._client(request.service), request.operation)(**request.parameters)
        except ClientError as error:
            return _refusal(error.response)
        except ParamValidationError:
            return _error(400, "ParamValidation", "the call does not fit the service's model")
        except (NoCredentialsError, NoRegionError) as error:
            raise FatalError(f"{error}; configure AWS on this machine (AWS_PROFILE, AWS_REGION)") from None
        except ResponseParserError:
            return Response(200, b"<unreadable>")
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise RetryableError(f"{request.service}: {type(error).__name__}", never_left=True) from None
        except BotoCoreError as error:
            raise RetryableError(f"{request.service}: {type(error).__name__}") from None
        return _answer(reply)


def _answer(reply: Mapping[str, Any]) -> Response:
    about = reply.get("ResponseMetadata", {})
    body = {name: value for name, value in reply.items() if name != "ResponseMetadata"}
    return Response(
        about.get("HTTPStatusCode", 200), json.dumps(body, default=str).encode(), about.get("HTTPHeaders", {})
    )


def _refusal(reply: Mapping[str, Any]) -> Response:
    about = reply.get("ResponseMetadata", {})
    error = reply.get("Error", {})
    found = {"Code": error.get("Code", ""), "Message": error.get("Message", "")}
    if reply.get("Reason"):  # some services say in it what lies behind their code
        found["Reason"] = str(reply["Reason"])
    body = json.dumps({"Error": found}).encode()
    return Response(about.get("HTTPStatusCode", 400), body, about.get("HTTPHeaders", {}))


def _error(status: int, code: str, message: str) -> Response:
    return Response(status, json.dumps({"Error": {"Code": code, "Message": message}}).encode())
