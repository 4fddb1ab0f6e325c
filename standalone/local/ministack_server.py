"""The process of the local SQS and S3: ministack on a socket that is already bound.

Its arguments are that socket's descriptor, and the folder of its data, which it deletes. Its Python
has ministack, and perhaps nothing of Runstream, so this file is started as a script.
"""

from __future__ import annotations

import asyncio
import shutil
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

if __name__ == "__main__":
    config = Config()
    listener, folder = sys.argv[1:]
    config.bind = [f"fd://{listener}"]
    config.accesslog = None
    config.loglevel = "ERROR"
    config.keep_alive_timeout = 75
    try:
        asyncio.run(serve(app, config))
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the parent may be gone
