/** Bodies on which a decoder once failed, in base64; each stays. */
export const KNOWN_BODIES: readonly { readonly name: string; readonly body: string }[] = [
  { name: "an unknown field whose size was added to where the size stands", body: "agMAAJUAAAAAAA==" },
  {
    name: "an attribute whose field key takes three bytes",
    body: "CsQAEsEAEr4AChBKfiqvA9C96rxGcYoS+ZbPEgiZIbv+TxCndDmthTtiZWLoGMqAABUKE3NwYW5jb3N0LmxhYmVsLnRlYW0=",
  },
  {
    name: "an attribute's value that begins with a key of field number 0",
    body: "CrgAErUAErIASjAKFWdlbl9haS5yZXNwb25zZS5tb2RlbBIXABVncHQtNS1taW5pLTIwMjUtMDgtMDc=",
  },
];
