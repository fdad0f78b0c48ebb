/*
 * Runs in the page under test, before its own scripts. After each paint it reads the number that the test pattern drew
 * into the picture (geometry: producers/sources/barcode.py) off the canvas, beside the seq of the overlay's result;
 * and it notes when each request began and ended, by the browser's own clock.
 */
"use strict";

(() => {
  const CELLS = 32;
  const probe = { paints: [], requests: [], violations: [] };
  window.framebusProbe = probe;

  /** The number that the bar code shows, or null where its marker or its check does not fit. */
  function barcode(canvas) {
    const { width, height } = canvas;
    const row = canvas.getContext("2d").getImageData(0, Math.floor(height / 16), width, 1).data;
    const bits = Array.from({ length: CELLS }, (_, cell) =>
      row[4 * Math.floor(((cell + 0.5) * width) / CELLS)] >= 128 ? 1 : 0,
    );
    const value = (from, to) => bits.slice(from, to).reduce((sum, bit) => 2 * sum + bit, 0);
    let check = 0b1010;
    for (let nibble = 4; nibble < 28; nibble += 4) check ^= value(nibble, nibble + 4);
    return value(0, 4) === 0b1011 && value(28, 32) === check ? value(4, 28) : null;
  }

  new MutationObserver((records) => {
    for (const { target } of records) {
      const { address, seq, paints } = target.dataset;
      const tile = target.closest("[data-tile]").dataset.tile;
      probe.paints.push({ tile, address, seq: Number(seq), paints: Number(paints), number: barcode(target) });
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-paints"] });

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      probe.requests.push({ url: entry.name, start: entry.startTime, end: entry.responseEnd });
    }
  }).observe({ type: "resource", buffered: true });

  document.addEventListener("securitypolicyviolation", (event) => {
    probe.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
  });
})();
