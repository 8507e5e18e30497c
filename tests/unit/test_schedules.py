"""Schedules are read as EventBridge Scheduler reads them."""

import pytest

from kumitate.config.schedules import DAYS_A_MONTH, timing


@pytest.mark.parametrize(
    ("expression", "days_a_time"),
    [
        ("rate(1 day)", 1),
        ("rate(15 minutes)", 15 / 1440),
        ("cron(0 5 * * ? *)", 1),
        ("cron(0 0/6 * * ? *)", 1 / 4),
        ("cron(0,30 9 ? * MON-FRI *)", 7 / 10),
        ("cron(0 9 ? * 2#1 *)", DAYS_A_MONTH),
        ("cron(0 9 L * ? *)", DAYS_A_MONTH),
        ("cron(0 9 15W * ? *)", DAYS_A_MONTH),
        ("cron(0 9 ? JAN,JUL FRIL *)", DAYS_A_MONTH * 6),
    ],
)
def test_a_schedule_fires_as_often_as_it_says(expression: str, days_a_time: float) -> None:
    assert timing(expression).times_a_month == pytest.approx(DAYS_A_MONTH / days_a_time, rel=0.01)


@pytest.mark.parametrize(
    ("expression", "shortest_minutes", "longest_days"),
    [
        ("rate(2 hours)", 120, 2 / 24),
        ("cron(0 5 * * ? *)", 1440, 1),
        ("cron(0 9 ? * MON *)", 7 * 1440, 7),
        ("cron(0 9,17 ? * MON-FRI *)", 8 * 60, 3 - 8 / 24),
        ("cron(0 5 29 2 ? *)", 731 * 1440, 731),
    ],
)
def test_how_long_a_schedule_may_be_silent(expression: str, shortest_minutes: float, longest_days: float) -> None:
    found = timing(expression)
    assert (found.shortest_minutes, found.longest_days) == (shortest_minutes, pytest.approx(longest_days))


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("daily", "is no schedule; write rate"),
        ("at(2027-01-01T00:00:00)", "happens once"),
        ("rate(0 days)", "is no rate"),
        ("rate(5minutes)", "is no rate"),
        ("rate(1 days)", r"refused by AWS; write rate\(1 day\)$"),
        ("rate(3 hour)", r"refused by AWS; write rate\(3 hours\)$"),
        ("cron(0 5 * * *)", r"has 5 fields; AWS takes six .*; write cron\(0 5 \* \* \? \*\)$"),
        ("cron(0 5 * * * *)", "exactly one of day-of-month and day-of-week is"),
        ("cron(0 5 ? * ? *)", "exactly one of day-of-month and day-of-week is"),
        ("cron(60 5 * * ? *)", "minutes '60' is none of 0-59"),
        ("cron(0 5 ? * 0 *)", "day-of-week '0' is none of 1-7 or SUN-SAT"),
        ("cron(0 5 ? * FUN *)", "day-of-week 'FUN' is none of 1-7 or SUN-SAT"),
        ("cron(0 9-5 * * ? *)", "a range goes upwards"),
        ("cron(0/0 5 * * ? *)", "after / comes a whole number above 0"),
        ("cron(0 5 31 FEB,APR ? *)", "never happens"),
        ("cron(0 5 * * ? 1066)", "year '1066' is none of 1970-2199"),
        ("cron()", "has 0 fields"),
    ],
)
def test_what_aws_refuses_is_said(expression: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        timing(expression)
