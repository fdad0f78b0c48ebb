/** Which tiles the wall shows, and how large: pure, and written in the page's address, so that a wall can be kept. */

import type { Tone } from "@/live/state";

export const GROUPS = ["trouble", "connecting", "live", "off"] as const;
export type Group = (typeof GROUPS)[number];

export const DENSITIES = ["large", "medium", "small"] as const;
export type Density = (typeof DENSITIES)[number];

export interface WallFilter {
  /** Part of a camera's, a model's or a site's name. */
  readonly text: string;
  readonly group: Group | null;
  readonly site: string | null;
}

export const EVERYTHING: WallFilter = { text: "", group: null, site: null };

export interface Filtered {
  readonly camera: string;
  readonly model: string;
  readonly site: string;
  readonly tone: Tone;
}

const GROUP_OF: Readonly<Record<Tone, Group>> = {
  bad: "trouble",
  warn: "trouble",
  busy: "connecting",
  good: "live",
  idle: "off",
};

/** The group of what has `tone`. */
export const groupOf = (tone: Tone): Group => GROUP_OF[tone];

/** Whether `filter` lets a tile pass, whatever the group that it asks for. */
export function passes(filter: WallFilter, tile: Filtered): boolean {
  if (filter.site !== null && filter.site !== tile.site) return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const names = `${tile.camera} ${tile.model} ${tile.site}`;
  return words.every((word) => names.includes(word));
}

/** Whether `filter` shows a tile. */
export const shows = (filter: WallFilter, tile: Filtered): boolean =>
  passes(filter, tile) && (filter.group === null || filter.group === groupOf(tile.tone));

/** What stands behind `?` in the address; empty where everything is shown. */
export function filterQuery(filter: WallFilter, density: Density): string {
  const query = new URLSearchParams();
  if (filter.text.trim()) query.set("q", filter.text.trim());
  if (filter.group) query.set("state", filter.group);
  if (filter.site) query.set("site", filter.site);
  if (density !== "large") query.set("size", density);
  return query.toString();
}

/** What `query` asks for; what it does not know it leaves out. */
export function filterIn(query: string): { filter: WallFilter; density: Density } {
  const given = new URLSearchParams(query);
  return {
    filter: {
      text: given.get("q") ?? "",
      group: GROUPS.find((group) => group === given.get("state")) ?? null,
      site: given.get("site") || null,
    },
    density: DENSITIES.find((density) => density === given.get("size")) ?? "large",
  };
}
