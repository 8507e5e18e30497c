"""What messages through AWS share: the address they go to, one call per row, and how a refused call reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kumitate.activation.destinations.answers import QUOTA_SPENT, REQUEST_REFUSED, aws_error, for_all
from kumitate.activation.destinations.readable import readable
from kumitate.activation.matchkeys import e164
from kumitate.activation.matchkeys.keys import cleaned
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response, Verdict

OPTED_OUT = "address.opted_out"
"""The person told the service to send no more."""
_SPENT = "ServiceQuotaExceededException"
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def phone(fields: Mapping[str, Any], country: str) -> str:
    """The field `to` as E.164; RecordError where there is no number, or none that can be dialled."""
    given = cleaned(str(fields.get("to") or ""))
    if not given:
        raise RecordError("field.missing", "to")
    try:
        return e164(given, country)
    except RecordError as error:
        raise RecordError(error.reason, "to") from None


def text(fields: Mapping[str, Any], name: str, *, longest: int) -> str:
    """A field that must say something, in at most `longest` characters; RecordError where it does not."""
    said = readable(fields.get(name))
    if not said.strip():
        raise RecordError("field.missing", name)
    if len(said) > longest:
        raise RecordError("text.too_long", f"{name}: more than {longest} characters")
    return said


def one_by_one(changes: Iterable[Change], call: Callable[[Change], AwsCall]) -> Iterator[AwsCall | Outcome]:
    """A call per row; rows that cannot be sent say why."""
    for change in changes:
        try:
            yield call(change)
        except RecordError as error:
            yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)


def refusal(request: Request, response: Response, *, of_row: frozenset[str] = frozenset()) -> tuple[Outcome, ...]:
    """What a call came to that was refused as a whole; nothing where it was not.

    `of_row` are the codes that lie with the call's one row; after any other the account waits for its owner.
    """
    error = aws_error(response)
    if not error:
        return ()
    code, why = str(error.get("Code", "")), str(error.get("Reason") or "")
    words = f"{code}: {f'{why} ' if why else ''}{error.get('Message', '')}"
    if code in of_row:
        return for_all(request, Verdict.REJECTED, vendor_reason(why or code), message=words)
    return for_all(request, Verdict.RETRY, QUOTA_SPENT if code == _SPENT else REQUEST_REFUSED, message=words)


def vendor_reason(code: str) -> str:
    """`ConflictException` as `vendor.conflict`, `NO_ORIGIN` as `vendor.no_origin`."""
    return f"vendor.{_CAPITAL.sub('_', code.removesuffix('Exception')).lower()}"
