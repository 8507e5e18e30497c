"""LY Display Ads' calls about lists of customer data: make, find, fill, ask after and remove them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from kumitate.activation.destinations.multipart import multipart
from kumitate.model.request import HttpRequest

_PLAIN_BYTES = 1_000_000
"""A larger file is compressed; LY takes a gigabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An ad account, and the one it is called for."""

    id: int
    base: int
    version: str
    upload_type: str

    def make(self, name: str, duration_days: int, keys: Sequence[str]) -> HttpRequest:
        content = {
            "audienceListType": "CUSTOMER_DATA",
            "customerDataAudienceList": {"dataDuration": duration_days},
        }
        operand = [{"audienceListName": name, "audienceListContent": content}]
        return self._post("add", {"accountId": self.id, "operand": operand}, keys)

    def find(self, keys: Sequence[str]) -> HttpRequest:
        selector = {"accountId": self.id, "audienceListTypes": ["CUSTOMER_DATA"], "numberResults": 1000}
        return self._post("get", selector, keys)

    def remove(self, list_id: int, keys: Sequence[str]) -> HttpRequest:
        return self._post("remove", {"accountId": self.id, "operand": [{"audienceListId": list_id}]}, keys)

    def status(self, list_id: int, job: str, keys: Sequence[str]) -> HttpRequest:
        selector = {"accountId": self.id, "audienceListId": list_id, "uploadJobIds": [job]}
        return self._post("getUploadUserListStatus", selector, keys)

    def upload(self, list_id: int, lines: Sequence[str], keys: Sequence[str]) -> HttpRequest:
        """One id a line, UTF-8; the same lines make the same file."""
        text = "".join(f"{line}\n" for line in lines).encode()
        packed = len(text) > _PLAIN_BYTES
        content = gzip.compress(text, mtime=0) if packed else text
        query = {
            "accountId": self.id,
            "audienceListId": list_id,
            "uploadType": self.upload_type,
            "compressType": "GZIP" if packed else "NONE",
        }
        file = ("ids.txt.gz", content, "application/octet-stream") if packed else ("ids.txt", content, "text/plain")
        body, type_ = multipart({"file": file})
        path = f"{self._service}/uploadUserList?{urlencode(query)}"
        return HttpRequest("POST", path, body, tuple(keys), {**self._headers, "Content-Type": type_})

    @property
    def _service(self) -> str:
        return f"/api/{self.version}/AudienceListService"

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"x-z-base-account-id": str(self.base)}

    def _post(self, method: str, body: Mapping[str, Any], keys: Sequence[str]) -> HttpRequest:
        headers = {**self._headers, "Content-Type": "application/json"}
        content = json.dumps(body, ensure_ascii=False).encode()
        return HttpRequest("POST", f"{self._service}/{method}", content, tuple(keys), headers)
