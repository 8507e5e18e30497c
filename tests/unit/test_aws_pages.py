"""A page that is not there is told from one that may not be read, whatever S3 calls it."""

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kumitate.aws.pages import PageObjects
from kumitate.errors import RecordError


class Bucket:
    """S3 that says `refusal` of what it does not give, and lists `there`."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, *there: str, refusal: str = "") -> None:
        self.there, self.refusal = there, refusal

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal}}, "GetObject")
        return {"Body": io.BytesIO(f"{Bucket}/{Key}".encode())}

    def get_paginator(self, _name: str) -> "Bucket":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803, ARG002 -- boto3's name
        yield {"Contents": [{"Key": each} for each in self.there if each.startswith(Prefix)]}


def test_a_page_that_is_there_is_read() -> None:
    assert PageObjects(Bucket("p1"), "b").get("p1") == b"b/p1"


@pytest.mark.parametrize("refusal", ["NoSuchKey", "AccessDenied"])
def test_a_page_that_is_not_there_is_missing(refusal: str) -> None:
    with pytest.raises(RecordError, match=r"page\.missing"):
        PageObjects(Bucket("p11", refusal=refusal), "b").get("p1")


@pytest.mark.parametrize("refusal", ["AccessDenied", "SlowDown"])
def test_a_page_that_is_there_and_not_given_is_asked_for_again(refusal: str) -> None:
    with pytest.raises(ClientError):
        PageObjects(Bucket("p1", refusal=refusal), "b").get("p1")
