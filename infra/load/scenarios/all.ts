import type { Scenario } from '../scenario.js'
import { bypass } from './bypass.js'
import { cold } from './cold.js'
import { conditional } from './conditional.js'
import { limited } from './limited.js'
import { mixed } from './mixed.js'
import { shop } from './shop.js'
import { soak } from './soak.js'
import { stampede } from './stampede.js'
import { warm } from './warm.js'
import { weather } from './weather.js'

/** All scenarios in the order they run. Those that use up the limits come last. */
export const scenarios: readonly Scenario[] = [
  cold,
  warm,
  conditional,
  mixed,
  stampede,
  weather,
  bypass,
  limited,
  soak,
  shop
]
