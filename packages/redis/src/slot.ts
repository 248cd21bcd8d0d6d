const SLOTS = 16_384
const POLYNOMIAL = 0x1021

/** CRC16 (XMODEM) of each byte. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc << 1 ^ (crc & 0x8000 ? POLYNOMIAL : 0)
  return crc
})

/**
 * Returns the slot of a key in a cluster.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
export function slotOf (key: string): number {
  let crc = 0
  for (const byte of Buffer.from(hashed(key))) {
    crc = (crc << 8 & 0xffff) ^ (TABLE[crc >> 8 ^ byte] ?? 0)
  }
  return crc % SLOTS
}

/** Returns the text between the first braces, if there is any, otherwise the whole key. */
function hashed (key: string): string {
  const begin = key.indexOf('{') + 1
  const end = begin === 0 ? -1 : key.indexOf('}', begin)
  return end > begin ? key.slice(begin, end) : key
}
