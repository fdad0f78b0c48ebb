/** Finds a frame's address in whatever somebody pastes: an address, a line of a log, a link. */

const ADDRESS = /(?<![a-z0-9_-])([a-z0-9][a-z0-9_-]{0,62})\/(\d{1,10})\/(\d{1,19})(?!\d)/g;
/** As services log a record of a frames topic; `frames.` may stand behind any prefix. */
const TOPIC = /topic=\S*?frames\.([a-z0-9][a-z0-9_-]{0,62})/;
const PARTITION = /partition[=\s:]+(\d{1,10})/;
const OFFSET = /offset[=\s:]+(\d{1,19})/;

export interface Address {
  readonly model: string;
  readonly partition: string;
  readonly offset: string;
}

/** The first address in `text`, one of `models` rather than another; null where there is none. */
export function findAddress(text: string, models: readonly string[] = []): Address | null {
  const found = [...text.matchAll(ADDRESS)]
    .map(([, model = "", partition = "", offset = ""]) => ({ model, partition, offset }))
    .filter(({ model }) => !/^\d+$/.test(model)); // a date
  return found.find(({ model }) => models.includes(model)) ?? found[0] ?? inFields(text);
}

function inFields(text: string): Address | null {
  const [model, partition, offset] = [TOPIC, PARTITION, OFFSET].map((pattern) => pattern.exec(text)?.[1]);
  return model && partition && offset ? { model, partition, offset } : null;
}

/** `address` as it is written: model/partition/offset. */
export const written = ({ model, partition, offset }: Address): string => `${model}/${partition}/${offset}`;
