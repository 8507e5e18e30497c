"""The same work in an AWS account: what Glue jobs and Lambda functions call, wired once."""
