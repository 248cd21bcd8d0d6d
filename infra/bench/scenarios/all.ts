import type { Scenario } from '../scenario.js'
import { invalidation } from './invalidation.js'
import { l1Hit } from './l1-hit.js'
import { l2Hit } from './l2-hit.js'
import { memory } from './memory.js'
import { notModified } from './not-modified.js'
import { remember } from './remember.js'

/** In the order they run. */
export const scenarios: readonly Scenario[] = [l1Hit, notModified, l2Hit, invalidation, memory, remember]
