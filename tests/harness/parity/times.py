"""Dates, times and zones: what Athena answers."""

from __future__ import annotations

from datetime import date, datetime

from harness.parity.case import Case

CASES = (
    Case(
        "parts of a timestamp",
        "select year(t), quarter(t), month(t), day(t), hour(t), minute(t), second(t), day_of_month(t), "
        "day_of_year(t), week(t), extract(year from t)"
        " from (values timestamp '2021-01-03 04:05:06.789') as t(t)",
        [(2021, 1, 1, 3, 4, 5, 6, 3, 3, 53, 2021)],
        "functions/datetime",
    ),
    Case(
        "the week begins on Monday, which is one",
        "select day_of_week(d), dow(d), doy(d) from (values date '2020-01-05', date '2020-01-06') as t(d) order by d",
        [(7, 7, 5), (1, 1, 6)],
        "functions/datetime",
    ),
    Case(
        "date_trunc of a timestamp",
        "select date_trunc('month', t), date_trunc('week', t), date_trunc('hour', t), date_trunc('day', "
        "t), date_trunc('year', t), date_trunc('quarter', t)"
        " from (values timestamp '2020-05-07 10:11:12.345') as t(t)",
        [
            (
                datetime(2020, 5, 1, 0, 0),
                datetime(2020, 5, 4, 0, 0),
                datetime(2020, 5, 7, 10, 0),
                datetime(2020, 5, 7, 0, 0),
                datetime(2020, 1, 1, 0, 0),
                datetime(2020, 4, 1, 0, 0),
            )
        ],
        "functions/datetime",
    ),
    Case(
        "date_trunc of a date is a date",
        "select date_trunc('month', d), date_trunc('week', d), cast(date_trunc('year', d) as varchar)"
        " from (values date '2020-05-07') as t(d)",
        [(date(2020, 5, 1), date(2020, 5, 4), "2020-01-01")],
        "functions/datetime",
    ),
    Case(
        "date_trunc of a cast to date is a date",
        "select date_trunc('month', cast(t as date)), date_trunc('month', cast(t at time zone 'Asia/Tokyo' as date)), "
        "date_trunc('year', cast(s as date))"
        " from (values (timestamp '2020-04-30 18:00:00.000', '2020-05-07')) as t(t, s)",
        [(date(2020, 4, 1), date(2020, 5, 1), date(2020, 1, 1))],
        "functions/datetime",
    ),
    Case(
        "date_add keeps the time of day",
        "select date_add('day', 1, t), date_add('month', -1, t), date_add('hour', 25, t), "
        "date_add('minute', n, t) from (values (timestamp '2020-03-31 10:11:12.345', 90)) as t(t, n)",
        [
            (
                datetime(2020, 4, 1, 10, 11, 12, 345000),
                datetime(2020, 2, 29, 10, 11, 12, 345000),
                datetime(2020, 4, 1, 11, 11, 12, 345000),
                datetime(2020, 3, 31, 11, 41, 12, 345000),
            )
        ],
        "functions/datetime",
    ),
    Case(
        "date_add of a date is a date",
        "select date_add('day', n, d), date_add('month', 1, d), date_add('year', 1, date '2020-02-29'), "
        "cast(date_add('week', 1, d) as varchar) from (values (date '2020-01-31', -31)) as t(d, n)",
        [(date(2019, 12, 31), date(2020, 2, 29), date(2021, 2, 28), "2020-02-07")],
        "functions/datetime",
    ),
    Case(
        "a date and an interval make a date",
        "select date '2020-01-31' + interval '1' month, date '2020-01-01' - interval '1' day, "
        "cast(d + interval '2' day as varchar) from (values date '2020-01-01') as t(d)",
        [(date(2020, 2, 29), date(2019, 12, 31), "2020-01-03")],
        "functions/datetime",
    ),
    Case(
        "a timestamp and an interval make a timestamp",
        "select timestamp '2020-01-31 10:00:00.000' + interval '1' month, "
        "timestamp '2020-01-01 00:00:00.000' - interval '90' minute",
        [(datetime(2020, 2, 29, 10, 0), datetime(2019, 12, 31, 22, 30))],
        "functions/datetime",
    ),
    Case(
        "date_diff in days between dates",
        "select date_diff('day', date '2020-02-28', date '2020-03-01'), date_diff('day', "
        "cast(t as date), date '2019-12-31') from (values timestamp '2020-01-01 23:00:00.000') as t(t)",
        [(2, -1)],
        "functions/datetime",
    ),
    Case(
        "at time zone shows the local time",
        "select cast(t at time zone 'Asia/Tokyo' as date), hour(t at time zone 'Asia/Tokyo'), "
        "cast(t at time zone 'America/New_York' as timestamp), date_format(t at time zone 'Asia/Tokyo', "
        "'%Y-%m-%d %H:%i') from (values timestamp '2020-07-01 20:30:00.000') as t(t)",
        [(date(2020, 7, 2), 5, datetime(2020, 7, 1, 16, 30), "2020-07-02 05:30")],
        "functions/datetime",
    ),
    Case(
        "at time zone across the change to summer time",
        "select cast(t at time zone 'Europe/Paris' as timestamp)"
        " from (values timestamp '2020-03-29 00:59:59.000', timestamp '2020-03-29 01:00:00.000') as t(t)"
        " order by t",
        [(datetime(2020, 3, 29, 1, 59, 59),), (datetime(2020, 3, 29, 3, 0),)],
        "functions/datetime",
    ),
    Case(
        "to_unixtime has fractions, also before 1970",
        "select to_unixtime(timestamp '1970-01-02 00:00:00.500'), to_unixtime(timestamp '1969-12-31 23:59:59.500')",
        [(86400.5, -0.5)],
        "functions/datetime",
    ),
    Case(
        "from_unixtime as a timestamp",
        "select cast(from_unixtime(86400.5) as timestamp), cast(from_unixtime(x) as date) from (values -1) as t(x)",
        [(datetime(1970, 1, 2, 0, 0, 0, 500000), date(1969, 12, 31))],
        "functions/datetime",
    ),
    Case(
        "date_format",
        "select date_format(timestamp '2020-01-05 04:05:06.000', '%Y%m%d'), "
        "date_format(date '2020-01-05', '%d.%m.%y'), date_format(timestamp '2020-01-05 14:05:06.000', "
        "'%H:%i:%s')",
        [("20200105", "05.01.20", "14:05:06")],
        "functions/datetime",
    ),
    Case(
        "the last day of the month",
        "select last_day_of_month(date '2020-02-03'), last_day_of_month(timestamp '2021-02-03 10:00:00.000')",
        [(date(2020, 2, 29), date(2021, 2, 28))],
        "functions/datetime",
    ),
    Case(
        "timestamps compare with dates at midnight",
        "select timestamp '2020-01-01 00:00:00.000' = date '2020-01-01', "
        "timestamp '2020-01-01 00:00:00.001' > date '2020-01-01'",
        [(True, True)],
        "language/types",
    ),
    Case(
        "before the calendar's gaps and 1900",
        "select cast('1868-01-25' as date), year(date '1582-10-04'), "
        "cast('1868-01-25 00:00:00.000' as timestamp), date_add('day', 1, date '1582-10-04')",
        [(date(1868, 1, 25), 1582, datetime(1868, 1, 25, 0, 0), date(1582, 10, 5))],
        "language/types",
    ),
)
