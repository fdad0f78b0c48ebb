import { afterEach, describe, expect, it, vi } from "vitest";
import type { Letter, Sending, SentAgain } from "@/contract/letters";
import { LetterDesk } from "@/letters/desk";
import { EVERYTHING, fateOf, inWords, isFresh, letterQuery, summary } from "@/letters/wanted";
import { Turns } from "@/text/turns";

const sending = (outcome: string): Sending => ({ number: 1, address: "pose/1/1", at: null, outcome });
const letter = (offset: number, ...redrives: Sending[]): Letter => ({
  ...{ at: "2026-01-31T12:00:00Z", camera: "street", error: "NotJpegError", message: "text", attempts: 1, size: 9 },
  ...{ redrive_of: null, redrive: null },
  address: `pose/0/${offset}`,
  redrives,
});
const sent = (outcome: SentAgain["outcome"], detail = "", to: string | null = null): SentAgain => ({
  address: "pose/0/1",
  outcome,
  detail,
  to,
});

describe("letterQuery", () => {
  it("asks for what is wanted, and goes on where the last page ended", () => {
    expect(letterQuery(EVERYTHING, null)).toBe("dead-letters?limit=25");
    expect(letterQuery({ ...EVERYTHING, camera: "street", since: "1h" }, "17-0-4")).toBe(
      "dead-letters?camera=street&since=1h&limit=25&before=17-0-4",
    );
  });
});

describe("a dead letter", () => {
  it.each<[Letter, boolean, string]>([
    [letter(1), true, ""],
    [letter(1, sending("inferred")), false, "sent again: inferred"],
    [letter(1, sending("inferred"), sending("dead again")), true, "sent again: dead again"],
    [{ ...letter(1), redrive: 2 }, true, "sent again 2 times before"],
  ])("%o may be sent without a second thought: %s; its fate: %s", (one, fresh, fate) => {
    expect([isFresh(one), fateOf(one)]).toEqual([fresh, fate]);
  });

  it.each([
    [sent("redriven", "", "pose/4/9"), "Sent again, to pose/4/9"],
    [sent("refused", "it was sent again already"), "Not sent: it was sent again already"],
    [sent("gone"), "Its bytes are gone"],
  ])("that was sent: %o", (outcome, words) => expect(inWords(outcome)).toBe(words));

  it("and all that were sent, in a sentence", () => {
    expect(summary([sent("redriven")])).toBe("1 dead letter was sent again");
    expect(summary([sent("gone")])).toBe("The dead letter was not sent again");
    expect(summary([sent("redriven"), sent("gone"), sent("redriven")])).toBe("2 of 3 dead letters were sent again");
  });
});

describe("LetterDesk", () => {
  function answering(...answers: readonly (readonly [number, unknown])[]): ReturnType<typeof vi.fn> {
    const left = [...answers];
    const fetched = vi.fn(async () => {
      const [status, body] = left.shift() ?? [500, {}];
      return new Response(JSON.stringify(body), { status });
    });
    vi.stubGlobal("fetch", fetched);
    vi.stubGlobal("document", { baseURI: "http://127.0.0.1:8080/" });
    return fetched;
  }
  afterEach(() => vi.unstubAllGlobals());

  it("adds older ones below, and begins anew for another wish", async () => {
    answering(
      [200, { letters: [letter(3)], next: "a", known: 3 }],
      [200, { letters: [letter(2)], next: null, known: 3 }],
      [200, { letters: [], next: null, known: 3 }],
    );
    const desk = new LetterDesk();
    await desk.list();
    await desk.more();
    expect(desk.letters.value?.map(({ address }) => address)).toEqual(["pose/0/3", "pose/0/2"]);
    expect([desk.next.value, desk.isBeyondFirst]).toEqual([null, true]);
    await desk.list({ ...EVERYTHING, camera: "yard" });
    expect([desk.letters.value, desk.known.value, desk.isBeyondFirst]).toEqual([[], 3, false]);
  });

  it("keeps what it has shown while Kafka is away", async () => {
    answering([200, { letters: [letter(3)], next: null, known: 1 }], [503, { detail: "away" }]);
    const desk = new LetterDesk();
    await desk.list();
    await desk.list();
    expect(desk.letters.value).toHaveLength(1);
    expect(desk.fault.value).toEqual({ kind: "unavailable", detail: "away" });
  });

  it("sends a hundred at a time, and knows what came of each", async () => {
    const addresses = Array.from({ length: 130 }, (_, offset) => `pose/0/${offset}`);
    const outcome = (address: string): SentAgain => ({ address, outcome: "redriven", detail: "", to: "pose/1/1" });
    const fetched = answering(
      [202, { redriven: 100, outcomes: addresses.slice(0, 100).map(outcome) }],
      [503, { detail: "away" }],
    );
    const desk = new LetterDesk();
    const all = await desk.send(addresses, true);
    const [, request] = fetched.mock.calls[0] as unknown as [string, RequestInit];
    expect(JSON.parse(String(request.body))).toEqual({ addresses: addresses.slice(0, 100), again: true });
    expect(all.filter((one) => one.outcome === "redriven")).toHaveLength(100);
    expect(desk.sent.value.get("pose/0/129")).toMatchObject({ outcome: "failed", detail: "away" });
  });

  it.each([
    [404, "not-found"],
    [409, "refused"],
    [410, "gone"],
    [503, "failed"],
  ])("takes status %i of a single letter for %s", async (status, outcome) => {
    answering([status, { detail: "so it is" }]);
    expect(await new LetterDesk().send(["pose/0/1"], false)).toEqual([
      { address: "pose/0/1", outcome, detail: "so it is", to: null },
    ]);
  });
});

describe("Turns", () => {
  it("lets two run at once, and the next when one is done, even where it fails", async () => {
    const turns = new Turns(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const job = (number: number) => () =>
      new Promise<void>((resolve, reject) => {
        started.push(number);
        ends.push(number === 1 ? () => reject(new Error("no")) : resolve);
      });
    const all = [1, 2, 3].map((number) => turns.take(job(number)).catch(() => undefined));
    expect(started).toEqual([1, 2]);
    ends[0]!();
    await all[0];
    await Promise.resolve();
    expect(started).toEqual([1, 2, 3]);
    ends[1]!();
    ends[2]!();
    await Promise.all(all);
  });
});
