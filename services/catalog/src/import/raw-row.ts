/** One row as the file has it, or why it is none. `line` is where it begins, from 1. */
export type RawRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly problem: string }
