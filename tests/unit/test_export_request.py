"""What is asked of the export function is checked before anything is read."""

from typing import Any

import pytest

from functions.export_segment.handler import request_of
from kumitate.errors import FatalError


def test_a_request_names_a_segment_and_a_format() -> None:
    request = request_of({"segment": "vips", "format": "csv", "columns": ["orders"]})
    assert (request.segment, request.format, request.columns, request.run_id) == ("vips", "csv", ("orders",), None)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"format": "csv"}, "segment: Field required"),
        ({"segment": "vips", "format": "xls"}, "format: Input should be 'csv' or 'parquet'"),
        ({"segment": "vips", "format": "csv", "columns": "orders"}, "columns: Input should be a valid tuple"),
        ({"segment": "vips", "format": "csv", "colums": ["orders"]}, "colums: Extra inputs are not permitted"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused_with_what_is_wrong(event: dict[str, Any], said: str) -> None:
    with pytest.raises(FatalError, match=said):
        request_of(event)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(FatalError, match=r"segment: .*; format: "):
        request_of({})
