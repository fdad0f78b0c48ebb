import { expect, it } from "vitest";
import { faultSentence, faultWords } from "@/api/fault";

it.each([
  [{ kind: "unreachable" } as const, "The API does not answer.", true],
  [{ kind: "unavailable", detail: "Kafka is away" } as const, "Not all of Kafka can be read.", true],
  [{ kind: "failed", status: 500, detail: "odd" } as const, "The API answered with status 500.", false],
  [{ kind: "failed", status: 0, detail: "no answer within 10 s" } as const, "The API is slow.", false],
])("names %o for the whole page", (fault, title, away) => expect(faultWords(fault)).toMatchObject({ title, away }));

it("says of one change that nobody took it", () => {
  expect(faultSentence({ kind: "unreachable" })).toContain("Nothing was changed");
  expect(faultSentence({ kind: "failed", status: 422, detail: "fps = 0" })).toBe("fps = 0");
});
