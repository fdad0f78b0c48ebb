"""Results as CloudEvents over HTTP, read back by the CloudEvents library and checked by that of Standard Webhooks."""

from __future__ import annotations

import json
import time

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from api.result_record import ResultRecord
from api.sink.event import encode
from api.sink.signature import Signer
from schemas.contract import RESULT
from schemas.messages import Result
from tests.planted import SINK_SECRET

OLD, NEW = f"whsec_{SINK_SECRET}", f"whsec_{'B' * 32}"
VALUE = RESULT.to_json().replace(b'"score":0.97', b'"score":0.9700')
"""A writer of another language may write a number in another way."""
RECORD = ResultRecord("face-detection", 3, 1234, RESULT.inferred_at, VALUE, RESULT)


@pytest.mark.parametrize("structured", [False, True])
def test_the_cloudevents_library_reads_it(structured: bool) -> None:
    headers, body = encode(RECORD, structured=structured)
    event = from_http(HTTPMessage(headers=headers, body=body), JSONFormat(), CloudEvent)
    assert isinstance(event, CloudEvent)
    assert (event.get_id(), event.get_type()) == (RESULT.id, "framebus.result.v1")
    assert event.get_source() == "/sites/shop-7/cameras/entrance"
    assert event.get_time() == RESULT.inferred_at
    assert event.get_datacontenttype() == "application/json"
    assert {name: event.get_extension(name) for name in ("camera", "run", "seq", "address")} == {
        "camera": "entrance",
        "run": "42",
        "seq": "815",
        "address": RESULT.id,
    }
    data = event.get_data()
    assert Result.from_json(data if isinstance(data, bytes) else json.dumps(data).encode()) == RESULT


@pytest.mark.parametrize("structured", [False, True])
def test_the_results_bytes_are_those_of_the_log(structured: bool) -> None:
    _, body = encode(RECORD, structured=structured)
    assert VALUE in body
    assert json.loads(body)


def test_the_webhooks_library_takes_the_signature_of_either_key_and_of_nothing_else() -> None:
    _, body = encode(RECORD, structured=False)
    headers = Signer(SecretStr(f"{NEW} {OLD}")).headers(RESULT.id, body, at=time.time())
    for secret in (OLD, NEW):
        Webhook(secret).verify(body, headers)
    for wrong in ({**headers, "webhook-id": "another"}, {**headers, "webhook-timestamp": str(int(time.time()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(OLD).verify(body, wrong)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(f"whsec_{'C' * 32}").verify(body, headers)
