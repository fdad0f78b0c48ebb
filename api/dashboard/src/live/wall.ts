/** The tiles: one for each camera and model that is configured or has results. */

import { shallowRef } from "vue";
import type { CameraEntry, ModelEntry, Result } from "@/contract/types";
import { Arrangement, rankOf } from "@/live/arrange";
import { Tile, tileKey } from "@/live/tile";

/** Milliseconds that a tile outlives its camera's removal. */
const LINGER_MS = 20_000;

export interface TileEvents {
  added(tile: Tile): void;
  removed(tile: Tile): void;
}

export class Wall {
  /** Trouble first, then by camera and model. */
  readonly tiles = shallowRef<readonly Tile[]>([]);
  readonly #byKey = new Map<string, Tile>();
  readonly #events: TileEvents;
  readonly #arrangement = new Arrangement();
  #models = new Map<string, ModelEntry>();
  /** While somebody points at a tile, none changes its place. */
  frozen = false;

  constructor(events: TileEvents) {
    this.#events = events;
  }

  /** The tile that `result` belongs on, made where there is none. */
  tileOf(result: Result): Tile {
    return (
      this.#byKey.get(tileKey(result.frame.camera, result.model.name)) ??
      this.#add(result.frame.camera, result.model.name)
    );
  }

  /** Takes the list of cameras: tiles for all of them, and none for those that are gone and silent. */
  configure(cameras: readonly CameraEntry[], now: number): void {
    const wanted = new Set<string>();
    for (const entry of cameras) {
      for (const model of entry.camera.models) {
        const key = tileKey(entry.camera.id, model);
        wanted.add(key);
        (this.#byKey.get(key) ?? this.#add(entry.camera.id, model)).entry = entry;
      }
    }
    for (const tile of [...this.#byKey.values()].filter((tile) => !wanted.has(tile.key))) {
      tile.entry = null;
      if ((tile.quiet(now) ?? Infinity) > LINGER_MS) this.#remove(tile);
    }
  }

  /** Takes the catalogue: when a model's frames are stale, and whether it follows another. */
  setModels(models: readonly ModelEntry[]): void {
    this.#models = new Map(models.map((model) => [model.name, model]));
    for (const tile of this.#byKey.values()) this.#describe(tile);
  }

  /** Puts the tiles in their order, by what they say now. */
  arrange(now: number): void {
    if (this.frozen) return;
    const ranked = [...this.#byKey.values()].map((tile) => ({ tile, key: tile.key, rank: rankOf(tile.view.value) }));
    const order = this.#arrangement.arrange(ranked, now).map(({ tile }) => tile);
    if (order.some((tile, index) => tile !== this.tiles.value[index])) this.tiles.value = order;
  }

  #add(camera: string, model: string): Tile {
    const tile = new Tile(camera, model);
    this.#describe(tile);
    this.#byKey.set(tile.key, tile);
    this.#events.added(tile);
    this.tiles.value = [...this.tiles.value, tile];
    return tile;
  }

  #remove(tile: Tile): void {
    this.#byKey.delete(tile.key);
    this.#events.removed(tile);
    this.tiles.value = this.tiles.value.filter((other) => other !== tile);
  }

  #describe(tile: Tile): void {
    const model = this.#models.get(tile.model);
    if (!model) return;
    tile.maxAge = model.max_age;
    tile.follows ||= typeof model.follows === "string";
  }
}
