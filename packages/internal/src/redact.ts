// A character of a JSON text that is part of a URL as people write them, passwords included:
// neither white space, escaped or not, nor the end of the string. The limits keep the time linear.
// File paths, e.g. in stacks, may contain an @ but no password.
const CHARACTER = String.raw`(?:[^\s"\\]|\\[^nrt])`
const URLS = new RegExp(
  String.raw`\b(?!file:)([a-z][a-z\d+.-]{0,20}:\/\/)(?:${CHARACTER}{0,2048}@)?([^\s?#"'\\<>]{0,2048})([?#]${CHARACTER}*)?`,
  'gi'
)
const NAMED = String.raw`[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key)[\w-]{0,40}`
const ASSIGNED = new RegExp(String.raw`(?<![\w-])(${NAMED}=)[^\s&;,"'#\\]+`, 'gi')
const MEMBERS = new RegExp(String.raw`("${NAMED}":")(?:[^"\\]|\\.)+`, 'gi')
const CREDENTIALS = /\b(Bearer|Basic) [\w.~+/=-]{8,}/g

/** Replaces text that {@link redact} has removed. */
export const REDACTED = '[redacted]'

/**
 * Removes secrets from a JSON text, such as a log line, which remains valid JSON.
 *
 * Removes user, password, query and fragment of each URL, the values of names such as `password`
 * and `token`, and HTTP credentials.
 * @example
 * redactJson('{"msg":"no redis://u:p@host/1?password=p"}') // {"msg":"no redis://host/1?[redacted]"}
 */
export function redactJson (json: string): string {
  return json
    .replace(
      URLS,
      (_, scheme: string, rest: string, query?: string) =>
        `${scheme}${rest}${query === undefined ? '' : `${query.charAt(0)}${REDACTED}`}`
    )
    .replace(ASSIGNED, `$1${REDACTED}`)
    .replace(MEMBERS, `$1${REDACTED}`)
    .replace(CREDENTIALS, `$1 ${REDACTED}`)
}

/** Like {@link redactJson}, for any text. */
export function redact (text: string): string {
  const redacted: unknown = JSON.parse(redactJson(JSON.stringify(text)))
  return String(redacted)
}
