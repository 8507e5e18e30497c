"""However long an address is and whatever it repeats, reading it takes a bounded time."""

import time

import pyarrow as pa
import pytest

from kumitate.cleanse.addresses.columns import address_cleanser
from kumitate.cleanse.addresses.reading import read_address


def test_ten_megabytes_in_a_field_cost_no_time() -> None:
    begun = time.process_time()
    found = address_cleanser("JP", ("key",))(pa.array(["東京都千代田区" + "一" * 3_333_333]))
    assert found.values.to_pylist() == [None]
    assert found.reasons.to_pylist() == ["address.too_long"]
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("piece", ["一", "字", "1-", "丁目", "(", " ", "上る", "町", "ア", "1番", "東", "ー"])
def test_the_longest_text_that_is_looked_at_is_read_in_bounded_time(piece: str) -> None:
    begun = time.process_time()
    for start in ("", "東京都千代田区紀尾井町", "京都市上京区", "福島県"):
        read_address((start + piece * 1_000)[:1_000], country="JP")
    assert time.process_time() - begun < 0.5
