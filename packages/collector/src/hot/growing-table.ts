/** The table itself, or a larger copy of it when it has no room for `length` numbers. */
export function growTo(table: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= table.length) return table;
  const grown = new Int32Array(Math.max(table.length * 2, length));
  grown.set(table);
  return grown;
}
