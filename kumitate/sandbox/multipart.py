"""Files that came in a request: multipart/form-data taken apart as a vendor's server does."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from kumitate.sandbox.call import Call


def parts_of(call: Call) -> dict[str, bytes]:
    """The parts by name; empty where the body is no multipart/form-data."""
    type_ = call.headers.get("content-type", "")
    if not type_.startswith("multipart/form-data"):
        return {}
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {type_}\r\n\r\n".encode() + call.body)
    found: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found
