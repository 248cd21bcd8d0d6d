export { Breaker, type BreakerOptions } from './breaker.js'
export { isReplyError, runScript, type Script, script, type ScriptArgument, type ScriptClient } from './script.js'
export { shown } from './shown.js'
export { within } from './within.js'
