"""exchangelib, which finds its server by Autodiscover; run as a program inside a lab.

Asked are addresses with their common password; answered is for each where EWS was found, and the inbox's name there.
"""

from __future__ import annotations

import json
import sys

from exchangelib import DELEGATE, Account, Credentials


def look(address: str, password: str) -> dict[str, str]:
    """Return what exchangelib finds for a user who knows an address and a password."""
    account = Account(address, credentials=Credentials(address, password), autodiscover=True, access_type=DELEGATE)
    return {
        "url": account.protocol.service_endpoint,
        "inbox": account.inbox.name,
        "address": account.primary_smtp_address,
    }


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    found = {address: look(address, asked["password"]) for address in asked["addresses"]}
    sys.stdout.write(f"{json.dumps(found)}\n")
