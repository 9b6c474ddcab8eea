"""The one form of digest: `sha256:<hex>` of bytes, or of a JSON document in canonical form."""

import hashlib
import json
from typing import Any


def digest(content: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digest_of_document(document: Any) -> str:  # noqa: ANN401 - any JSON document
    """The digest of a JSON document in canonical form."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest(text.encode())
