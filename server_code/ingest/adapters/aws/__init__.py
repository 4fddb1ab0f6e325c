"""SQS and S3 through botocore, the clients of boto3.

- ``clients``: how AWS is reached: region, credentials, time limits, retries, counting of requests
- ``sqs``: the ports Publisher and WorkQueue
- ``bus``: the port EventBus
- ``queues``: what SQS reports of a queue: limits, depth
- ``s3``: the port BlobStore
- ``provision``, ``provision_bucket``: queues and the bucket, created or updated
- ``policies``, ``cloudformation``: the same as documents for IAM and CloudFormation
- ``errors``: botocore's exceptions as ours

botocore takes 0.3 s to import, so it is imported where a client is made; importing this is free.
"""

from .clients import AwsAccess, s3_client, sqs_client
from .cloudformation import cloudformation_template
from .policies import Deployment, collector_policy
from .provision import Provisioned, ensure_queues
from .provision_bucket import ensure_bucket
from .queues import queue_depth
from .s3 import S3BlobStore
from .sqs import SqsPublisher, SqsWorkQueue, open_publisher, open_work_queue

__all__ = [
    "AwsAccess",
    "Deployment",
    "Provisioned",
    "S3BlobStore",
    "SqsPublisher",
    "SqsWorkQueue",
    "cloudformation_template",
    "collector_policy",
    "ensure_bucket",
    "ensure_queues",
    "open_publisher",
    "open_work_queue",
    "queue_depth",
    "s3_client",
    "sqs_client",
]
