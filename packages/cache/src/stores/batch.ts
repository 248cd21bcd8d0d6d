/**
 * Joins the requests of one turn of the event loop into a single one for all their items.
 *
 * A request made after the command has been sent starts the next batch: no answer is older than its
 * request.
 */
export class Batch<I, R> {
  #open: { readonly items: I[], readonly answer: Promise<R> } | undefined

  constructor (readonly ask: (items: readonly I[]) => Promise<R>) {}

  add (item: I): Promise<R> {
    this.#open ??= this.#begin()
    this.#open.items.push(item)
    return this.#open.answer
  }

  #begin () {
    const items: I[] = []
    const answer = new Promise<R>((resolve, reject) => {
      // Runs after the promise jobs of this turn: readers whose read has just returned may request
      // more.
      setImmediate(() => {
        this.#open = undefined
        this.ask(items).then(resolve, reject)
      })
    })
    return { items, answer }
  }
}
