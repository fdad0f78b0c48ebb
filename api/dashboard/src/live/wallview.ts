/** What of the wall is shown: kept while the page lives, in its address, and the size of the tiles from visit to visit. */

import { shallowRef, watch } from "vue";
import { DENSITIES, EVERYTHING, filterIn, filterQuery, type Density, type WallFilter } from "@/live/filter";

const STORED = "framebus.wall.size";

const filter = shallowRef<WallFilter>(EVERYTHING);
const density = shallowRef<Density>(storedDensity());

/** The wall's filter and density; what the address asks for holds. */
export function useWallView(): { filter: typeof filter; density: typeof density } {
  const query = location.hash.split("?")[1];
  if (query !== undefined) ({ filter: filter.value, density: density.value } = filterIn(query));
  watch([filter, density], () => {
    const text = filterQuery(filter.value, density.value);
    history.replaceState(null, "", text ? `#/?${text}` : "#/");
    localStorage.setItem(STORED, density.value);
  });
  return { filter, density };
}

function storedDensity(): Density {
  return DENSITIES.find((one) => one === localStorage.getItem(STORED)) ?? "large";
}
