/** What the visitor may do. Signing in and out loads the page anew, so that nothing seen stays behind in it. */

import { inject, shallowRef, type InjectionKey } from "vue";
import { getJson, sendJson } from "@/api/client";

export type Role = "viewer" | "operator";

export interface SessionState {
  /** Whether tokens are set; without them everybody who reaches the API is an operator. */
  readonly locked: boolean;
  /** Null before signing in. */
  readonly role: Role | null;
}

const PATH = "session";

export class Access {
  readonly state = shallowRef<SessionState>({ locked: false, role: null });
  readonly #reload: () => void;

  constructor(reload: () => void = () => location.reload()) {
    this.#reload = reload;
  }

  /** Whether the page has nothing to show before somebody signs in. */
  get isShut(): boolean {
    return this.state.value.locked && this.state.value.role === null;
  }

  /** Whether the page offers what only an operator may do; the API decides. */
  get mayChange(): boolean {
    return !this.state.value.locked || this.state.value.role === "operator";
  }

  /** Asks the API; without an answer the page goes on, and says itself what it cannot read. */
  async look(): Promise<void> {
    const answer = await getJson<SessionState>(PATH);
    if (answer.kind === "ok") this.state.value = answer.value;
  }

  /** Signs in; what went wrong, or null. */
  async signIn(token: string): Promise<string | null> {
    const answer = await sendJson("POST", PATH, { token });
    if (answer.kind === "ok") {
      this.#reload();
      return null;
    }
    if (answer.kind === "unreachable") return "The API does not answer. Try again in a moment.";
    if (answer.kind === "failed" && answer.status === 401) return "This token opens nothing here.";
    return answer.detail;
  }

  async signOut(): Promise<void> {
    await sendJson("DELETE", PATH);
    this.#reload();
  }

  /** The session has ended elsewhere: by its age, or by a restart of the API. */
  expired(): void {
    if (this.state.value.locked) this.#reload();
  }
}

export const accessKey: InjectionKey<Access> = Symbol("access");

/** What the visitor may do. */
export function useAccess(): Access {
  const access = inject(accessKey);
  if (!access) throw new Error("no access: expected app.provide(accessKey, …) in main.ts");
  return access;
}
