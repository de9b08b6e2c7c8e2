// What lies in the page beside its code.

/** @param {string} id */
export function textOf(id) {
  return document.getElementById(id)?.textContent ?? "";
}

/** @param {string} base64 */
export function bytesIn(base64) {
  const letters = atob(base64.trim());
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}
