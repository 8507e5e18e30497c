"""What the JSON Lines reader makes of files as they really come."""

import json

from harness.reading import read_bytes, source


def test_values_are_found_by_path_and_kept_as_the_text_they_were() -> None:
    declared = source(
        columns={"a": {"from": "c.d"}, "b": {"from": "c.e"}, "n": {}, "t": {}, "f": {}, "whole": {"from": "c"}}
    )
    line = b'{"n": 12345678901234567890, "t": true, "f": 17850.0, "c": {"d": 1.5, "e": [1, "\xe3\x81\x82"]}}\n'
    read = read_bytes(line, declared.model_copy(update={"format": "jsonl"}))
    assert read.values == [("1.5", '[1,"あ"]', "12345678901234567890", "true", "17850", '{"d":1.5,"e":[1,"あ"]}')]
    assert read.rows[0]["_extra"] is None


def test_what_nobody_declared_stays_json() -> None:
    declared = source(format="jsonl", columns={"a": {"from": "c.d"}})
    read = read_bytes(b'{"c": {"d": "x", "f": {"g": 1}}, "h": null}\n', declared)
    assert json.loads(read.rows[0]["_extra"]) == {"c": {"f": {"g": 1}}, "h": None}


def test_a_path_through_something_else_finds_nothing() -> None:
    declared = source(format="jsonl", columns={"a": {"from": "c.d.e"}})
    read = read_bytes(b'{"c": "x"}\n{"c": {"d": [1]}}\n{"c": {"d": {"e": "y"}}}\n{}\n', declared)
    assert read.values == [(None,), (None,), ("y",), (None,)]


def test_a_key_may_be_spelt_with_dots() -> None:
    declared = source(format="jsonl", columns={"a": {"from": "utm.source"}})
    read = read_bytes(b'{"utm.source": "x"}\n', declared)
    assert (read.values, read.rows[0]["_extra"]) == ([("x",)], None)


def test_two_columns_may_share_a_value() -> None:
    declared = source(format="jsonl", columns={"a": {"from": "x"}, "b": {"from": "x"}})
    read = read_bytes(b'{"x": 1}\n', declared)
    assert (read.values, read.rows[0]["_extra"]) == ([("1", "1")], None)


def test_lines_that_are_no_object_are_quarantined_and_blank_ones_are_none() -> None:
    lines = [b'{"a": "1"}', b"", b"[1]", b'{"a":', b'{"a": NaN}', b'{"a": "\xff"}', b"  ", b'{"a": "2"}']
    read = read_bytes(b"\n".join(lines), source(format="jsonl"))
    assert read.lines == [1, 8]
    assert read.reasons == [
        (3, "json.no_object"),
        (4, "json.invalid"),
        (5, "json.invalid"),
        (6, "encoding.undecodable"),
    ]
    assert json.loads(read.rejections[1].payload) == {"line": '{"a":'}


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    read = read_bytes(b'{"a": "\\ud83d\\ude00"}\n{"a": "\\ud83d"}\n', source(format="jsonl"))
    assert read.values == [("😀", None)]
    assert read.reasons == [(2, "json.invalid")]


def test_nesting_without_end_is_invalid_and_no_crash() -> None:
    deep = b"[" * 200_000
    assert read_bytes(b'{"a":' + deep + b"\n", source(format="jsonl")).reasons == [(1, "json.invalid")]


def test_a_line_cut_in_the_middle_is_one_quarantined_row() -> None:
    assert read_bytes(b'{"a": "1"}\n{"a": "2', source(format="jsonl")).reasons == [(2, "json.invalid")]
