/** The tiles: one for each camera and model that is configured or has results. */

import { shallowRef } from "vue";
import type { CameraEntry, ModelEntry, Result } from "@/contract/types";
import { Tile, tileKey } from "@/live/tile";

/** Milliseconds that a tile outlives its camera's removal. */
const LINGER_MS = 20_000;

export interface TileEvents {
  added(tile: Tile): void;
  removed(tile: Tile): void;
}

export class Wall {
  /** In a lasting order: by camera, then by model. */
  readonly tiles = shallowRef<readonly Tile[]>([]);
  readonly #byKey = new Map<string, Tile>();
  readonly #events: TileEvents;
  #maxAges = new Map<string, number>();

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

  /** Takes the catalogue: when a model's frames are stale. */
  setModels(models: readonly ModelEntry[]): void {
    this.#maxAges = new Map(models.map((model) => [model.name, model.max_age]));
    for (const tile of this.#byKey.values()) this.#setMaxAge(tile);
  }

  #add(camera: string, model: string): Tile {
    const tile = new Tile(camera, model);
    this.#setMaxAge(tile);
    this.#byKey.set(tile.key, tile);
    this.#events.added(tile);
    this.#publish();
    return tile;
  }

  #remove(tile: Tile): void {
    this.#byKey.delete(tile.key);
    this.#events.removed(tile);
    this.#publish();
  }

  #setMaxAge(tile: Tile): void {
    tile.maxAge = this.#maxAges.get(tile.model) ?? tile.maxAge;
  }

  #publish(): void {
    this.tiles.value = [...this.#byKey.values()].sort((one, other) => one.key.localeCompare(other.key));
  }
}
