"""The result stream over HTTP: python stream.py http://127.0.0.1:8080 'camera=door&min_score=0.5' [COUNT].

FRAMEBUS_TOKEN is a viewer's token, where the API asks for one.
"""

import json
import os
import sys

import httpx

url, query, count = sys.argv[1], sys.argv[2], int((sys.argv[3:] or [0])[0])
token = os.environ.get("FRAMEBUS_TOKEN")
headers = {"authorization": f"Bearer {token}"} if token else {}

patience = httpx.Timeout(10, read=60)  # a stream that is alive says something every ten seconds

with httpx.stream("GET", f"{url}/api/v1/results/stream?{query}", headers=headers, timeout=patience) as answer:
    answer.raise_for_status()
    event = ""
    for line in answer.iter_lines():
        name, _, text = line.partition(": ")
        if name == "event":
            event = text
        elif name == "data" and event == "result":
            result = json.loads(text)
            print(result["frame"]["address"], result["frame"]["camera"], len(result["detections"]), flush=True)
            count -= 1
            if count == 0:
                break
