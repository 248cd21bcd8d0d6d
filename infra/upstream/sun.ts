const HOUR = 3_600_000
const DAY = 24 * HOUR
const RADIANS = Math.PI / 180
// Altitude of the sun's center when its upper edge is at the horizon.
const RISEN = Math.sin(-0.833 * RADIANS)

/** Sunrise and sunset, in ms since the epoch. */
export interface Sun {
  readonly rise: number
  readonly set: number
}

/**
 * The sun of the day that begins at `begin`, to a quarter of an hour. As in Open-Meteo, a polar
 * night has no time between sunrise and sunset, and a polar day 24 hours
 * (https://github.com/open-meteo/open-meteo/pull/844).
 */
export function sunOf (latitude: number, longitude: number, begin: number): Sun {
  const noon = noonOf(longitude, begin)
  const declination = declinationAt(noon)
  const [sines, cosines] = products(latitude, declination)
  const angle = (RISEN - sines) / cosines
  // The cosine is 0 at the poles.
  if (cosines < 1e-9 ? sines < RISEN : angle > 1) return { rise: begin, set: begin }
  if (cosines < 1e-9 || angle < -1) return { rise: begin, set: begin + DAY }
  const half = Math.acos(angle) / RADIANS / 15 * HOUR
  return { rise: noon - half, set: noon + half }
}

/** Whether the sun is above the horizon. */
export function isUp (latitude: number, longitude: number, time: number): boolean {
  const [sines, cosines] = products(latitude, declinationAt(time))
  const hourAngle = ((time / HOUR + longitude / 15) % 24 - 12) * 15 * RADIANS
  return sines + cosines * Math.cos(hourAngle) > RISEN
}

/** Solar noon of the day that begins at `begin` by the clocks. */
function noonOf (longitude: number, begin: number): number {
  const middle = begin + DAY / 2
  const early = ((middle / HOUR + longitude / 15) % 24 + 24) % 24 - 12
  return middle - early * HOUR
}

const declinationAt = (time: number) =>
  -23.44 * RADIANS * Math.cos(((time / DAY + 10) / 365.2425) * 2 * Math.PI)

function products (latitude: number, declination: number): [sines: number, cosines: number] {
  const angle = latitude * RADIANS
  return [Math.sin(angle) * Math.sin(declination), Math.cos(angle) * Math.cos(declination)]
}
