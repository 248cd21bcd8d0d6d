/** The fields of an INFO reply. */
export type Info = ReadonlyMap<string, string>

/** @example parseInfo('# Server\r\nredis_version:7.2.4').get('redis_version') // '7.2.4' */
export const parseInfo = (text: string): Info =>
  new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon < 1 || line.startsWith('#')
        ? []
        : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    })
  )
