"""Lambda functions: each handler parses its event, calls one core function and answers."""
