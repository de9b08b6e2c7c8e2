// In a saved notebook that is looked at without a kernel: the picture of the U becomes the page, where scripts may run.

/** Pixels that the page is high there. */
const KEPT_HEIGHT = 768;

/**
 * Where a viewer runs no scripts, or the browser is too old, the picture stays.
 *
 * @param {string} packed  The page, gzipped, as base64.
 * @param {string} title  What it is, for those who listen.
 */
export async function showKept(packed, title) {
  const place = document.currentScript?.previousElementSibling;
  if (!place || typeof DecompressionStream === "undefined") return;
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const page = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const frame = document.createElement("iframe");
  frame.title = title;
  // It is shut in: whatever the notebook's own page may do, this one may not.
  frame.setAttribute("sandbox", "allow-scripts allow-downloads allow-modals");
  frame.setAttribute("allow", "clipboard-write");
  frame.setAttribute("style", `width: 100%; height: ${KEPT_HEIGHT}px; border: 0`);
  frame.src = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  place.replaceChildren(frame);
}
