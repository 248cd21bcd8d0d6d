import type { Scenario } from '../scenario.js'
import { bus } from './bus.js'
import { capacity } from './capacity.js'
import { compressed } from './compressed.js'
import { compression } from './compression.js'
import { counting } from './counting.js'
import { edge } from './edge.js'
import { fragmentHit } from './fragments.js'
import { growth } from './growth.js'
import { idle } from './idle.js'
import { increment } from './increment.js'
import { instances } from './instances.js'
import { invalidation } from './invalidation.js'
import { journal } from './journal.js'
import { l1Hit } from './l1-hit.js'
import { l2Hit } from './l2-hit.js'
import { lease } from './lease.js'
import { limits } from './limits.js'
import { memory } from './memory.js'
import { miss } from './miss.js'
import { missCpu } from './miss-cpu.js'
import { notModified } from './not-modified.js'
import { notify } from './notify.js'
import { page } from './page.js'
import { query } from './query.js'
import { remember } from './remember.js'
import { rememberRedis } from './remember-redis.js'
import { search } from './search.js'
import { shadow } from './shadow.js'
import { stampede } from './stampede.js'
import { start } from './start.js'

/** All scenarios in the order they run. */
export const scenarios: readonly Scenario[] = [
  l1Hit,
  notModified,
  l2Hit,
  compressed,
  lease,
  counting,
  journal,
  shadow,
  limits,
  miss,
  missCpu,
  stampede,
  bus,
  idle,
  growth,
  capacity,
  instances,
  invalidation,
  edge,
  memory,
  remember,
  rememberRedis,
  increment,
  compression,
  fragmentHit,
  page,
  notify,
  query,
  search,
  start
]
