"""A Faust agent that counts what each camera sees.

BROKER=HOST:PORT MODEL=object-detection python agent.py worker --without-web

PREFIX is that of the topics, if it is not framebus. A Faust agent that is killed may lose what it was at: where that
matters, commit as consume.py does.
"""

import os
from collections import Counter

import faust

prefix = os.environ.get("PREFIX", "framebus.")
app = faust.App(
    f"{prefix}results.people-counter",
    broker=f"kafka://{os.environ['BROKER']}",
    topic_disable_leader=True,
    topic_allow_declare=False,
)
results = app.topic(f"{prefix}results.{os.environ['MODEL']}", value_serializer="json")


@app.agent(results)
async def count(stream):
    async for event in stream.events():
        result = event.value
        labels = Counter(found["label"] for found in result["detections"])  # none is a result too
        print(f"{event.headers['ce_id'].decode()} {result['frame']['camera']} {dict(labels)}")


if __name__ == "__main__":
    app.main()
