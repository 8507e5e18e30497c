"""The few rows every real delivery has that nobody can use: each must end in quarantine, with its reason."""

from __future__ import annotations

_SINCE = "2011-03-04 10:00:00,2011-03-04 10:00:00"
_MEMBERS = (
    f"M0009901,,山田,太郎,ヤマダ,タロウ,令和99年1月1日,male,a9901@example.jp,,,,{_SINCE}",
    f"M0009902,,山本,花子,ヤマモト,ハナコ,1980-02-30,female,b9902@example.jp,,,,{_SINCE}",
    f",,川口,一郎,カワグチ,イチロウ,1975-06-01,male,c9903@example.jp,,,,{_SINCE}",
    f"M0009904,,林,愛,ハヤシ,アイ,,female,d9904@example.jp,,,,{_SINCE}",
    "M0009905,森,次郎,モリ",
    f"M0009906,,原,真,ハラ,マコト,1970-01-01,male,f9906@example.jp,,,,{_SINCE},one,two",
)
_CARDS = (
    "S0009902,ﾔﾏﾀﾞ ｼﾞﾛｳ,,,,1961/1/2,2009年13月1日,新宿店",
    ",ｻﾄｳ ﾊﾅ,,,,1961/1/2,2009/04/01,新宿店",
    "S0009904,ｻﾄｳ ｹｲ,09012340000",
)
_CONTACTS = (
    '{"attributes":{"type":"Contact"},"Id":"0035g0000009901AAA","LastName":"田',
    '{"attributes":{"type":"Contact"},"Id":"","LastName":"田村","LastModifiedDate":"2011-12-01T00:00:00.000+0000"}',
    '{"attributes":{"type":"Contact"},"Id":"0035g0000009903AAA","LastName":"小川","LastModifiedDate":"昨日"}',
)
_TICKETS = (
    "T0099901,open,2011-12-01 10:00:00",
    "T0099902,open,2011-11-31 10:00:00,2011-11-31 10:00:00,,h9902@example.jp,mail,x",
)
_CONSENTS = (
    "M0009908,,marketing,email,maybe,2011-10-01 09:00:00,form",
    ",i9909@example.jp,marketing,email,true,,form",
)
_MAIL = (
    '{"event_id":"","event":"sent","email":"k9901@example.jp","campaign_id":"NL01","at":"2011-09-08T11:00:00+09:00"}',
    '{"event_id":"e9902","event":"sent","email":"l9902@example.jp","at":"2011-09-31T11:00:00+09:00"}',
    '{"event_id":"e9903"',
)
_WEB = (
    '{"type":"track","messageId":"00000000-0000-4000-8000-000000009901","event":"Product Vie',
    '{"type":"track","anonymousId":"no-message-id","event":"Product Viewed","timestamp":"2011-12-01T00:00:00.000Z"}',
    '{"type":"page","messageId":"00000000-0000-4000-8000-000000009903","anonymousId":"x","timestamp":"not a time"}',
    "[1, 2, 3]",
)


def _lines(rows: tuple[str, ...], encoding: str = "utf-8", end: str = "\n") -> tuple[bytes, ...]:
    return tuple((row + end).encode(encoding) for row in rows)


BROKEN = {
    "ec_members": (
        *_lines(_MEMBERS),
        f"M0009907,,\udcff\udcfe,x,ミ,ズ,1970-01-01,male,g9907@example.jp,,,,{_SINCE}\n".encode(
            errors="surrogateescape"
        ),
    ),
    "store_cards": (*_lines(_CARDS, "cp932", "\r\n"), b"S0009901,\x81 \x81,,,,,2009/04/01,\r\n"),
    "crm_contacts": _lines(_CONTACTS),
    "support_tickets": _lines(_TICKETS),
    "consents": _lines(_CONSENTS),
    "email_events": _lines(_MAIL),
    "web_events": _lines(_WEB),
}
