// A key for one act: sent again under it, the act happens once. Also where the page came over plain HTTP and randomUUID is not there.

export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
