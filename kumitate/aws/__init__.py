"""The edge to AWS: calls over boto3; the only place that turns AWS's answers into ours."""
