export { freePort, freePorts } from './free-ports.js'
export { startRedis, type Teardown, type TestRedis, type TestRedisOptions } from './redis.js'
