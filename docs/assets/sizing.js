// The sizing calculator. `needs` is deploy/scaling/sizing.py in this language; a test compares the two.
"use strict";

const UTILISATION = 0.8;

/** Whole thousandths, as metrics travel. */
function milli(value) {
  return Math.floor(value * 1000 + 1e-6);
}

function needs(demand) {
  const modelRate = demand.cameras * demand.fps;
  const rate = modelRate * demand.models;
  const written = rate * demand.frameBytes;
  return {
    modelRate,
    rate,
    written,
    frames: written * demand.framesKept * demand.replication,
    results: rate * demand.resultBytes * demand.resultsKept * demand.replication,
    workers: Math.ceil(milli(modelRate) / milli(UTILISATION * demand.replicaFps)) * demand.models,
  };
}

const FIELDS = [
  // [name, label, unit, value, least, step, factor to bytes or seconds]
  ["cameras", "Cameras", "", 20, 1, 1, 1],
  ["fps", "Frames a second of each", "fps", 10, 0.1, "any", 1],
  ["models", "Models that get every frame", "", 2, 1, 1, 1],
  ["frameBytes", "Size of a frame", "kB", 60, 0.1, "any", 1000],
  ["framesKept", "Frames are kept for", "minutes", 10, 0.1, "any", 60],
  ["resultBytes", "Size of a result", "kB", 1, 0.1, "any", 1000],
  ["resultsKept", "Results are kept for", "days", 8, 0.1, "any", 86400],
  ["replication", "Replication factor", "", 1, 1, 1, 1],
  ["replicaFps", "One worker infers (replicas.fps)", "fps", 30, 0.1, "any", 1],
];

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${Number(value.toPrecision(3)).toLocaleString("en")} ${units[unit]}`;
}

function number(value) {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

/** What each need is, how it comes about with these numbers, and what it is. */
function lines(demand, needed) {
  const kept = `${number(demand.framesKept)} s`;
  const copies = `${demand.replication} ${demand.replication === 1 ? "replica" : "replicas"}`;
  const rate = `${number(demand.cameras)} cameras × ${number(demand.fps)} fps`;
  const all = `${number(needed.rate)} fps`;
  return [
    ["Frames a second", `${rate} × ${number(demand.models)} models`, all],
    ["Frames written a second", `${all} × ${bytes(demand.frameBytes)}`, `${bytes(needed.written)}/s`],
    ["Frames on disk", `${bytes(needed.written)}/s × ${kept} × ${copies}`, bytes(needed.frames)],
    [
      "Results on disk",
      `${all} × ${bytes(demand.resultBytes)} × ${number(demand.resultsKept)} s × ${copies}`,
      bytes(needed.results),
    ],
    [
      "Workers",
      `⌈${number(needed.modelRate)} fps ÷ (${UTILISATION} × ${number(demand.replicaFps)} fps)⌉ × ${number(demand.models)} models`,
      number(needed.workers),
    ],
  ];
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function calculator(place) {
  const inputs = new Map();
  const form = element("form", { className: "sizing", noValidate: true });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const [name, label, unit, value, min, step] of FIELDS) {
    const input = element("input", { type: "number", id: `sizing-${name}`, name, value, min, step, required: true });
    inputs.set(name, input);
    form.append(
      element("label", { htmlFor: input.id }, label),
      element("span", {}, input, element("span", { className: "sizing-unit" }, unit && ` ${unit}`)),
    );
  }
  const body = element("tbody", {});
  const head = element("tr", {}, ...["need", "formula", "result"].map((text) => element("th", { scope: "col" }, text)));
  const output = element("table", { className: "sizing-needs" }, element("thead", {}, head), body);
  const said = element("div", {}, output);
  said.setAttribute("aria-live", "polite");
  const show = () => {
    const wrong = [...inputs.values()].filter((input) => !input.checkValidity());
    for (const input of inputs.values()) input.setAttribute("aria-invalid", String(wrong.includes(input)));
    if (wrong.length > 0) {
      const cell = element("td", { colSpan: 3 }, `${wrong[0].labels[0].textContent}: ${wrong[0].validationMessage}`);
      body.replaceChildren(element("tr", {}, cell));
      return;
    }
    const demand = Object.fromEntries(FIELDS.map(([name, , , , , , factor]) => [name, inputs.get(name).valueAsNumber * factor]));
    body.replaceChildren(
      ...lines(demand, needs(demand)).map(([need, formula, result]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, need),
          element("td", {}, formula),
          element("td", {}, element("strong", {}, result)),
        ),
      ),
    );
  };
  form.addEventListener("input", show);
  show();
  place.replaceChildren(form, said);
}

if (typeof document !== "undefined") {
  const place = document.getElementById("sizing-calculator");
  if (place) calculator(place);
}
