// The type of bytes, in every Postgres.
const BYTEA = 17

/**
 * The parser of a column, as `pg` asks for it: text stays as Postgres writes it. Bytes are always
 * in the hexadecimal form: a role, a database or a pool may have set `bytea_output = 'escape'`, and
 * ids and frames are compared and decoded in the one form.
 * @param oid of the column's type
 */
export const parserOf = (oid?: number): (text: string) => string => oid === BYTEA ? hexOf : asItIs

const asItIs = (text: string) => text

/**
 * The escape form has `\\` for a backslash and `\ooo`, in octal digits, for bytes that are not
 * printable.
 */
function hexOf (text: string): string {
  if (text.startsWith('\\x')) return text
  const latin1 = text.replace(/\\(?:\\|([0-7]{3}))/g, (_, octal?: string) =>
    octal === undefined ? '\\' : String.fromCharCode(parseInt(octal, 8)))
  return `\\x${Buffer.from(latin1, 'latin1').toString('hex')}`
}
