"""A receiver of webhooks: checks who sent it and when, takes each result once, and answers at once.

WEBHOOK_SECRET=whsec_… uvicorn receiver:app --port 9000
"""

import json
import os

from fastapi import FastAPI, HTTPException, Request
from standardwebhooks import Webhook, WebhookVerificationError

app = FastAPI()
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
seen: set[str] = set()  # in a database, so that a restart does not forget it


@app.post("/results", status_code=204)
async def take(request: Request) -> None:
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError as error:
        raise HTTPException(401, "the signature or the time is wrong") from error
    if request.headers["ce-type"] != "framebus.result.v1":
        raise HTTPException(422, "not a result that this receiver knows")  # set aside, not sent again
    if request.headers["webhook-id"] in seen:
        return  # again, since our answer to the first did not arrive
    result = json.loads(body)
    print(request.headers["webhook-id"], result["frame"]["camera"], len(result["detections"]), flush=True)
    seen.add(request.headers["webhook-id"])
