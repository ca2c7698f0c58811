"""`shared/asyncapi.yaml` from the models: `python -m tests.contracts.asyncapi > shared/asyncapi.yaml`.

A test compares the file with this, so a change of an event shows as a change of the contract.
"""

from __future__ import annotations

import sys
from typing import Any

import yaml

from speakup import topics
from speakup.events import PAYLOADS, Payload

_ATTRIBUTES = {
    "ce_specversion": "always 1.0",
    "ce_type": "the event's type, with its version",
    "ce_source": "the service that wrote it",
    "ce_id": "UUID; the same for every repetition of the event",
    "ce_time": "ISO 8601 with offset",
    "ce_subject": "the case number, which is the record's key, too",
    "traceparent": "W3C Trace Context; may be missing",
}


def document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    schemas: dict[str, Any] = {}
    messages = {payload.__name__: _message(payload, schemas) for payload in PAYLOADS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Speak Up events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in Kafka's binary mode. A field may be added, never "
            "removed or changed in meaning; consumers ignore fields that they don't know.",
        },
        "channels": {
            topic: {
                "address": topic,
                "messages": {
                    payload.__name__: {"$ref": f"#/components/messages/{payload.__name__}"}
                    for payload in payloads
                },
            }
            for topic, payloads in topics.TYPES.items()
        },
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _message(payload: type[Payload], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = payload.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schema.pop("$defs", {})
    return {
        "name": payload.TYPE,
        "summary": (payload.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": meaning}
                for name, meaning in _ATTRIBUTES.items()
            }
            | {"ce_type": {"const": payload.TYPE}},
        },
        "payload": schema,
    }


def as_yaml() -> str:
    """The document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100)


if __name__ == "__main__":
    sys.stdout.write(as_yaml())
