/** Row of the file, or the reason why it is invalid. `line` is its first line, from 1. */
export type RawRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly problem: string }
