"""The process of the local SQS and S3: ministack on a socket that is already bound.

Its Python has ministack, and perhaps nothing of Runstream, so this file is started as a script.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

if __name__ == "__main__":
    config = Config()
    config.bind = [f"fd://{sys.argv[1]}"]
    config.accesslog = None
    config.loglevel = "ERROR"
    config.keep_alive_timeout = 75
    try:
        asyncio.run(serve(app, config))
    finally:
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)  # the parent may be gone
