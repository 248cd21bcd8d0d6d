// The type id of `bytea` in every Postgres.
const BYTEA = 17

/**
 * Returns the parser for a column, as `pg` expects it: text is kept as Postgres writes it.
 *
 * Bytes are always returned in hexadecimal form, in which ids and frames are compared and decoded:
 * a role, database or pool may have set `bytea_output = 'escape'`.
 * @param oid type id of the column
 */
export const parserOf = (oid?: number): (text: string) => string => oid === BYTEA ? hexOf : asItIs

const asItIs = (text: string) => text

/**
 * The escape format writes `\\` for a backslash and `\ooo`, in octal digits, for non-printable
 * bytes.
 */
function hexOf (text: string): string {
  if (text.startsWith('\\x')) return text
  const latin1 = text.replace(/\\(?:\\|([0-7]{3}))/g, (_, octal?: string) =>
    octal === undefined ? '\\' : String.fromCharCode(parseInt(octal, 8)))
  return `\\x${Buffer.from(latin1, 'latin1').toString('hex')}`
}
