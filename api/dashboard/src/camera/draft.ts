/** A camera as its form holds it, and what of it goes to the API: pure. */

import type { Camera } from "@/contract/types";
import { faultOf } from "@/polygon/geometry";
import { rowOf, textOf, type HoursRow } from "@/camera/hours";
import type { Field } from "@/camera/problems";

/** A number's field; "" is empty. */
export type NumberField = number | "";

export interface Draft {
  id: string;
  source: string;
  models: string[];
  site: string;
  fps: NumberField;
  loop: boolean;
  pacing: Camera["pacing"];
  transport: Camera["transport"];
  lane: Camera["lane"];
  quality: NumberField;
  enabled: boolean;
  rotate: Camera["rotate"];
  flip: Camera["flip"];
  masks: Camera["masks"];
  roi: Camera["roi"];
  /** Whether frames in which nothing moves are dropped. */
  gated: boolean;
  still_fps: NumberField;
  /** Per cent of the area. */
  motion: NumberField;
  hours: HoursRow[];
  /** Hours that this release's form cannot show: they are kept. */
  otherHours: string[];
  timezone: string;
}

/** What a camera is where nothing else is said: the messages' defaults. */
export const DEFAULTS: Omit<Camera, "id" | "source" | "models"> = {
  site: "default",
  fps: null,
  loop: false,
  pacing: "native",
  transport: "tcp",
  lane: "live",
  quality: 85,
  enabled: true,
  rotate: 0,
  flip: null,
  masks: [],
  roi: null,
  still_fps: null,
  motion: 0.0005,
  schedule: [],
  timezone: "UTC",
};

/** A camera that is yet to be described. */
export const emptyCamera = (): Camera => ({ id: "", source: "", models: [], ...DEFAULTS });

/** The form of `camera`. */
export function draftOf(camera: Camera): Draft {
  const rows = camera.schedule.map((text) => rowOf(text));
  return {
    ...camera,
    models: [...camera.models],
    fps: camera.fps ?? "",
    gated: camera.still_fps !== null,
    still_fps: camera.still_fps ?? 1,
    motion: Number((100 * camera.motion).toPrecision(12)),
    hours: rows.filter((row) => row !== null),
    otherHours: camera.schedule.filter((_, index) => rows[index] === null),
  };
}

/** The camera that the form describes. */
export function cameraOf(draft: Draft): Camera {
  const { gated, hours, otherHours, ...same } = draft;
  return {
    ...same,
    id: draft.id.trim(),
    source: draft.source.trim(),
    models: [...draft.models],
    site: draft.site.trim() || DEFAULTS.site,
    fps: draft.fps === "" ? null : draft.fps,
    quality: draft.quality === "" ? DEFAULTS.quality : draft.quality,
    still_fps: gated ? (draft.still_fps === "" ? 1 : draft.still_fps) : null,
    motion: draft.motion === "" ? DEFAULTS.motion : Number((draft.motion / 100).toPrecision(12)),
    schedule: [...hours.map(textOf), ...otherHours],
    timezone: draft.timezone.trim() || DEFAULTS.timezone,
  };
}

/** What `draft` changes of the camera that its form began with: null gives a field back its default. */
export function changes(before: Camera, draft: Draft): Partial<Camera> {
  // Through the form too: what it writes in another way, as 24:00, is no change.
  return differences(cameraOf(draftOf(before)), cameraOf(draft));
}

/** What a new camera's description says beyond the defaults. */
export function description(draft: Draft): Partial<Camera> {
  const camera = cameraOf(draft);
  return { ...differences(emptyCamera(), camera), id: camera.id, source: camera.source, models: camera.models };
}

function differences(before: Camera, after: Camera): Partial<Camera> {
  const names = Object.keys(after) as Field[];
  const differ = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return Object.fromEntries(differ.map((name) => [name, after[name]]));
}

/** What the form can tell itself before the API is asked, by field. */
export function faultsOf(draft: Draft): Partial<Record<Field, string>> {
  const faults: Partial<Record<Field, string>> = {};
  if (!draft.id.trim()) faults.id = "A camera needs a name.";
  if (!draft.source.trim()) faults.source = "A camera needs a source.";
  if (draft.models.length === 0) faults.models = "Choose at least one model.";
  if (draft.hours.some(({ start, end }) => !start || !end)) faults.schedule = "Hours have a begin and an end.";
  const roi = draft.roi ? faultOf(draft.roi) : null;
  if (roi) faults.roi = roi;
  const mask = draft.masks.map(faultOf).findIndex((fault) => fault !== null);
  if (mask >= 0) faults.masks = `Mask ${mask + 1}: ${faultOf(draft.masks[mask] ?? [])}`;
  return faults;
}

/** Whether the API hides a password in `source`, which it then does not take back. */
export const hidesPassword = (source: string): boolean => source.includes("***");

/** Whether `source` is one for which the field `transport` means something. */
export const isRtsp = (source: string): boolean => /^rtsps?:/i.test(source.trim());

/** Whether `source` may be a file or a folder: what is neither an address, a device's number nor a test pattern. */
export const isPath = (source: string): boolean => !/^([a-z][a-z0-9+.-]*:\/\/|pattern:|\d+$)/i.test(source.trim());
