/**
 * Of an instance: on a machine that is busy with other tests, too, Redis is waited for and requests
 * are answered. WITHOUT_PATIENCE is how long services wait, for where Redis is frozen or not there.
 */
export const PATIENT = { REDIS_COMMAND_TIMEOUT: '5000', MAX_EVENT_LOOP_DELAY: '0' } as const
export const WITHOUT_PATIENCE = { REDIS_COMMAND_TIMEOUT: '100' } as const
