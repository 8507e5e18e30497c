"""Sends one call of each kind with an SDK for Python: send.py segment|rudder <address> <write key> <rounds>."""

import sys
from datetime import UTC, datetime
from typing import Any

WHEN = datetime(2026, 2, 3, 4, 5, 6, 789000, UTC)


def client_of(which: str, address: str, write_key: str) -> Any:
    """Six calls a request, the next try soon."""
    if which == "segment":
        from segment.analytics.client import Client

        return Client(write_key, host=address, max_retries=20, upload_size=6, upload_interval=0.05)
    from rudderstack.analytics.client import Client

    return Client(write_key, host=address, max_retries=20, upload_size=6, upload_interval=0.05)


def main() -> None:
    which, address, write_key, rounds = sys.argv[1:]
    client = client_of(which, address, write_key)
    for number in range(int(rounds)):
        named = {"timestamp": WHEN}
        begins, user, visitor = f"{which}-python-{number}-", f"u-{number}", f"a-{number}"
        client.identify(user, {"name": "山田 太郎", "plan": "gold"}, message_id=begins + "identify", **named)
        client.track(
            user, "Product Viewed", {"product_id": "22423", "price": 12.5}, message_id=begins + "track", **named
        )
        client.page(None, None, "Home", {"path": "/"}, anonymous_id=visitor, message_id=begins + "page", **named)
        client.screen(None, None, "Start", {"tab": 2}, anonymous_id=visitor, message_id=begins + "screen", **named)
        client.group(user, "g-1", {"company": "Tea & Co"}, message_id=begins + "group", **named)
        client.alias(visitor, user, message_id=begins + "alias", **named)
    client.flush()
    client.join()


if __name__ == "__main__":
    main()
