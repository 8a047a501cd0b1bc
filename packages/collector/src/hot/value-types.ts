/** What an attribute's value is, in a scan. */
export const VALUE = { none: 0, text: 1, truth: 2, integer: 3, double: 4, composed: 5 } as const;
