/** What a tile says of its camera: pure, from the camera's status and the results that came. */

import type { CameraStatus } from "@/contract/types";
import { capitalised, rate } from "@/text/format";

export type Tone = "good" | "busy" | "warn" | "bad" | "idle";

export interface TileState {
  readonly tone: Tone;
  readonly label: string;
  /** More about it, such as a failed camera's error; empty: nothing to add. */
  readonly detail: string;
}

export interface Seen {
  /** Whether the camera is configured, or only known by its results. */
  readonly configured: boolean;
  readonly enabled: boolean;
  /** Whose capture workers run it. */
  readonly site: string;
  readonly status: CameraStatus | null;
  /** Seconds since the last result came; null: none has come. */
  readonly quiet: number | null;
  /** Whether the API answers: if not, what is known of the camera is out of date. */
  readonly informed: boolean;
  /** Whether the model sees only what another one found. */
  readonly follows: boolean;
}

/** Seconds without a result after which a streaming camera's tile says so. */
const QUIET_LIMIT = 5;

/** What capture has told of the camera, in a line; empty: nothing. */
export function statusLine(status: CameraStatus | null, clock: (time: string) => string): string {
  if (!status) return "";
  const parts = [`${status.state} since ${clock(status.since)}`];
  if (typeof status.fps === "number") parts.push(`${rate(status.fps)} fps from the camera`);
  if (status.owner) parts.push(`run by ${status.owner}`);
  if (status.last_error && status.last_error_at) {
    parts.push(`last error at ${clock(status.last_error_at)}: ${status.last_error}`);
  }
  return parts.join(", ");
}

/** The state of a tile. */
export function tileState({ configured, enabled, site, status, quiet, informed, follows }: Seen): TileState {
  if (!informed) return { tone: "idle", label: "unknown", detail: "" };
  const waiting = quiet === null;
  const silent = quiet !== null && quiet > QUIET_LIMIT;
  if (!configured) {
    return silent
      ? { tone: "idle", label: "not configured", detail: "Its last results are still in the log." }
      : { tone: "good", label: "results only", detail: "Not in the list of cameras." };
  }
  if (!enabled) return { tone: "idle", label: "disabled", detail: "" };
  switch (status?.state) {
    case undefined:
      return silent || waiting
        ? { tone: "busy", label: "waiting for capture", detail: `No capture worker of site ${site} has taken it yet.` }
        : { tone: "good", label: "streaming", detail: "" };
    case "connecting":
      return { tone: "busy", label: "connecting", detail: status.error ?? status.last_error ?? "" };
    case "failed":
      return { tone: "bad", label: "failed", detail: status.error ?? "The camera gave no reason." };
    case "ended":
      return { tone: "idle", label: "ended", detail: "The source has come to its end." };
    case "stopped":
      return { tone: "idle", label: "stopped", detail: capitalised(status.note ?? "") };
    case "still":
      // It sends hardly anything, as it was asked to: its picture is old, and nothing is wrong.
      return { tone: "good", label: "still", detail: "Nothing moves." };
    case "streaming":
      if (follows && (waiting || silent)) {
        return { tone: "good", label: "nothing to follow", detail: "The model before it has found nothing of late." };
      }
      if (waiting) return { tone: "busy", label: "waiting for the first result", detail: "" };
      if (silent) return { tone: "warn", label: "no results", detail: "The camera streams, but no results come." };
      return { tone: "good", label: "streaming", detail: "" };
    default:
      // Of a later release.
      return { tone: "idle", label: status?.state ?? "unknown", detail: status?.note ?? status?.error ?? "" };
  }
}
