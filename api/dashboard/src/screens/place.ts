/** Where a page is, by its address behind `#`: pure. */

/** What stands for the `:name` parts of a pattern, decoded. */
export type Parameters = Readonly<Record<string, string>>;

/** The parameters of `hash` if it is a place of `pattern`, as `#/cameras/entrance` is of `/cameras/:camera`; else null. */
export function matched(pattern: string, hash: string): Parameters | null {
  const path = (hash.replace(/^#/, "").split("?")[0] ?? "") || "/";
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (!part.startsWith(":")) {
      if (part !== value) return null;
    } else {
      const decoded = decode(value);
      if (!decoded) return null;
      parameters[part.slice(1)] = decoded;
    }
  }
  return parameters;
}

/** The address of a place, as `#/cameras/entrance`. */
export function placeOf(pattern: string, parameters: Parameters = {}): string {
  return `#${pattern.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""))}`;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // not an address that we wrote
  }
}
