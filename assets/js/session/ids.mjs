/** A name that nobody else has; crypto.randomUUID would need https on other hosts than this one. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}
