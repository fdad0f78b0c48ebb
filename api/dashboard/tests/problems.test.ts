import { expect, it } from "vitest";
import { problemOf } from "@/camera/problems";

it.each([
  [
    "camera: fps = 300.0: Input should be less than or equal to 240",
    "fps",
    "300.0: Input should be less than or equal to 240",
  ],
  [
    "camera: masks.1 = [[0.0, 0.0]]: Value error, expected edges that do not cross",
    "masks",
    "Mask 2: [[0.0, 0.0]]: expected edges that do not cross",
  ],
  [
    "camera 'door': timezone = 'Nowhere'; expected one of the IANA's, as Europe/Berlin or UTC",
    "timezone",
    "'Nowhere'; expected one of the IANA's, as Europe/Berlin or UTC",
  ],
  [
    "camera 'door': transport = 'udp' with the source 'x'; expected rtsp://",
    "transport",
    "'udp' with the source 'x'; expected rtsp://",
  ],
  ["camera 'door': source 'ftp://x': unknown scheme ftp", "source", "source 'ftp://x': unknown scheme ftp"],
  ["camera 'door': model 'x': expected one of pose", "models", "model 'x': expected one of pose"],
  [
    "camera 'door' exists: expected a new id; PUT or PATCH changes one",
    "id",
    "camera 'door' exists: expected a new id; PUT or PATCH changes one",
  ],
  ["Kafka at 127.0.0.1:9092: no answer", null, "Kafka at 127.0.0.1:9092: no answer"],
])("%s is about %s", (detail, field, text) => expect(problemOf(detail)).toEqual({ field, text }));
