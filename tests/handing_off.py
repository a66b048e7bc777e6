"""What the controller's logged-in page does: docs/integrate.md has it for other systems."""

import json

from cryptography.fernet import Fernet

from compliance.erasure.handing_off import hand_off_key


def hand_off_token(subject: str, link_id: str) -> str:
    """Return the token of a link for `subject`; `link_id` is random and new for each link."""
    content = json.dumps({"subject": subject, "id": link_id}).encode()
    return Fernet(hand_off_key()).encrypt(content).decode()
