"""The platform as AWS CDK stacks, derived from the project."""
