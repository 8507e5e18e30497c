"""Text, patterns and JSON: what Athena answers."""

from __future__ import annotations

from harness.parity.case import Case

CASES = (
    Case(
        "concatenation with null is null, concat_ws skips nulls",
        "select 'a' || x, concat('a', x), concat_ws('-', 'a', x, 'b'), concat_ws(x, 'a', 'b'), "
        "concat_ws('-', x, '', 'b') from (values cast(null as varchar)) as t(x)",
        [(None, None, "a-b", None, "-b")],
        "functions/string",
    ),
    Case(
        "length counts code points",
        "select length('日本語'), length('髙島'), length('👍🏽'), length('')",
        [(3, 2, 2, 0)],
        "functions/string",
    ),
    Case(
        "lower and upper are for every script",
        "select lower('ÀÉＡ'), upper('àéａя'), lower('日本')",
        [("àéａ", "ÀÉＡЯ", "日本")],
        "functions/string",
    ),
    Case(
        "trim removes every kind of white space",
        "select trim(x), ltrim(x), rtrim(x), trim(both 'a' from 'aabaa'), trim('\u3000日本\u3000')"
        " from (values '\t a b\n ') as t(x)",
        [("a b", "a b\n ", "\t a b", "b", "日本")],
        "functions/string",
    ),
    Case(
        "substr counts from one, or from the end",
        "select substr('日本語版', 2), substr('日本語版', 2, 2), substr('abc', -2), substr('abc', 0), "
        "substr('abc', 9), substr('abc', -9), substring('abc', 3, 5), substr('abc', 2, 0)",
        [("本語版", "本語", "bc", "", "", "", "c", "")],
        "functions/string",
    ),
    Case(
        "substr with a computed start",
        "select substr(s, strpos(s, '@') + 1), substr(s, strpos(s, '!'), 2) from (values 'ab@cd') as t(s)",
        [("cd", "")],
        "functions/string",
    ),
    Case(
        "strpos is zero where there is nothing",
        "select strpos('日本語', '語'), strpos('abc', 'x'), position('b' in 'abc'), strpos('abc', '')",
        [(3, 0, 2, 1)],
        "functions/string",
    ),
    Case(
        "starts_with and like",
        "select starts_with('abc', 'ab'), starts_with('abc', ''), 'aXb' like 'a_b', "
        "'a%b' like 'a!%b' escape '!', 'ab' like 'A%', 'a\\b' like 'a\\b', '日本' like '日_'",
        [(True, True, True, True, False, True, True)],
        "functions/comparison",
    ),
    Case(
        "not like is the opposite of like",
        "select 'ab' not like 'a%', 'ab' not like 'b%', not 'ab' like 'a%', 'a\\b' not like 'a\\b', "
        "'a%b' not like 'a!%c' escape '!'",
        [(False, True, False, False, True)],
        "functions/comparison",
    ),
    Case(
        "replace",
        "select replace('a-b-c', '-', '+'), replace('a-b-c', '-'), replace('日本日本', '日', 'に')",
        [("a+b+c", "abc", "に本に本")],
        "functions/string",
    ),
    Case(
        "split cuts at literal text",
        "select split('a.b..c', '.'), split('abc', '|'), cardinality(split('', ','))",
        [(["a", "b", "", "c"], ["abc"], 1)],
        "functions/string",
    ),
    Case(
        "split_part beyond the last part is null",
        "select split_part('a/b', '/', 1), split_part('a/b', '/', 2), split_part('a/b', '/', 3)",
        [("a", "b", None)],
        "functions/string",
    ),
    Case(
        "lpad and rpad cut what is longer",
        "select lpad('7', 3, '0'), lpad('abcd', 2, 'x'), rpad('a', 4, 'xy'), lpad('日', 3, '本')",
        [("007", "ab", "axyx", "本本日")],
        "functions/string",
    ),
    Case(
        "text is ordered by code point",
        "select x from (values 'あ', 'ア', 'ｱ', '亜', 'a', 'B', 'é', 'Ａ', '', '😀') as t(x) order by x",
        [("",), ("B",), ("a",), ("é",), ("あ",), ("ア",), ("亜",), ("Ａ",), ("ｱ",), ("😀",)],
        "language/types",
    ),
    Case(
        "text compares by code point, not by language",
        "select 'あ' = 'ア', 'ガ' = 'カ゛', 'a' < 'B', max(x), min(x) from (values '髙', '高') as t(x)",
        [(False, False, False, "髙", "高")],
        "language/types",
    ),
    Case(
        "hashes",
        "select lower(to_hex(sha256(to_utf8('日本')))), substr(to_hex(md5(to_utf8('a'))), 1, 8)",
        [("cf2abf0c5be326cb922a70f8163f91079c4d9aa8655c60ead89ad545c9de2e92", "0CC175B9")],
        "functions/binary",
    ),
    Case(
        "regexp_like looks anywhere",
        "select regexp_like('a1b', '[0-9]'), regexp_like('abc', '^b'), regexp_like('abc', '^a.c$'), "
        "regexp_like('日本', '^[一-龠]+$')",
        [(True, False, True, True)],
        "functions/regexp",
    ),
    Case(
        "digits, letters and white space of every script",
        "select regexp_like('１', '\\d'), regexp_like('髙', '^\\w$'), regexp_like('\u3000', '^[a\\s]$'), "
        "regexp_like('１', '\\D'), regexp_replace('a1２b', '[\\d]+', '#')",
        [(True, True, True, False, "a#b")],
        "functions/regexp",
    ),
    Case(
        "a line ends at a newline only",
        "select regexp_like(x, '^a.b$'), regexp_like(y, '^a.b$') from (values ('a\rb', 'a\nb')) as t(x, y)",
        [(True, False)],
        "functions/regexp",
    ),
    Case(
        "regexp_like without case",
        "select regexp_like('ÀBC', '(?i)àb'), regexp_like('ABC', 'ab')",
        [(True, False)],
        "functions/regexp",
    ),
    Case(
        "regexp_extract without a match is null",
        "select regexp_extract('abc123', '[0-9]+'), regexp_extract('abc', '[0-9]+'), "
        "regexp_extract('k=v', '([a-z]+)=([a-z]+)', 2), regexp_extract('', 'x*'), "
        "regexp_extract('a=\"b\"', '\"[^\"]*\"'), regexp_extract('b', 'a|c*'), regexp_extract('b', 'ab')",
        [("123", None, "v", "", '"b"', "", None)],
        "functions/regexp",
    ),
    Case(
        "regexp_replace replaces all, with groups",
        "select regexp_replace('1-2-3', '-'), regexp_replace('ab ab', '(a)(b)', '$2$1'), "
        "regexp_replace('a', 'a', '\\$'), regexp_replace('2020-01', '([0-9]+)-([0-9]+)', '$2/$1'), "
        "regexp_replace('a.b', '[.]', '\\\\')",
        [("123", "ba ba", "$", "01/2020", "a\\b")],
        "functions/regexp",
    ),
    Case(
        "json_extract_scalar",
        "select json_extract_scalar(j, '$.a'), json_extract_scalar(j, '$.b.c'), json_extract_scalar(j, "
        "'$.d[1]'), json_extract_scalar(j, '$[\"x y\"]'), json_extract_scalar(j, '$.t')"
        ' from (values \'{"a": "日本", "b": {"c": 1.25}, "d": [1, 2], "x y": "z", "t": true}\') as t(j)',
        [("日本", "1.25", "2", "z", "true")],
        "functions/json",
    ),
    Case(
        "json_extract_scalar of what is no scalar is null",
        "select json_extract_scalar(j, '$.o'), json_extract_scalar(j, '$.l'), json_extract_scalar(j, "
        "'$.n'), json_extract_scalar(j, '$.none'), json_extract_scalar(j, '$.s')"
        ' from (values \'{"o": {"a": 1}, "l": [1], "n": null, "s": "[1]"}\') as t(j)',
        [(None, None, None, None, "[1]")],
        "functions/json",
    ),
    Case(
        "json that is none gives null",
        "select json_extract_scalar(j, '$.a') from (values '{bad', '', cast(null as varchar)) as t(j)",
        [(None,), (None,), (None,)],
        "functions/json",
    ),
    Case(
        "json_extract_scalar inside a comparison",
        "select json_extract_scalar('{\"a\": \"x\"}', '$.a') = 'x' and true",
        [(True,)],
        "functions/json",
    ),
)
