/**
 * Settings of an instance for a busy machine: it waits for Redis, and answers requests.
 * WITHOUT_PATIENCE has the timeouts of services, for tests in which Redis is frozen or missing.
 */
export const PATIENT = { REDIS_COMMAND_TIMEOUT: '5000', MAX_EVENT_LOOP_DELAY: '0' } as const
export const WITHOUT_PATIENCE = { REDIS_COMMAND_TIMEOUT: '100' } as const
