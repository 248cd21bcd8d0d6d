import { type RedisFigures } from '../../model/api.js'
import { bytes, count, duration, percent, rate } from '../../model/format.js'
import { Bar } from '../../parts/bars.js'
import { Loaded } from '../../parts/loaded.js'
import { useQuery } from '../../state/use-query.js'

/** Figures of the shared store. */
export function RedisPanel () {
  const redis = useQuery<RedisFigures>('redis', () => 'api/stats/redis', 5000)
  return (
    <section class='panel' aria-labelledby='redis'>
      <div class='panel-head'>
        <h2 id='redis'>{redis.value?.kind === 'sqlite' ? 'Shared store' : 'Redis'}</h2>
        {redis.value !== undefined && (
          <span class='state' data-alive={redis.value.connected}>
            {redis.value.connected ? 'Connected' : 'Not connected'}
          </span>
        )}
      </div>
      <Loaded query={redis} what='The store'>
        {(value) => (value.kind === 'sqlite' ? <Sqlite /> : <Redis redis={value} />)}
      </Loaded>
    </section>
  )
}

const Sqlite = () => (
  <p class='muted'>The instances share an SQLite file. Set REDIS_URL to use Redis instead.</p>
)

function Redis ({ redis }: { redis: RedisFigures }) {
  if (!redis.connected) {
    return (
      <p>
        Redis does not answer. The instances keep running: reads are computed, or come from memory
        where the route allows that; invalidations wait in the outbox.
      </p>
    )
  }
  const { usedMemoryBytes, maxMemoryBytes } = redis
  const isBounded = maxMemoryBytes !== undefined && maxMemoryBytes > 0
  return (
    <dl class='facts'>
      <dt>Memory</dt>
      <dd>
        {bytes(usedMemoryBytes)} {isBounded ? `of ${bytes(maxMemoryBytes)}` : '(no limit set)'}
        {isBounded && <Bar part={(usedMemoryBytes ?? 0) / maxMemoryBytes} color='l2' />}
      </dd>
      <dt>Eviction policy</dt>
      <dd>{redis.maxMemoryPolicy ?? '–'}</dd>
      <dt>Evicted, expired</dt>
      <dd>
        {count(redis.evictedKeys)}, {count(redis.expiredKeys)}
      </dd>
      <dt>Keys</dt>
      <dd>
        {count(redis.keys)}, {count(redis.expires)} with an expiry
      </dd>
      <dt>Commands/s</dt>
      <dd>{rate(redis.opsPerSecond)}</dd>
      <dt>Key hit ratio</dt>
      <dd>{percent(redis.hitRate)}</dd>
      <dt>Fragmentation</dt>
      <dd>{rate(redis.fragmentationRatio)}</dd>
      <dt>Clients</dt>
      <dd>{count(redis.clients)}</dd>
      <dt>Version</dt>
      <dd>
        {redis.version ?? '–'}
        {redis.uptimeSeconds !== undefined && `, up for ${duration(redis.uptimeSeconds * 1000)}`}
      </dd>
    </dl>
  )
}
