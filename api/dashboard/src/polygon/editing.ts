/** Areas of one picture while they are edited: every change is one step back. */

import { shallowRef } from "vue";
import type { Point, Polygon } from "@/contract/types";
import { FEWEST_POINTS, middleOf, MOST_POINTS, placed } from "@/polygon/geometry";

export type AreaKind = "roi" | "mask";

export interface Area {
  readonly kind: AreaKind;
  readonly points: Polygon;
}

/** What one step back restores. */
export interface Drawing {
  readonly areas: readonly Area[];
  /** The area that is worked on; null: none. */
  readonly active: number | null;
  /** Whether further points go to the active area's end. */
  readonly open: boolean;
}

const STEPS = 200;

export class AreaEditing {
  readonly drawing = shallowRef<Drawing>({ areas: [], active: null, open: false });
  readonly canUndo = shallowRef(false);
  readonly canRedo = shallowRef(false);
  #past: Drawing[] = [];
  #future: Drawing[] = [];
  /** Changes with the same word, one after the other, are one step: those of one drag. */
  #gesture: string | null = null;

  constructor(roi: Polygon | null, masks: readonly Polygon[]) {
    const areas: Area[] = masks.map((points) => ({ kind: "mask", points }));
    if (roi) areas.unshift({ kind: "roi", points: roi });
    this.drawing.value = { areas, active: null, open: false };
  }

  get roi(): Polygon | null {
    return this.#drawn("roi")[0] ?? null;
  }

  get masks(): readonly Polygon[] {
    return this.#drawn("mask");
  }

  /** The points of the area that is worked on. */
  get points(): Polygon {
    const { areas, active } = this.drawing.value;
    return active === null ? [] : (areas[active]?.points ?? []);
  }

  /** Begins a new area, whose points are to come. There is one region of interest at most. */
  begin(kind: AreaKind): void {
    const kept = this.drawing.value.areas.filter((area) => area.points.length > 0);
    const existing = kept.findIndex((area) => area.kind === "roi");
    if (kind === "roi" && existing >= 0) return this.select(existing);
    const area: Area = { kind, points: [] };
    const areas = kind === "roi" ? [area, ...kept] : [...kept, area];
    this.#step({ areas, active: areas.indexOf(area), open: true });
  }

  /** Works on another area; null: on none. What has no points yet goes. */
  select(index: number | null): void {
    const { areas } = this.drawing.value;
    const chosen = index === null ? null : areas[index];
    const kept = areas.filter((area) => area.points.length > 0 || area === chosen);
    this.#gesture = null;
    this.drawing.value = { areas: kept, active: chosen ? kept.indexOf(chosen) : null, open: false };
  }

  /** Adds a point at the end of the area that is drawn. */
  append(point: Point): void {
    if (!this.drawing.value.open || this.points.length >= MOST_POINTS) return;
    this.#setPoints([...this.points, placed(...point)]);
  }

  /** Ends drawing: the area is closed. */
  close(): void {
    if (this.points.length === 0) return this.select(null);
    this.drawing.value = { ...this.drawing.value, open: false };
  }

  /** Inserts a point behind the one with this number, in the middle of its edge where `point` is not given. */
  insert(index: number, point: Point = middleOf(this.points, index), gesture: string | null = null): void {
    if (this.points.length >= MOST_POINTS) return;
    this.#setPoints(this.points.toSpliced(index + 1, 0, placed(...point)), gesture);
  }

  /** Moves a point; moves of one gesture are taken back together. */
  move(index: number, point: Point, gesture: string | null = null): void {
    if (!this.points[index]) return;
    this.#setPoints(this.points.with(index, placed(...point)), gesture);
  }

  /** Takes a point away; an area that would be none any more goes too, unless it is still drawn. */
  removePoint(index: number): void {
    if (!this.points[index]) return;
    if (this.points.length <= FEWEST_POINTS && !this.drawing.value.open) return this.removeArea();
    this.#setPoints(this.points.toSpliced(index, 1));
  }

  /** Takes the area away that is worked on. */
  removeArea(): void {
    const { areas, active } = this.drawing.value;
    if (active === null) return;
    this.#step({ areas: areas.toSpliced(active, 1), active: null, open: false });
  }

  undo(): void {
    const before = this.#past.pop();
    if (!before) return;
    this.#future.push(this.drawing.value);
    this.#restore(before);
  }

  redo(): void {
    const after = this.#future.pop();
    if (!after) return;
    this.#past.push(this.drawing.value);
    this.#restore(after);
  }

  #drawn(kind: AreaKind): Polygon[] {
    const { areas } = this.drawing.value;
    return areas.filter((area) => area.kind === kind && area.points.length > 0).map(({ points }) => points);
  }

  #setPoints(points: Polygon, gesture: string | null = null): void {
    const { areas, active, open } = this.drawing.value;
    const area = active === null ? undefined : areas[active];
    if (active === null || !area) return;
    this.#step({ areas: areas.with(active, { ...area, points }), active, open }, gesture);
  }

  #step(next: Drawing, gesture: string | null = null): void {
    if (gesture === null || gesture !== this.#gesture) {
      this.#past.push(this.drawing.value);
      if (this.#past.length > STEPS) this.#past.shift();
    }
    this.#gesture = gesture;
    this.#future = [];
    this.drawing.value = next;
    this.#tell();
  }

  #restore(drawing: Drawing): void {
    this.#gesture = null;
    this.drawing.value = drawing;
    this.#tell();
  }

  #tell(): void {
    this.canUndo.value = this.#past.length > 0;
    this.canRedo.value = this.#future.length > 0;
  }
}
