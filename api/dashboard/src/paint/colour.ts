/** A colour for each label: the same on every page and after every reload, readable on any picture. */

/** Bright enough that INK on it passes WCAG AA (tested), and apart enough to tell neighbours from each other. */
export const PALETTE = [
  "#5eead4",
  "#fbbf24",
  "#93c5fd",
  "#f9a8d4",
  "#bef264",
  "#fdba74",
  "#c4b5fd",
  "#67e8f9",
  "#fca5a5",
  "#86efac",
  "#f0abfc",
  "#fde047",
] as const;

/** Text on a label's colour, and the outline that keeps a bright box visible on a bright picture. */
export const INK = "#0b1016";

/** The colour of `label`. */
export function colourOf(label: string): string {
  return PALETTE[fnv1a(label) % PALETTE.length] ?? PALETTE[0];
}

/** FNV-1a, from a basis that was sought so that the ten commonest labels get ten colours (tested). */
const BASIS = 0x811ca49b;

/** A hash over UTF-16 units: small, stable, and well spread over short words. */
function fnv1a(text: string): number {
  let hash = BASIS;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  // The low bits alone are weak for short words.
  return (hash ^ (hash >>> 15)) >>> 0;
}
