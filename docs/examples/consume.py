"""Results as they are written, each frame's once, from where the last run ended: confluent-kafka and nothing of ours.

python consume.py HOST:PORT object-detection [GROUP]

PREFIX is that of the topics, if it is not framebus.
"""

import json
import os
import sys

from confluent_kafka import Consumer

servers, model, group = sys.argv[1], sys.argv[2], (sys.argv[3:] or ["my-application"])[0]
prefix = os.environ.get("PREFIX", "framebus.")
consumer = Consumer(
    {
        "bootstrap.servers": servers,
        "group.id": f"{prefix}results.{group}",
        "session.timeout.ms": 6000,  # so long a killed one's partitions wait for the next
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
consumer.subscribe([f"{prefix}results.{model}"])
seen: dict[str, None] = {}  # a database that knows the id does this better, and for longer

try:
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        headers = dict(message.headers())
        if headers["ce_type"] == b"framebus.result.v1":  # of a later version only its id is known
            identity = headers["ce_id"].decode()
            if identity not in seen:
                seen[identity] = None
                if len(seen) > 100_000:
                    del seen[next(iter(seen))]
                result = json.loads(message.value())
                print(identity, result["frame"]["camera"], len(result["detections"]), flush=True)
        consumer.commit(message, asynchronous=True)  # once what had to be done with it is done
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
