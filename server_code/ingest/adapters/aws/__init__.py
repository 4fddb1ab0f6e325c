"""SQS and S3 through botocore, the clients of boto3.

botocore takes 0.3 s to import, so it is imported where a client is made.
"""
