/** The page's screens by their place in the address (`#/…`); the first one is shown where none matches. */

import { defineAsyncComponent, onScopeDispose, shallowRef, type Component, type ShallowRef } from "vue";
import ScreenMissing from "@/components/ScreenMissing.vue";
import { EXPLAIN } from "@/explain/place";
import { matched, type Parameters } from "@/screens/place";
import WallScreen from "@/screens/WallScreen.vue";

export interface Screen {
  /** `:name` parts become the component's properties. */
  readonly pattern: string;
  /** In the header's navigation; null: one comes there from another screen. */
  readonly title: string | null;
  /** Of a screen without a title, the pattern of the one that the navigation marks in its place. */
  readonly under?: string;
  readonly component: Component;
}

export interface Place {
  readonly screen: Screen;
  readonly parameters: Parameters;
}

/** A screen whose code is fetched when somebody goes there; the API may be away at that moment. */
const later = (loader: () => Promise<Component>): Component =>
  defineAsyncComponent({ loader, errorComponent: ScreenMissing, delay: 0 });

const WALL: Screen = { pattern: "/", title: "Wall", component: WallScreen };

export const SCREENS: readonly Screen[] = [
  WALL,
  { pattern: "/cameras/new", title: null, under: "/", component: later(() => import("@/screens/CameraNewScreen.vue")) },
  {
    pattern: "/cameras/:camera",
    title: null,
    under: "/",
    component: later(() => import("@/screens/CameraScreen.vue")),
  },
  {
    pattern: "/cameras/:camera/edit",
    title: null,
    under: "/",
    component: later(() => import("@/screens/CameraEditScreen.vue")),
  },
  { pattern: "/models", title: "Models", component: later(() => import("@/screens/ModelsScreen.vue")) },
  { pattern: "/frames", title: "Explain", component: later(() => import("@/screens/FramesScreen.vue")) },
  {
    pattern: EXPLAIN,
    title: null,
    under: "/frames",
    component: later(() => import("@/screens/ExplainScreen.vue")),
  },
  { pattern: "/ledger", title: "Ledger", component: later(() => import("@/screens/LedgerScreen.vue")) },
  {
    pattern: "/ledger/dead-letters",
    title: null,
    under: "/ledger",
    component: later(() => import("@/screens/DeadLettersScreen.vue")),
  },
];

/** The place that `hash` names. */
export function placeAt(hash: string): Place {
  for (const screen of SCREENS) {
    const parameters = matched(screen.pattern, hash);
    if (parameters) return { screen, parameters };
  }
  return { screen: WALL, parameters: {} };
}

/** The place that the address names, kept up to date. */
export function usePlace(): ShallowRef<Place> {
  const place = shallowRef(placeAt(location.hash));
  const follow = (): void => void (place.value = placeAt(location.hash));
  window.addEventListener("hashchange", follow);
  onScopeDispose(() => window.removeEventListener("hashchange", follow));
  return place;
}
