// What was compressed by Python.

/**
 * What gzip has packed, as an answer that gives text or JSON.
 *
 * @param {BlobPart} packed
 */
export function unzipped(packed) {
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
}
