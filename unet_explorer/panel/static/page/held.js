// What lies in the page beside its code.

/** @param {string} id */
export function textOf(id) {
  return document.getElementById(id)?.textContent ?? "";
}

/**
 * What lies there in fewer bytes.
 *
 * @param {string} base64  In gzip.
 */
export function unsqueezed(base64) {
  return new Response(new Blob([bytesIn(base64)]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/** @param {string} base64 */
export function bytesIn(base64) {
  const letters = atob(base64.trim());
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}
