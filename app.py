"""`cdk deploy --all -c project=examples/shop -c env=dev`: opens the project and places its stacks."""

from __future__ import annotations

import sys

from infrastructure.place import place
from kumitate.errors import KumitateError


def main() -> int:
    import aws_cdk as cdk  # after infrastructure, which chooses the Node that the CDK starts

    app = cdk.App()
    try:
        place(app)
    except KumitateError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
