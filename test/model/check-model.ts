import { type Test } from 'tap'
import { verify } from './verify.js'

/** A model, the searches that must find no error, and the mutants in which they must find one. */
export interface Model<Search extends string> {
  /** The model's file, without `.pml`. */
  readonly name: string
  /** The bounds of each search, as macros. */
  readonly searches: Readonly<Record<Search, readonly string[]>>
  /** Mutants by their macro. Each breaks one rule. */
  readonly mutants: Readonly<Record<string, Mutant<NoInfer<Search>>>>
}

/** A broken rule. */
export interface Mutant<Search extends string> {
  readonly rule: string
  /** The searches that must find it. Default: all. */
  readonly foundBy?: readonly Search[]
  /** Further macros, to leave out an assertion. */
  readonly macros?: readonly string[]
  /** The assertion that it violates. */
  readonly violates: RegExp
}

/** Runs the searches of a model, which must be complete, and those of its mutants. */
export function checkModel<Search extends string> (
  t: Test, { name: model, searches, mutants }: Model<Search>
): void {
  // Millions of steps, even on a slow machine.
  t.setTimeout(600_000)
  const names = Object.keys(searches) as Search[]

  for (const name of names) {
    t.test(`${model} holds: ${name}`, async (t) => {
      const verdict = await verify(t, model, searches[name])
      const { states, seconds, errors, complete, unreached, report } = verdict
      t.comment(`${states} states in ${seconds} s`)
      t.equal(errors, 0, 'no run violates an assertion or gets stuck', { report })
      t.ok(complete, 'every state was looked at', { report })
      t.strictSame(unreached, [], 'every step of every process is taken in some run')
    })
  }

  for (const [mutant, { rule, foundBy = names, macros = [], violates }] of Object.entries(
    mutants
  )) {
    for (const name of foundBy) {
      t.test(`${mutant}, ${rule}, is found: ${name}`, async (t) => {
        const { states, errors, violated } = await verify(
          t,
          model,
          [...searches[name], ...macros, mutant],
          'short'
        )
        t.comment(`${states} states`)
        t.equal(errors, 1, 'the search ends at the first')
        t.match(violated, violates, 'by a read')
      })
    }
  }
}
