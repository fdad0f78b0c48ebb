/** What a model's charts show: three below each other, since frames, seconds and workers have no common scale. */

import type { Quantity } from "@/models/series";
import { count, rate, span } from "@/text/format";

export interface Line {
  readonly quantity: Quantity;
  readonly title: string;
  /** The custom property that has its colour. */
  readonly colour: string;
  readonly format: (value: number) => string;
  readonly dashed?: boolean;
  readonly filled?: boolean;
  readonly stepped?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly height: number;
  readonly least: number;
}

const perSecond = (value: number): string => `${rate(value)}/s`;

export const CHARTS: readonly Chart[] = [
  {
    title: "Frames a second",
    height: 104,
    least: 1,
    lines: [
      {
        quantity: "capacity_fps",
        title: "capacity",
        colour: "--muted",
        format: perSecond,
        dashed: true,
        stepped: true,
      },
      { quantity: "inferred_fps", title: "inferred", colour: "--part-inferred", format: perSecond, filled: true },
      { quantity: "arrival_fps", title: "arriving", colour: "--busy", format: perSecond },
      { quantity: "skipped_fps", title: "skipped", colour: "--part-skipped", format: perSecond, filled: true },
    ],
  },
  {
    title: "Lag in seconds",
    height: 62,
    least: 1,
    lines: [{ quantity: "lag_s", title: "lag", colour: "--chart-lag", format: span, filled: true }],
  },
  {
    title: "Workers",
    height: 76,
    least: 2,
    lines: [
      { quantity: "replicas", title: "workers", colour: "--chart-workers", format: count, filled: true, stepped: true },
    ],
  },
];
