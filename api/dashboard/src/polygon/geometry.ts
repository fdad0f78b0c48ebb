/** Polygons in shares of a picture: the rules of the messages' one polygon type, and what an editor needs. Pure. */

import type { Point, Polygon } from "@/contract/types";

export const FEWEST_POINTS = 3;
export const MOST_POINTS = 64;
/** Digits of a share: a tenth of a pixel of a picture of a thousand. */
const DIGITS = 4;

const clampShare = (value: number): number => Math.min(1, Math.max(0, Number(value.toFixed(DIGITS))));

/** The place in the picture that is nearest to (x, y), in as many digits as an area is kept in. */
export const placed = (x: number, y: number): Point => [clampShare(x), clampShare(y)];

type Edge = readonly [Point, Point];

/** The polygon's edges: the first leads from its first point to its second. */
export const edgesOf = (points: Polygon): Edge[] =>
  points.map((point, index) => [point, points[(index + 1) % points.length] ?? point]);

/** What keeps `points` from being an area, in words; null: nothing does. */
export function faultOf(points: Polygon): string | null {
  if (points.length < FEWEST_POINTS) return `An area has at least ${FEWEST_POINTS} points.`;
  if (points.length > MOST_POINTS) return `An area has at most ${MOST_POINTS} points.`;
  const edges = edgesOf(points);
  if (edges.some(([start, end]) => start[0] === end[0] && start[1] === end[1])) return "Two points are at one place.";
  if (crossings(points).length > 0) return "Its edges cross.";
  return areaOf(points) === 0 ? "Its points are on one line." : null;
}

/** The share of the picture that the polygon has. */
export const areaOf = (points: Polygon): number =>
  Math.abs(edgesOf(points).reduce((sum, [[x1, y1], [x2, y2]]) => sum + x1 * y2 - x2 * y1, 0)) / 2;

/** Pairs of edges, by their numbers, that cross or touch. */
export function crossings(points: Polygon): [number, number][] {
  const edges = edgesOf(points);
  const found: [number, number][] = [];
  for (const [one, first] of edges.entries()) {
    for (let other = one + 2; other < edges.length; other++) {
      const second = edges[other];
      const neighbours = one === 0 && other === edges.length - 1;
      if (second && !neighbours && cross(first, second)) found.push([one, other]);
    }
  }
  return found;
}

function cross([a, b]: Edge, [c, d]: Edge): boolean {
  const apart = (axis: 0 | 1): boolean =>
    Math.max(a[axis], b[axis]) < Math.min(c[axis], d[axis]) || Math.max(c[axis], d[axis]) < Math.min(a[axis], b[axis]);
  return side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0 && !apart(0) && !apart(1);
}

/** On which side of the line from `a` to `b` the point `c` is: its sign. */
const side = (a: Point, b: Point, c: Point): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/** The middle of the edge that begins at the point with this number. */
export function middleOf(points: Polygon, index: number): Point {
  const [start, end] = edgesOf(points)[index] ?? [points[0] ?? [0.5, 0.5], points[0] ?? [0.5, 0.5]];
  return placed((start[0] + end[0]) / 2, (start[1] + end[1]) / 2);
}
