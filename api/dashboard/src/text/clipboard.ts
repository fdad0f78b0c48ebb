/** Copying a text for whoever looks at the page. */

import { ref, type Ref } from "vue";

const SAID_MS = 1_200;

export interface Clipboard {
  /** Browsers give the clipboard only to pages from this machine or over TLS; elsewhere the text can still be selected. */
  readonly canCopy: boolean;
  /** For a moment after it was done. */
  readonly copied: Ref<boolean>;
  copy(text: string): Promise<void>;
}

/** A way to copy a text, and to say so. */
export function useClipboard(): Clipboard {
  const copied = ref(false);
  const copy = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return; // The browser refused, and has told so itself.
    }
    copied.value = true;
    setTimeout(() => (copied.value = false), SAID_MS);
  };
  return { canCopy: "clipboard" in navigator, copied, copy };
}
