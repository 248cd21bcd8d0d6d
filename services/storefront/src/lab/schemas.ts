import { Type } from 'typebox'
import { WAYS, type Way, WORKS, type Work } from './load.js'

const WorkSchema = Type.Enum<Work[]>(WORKS.map(({ work }) => work), {
  default: 'fibonacci',
  description: 'The computation: recursion, or a query without an index'
})
const WaySchema = Type.Enum<Way[]>(
  WAYS.map(({ way }) => way),
  { description: 'The way to get the result' }
)

export const RunQuery = Type.Object({ work: WorkSchema })

export const LabQuery = Type.Object({
  work: WorkSchema,
  way: Type.Optional(WaySchema),
  forgotten: Type.Optional(
    Type.String({
      pattern: '^[\\w.-]{1,64}$',
      description: 'The instance that has forgotten its results'
    })
  )
})

/** Form that forgets results and keeps the choice of work. */
export const ForgetForm = Type.Object({ work: Type.Enum<Work[]>(WORKS.map(({ work }) => work)) })

const ORIGIN =
  'Computed now; computed for another request, for which this one waited; or cached in the ' +
  'memory of the process or in the shared store. A cached response has `computed`, as when it ' +
  'was created: Cache-Status identifies a hit'

export const RunSchema = Type.Object({
  way: WaySchema,
  work: WorkSchema,
  value: Type.String({ description: 'The result as text' }),
  origin: Type.Enum(['computed', 'coalesced', 'memory', 'store'], { description: ORIGIN }),
  instance: Type.String({ description: 'The instance whose handler answered' }),
  computedBy: Type.String({ description: 'The instance that computed the result' }),
  computation: Type.Integer({
    minimum: 1,
    description: 'The number of the computation on that instance'
  }),
  computeMs: Type.Number({ minimum: 0, description: 'Computation time in ms' }),
  handlerMs: Type.Number({ minimum: 0, description: 'Handler time in ms' })
})
