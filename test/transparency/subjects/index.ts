import type { Subject } from '../subject.js'
import { auths, basicAuths, bearerAuths, jwts, oauth2s } from './access.js'
import { formbodies, multiparts } from './bodies.js'
import { compressed } from './compressed.js'
import { expresses, middies, proxies, websockets } from './connections.js'
import { cookies } from './cookies.js'
import { files } from './files.js'
import { acceptses, corses, etags, helmets, rateLimits } from './headers.js'
import { hooks } from './hooks.js'
import { many } from './many.js'
import { nest } from './nest.js'
import { typeboxes, zods } from './schemas.js'
import { csrfProtection, secureSessions, sessions } from './sessions.js'
import { autoloads, requestContexts, sensibles, swaggers, underPressures } from './toolkit.js'
import { views } from './views.js'

/** All applications under test. */
export const SUBJECTS: readonly Subject[] = [
  hooks,
  cookies,
  sessions,
  secureSessions,
  csrfProtection,
  compressed,
  files,
  views,
  formbodies,
  multiparts,
  jwts,
  basicAuths,
  bearerAuths,
  auths,
  oauth2s,
  helmets,
  corses,
  etags,
  acceptses,
  rateLimits,
  zods,
  typeboxes,
  autoloads,
  sensibles,
  underPressures,
  requestContexts,
  swaggers,
  proxies,
  websockets,
  middies,
  expresses,
  nest,
  many
]
