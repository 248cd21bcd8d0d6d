import { isUp } from './sun.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** All variables of the simulator for one place and time, in Open-Meteo's default units. */
export interface Weather {
  readonly temperature: number
  readonly apparentTemperature: number
  readonly humidity: number
  readonly precipitation: number
  readonly precipitationProbability: number
  readonly weatherCode: number
  readonly windSpeed: number
  readonly windDirection: number
  readonly isDay: boolean
}

/**
 * The weather at a place in the hour of `time` (ms since the epoch): always the same for the same
 * place and hour.
 */
export function weatherAt (latitude: number, longitude: number, time: number): Weather {
  const hour = Math.floor(time / HOUR)
  const solar = (hour + longitude / 15) % 24
  const season = Math.cos((time / DAY - 196) / 365.25 * 2 * Math.PI) * Math.sign(latitude || 1)
  const chance = (what: string) =>
    smooth(`${latitude.toFixed(1)},${longitude.toFixed(1)},${what}`, hour)

  const warmth = 28 - Math.abs(latitude) * 0.45 + season * Math.abs(latitude) * 0.25
  const daily = Math.cos((solar - 15) / 24 * 2 * Math.PI) * 5
  const temperature = warmth + daily + (chance('temperature') - 0.5) * 8
  const wet = Math.max(0, chance('rain') - 0.62) / 0.38
  const windSpeed = 3 + chance('wind') * 30
  return {
    temperature: round(temperature),
    apparentTemperature: round(temperature - windSpeed * 0.1),
    humidity: Math.round(45 + chance('humidity') * 50),
    precipitation: round(wet * 6),
    precipitationProbability: Math.round(wet * 100),
    weatherCode: codeOf(wet, temperature, chance('clouds')),
    windSpeed: round(windSpeed),
    windDirection: Math.round(chance('direction') * 359),
    isDay: isUp(latitude, longitude, hour * HOUR)
  }
}

/** WMO code 4677, as far as Open-Meteo uses it. */
function codeOf (wet: number, temperature: number, clouds: number): number {
  if (wet === 0) return Math.min(3, Math.floor(clouds * 4))
  const strength = Math.min(2, Math.floor(wet * 3)) * 2
  return (temperature < 0 ? 71 : 61) + strength
}

export const round = (value: number) => Math.round(value * 10) / 10 + 0

/**
 * A value from 0 to 1 that never jumps from one hour to the next: interpolated between random
 * values six hours apart.
 */
function smooth (name: string, hour: number): number {
  const [at, part] = [Math.floor(hour / 6), hour % 6 / 6]
  return random(`${name},${at}`) * (1 - part) + random(`${name},${at + 1}`) * part
}

/** A value from 0 to 1 by name (FNV-1a, with mixed bits). */
function random (name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d)
  hash = Math.imul(hash ^ hash >>> 12, 0x297a2d39)
  return ((hash ^ hash >>> 15) >>> 0) / 2 ** 32
}
