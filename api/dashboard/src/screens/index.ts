/** The page's screens by their place in the address (`#/…`); the first one is shown where none matches. */

import { onScopeDispose, shallowRef, type Component, type ShallowRef } from "vue";
import WallScreen from "@/screens/WallScreen.vue";

export interface Screen {
  readonly hash: string;
  readonly title: string;
  readonly component: Component;
}

const WALL: Screen = { hash: "#/", title: "Wall", component: WallScreen };

export const SCREENS: readonly Screen[] = [WALL];

/** The screen that the address names, kept up to date. */
export function useScreen(): ShallowRef<Screen> {
  const find = (): Screen => SCREENS.find((screen) => screen.hash === location.hash) ?? WALL;
  const screen = shallowRef(find());
  const follow = (): void => void (screen.value = find());
  window.addEventListener("hashchange", follow);
  onScopeDispose(() => window.removeEventListener("hashchange", follow));
  return screen;
}
