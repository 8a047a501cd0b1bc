const SPACE = 0x20;

/** Whether a text is short ASCII that nothing is trimmed off or cut from, so that it can be passed on as it stands. */
export function isPlain(view: DataView, at: number, sizeBytes: number, maxBytes: number): boolean {
  if (sizeBytes === 0 || sizeBytes > maxBytes) return false;
  let seen = 0;
  let done = 0;
  for (; done + 4 <= sizeBytes; done += 4) seen |= view.getInt32(at + done);
  for (; done < sizeBytes; done += 1) seen |= view.getUint8(at + done);
  if ((seen & 0x8080_8080) !== 0) return false;
  return view.getUint8(at) > SPACE && view.getUint8(at + sizeBytes - 1) > SPACE;
}
