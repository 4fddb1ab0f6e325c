"""The child of `first_account`, started as a script: ask over the Uplink, print the answer."""

from __future__ import annotations

import json
import os
import sys

import anvil.server


def _call(email: str) -> None:
    anvil.server.connect(
        os.environ["ANVIL_UPLINK_KEY"], url=os.environ["ANVIL_UPLINK_URL"], quiet=True
    )
    # connect() says nothing of a wrong key: the first call does.
    made = anvil.server.call("create_first_account", email)
    answer = None if made is None else {"email": made["email"], "password": made["password"]}
    sys.stdout.write(f"\nfirst account: {json.dumps(answer)}")
    sys.stdout.flush()
    anvil.server.disconnect()


if __name__ == "__main__":
    _call(sys.argv[1])
